"""How far a reader reads ahead of what it has told: the better its endpoint answers, the further."""

from typing import Final

from tidings.dialects.dialect import Batching
from tidings.flow.endpoint import Endpoint

WINDOW: Final = 1000
"""How many events may be read and not yet finished; beyond it the cursor waits."""
ANSWERING: Final = 32
"""The same for each webhook that may be under way now, where the endpoint answers."""
SILENT: Final = 2
"""And where nobody has heard from it, or it fails: a thousand endpoints that hang are no thousand windows."""
LEAST: Final = 4
"""So many are read ahead at least: a probe chooses among the first of them."""


def window(endpoint: Endpoint, batching: Batching | None) -> int:
    """Say how many events may be read and not yet finished, of which so many go into one webhook."""
    each = batching.most if batching is not None else 1
    return min(WINDOW, max(LEAST, endpoint.limit * (ANSWERING if endpoint.answers else SILENT) * each))
