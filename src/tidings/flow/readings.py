"""How the readers of one process are doing at a moment, for whoever watches over all of them."""

from collections.abc import Sequence

from msgspec import Struct

from tidings.rules.endpoint import Condition


class EndpointReading(Struct, frozen=True):
    """How telling one subscription goes."""

    workspace: str
    subscription: str
    condition: Condition
    oldest_at: int | None
    """When the oldest event was written that is not told; None where everything is."""
    held: int
    """Events set aside, to be told again."""
    replays: int
    """How many stretches of the log are being told again."""


class ChannelReading(Struct, frozen=True):
    """How sending by one channel goes."""

    channel: str
    under_way: int
    """Hops that its provider is being handed now."""
    failing_since: int | None
    """Since when its provider takes nothing; None while it does, and at the first failures."""


class Readings(Struct, frozen=True):
    """How every reader of a process is doing."""

    endpoints: Sequence[EndpointReading] = ()
    channels: Sequence[ChannelReading] = ()
    sweeps: bool = False
    """Whether this is the process that sweeps, and so the one that tells of what all have in common."""
