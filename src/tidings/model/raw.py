"""JSON kept as it came, where it may be absent."""

from typing import TYPE_CHECKING

from msgspec import Raw

# msgspec decodes no union with `Raw`. A field of this type must stand in a struct with `omit_defaults` and default to
# None: then None is left out when it is written, and comes back as the default when it is read.
if TYPE_CHECKING:
    OptionalRaw = Raw | None
else:
    OptionalRaw = Raw
