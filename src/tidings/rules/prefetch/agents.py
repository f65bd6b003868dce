"""What user agents give away. A browser's agent proves no person: several scanners imitate one."""

import re
from functools import lru_cache
from typing import Final

AGENTS: Final = {
    # "Cubot" is a maker of phones.
    "robot": r"(?<!cu)bot\b|crawl|spider|scanner|preview|headlesschrome|phantomjs",
    # Not okhttp: mail apps load their pictures with it.
    "program": r"python-requests|python-urllib|aiohttp|\bcurl\b|\bwget\b|go-http-client|\bjava/|apache-httpclient"
    r"|libwww-perl|\baxios/|node-fetch|guzzlehttp|\bhttp\.rb/",
    # Some apps' own browsers name the app too, but at the end, behind Mozilla's name.
    "preview": r"facebookexternalhit|facebot|line-poker|\biframely\b|\bembedly\b|\bvkshare\b"
    r"|^(?:whatsapp|viber|line)\b",
    "gateway": r"barracuda|proofpoint|mimecast|cisco|\btmes\b|fortinet|fortimail|sophos|safe ?links"
    r"|microsoft defender",
    "mail-privacy": r"^mozilla/5\.0$",
    "no-agent": r"^$",
}
"""By rule: what is found in the agent, in whatever case."""
PROXIES: Final = re.compile(r"googleimageproxy|yahoomailproxy", re.IGNORECASE)
"""Picture proxies that load when a person looks, mostly."""

_MACHINE: Final = re.compile("|".join(AGENTS.values()), re.IGNORECASE)
_EACH: Final = {rule: re.compile(pattern, re.IGNORECASE) for rule, pattern in AGENTS.items()}
LOOKED_AT: Final = 2000
"""Characters of an agent that are looked at."""


def is_machine(user_agent: str) -> bool:
    """Say whether a user agent is decisively a machine's.

    Gmail's picture proxy is not: it loads when a person looks.
    """
    return _MACHINE.search(user_agent.strip()[:LOOKED_AT]) is not None


@lru_cache(4096)
def rule_of(user_agent: str) -> str:
    """Name the rule by which a user agent is a machine's; empty where none says so.

    Looking costs as much as all else that a click does, and there are few agents among many visitors.
    """
    agent = user_agent.strip()[:LOOKED_AT]
    if _MACHINE.search(agent) is None:
        return ""
    return next(rule for rule, pattern in _EACH.items() if pattern.search(agent))


def is_proxy(user_agent: str) -> bool:
    """Say whether a user agent is that of a picture proxy which loads when a person looks."""
    return PROXIES.search(user_agent[:LOOKED_AT]) is not None
