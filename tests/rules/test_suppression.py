"""Whom we do not write to: what suppresses, on which platform, and what it keeps from whom."""

import pytest
from msgspec import Raw

from tidings.model.content import Content
from tidings.model.reports import Inbound
from tidings.model.stages import Cause, Reason
from tidings.model.suppressions import SUPPRESSING, Ground, Suppression
from tidings.rules.suppression import (
    NOT_OPTED_IN,
    SUPPRESSED,
    as_kept,
    ground_of_failure,
    kept_address,
    kept_platform,
    refusal_of,
    scope,
    suppression_id,
    words_of,
)

PHONE = "+447712345678"
UNSUBSCRIBED, COMPLAINED, BOUNCED, BLOCKED = (
    Ground.UNSUBSCRIBED,
    Ground.COMPLAINED,
    Ground.BOUNCED,
    Ground.BLOCKED,
)
LEFT = [(Ground.UNSUBSCRIBED, True), (Ground.OPTED_IN, False)]
BACK = [(Ground.UNSUBSCRIBED, False), (Ground.OPTED_IN, True)]
UNASKED = [(Ground.UNSUBSCRIBED, False)]


@pytest.mark.parametrize(
    ("name", "reason", "by_receipt", "by_refusal"),
    [
        ("sms", Reason(Cause.OPTED_OUT, code="21610"), UNSUBSCRIBED, UNSUBSCRIBED),
        ("viber", Reason(Cause.OPTED_OUT, code="6"), UNSUBSCRIBED, UNSUBSCRIBED),
        ("email", Reason(Cause.COMPLAINED, code="607"), COMPLAINED, COMPLAINED),
        ("sms", Reason(Cause.BAD_ADDRESS, code="30005"), BOUNCED, None),
        ("mms", Reason(Cause.BAD_ADDRESS, code="30005"), BOUNCED, None),
        ("sms", Reason(Cause.BAD_ADDRESS, code="30005", permanent=False), None, None),
        ("sms", Reason(Cause.BOUNCED), None, None),
        ("whatsapp", Reason(Cause.BAD_ADDRESS, code="131026"), None, None),
        ("rcs", Reason(Cause.BAD_ADDRESS), None, None),
        ("telegram", Reason(Cause.BAD_ADDRESS), None, None),
        ("pager", Reason(Cause.BAD_ADDRESS), None, None),
        ("email", Reason(Cause.BAD_ADDRESS, code="5.1.1"), BOUNCED, BOUNCED),
        ("email", Reason(Cause.BAD_ADDRESS, code="5.1.10"), BOUNCED, BOUNCED),
        ("email", Reason(Cause.BAD_ADDRESS, code="5.2.1"), BOUNCED, BOUNCED),
        ("email", Reason(Cause.BAD_ADDRESS, code="5.1.3"), None, None),
        ("email", Reason(Cause.BOUNCED, code="5.5.2"), None, None),
        ("email", Reason(Cause.BOUNCED, code="550"), None, None),
        ("email", Reason(Cause.BAD_ADDRESS, code="605"), BOUNCED, BOUNCED),
        ("email", Reason(Cause.BOUNCED, code="General"), BOUNCED, BOUNCED),
        ("email", Reason(Cause.BOUNCED, permanent=False), None, None),
        ("email", Reason(Cause.BLOCKED, code="5.7.1"), None, None),
        ("sms", Reason(Cause.BLOCKED, code="30004"), BLOCKED, None),
        ("whatsapp", Reason(Cause.BLOCKED, code="63033"), BLOCKED, None),
        ("sms", Reason(Cause.BLOCKED, permanent=False), None, None),
        ("telegram", Reason(Cause.BLOCKED, code="403"), None, None),
        ("sms", Reason(Cause.OPTED_OUT, code=SUPPRESSED), None, None),
        ("sms", Reason(Cause.OPTED_OUT, code=NOT_OPTED_IN), None, None),
        *(
            (name, Reason(cause), None, None)
            for name in ("sms", "email")
            for cause in Cause
            if cause not in {Cause.OPTED_OUT, Cause.COMPLAINED, Cause.BAD_ADDRESS, Cause.BOUNCED, Cause.BLOCKED}
        ),
    ],
)
def test_only_what_is_of_the_address_and_for_good_suppresses(
    name: str, reason: Reason, by_receipt: Ground | None, by_refusal: Ground | None
) -> None:
    assert ground_of_failure(name, reason, refused=False) is by_receipt
    assert ground_of_failure(name, reason, refused=True) is by_refusal


@pytest.mark.parametrize(
    ("name", "text", "extra", "means"),
    [
        ("sms", "STOP", {}, LEFT),
        ("mms", " stop! ", {}, LEFT),
        ("whatsapp", "Stopp", {}, LEFT),
        ("sms", "Start", {}, BACK),
        ("sms", "unstop", {}, BACK),
        ("sms", "Yes", {}, UNASKED),
        ("sms", "yes please", {}, []),
        ("sms", "please stop", {}, []),
        ("sms", "HALT", {"optOutType": "STOP"}, LEFT),
        ("sms", "MORE", {"optOutType": "START"}, BACK),
        ("sms", "STOP", {"optOutType": "HELP"}, []),
        ("email", "STOP", {}, []),
        ("telegram", "/start", {}, BACK),
        ("telegram", "/start from-the-shop", {}, BACK),
        ("telegram", "START", {}, []),
        ("line", "Hello", {}, UNASKED),
        ("viber", "", {}, UNASKED),
        ("viber", "stop", {}, []),
        ("facebook", "Hello", {}, []),
    ],
)
def test_words_count_where_a_platform_knows_no_other_way(
    name: str, text: str, extra: dict[str, str], means: list[tuple[Ground, bool]]
) -> None:
    inbound = Inbound("k", PHONE, Raw(b"{}"), content=Content(text=text), extra=extra)
    assert list(words_of(name, inbound)) == means


def entry(ground: Ground, platform: str = "sms", channel: str = "") -> Suppression:
    return Suppression(workspace="w1", platform=platform, channel=channel, address=PHONE, ground=ground, at=1)


@pytest.mark.parametrize("ground", SUPPRESSING)
@pytest.mark.parametrize("transactional", [False, True])
def test_a_transactional_message_goes_to_those_who_unsubscribed_and_to_nobody_else(
    ground: Ground, transactional: bool
) -> None:
    reason = refusal_of("sms", "c1", [entry(ground)], transactional=transactional)
    assert (reason is None) == (transactional and ground is UNSUBSCRIBED)
    if reason is not None:
        assert (reason.code, "sms" in reason.text, reason.permanent) == (SUPPRESSED, True, True)


def test_the_most_binding_ground_is_told() -> None:
    every = [entry(each) for each in (*reversed(SUPPRESSING), Ground.OPTED_IN)]
    told = []
    while (reason := refusal_of("sms", "c1", every)) is not None:
        told.append(reason.cause)
        every = [each for each in every if each.ground is not SUPPRESSING[len(told) - 1]]
    assert told == [Cause.COMPLAINED, Cause.BAD_ADDRESS, Cause.BLOCKED, Cause.OPTED_OUT]


def test_other_platforms_and_other_channels_are_not_meant() -> None:
    assert refusal_of("email", "c1", [entry(UNSUBSCRIBED)]) is None
    assert refusal_of("mms", "c1", [entry(UNSUBSCRIBED)]) is not None
    assert refusal_of("sms", "c1", [entry(UNSUBSCRIBED, channel="c2")]) is None
    assert refusal_of("sms", "c2", [entry(UNSUBSCRIBED, channel="c2")]) is not None


def test_what_requires_an_opt_in_goes_to_those_who_have_one() -> None:
    reason = refusal_of("sms", "c1", [], require_opt_in=True)
    assert reason == Reason(Cause.OPTED_OUT, "The recipient has not opted in to messages on sms.", NOT_OPTED_IN)
    asked = entry(Ground.OPTED_IN)
    assert refusal_of("sms", "c1", [asked], require_opt_in=True) is None
    assert refusal_of("whatsapp", "c1", [asked], require_opt_in=True) is not None
    both = [asked, entry(UNSUBSCRIBED)]
    assert refusal_of("sms", "c1", both, require_opt_in=True) == refusal_of("sms", "c1", [entry(UNSUBSCRIBED)])
    assert refusal_of("sms", "c1", [], transactional=True, require_opt_in=True) == reason


def test_addresses_are_kept_one_way() -> None:
    assert kept_address("sms", "00 44 7712 345678") == PHONE
    assert (
        kept_address("email", " Ann.Lee@Example.COM ")
        == "ann.lee@example.com"
        == as_kept("email", "Ann.Lee@example.com")
    )
    assert kept_address("telegram", " 77 ") == "77"
    assert (kept_platform("mms"), kept_platform("rcs")) == ("sms", "rcs")
    with pytest.raises(ValueError, match="phone number"):
        kept_address("sms", "nobody")


def test_where_people_follow_one_account_a_word_is_about_that_account() -> None:
    assert [scope(name, "c1") for name in ("sms", "whatsapp", "email", "line", "telegram", "pager")] == [
        *("", "", ""),
        *("c1", "c1", "c1"),
    ]


def test_an_id_follows_from_what_an_entry_is_about_alone() -> None:
    one = entry(UNSUBSCRIBED)
    later = Suppression(workspace="w1", platform="sms", address=PHONE, ground=UNSUBSCRIBED, at=99, stands=False)
    others = [entry(BLOCKED), entry(UNSUBSCRIBED, "rcs"), entry(UNSUBSCRIBED, channel="c")]
    assert suppression_id(one) == suppression_id(later)
    assert len({suppression_id(each) for each in (one, *others)}) == 4
