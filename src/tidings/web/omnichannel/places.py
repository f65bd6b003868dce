"""Where the doors of the omnichannel vocabulary stand."""

from collections.abc import Callable
from typing import Any, Final

from tidings.web.door import D, route

PLACES: Final = ("/apispaces/{space}", "/cpaas")


def door(method: str, below: str, **declared: Any) -> Callable[[D], D]:
    """Declare a door at both places."""

    def declare(function: D) -> D:
        for place in PLACES:
            route(method, place + below, group="omnichannel", **declared)(function)
        return function

    return declare
