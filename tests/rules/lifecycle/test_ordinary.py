"""The ordinary life: which events are told, with which revisions, and what each of them says."""

import pytest
from msgspec import Raw

from support.courses import ANSWER, EMAIL, EXPIRES, LETTER, NUMBER, SMS, WHATSAPP, Course, receipt
from tidings.model.events import Fact, Kind, Tried
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Hop, Life, Part, Plan
from tidings.model.reports import Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Move, Tell

ABROAD = Reason(Cause.COUNTRY, "Not allowed for sms.", "phoneNumberCountryCode")
FAR_ABROAD = Reason(Cause.COUNTRY, "Not allowed for mms.", "phoneNumberCountryCode")


def test_the_stages_have_their_ranks() -> None:
    assert {stage.word: int(stage) for stage in Stage} == {
        "accepted": 10,
        "processing": 20,
        "sent": 30,
        "expired": 35,
        "failed": 36,
        "delivered": 40,
        "read": 50,
    }


def test_taking_charge_tells_that_it_is_accepted_and_starts_the_first_hop() -> None:
    hop = Hop(0, "sms", "sms-channel", NUMBER, updated_at=5)
    accepted = Tell(Kind.ACCEPTED, 1, "sms", "sms-channel", 5, Fact())
    life = Life(
        "m",
        1,
        Stage.ACCEPTED,
        (Stage.ACCEPTED,),
        hops=(hop,),
        plans=(WHATSAPP,),
        updated_at=5,
        expires_at=EXPIRES,
        due_at=EXPIRES,
    )
    assert lifecycle.begin("m", (SMS, WHATSAPP), expires_at=EXPIRES, now=5) == Move(life, (accepted,), start=hop)


def test_a_submission_says_what_the_provider_answered() -> None:
    course = Course(SMS)
    course.sent("a", "b", units=2, sender="Acme")
    assert course.tells[1] == Tell(
        Kind.SENT, 2, "sms", "sms-channel", 1, Fact(sender="Acme", references=("a", "b"), units=2, answer=ANSWER)
    )
    assert course.life.hops == (
        Hop(
            0,
            "sms",
            "sms-channel",
            NUMBER,
            stage=Stage.SENT,
            submitted=True,
            parts=(Part("a"), Part("b")),
            sent_at=1,
            sender="Acme",
            units=2,
            updated_at=1,
        ),
    )


def test_a_receipt_says_what_the_provider_said_and_when() -> None:
    course = Course(SMS)
    course.sent(sender="Acme")
    course.told(Stage.DELIVERED, at=77, units=3)
    said = Fact(sender="Acme", references=("a",), units=3, raw=Raw(b'{"status":"delivered"}'))
    assert course.tells[2] == Tell(Kind.DELIVERED, 3, "sms", "sms-channel", 77, said)
    assert (course.life.updated_at, course.life.hops[0].updated_at, course.life.due_at) == (2, 77, None)


def test_an_incoming_message_has_revision_0() -> None:
    assert lifecycle.arrived("m", 5) == Life("m", 0, Stage.DELIVERED, (Stage.DELIVERED,), updated_at=5)


def test_refused_at_validation_has_revision_1() -> None:
    move = lifecycle.begin("m", (Plan("sms", "c", NUMBER, refusal=ABROAD),), expires_at=EXPIRES, now=5)
    life = Life("m", 1, Stage.FAILED, (Stage.FAILED,), reason=ABROAD, updated_at=5)
    assert move == Move(life, (Tell(Kind.FAILED, 1, "", "", 5, Fact(reason=ABROAD)),))


def test_refused_at_validation_by_every_route_names_every_refusal() -> None:
    plans = (Plan("sms", "c", NUMBER, refusal=ABROAD), Plan("mms", "d", NUMBER, refusal=FAR_ABROAD))
    move = lifecycle.begin("m", plans, expires_at=EXPIRES, now=5)
    text = "Invalid request:\r\n1) Not allowed for sms.\r\n2) Not allowed for mms."
    reason = Reason(Cause.COUNTRY, text, "phoneNumberCountryCode")
    life = Life("m", 1, Stage.FAILED, (Stage.FAILED,), reason=reason, updated_at=5)
    assert move == Move(life, (Tell(Kind.FAILED, 1, "", "", 5, Fact(reason=reason)),))


def test_a_route_that_may_take_it_makes_the_request_valid() -> None:
    course = Course(Plan("sms", "c", NUMBER, refusal=ABROAD), WHATSAPP)
    assert course.events == [(Kind.ACCEPTED, 1)]
    assert course.tells[0].platform == "sms"
    assert course.starts == [1]
    assert [(hop.platform, hop.stage, hop.reason) for hop in course.life.hops] == [
        ("sms", Stage.FAILED, ABROAD),
        ("whatsapp", Stage.PROCESSING, None),
    ]


def test_refused_at_submission_has_revision_2_and_no_provider_took_it() -> None:
    course = Course(SMS)
    course.refused(data=Raw(b'{"error":1}'))
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.FAILED, 2)]
    reason = Reason(Cause.INVALID, "No.")
    assert course.last == Fact(reason=reason, tried=(Tried("sms", reason, 1, data=Raw(b'{"error":1}')),))
    assert (course.life.stage, course.life.reason, course.life.due_at) == (Stage.FAILED, reason, None)


def test_a_hop_that_the_provider_says_is_too_late_expires() -> None:
    course = Course(SMS)
    course.refused(cause=Cause.EXPIRED)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.EXPIRED, 2)]


@pytest.mark.parametrize(
    ("plan", "stage", "kind", "revision"),
    [
        (SMS, Stage.DELIVERED, Kind.DELIVERED, 3),
        (EMAIL, Stage.DELIVERED, Kind.DELIVERED, 3),
        (SMS, Stage.FAILED, Kind.FAILED, 4),
        (EMAIL, Stage.FAILED, Kind.FAILED, 3),
        (SMS, Stage.EXPIRED, Kind.EXPIRED, 4),
        (EMAIL, Stage.EXPIRED, Kind.EXPIRED, 3),
    ],
)
def test_a_receipt_makes_the_revision(plan: Plan, stage: Stage, kind: Kind, revision: int) -> None:
    course = Course(plan)
    course.sent()
    course.told(stage)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2), (kind, revision)]
    assert course.life.revision == revision


def test_expired_by_its_window_has_revision_3() -> None:
    course = Course(SMS)
    course.sent()
    course.wait(EXPIRES)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2), (Kind.EXPIRED, 3)]


def test_read_has_revision_4() -> None:
    course = Course(SMS)
    course.sent()
    course.told(Stage.DELIVERED)
    course.told(Stage.READ)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2), (Kind.DELIVERED, 3), (Kind.READ, 4)]
    assert not any(tell.fact.implied or tell.fact.late for tell in course.tells)


def test_a_failing_receipt_says_everything_of_the_hop() -> None:
    course = Course(SMS)
    course.sent(sender="Acme", units=1)
    blocked = Reason(Cause.BLOCKED, "Blocked.", "30007")
    course.told(Stage.FAILED, reason=blocked, at=9)
    raw = Raw(b'{"status":"failed"}')
    assert course.tells[-1] == Tell(
        Kind.FAILED,
        4,
        "sms",
        "sms-channel",
        9,
        Fact(
            sender="Acme",
            references=("a",),
            units=1,
            reason=blocked,
            submitted=True,
            raw=raw,
            tried=(Tried("sms", blocked, 9, submitted=True, data=raw),),
        ),
    )
    assert course.life.hops[0].parts == (Part("a", stage=Stage.FAILED, reason=blocked),)


def test_a_loss_without_a_reason_gets_one() -> None:
    for stage, cause in ((Stage.FAILED, Cause.UNKNOWN), (Stage.EXPIRED, Cause.EXPIRED)):
        course = Course(SMS)
        course.sent()
        course.told(stage)
        assert course.life.reason == course.last.reason == Reason(cause)


def test_retries_raise_the_revision_untold() -> None:
    course = Course(SMS)
    course.postponed()
    course.postponed()
    assert (course.life.hops[0].tries, course.life.revision, course.kinds) == (2, 3, [Kind.ACCEPTED])
    course.sent()
    assert course.events[-1] == (Kind.SENT, 4)


def test_the_answer_twice_is_one() -> None:
    course = Course(SMS)
    course.sent("a", sender="Acme", units=2)
    once = course.life
    course.sent("a")
    assert course.life is once


def test_a_longer_count_of_units_stands() -> None:
    course = Course(SMS)
    course.sent()
    course.told(Stage.SENT, units=2)
    course.told(Stage.DELIVERED, units=1)
    course.told(Stage.READ)
    assert [tell.fact.units for tell in course.tells[1:]] == [None, 2, 2]


@pytest.mark.parametrize("plans", [(), (Plan("sms", refusal=Reason(Cause.NO_CHANNEL, "None.")),), (Plan("sms"),)])
def test_without_any_channel_it_fails_before_any_was_tried(plans: tuple[Plan, ...]) -> None:
    course = Course(*plans)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.FAILED, 2)]
    assert course.tells[0].platform == ("sms" if plans else "")
    assert course.tells[1] == Tell(
        Kind.FAILED, 2, "", "", 0, Fact(reason=Reason(Cause.NO_CHANNEL, "The workspace has no channel for it."))
    )
    assert course.life.hops == ()


def test_an_email_to_several_has_sent_as_its_last_stage() -> None:
    course = Course(LETTER)
    course.sent("a/x@example.org", "a/y@example.org")
    assert course.life.due_at is None
    course.told(Stage.DELIVERED, recipient="X@example.org")
    course.told(Stage.FAILED, recipient="y@example.org", reason=Reason(Cause.BOUNCED))
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2)]
    assert course.life.hops[0].parts == (
        Part("a", "x@example.org", Stage.DELIVERED),
        Part("a", "y@example.org", Stage.FAILED, Reason(Cause.BOUNCED)),
    )
    assert (course.life.stage, course.life.reason) == (Stage.SENT, None)


def test_advance_is_the_further_of_two() -> None:
    assert lifecycle.advance(Stage.SENT, Stage.READ) is Stage.READ
    assert lifecycle.advance(Stage.READ, Stage.SENT) is Stage.READ


def test_an_answer_before_its_own_receipts_keeps_them() -> None:
    life = Course(SMS).life
    early = receipt(Stage.DELIVERED, Target(message="m", hop=0, reference="a"))
    waiting = lifecycle.received(life, "sms-channel", early, 3)
    assert waiting.tells == ()
    assert waiting.life.hops[0].early == (early,)
    assert lifecycle.received(waiting.life, "sms-channel", early, 4).life is waiting.life
    taken = lifecycle.submitted(waiting.life, 0, Sent(pieces=(Piece("a"),), answer=ANSWER), 5)
    assert [(tell.kind, tell.revision, tell.fact.implied) for tell in taken.tells] == [
        (Kind.SENT, 2, False),
        (Kind.DELIVERED, 3, False),
    ]
    assert [tell.fact.answer for tell in taken.tells] == [ANSWER, None]
    assert taken.life.hops[0].early == ()
