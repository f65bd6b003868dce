"""Hops: which is tried when, and what becomes of those that were given up."""

import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.courses import ANSWER, EMAIL, EXPIRES, NUMBER, RCS, SMS, WHATSAPP, Course
from tidings.model.events import Fact, Kind, Tried
from tidings.model.messages import Hop, Plan
from tidings.model.stages import Cause, Reason, Stage

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED

NOWHERE = Plan("line", refusal=Reason(Cause.NO_CHANNEL, "None."))
UNSENDABLE = Plan("mms", "mms-channel", NUMBER, refusal=Reason(Cause.UNSUPPORTED, "No lists."), data=Raw(b'{"v":1}'))
SUPPRESSED = Plan("rcs", "rcs-channel", NUMBER, refusal=Reason(Cause.OPTED_OUT, "They said stop."))


def test_what_cannot_be_submitted_falls_through_at_once() -> None:
    course = Course(NOWHERE, UNSENDABLE, SUPPRESSED, SMS, WHATSAPP)
    assert [(hop.number, hop.platform, hop.stage) for hop in course.life.hops] == [
        (0, "mms", F),
        (1, "rcs", F),
        (2, "sms", Stage.PROCESSING),
    ]
    assert (course.starts, course.life.plans) == ([2], (WHATSAPP,))
    assert course.events == [(Kind.ACCEPTED, 1)]
    assert course.tells[0].platform == "mms"


def test_a_message_whose_every_hop_is_refused_beforehand_fails_with_all_that_was_tried() -> None:
    course = Course(UNSENDABLE, NOWHERE, SUPPRESSED)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.FAILED, 2)]
    assert (UNSENDABLE.refusal, SUPPRESSED.refusal) != (None, None)
    assert course.last == Fact(
        reason=SUPPRESSED.refusal,
        tried=(
            Tried("mms", Reason(Cause.UNSUPPORTED, "No lists."), 0, data=Raw(b'{"v":1}')),
            Tried("rcs", Reason(Cause.OPTED_OUT, "They said stop."), 0),
        ),
    )
    assert (course.tells[1].platform, course.tells[1].channel) == ("rcs", "rcs-channel")


def test_a_plan_that_is_too_late_already_expires() -> None:
    course = Course(replace(SMS, refusal=Reason(Cause.EXPIRED)))
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.EXPIRED, 2)]


def test_a_refused_hop_gives_way_to_the_next() -> None:
    course = Course(SMS, WHATSAPP)
    course.refused(data=Raw(b'{"e":1}'))
    assert course.starts == [0, 1]
    assert course.life.hops == (
        Hop(
            0,
            "sms",
            "sms-channel",
            NUMBER,
            stage=F,
            reason=Reason(Cause.INVALID, "No."),
            data=Raw(b'{"e":1}'),
            updated_at=1,
        ),
        Hop(1, "whatsapp", "whatsapp-channel", NUMBER, updated_at=1),
    )
    assert (course.life.stage, course.life.revision, course.life.reason) == (Stage.ACCEPTED, 2, None)


@pytest.mark.parametrize("lost", [E, F])
def test_a_failing_receipt_gives_way_to_the_next(lost: Stage) -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(lost)
    assert (course.starts, course.kinds, course.life.stage) == ([0, 1], [Kind.ACCEPTED, Kind.SENT], S)
    assert (course.stages, course.life.revision) == ([lost, Stage.PROCESSING], 3)


def test_sent_is_told_once_over_all_hops() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(F)
    course.sent("b", hop=1, answer=Raw(b'{"id":"b"}'))
    assert course.kinds == [Kind.ACCEPTED, Kind.SENT]
    course.told(D, "b", channel="whatsapp-channel")
    assert (course.tells[-1].platform, course.tells[-1].revision) == ("whatsapp", 4)


def test_failed_only_when_no_hop_is_left() -> None:
    course = Course(SMS, EMAIL)
    course.sent(units=1)
    course.told(F, reason=Reason(Cause.BLOCKED))
    course.sent("b", hop=1)
    course.told(F, "b", channel="email-channel", reason=Reason(Cause.BOUNCED), at=50)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2), (Kind.FAILED, 4)]
    raw = Raw(b'{"status":"failed"}')
    assert course.last == Fact(
        references=("b",),
        reason=Reason(Cause.BOUNCED),
        submitted=True,
        raw=raw,
        tried=(
            Tried("sms", Reason(Cause.BLOCKED), 2, submitted=True, data=raw),
            Tried("email", Reason(Cause.BOUNCED), 50, submitted=True, data=raw),
        ),
    )


def test_expired_only_where_every_hop_is() -> None:
    for first, second, end in ((E, E, E), (E, F, F), (F, E, F)):
        course = Course(SMS, WHATSAPP)
        course.sent()
        course.told(first)
        course.sent("b", hop=1)
        course.told(second, "b", channel="whatsapp-channel")
        assert course.life.stage is end


def test_the_first_hop_may_fail_after_the_last_has_expired() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(E)
    course.sent("b", hop=1)
    course.told(E, "b", channel="whatsapp-channel")
    course.told(F)
    assert course.kinds[-2:] == [Kind.EXPIRED, Kind.FAILED]
    assert (course.life.stage, course.last.late) == (F, True)


def test_a_late_receipt_is_recorded_on_the_abandoned_hop() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(E)
    course.sent("b", hop=1)
    course.told(F, reason=Reason(Cause.BLOCKED))
    assert course.stages == [F, S]
    assert (course.life.hops[0].reason, course.life.stage) == (Reason(Cause.BLOCKED), S)
    assert course.kinds == [Kind.ACCEPTED, Kind.SENT]


def test_a_late_delivery_of_an_abandoned_hop_cancels_the_one_that_is_not_sent() -> None:
    course = Course(SMS, WHATSAPP, RCS)
    course.sent()
    course.told(F)
    course.told(D)
    assert course.events[-1] == (Kind.DELIVERED, 4)
    assert course.tells[-1].platform == "sms"
    assert course.stops == [1]
    assert course.life.hops[1] == Hop(1, "whatsapp", "whatsapp-channel", NUMBER, cancelled=True, updated_at=2)
    assert (course.life.plans, course.life.stage, course.last.late) == ((), D, False)


def test_a_cancelled_hop_that_was_under_way_is_sent_all_the_same() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(F)
    course.told(D)
    course.sent("b", hop=1)
    course.told(R, "b", channel="whatsapp-channel")
    assert course.stages == [D, R]
    assert course.events[-1] == (Kind.READ, 5)


def test_a_cancelled_hop_is_neither_refused_nor_put_off_nor_doubted() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(F)
    course.told(D)
    life = course.life
    course.refused(1)
    course.postponed(1)
    course.doubted(1)
    assert course.life is life


def test_sent_late_by_an_abandoned_hop_cancels_nothing() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(F)
    course.told(S)
    assert (course.stops, course.stages) == ([], [F, Stage.PROCESSING])


def test_the_answer_to_a_given_up_hop_is_no_success() -> None:
    course = Course(replace(SMS, window=60), WHATSAPP)
    course.doubted(grace=5)
    course.wait(6)
    course.sent("a", answer=ANSWER)
    assert (course.stages, course.kinds) == ([F, Stage.PROCESSING], [Kind.ACCEPTED])
    assert course.life.hops[0].submitted


# -- windows ------------------------------------------------------------------------------------------------------


def windowed() -> Course:
    """Make a message that is sent at 1, whose hop has a window of 60."""
    course = Course(replace(SMS, window=60), WHATSAPP)
    course.sent()
    return course


def test_a_silent_hop_gives_way_when_its_window_closes() -> None:
    course = windowed()
    assert (course.life.hops[0].window_at, course.life.due_at) == (61, 61)
    life = course.life
    assert course.wait(60).life is life
    course.wait(61)
    silent = Reason(Cause.UNREACHABLE, "No receipt came within the hop's window.", permanent=False)
    assert (course.starts, course.stages) == ([0, 1], [F, Stage.PROCESSING])
    assert (course.life.hops[0].reason, course.life.hops[0].window_at) == (silent, None)
    assert (course.kinds, course.life.revision, course.life.due_at) == ([Kind.ACCEPTED, Kind.SENT], 3, EXPIRES)


@pytest.mark.parametrize("stage", [S, D])
def test_any_receipt_keeps_the_hop(stage: Stage) -> None:
    course = windowed()
    course.told(stage)
    assert course.life.due_at == (EXPIRES if stage is S else None)
    life = course.life
    assert course.wait(61).life is life


def test_a_receipt_before_the_answer_opens_no_window() -> None:
    course = Course(replace(SMS, window=60), WHATSAPP)
    course.postponed()
    course.told(S, "a", message="m")
    course.sent()
    assert course.life.hops[0].window_at is None


def test_the_answer_again_does_not_move_the_window() -> None:
    course = windowed()
    course.sent()
    assert course.life.hops[0].window_at == 61


def test_the_last_hop_has_no_window() -> None:
    course = Course(replace(SMS, window=60))
    course.sent()
    assert course.life.due_at == EXPIRES


def test_a_hop_without_receipts_has_no_window() -> None:
    course = Course(replace(SMS, window=60, last_word=True), WHATSAPP)
    course.sent()
    assert course.life.due_at is None


def test_a_late_receipt_after_the_window_corrects_the_end() -> None:
    course = windowed()
    course.wait(61)
    course.refused(1)
    assert (course.kinds[-1], course.last.submitted) == (Kind.FAILED, True)
    assert [tried.platform for tried in course.last.tried] == ["sms", "whatsapp"]
    course.told(D)
    assert (course.kinds[-1], course.last.late, course.life.reason) == (Kind.DELIVERED, True, None)
