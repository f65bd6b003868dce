"""Machines and people, each with what they do; and what becomes of it by the rules."""

from collections.abc import Mapping
from typing import NamedTuple

import pytest

from tidings.model.reports import Deed
from tidings.rules.prefetch import RULES, Request, Weight, burst, found_in, found_later, is_by_machine, why
from tidings.rules.prefetch.agents import AGENTS

BROWSER = {
    "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "accept-language": "en-GB,en;q=0.9",
}
PHONE = {
    "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "accept-language": "nl",
}
GMAIL = {"user-agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}
YAHOO = {"user-agent": "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"}
SECOND = 1000
MINUTE = 60 * SECOND


def agent(name: str) -> Mapping[str, str]:
    return {**BROWSER, "user-agent": name}


class Act(NamedTuple):
    """What somebody does with one message that went at 0."""

    headers: Mapping[str, str]
    at: int
    deed: Deed = Deed.CLICKED
    method: str = "GET"
    platform: str = "email"
    links: tuple[tuple[str, int], ...] = ()
    """Other links of the message that were followed, and when."""
    crowd: bool = False


class Expected(NamedTuple):
    """What is told of it."""

    prefetched: bool
    why: str = ""


MACHINES: Mapping[str, tuple[Act, str]] = {
    "a HEAD": (Act(BROWSER, MINUTE, method="HEAD"), "head"),
    "a HEAD by curl": (Act({"user-agent": "curl/8.5.0"}, MINUTE, method="HEAD"), "head, program, no-language"),
    "Chromium's prefetch": (Act({**BROWSER, "sec-purpose": "prefetch;prerender"}, MINUTE), "purpose"),
    "an old Chromium's prefetch": (Act({**BROWSER, "purpose": "prefetch"}, MINUTE), "purpose"),
    "Safari's top sites": (Act({**BROWSER, "x-purpose": "preview"}, MINUTE), "purpose"),
    "an old Firefox's prefetch": (Act({**BROWSER, "x-moz": "prefetch"}, MINUTE), "purpose"),
    "WhatsApp's preview, or Signal's": (Act(agent("WhatsApp/2.23.20.0 A"), MINUTE, platform="sms"), "preview"),
    "iMessage's preview": (Act(agent("Mozilla/5.0 facebookexternalhit/1.1 Facebot Twitterbot/1.0"), MINUTE), "robot"),
    "Facebook's preview": (Act(agent("facebookexternalhit/1.1"), MINUTE), "preview"),
    "Telegram's preview": (Act(agent("TelegramBot (like TwitterBot)"), MINUTE, platform="telegram"), "robot"),
    "Slack's preview": (Act(agent("Slackbot-LinkExpanding 1.0"), MINUTE), "robot"),
    "a gateway that names itself": (Act(agent("Mimecast/7"), 4 * MINUTE), "gateway"),
    "a browser without a window": (Act(agent("Mozilla/5.0 HeadlessChrome/140.0"), MINUTE), "robot"),
    "a program": (Act(agent("python-requests/2.31.0"), MINUTE), "program"),
    "nothing named": (Act({"accept-language": "en"}, MINUTE), "no-agent"),
    "a gateway as a browser, at once": (Act(BROWSER, 1_999), "too-soon"),
    "a gateway as a browser, before we heard that it went": (Act(BROWSER, -50), "too-soon"),
    "a preview on a phone, at once": (Act(PHONE, 999, platform="sms"), "too-soon"),
    "a gateway that follows every link in two seconds": (
        Act(BROWSER, 4 * MINUTE, links=(("b", 4 * MINUTE + 900), ("c", 4 * MINUTE + 2_000))),
        "burst",
    ),
    "the last link of such a gateway": (
        Act(BROWSER, 4 * MINUTE, links=(("b", 4 * MINUTE - 5_000), ("c", 4 * MINUTE - 1))),
        "burst",
    ),
    "a gateway without a language, looking through everybody's mail": (
        Act({"user-agent": BROWSER["user-agent"]}, 4 * MINUTE, crowd=True),
        "no-language, crowd",
    ),
    "the same at the first sight of a mail": (Act(BROWSER, 9_000, crowd=True), "crowd, hasty"),
    "Apple's proxy at delivery": (Act({"user-agent": "Mozilla/5.0"}, 20 * SECOND, Deed.OPENED), "mail-privacy"),
    "Apple's proxy in the night": (Act({"user-agent": "Mozilla/5.0"}, 300 * MINUTE, Deed.OPENED), "mail-privacy"),
    "Gmail's proxy at delivery": (Act(GMAIL, 59 * SECOND, Deed.OPENED), "proxied-at-once"),
    "Yahoo's proxy at delivery": (Act(YAHOO, 30 * SECOND, Deed.OPENED), "proxied-at-once"),
    "a picture at once": (Act(BROWSER, 500, Deed.OPENED), "too-soon"),
}
PEOPLE: Mapping[str, Act] = {
    "one tap": Act(PHONE, 3 * MINUTE, platform="sms"),
    "two taps": Act(PHONE, 3 * MINUTE, links=(("a", 3 * MINUTE + 300),), platform="sms"),
    "a tap after five seconds": Act(PHONE, 5 * SECOND, platform="sms"),
    "a tap a second after the text came": Act(PHONE, SECOND, platform="sms"),
    "a click after five seconds": Act(BROWSER, 5 * SECOND),
    "a click through a VPN that many use": Act(BROWSER, 3 * MINUTE, crowd=True),
    "two links, one after the other": Act(BROWSER, MINUTE, links=(("b", MINUTE + 2 * SECOND),)),
    "three links, read one after the other": Act(BROWSER, MINUTE, links=(("b", MINUTE + 3_000), ("c", MINUTE + 6_000))),
    "a click from a mail program that says no language": Act({"user-agent": "Thunderbird/140"}, MINUTE),
    "an app's own browser": Act(agent("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Safari Line/13.1.0"), MINUTE),
    "Gmail's proxy when somebody looks": Act(GMAIL, 61 * SECOND, Deed.OPENED),
    "Yahoo's proxy when somebody looks": Act(YAHOO, 10 * MINUTE, Deed.OPENED),
    "a picture that Outlook loads": Act({"user-agent": "Microsoft Outlook 16.0.17328"}, MINUTE, Deed.OPENED),
    "a picture that a phone's mail app loads": Act({"user-agent": "okhttp/4.12.0"}, MINUTE, Deed.OPENED),
    "a page that is not prefetched": Act({**BROWSER, "sec-purpose": "", "purpose": "navigate"}, MINUTE),
}


def judged(act: Act) -> Expected:
    """Judge what somebody did as the hub does."""
    found = found_in(Request(act.deed, act.method, act.headers, act.crowd))
    bursts = 0 in burst([("a", act.at), *act.links])
    found = found_later(found, act.platform, 0, act.at, bursts=bursts)
    return Expected(is_by_machine(found), why(found))


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_is_known_and_it_is_said_why(name: str) -> None:
    act, reasons = MACHINES[name]
    assert judged(act) == (True, reasons)


@pytest.mark.parametrize("name", PEOPLE)
def test_a_person_is_believed(name: str) -> None:
    assert judged(PEOPLE[name]).prefetched is False


def test_of_a_message_whose_going_nobody_saw_no_time_says_anything() -> None:
    assert found_later((), "email", None, 0, bursts=False) == ()


def test_every_rule_is_shown_by_a_machine() -> None:
    shown = {rule for _, reasons in MACHINES.values() for rule in reasons.split(", ")}
    assert {name for name, rule in RULES.items() if rule.weight} - shown == set()


def test_every_rule_says_where_it_comes_from() -> None:
    assert [name for name, rule in RULES.items() if not (rule.says and rule.source)] == []
    assert AGENTS.keys() <= RULES.keys()


def test_two_weak_signs_are_no_proof_and_a_strong_and_a_weak_one_are() -> None:
    assert 2 * Weight.WEAK < Weight.DECISIVE <= Weight.STRONG + Weight.WEAK
