"""Telling machines from people by the user agent of an open or a click.

Only what is decisive stands here. A browser's agent proves no person: several scanners imitate one.
"""

import re
from typing import Final

_MACHINES: Final = (
    # What calls itself a machine. "Cubot" is a maker of phones.
    r"(?<!cu)bot\b",
    r"crawl|spider|scanner|preview",
    # Programs' own HTTP clients. Not okhttp: mail apps load their pictures with it.
    r"python-requests|python-urllib|aiohttp|\bcurl\b|\bwget\b|go-http-client|\bjava/|apache-httpclient|libwww-perl",
    # Link previews of message apps. Some apps' own browsers name the app too, but at the end, behind Mozilla's name.
    r"facebookexternalhit|facebot|line-poker|^(?:whatsapp|viber|line)\b",
    # Secure mail gateways.
    r"barracuda|proofpoint|mimecast|cisco|\btmes\b|fortinet|fortimail|sophos|safe ?links|microsoft defender",
    # Apple's Mail Privacy Protection, which loads every picture at delivery.
    r"^mozilla/5\.0$",
    # Nothing at all.
    r"^$",
)
_MACHINE: Final = re.compile("|".join(_MACHINES), re.IGNORECASE)
_LOOKED_AT: Final = 2000
"""Characters of an agent that are looked at."""


def is_machine(user_agent: str) -> bool:
    """Say whether a user agent is decisively a machine's.

    Gmail's picture proxy is not: it loads when a person looks.
    """
    return _MACHINE.search(user_agent.strip()[:_LOOKED_AT]) is not None
