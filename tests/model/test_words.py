"""The words: platforms, stages, kinds of events, deeds, errors."""

import pytest
from msgspec.structs import astuple

from tidings.model.errors import (
    FieldError,
    NoReply,
    Refused,
    SendDeferred,
    SendFailed,
    TidingsError,
    uncertain,
)
from tidings.model.events import Kind
from tidings.model.messages import Hop, Part
from tidings.model.platforms import HOUR, PLATFORMS, Platform, platform
from tidings.model.reports import PROVING, Deed
from tidings.model.stages import FINAL, SUCCESS, Cause, Reason, Stage

# Our name, the channels vocabulary's, the omnichannel vocabulary's, the identifier, hours.
TABLE = """
sms                  sms                sms                phonenumber          48
mms                  mms                mms                phonenumber          48
rcs                  rcs                rcs                phonenumber          24
whatsapp             whatsapp           whatsApp           phonenumber          24
email                email              email              emailaddress         72
facebook             facebook           fbMessenger        facebookuserid       24
app-messaging        app-messaging      appMessaging       profileid            24
apple-business-chat  applebusinesschat  applebusinesschat  applebusinesschatid  24
instagram            instagram          instagram          instagramuserid      24
line                 line               line               lineuserid           24
viber                viber              viber              viberuserid          24
telegram             telegram           telegram           telegramuserid       24
linkedin             linkedin           linkedin           linkedinuserid       24
tiktok               tiktok             tiktok             tiktokuserid         24
"""


def test_the_platforms_are_those_of_the_two_vocabularies() -> None:
    rows = [line.split() for line in TABLE.split("\n") if line]
    assert [[*map(str, astuple(each))] for each in PLATFORMS.values()] == sorted(rows, key=_place)
    assert len(rows) == len(PLATFORMS) == 14


def _place(row: list[str]) -> int:
    return list(PLATFORMS).index(row[0])


def test_no_two_platforms_have_one_name() -> None:
    for field in ("channels", "omnichannel"):
        assert len({getattr(each, field) for each in PLATFORMS.values()}) == len(PLATFORMS)


def test_a_platform_is_found_by_our_name() -> None:
    assert platform("whatsapp") is PLATFORMS["whatsapp"]
    assert platform("carrier-pigeon") == Platform(
        "carrier-pigeon", "carrier-pigeon", "carrier-pigeon", "identifier", expiry_hours=24
    )


def test_an_hour_is_in_milliseconds() -> None:
    assert HOUR == 60 * 60 * 1000


def test_the_final_stages_and_those_of_a_good_life() -> None:
    assert set(FINAL) == {Stage.EXPIRED, Stage.FAILED, Stage.DELIVERED, Stage.READ}
    assert SUCCESS == (Stage.SENT, Stage.DELIVERED, Stage.READ)
    assert [stage.word for stage in Stage] == [
        *("accepted", "processing", "sent", "expired", "failed", "delivered", "read"),
    ]


def test_the_stage_that_a_kind_of_event_tells() -> None:
    assert {kind: kind.stage for kind in Kind} == {
        Kind.ACCEPTED: Stage.ACCEPTED,
        Kind.SENT: Stage.SENT,
        Kind.DELIVERED: Stage.DELIVERED,
        Kind.READ: Stage.READ,
        Kind.EXPIRED: Stage.EXPIRED,
        Kind.FAILED: Stage.FAILED,
        Kind.INBOUND: None,
        Kind.INTERACTION: None,
        Kind.NOTICE: None,
    }


def test_the_deeds_that_prove_something() -> None:
    assert set(Deed) - PROVING == {Deed.REPORTED_AS_SPAM, Deed.UNSUBSCRIBE_REQUEST, Deed.DELETE_REQUEST}


@pytest.mark.parametrize(
    ("hop", "waiting"),
    [
        (Hop(0, "sms", "c", "+441"), True),
        (Hop(0, "sms", "c", "+441", tries=3, doubt_at=5), True),
        (Hop(0, "sms", "c", "+441", submitted=True), False),
        (Hop(0, "sms", "c", "+441", cancelled=True), False),
        (Hop(0, "sms", "c", "+441", stage=Stage.FAILED), False),
    ],
)
def test_a_hop_waits_until_it_is_submitted_cancelled_or_lost(hop: Hop, waiting: bool) -> None:
    assert hop.waiting is waiting


def test_the_references_of_a_hop_are_each_there_once() -> None:
    parts = (Part("b", "x"), Part("a"), Part("b", "y"), Part(""))
    assert Hop(0, "email", "c", "x", parts=parts).references == ("b", "a")


def test_every_error_of_ours_says_who_can_act() -> None:
    reason = Reason(Cause.THROTTLED, "Too fast.", "429", permanent=False)
    problem = FieldError("to", "Nobody.")
    refused = Refused("No.", status=422, errors=(problem,), kind="unknown")
    assert (refused.detail, refused.status, refused.errors, refused.kind) == ("No.", 422, (problem,), "unknown")
    assert problem.code == "invalid"
    deferred = SendDeferred(reason, after=2.5, channel_wide=True)
    assert (deferred.reason, deferred.after, deferred.channel_wide) == (reason, 2.5, True)
    failed = SendFailed(reason)
    assert (failed.reason, failed.data) == (reason, None)
    silence = NoReply("cut off", taken=True, error="reset")
    assert (silence.why, silence.taken, silence.error) == ("cut off", True, "reset")
    assert [str(error) for error in (refused, deferred, failed, silence)] == [
        "No.",
        "Too fast.",
        "Too fast.",
        "cut off",
    ]
    assert all(isinstance(error, TidingsError) for error in (refused, deferred, failed, silence))


def test_an_uncertain_end_has_a_reason() -> None:
    assert uncertain("cut off") == Reason(Cause.UNCERTAIN, "cut off")
    assert uncertain("") == Reason(Cause.UNCERTAIN, "The provider may have taken it.")
