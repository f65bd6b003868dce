"""Our own id of a hop in a message's tracking data, with which the person's next message comes back.

Viber does not say that a button was tapped: what stands behind it comes as a text. So a short digest of each button
goes along as well, and a text that is one of them was no typing.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from tidings.model.reports import Target

_MARK = re.compile(r"tdg:([^:\x00-\x20]{1,64}):([0-9]{1,4}):([0-9a-f,]*)")

TAPPED = frozenset({"reply", "open-url"})
"""Kinds of buttons that may come back as a text."""


def tracking_data(tag: str, body: dict[str, Any]) -> str:
    """Write the tracking data of a message: our id of the hop, and a digest of every button."""
    return f"tdg:{tag}:{','.join(dict.fromkeys(map(_digest, _taps(body))))}"


def read_mark(data: str) -> tuple[Target, str] | None:
    """Say which hop tracking data is of, and the digests of its buttons; None where it is not ours."""
    found = _MARK.fullmatch(data)
    return (Target(message=found[1], hop=int(found[2])), found[3]) if found else None


def is_tap(text: str, digests: str) -> bool:
    """Whether a text is what stands behind one of the buttons."""
    return bool(text) and _digest(text) in digests.split(",")


def _taps(body: dict[str, Any]) -> Iterable[str]:
    for name in ("keyboard", "rich_media"):
        held = body.get(name)
        buttons = held.get("Buttons") if isinstance(held, dict) else None
        for button in buttons if isinstance(buttons, list) else ():
            if isinstance(button, dict) and button.get("ActionType", "reply") in TAPPED:
                yield str(button.get("ActionBody", ""))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
