"""What time alone does: expiry, and outcomes that nobody knows."""

import pytest
from msgspec.structs import replace

from support.courses import EXPIRES, SMS, WHATSAPP, Course
from tidings.model.events import Fact, Kind, Tried
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Tell

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED
LATE = Reason(Cause.EXPIRED, "The message was not delivered within its window.")
UNCERTAIN = Reason(Cause.UNCERTAIN, "The connection broke while the provider may have taken it.")


def test_a_sent_message_expires_with_its_window() -> None:
    course = Course(SMS)
    course.sent(sender="Acme", units=1)
    assert course.life.due_at == EXPIRES
    life = course.life
    assert course.wait(EXPIRES - 1).life is life
    course.wait(EXPIRES)
    fact = Fact(sender="Acme", references=("a",), units=1, reason=LATE, submitted=True)
    assert course.tells[-1] == Tell(Kind.EXPIRED, 3, "sms", "sms-channel", EXPIRES, fact)
    assert [course.life.stage, course.life.reason, course.life.due_at, course.stops] == [E, LATE, None, []]
    life = course.life
    assert course.wait(2 * EXPIRES).life is life


def test_a_message_that_waits_to_be_submitted_expires_too() -> None:
    course = Course(SMS, WHATSAPP)
    course.postponed()
    course.wait(EXPIRES)
    fact = Fact(reason=LATE)
    assert course.tells[-1] == Tell(Kind.EXPIRED, 3, "sms", "sms-channel", EXPIRES, fact)
    assert (course.stops, course.life.plans) == ([0], ())
    assert course.life.hops[0].cancelled
    assert not course.life.hops[0].submitted


def test_an_expired_message_whose_submission_was_under_way_is_still_sent() -> None:
    course = Course(SMS)
    course.wait(EXPIRES)
    course.sent()
    assert (course.kinds[-1], course.last.late, course.life.stage, course.life.reason) == (Kind.SENT, True, E, LATE)
    course.told(F)
    assert (course.kinds[-1], course.life.stage) == (Kind.FAILED, F)
    course.told(R)
    assert course.kinds[-2:] == [Kind.DELIVERED, Kind.READ]


def test_expiry_tells_the_hops_that_were_lost_before() -> None:
    course = Course(SMS, WHATSAPP)
    course.refused()
    course.wait(EXPIRES)
    assert course.tells[-1].platform == "whatsapp"
    assert course.last.tried == (Tried("sms", Reason(Cause.INVALID, "No."), 1),)


def test_a_message_that_nothing_was_tried_of_expires_nowhere() -> None:
    life = replace(Course(SMS).life, hops=())
    move = lifecycle.timed(life, EXPIRES)
    assert move.tells == (Tell(Kind.EXPIRED, 2, "", "", EXPIRES, Fact(reason=LATE)),)


@pytest.mark.parametrize("stage", [D, R, F, E])
def test_a_final_stage_does_not_expire(stage: Stage) -> None:
    course = Course(SMS)
    course.sent()
    course.told(stage)
    life = course.life
    assert course.wait(EXPIRES).life is life


def test_without_an_expiry_it_waits_for_ever() -> None:
    course = Course(SMS, expires_at=None)
    course.sent()
    assert course.life.due_at is None
    life = course.life
    assert course.wait(10**15).life is life


def test_a_channel_without_receipts_has_sent_as_its_last_word() -> None:
    course = Course(replace(SMS, last_word=True))
    assert [course.life.due_at] == [EXPIRES]
    course.sent()
    assert course.life.due_at is None
    life = course.life
    assert course.wait(EXPIRES).life is life


def test_a_channel_without_receipts_expires_before_it_has_sent() -> None:
    course = Course(replace(SMS, last_word=True))
    course.wait(EXPIRES)
    assert course.kinds[-1] is Kind.EXPIRED


def test_a_stale_timer_is_only_set_anew() -> None:
    course = Course(SMS)
    stale = replace(course.life, due_at=5)
    assert lifecycle.timed(stale, 5) == lifecycle.Move(course.life)


def test_a_hop_that_expires_after_its_message_is_noted_untold() -> None:
    course = Course(SMS)
    course.sent()
    course.wait(EXPIRES)
    course.told(E)
    assert (course.stages, course.kinds[-1], course.life.revision, course.life.reason) == ([E], Kind.EXPIRED, 4, LATE)


# -- outcomes that nobody knows -----------------------------------------------------------------------------------


def test_a_doubted_hop_fails_as_uncertain_after_its_grace() -> None:
    course = Course(SMS)
    course.doubted(grace=600)
    assert (course.life.hops[0].doubt_at, course.life.due_at, course.life.revision) == (601, 601, 2)
    life = course.life
    course.doubted(grace=9)
    assert course.life is life
    assert course.wait(600).life is life
    course.wait(601)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.FAILED, 3)]
    assert course.last == Fact(reason=UNCERTAIN, tried=(Tried("sms", UNCERTAIN, 601),))


def test_a_doubted_hop_gives_way_to_the_next() -> None:
    course = Course(SMS, WHATSAPP)
    course.doubted(grace=600)
    course.wait(601)
    assert (course.starts, course.stages, course.life.due_at) == ([0, 1], [F, Stage.PROCESSING], EXPIRES)


def test_a_receipt_within_the_grace_settles_the_doubt() -> None:
    course = Course(SMS)
    course.doubted(grace=600)
    course.told(S, "a", message="m")
    assert course.events[-1] == (Kind.SENT, 3)
    assert (course.life.hops[0].doubt_at, course.life.due_at) == (None, EXPIRES)
    life = course.life
    assert course.wait(601).life is life
    assert lifecycle.doubted(life, 0, 600, 700).life is life


def test_the_answer_within_the_grace_settles_the_doubt() -> None:
    course = Course(SMS)
    course.doubted(grace=600)
    course.sent()
    assert (course.life.stage, course.life.due_at) == (S, EXPIRES)


def test_a_late_receipt_corrects_an_uncertain_end() -> None:
    course = Course(SMS)
    course.doubted(grace=600)
    course.wait(601)
    course.told(D, "a", message="m")
    assert course.events[-2:] == [(Kind.SENT, 4), (Kind.DELIVERED, 5)]
    assert [(tell.fact.implied, tell.fact.late) for tell in course.tells[-2:]] == [(True, True), (False, True)]
    assert (course.life.stage, course.life.reason) == (D, None)


def test_a_doubted_hop_whose_message_expires_is_cancelled() -> None:
    course = Course(SMS, expires_at=300)
    course.doubted(grace=600)
    course.wait(300)
    assert (course.life.stage, course.stops, course.life.due_at) == (E, [0], None)


def test_what_is_due_together_is_done_one_after_another() -> None:
    course = Course(replace(SMS, window=60), WHATSAPP, expires_at=61)
    course.sent()
    course.wait(61)
    assert (course.kinds[-1], course.starts) == (Kind.EXPIRED, [0])
    course = Course(replace(SMS, window=60), WHATSAPP, expires_at=80)
    course.sent()
    course.wait(90)
    assert (course.kinds[-1], course.starts, course.life.due_at) == (Kind.EXPIRED, [0], None)
