"""Receipts: no gaps, late, twice, too early, and from those who have no say."""

import pytest
from msgspec import Raw

from support.courses import ANSWER, EMAIL, LETTER, SMS, WHATSAPP, Course, part_stages, receipt
from tidings.model.events import Kind
from tidings.model.exchange import Sent
from tidings.model.messages import Life, Part
from tidings.model.reports import Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Move
from tidings.rules.redaction import redact_life

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED


def flags(course: Course) -> list[tuple[Kind, bool, bool]]:
    """What was told after the acceptance: implied, and late."""
    return [(tell.kind, tell.fact.implied, tell.fact.late) for tell in course.tells[1:]]


def test_read_proves_delivered() -> None:
    course = Course(SMS)
    course.sent()
    course.told(R, at=9)
    assert flags(course) == [(Kind.SENT, False, False), (Kind.DELIVERED, True, False), (Kind.READ, False, False)]
    assert [tell.fact.raw for tell in course.tells[2:]] == [None, Raw(b'{"status":"read"}')]
    assert [tell.told_at for tell in course.tells[2:]] == [9, 9]


def test_a_receipt_proves_sent_where_the_answer_was_lost() -> None:
    course = Course(SMS)
    course.doubted()
    course.told(R)
    assert flags(course) == [(Kind.SENT, True, False), (Kind.DELIVERED, True, False), (Kind.READ, False, False)]
    assert course.life.hops[0].submitted


@pytest.mark.parametrize("stage", [Stage.ACCEPTED, Stage.PROCESSING])
def test_a_stage_before_sent_moves_nothing(stage: Stage) -> None:
    for course in (Course(SMS), Course(SMS)):
        life = course.life
        assert course.told(stage) == Move(life)
        course.sent()
        life = course.life
        assert course.told(stage) == Move(life)
        assert course.life is life


@pytest.mark.parametrize("further", [D, R])
@pytest.mark.parametrize("lower", [S, E, D])
def test_a_receipt_of_lower_rank_or_the_same_again_changes_nothing(lower: Stage, further: Stage) -> None:
    course = Course(SMS)
    course.sent()
    course.told(further)
    life = course.life
    assert course.told(lower).life is life


@pytest.mark.parametrize("lost", [E, F])
@pytest.mark.parametrize("plan", [SMS, EMAIL])
def test_delivered_after_lost_is_late_and_takes_the_reason_away(plan: object, lost: Stage) -> None:
    course = Course(SMS if plan is SMS else EMAIL)
    course.sent()
    course.told(lost)
    course.told(R)
    assert flags(course)[-2:] == [(Kind.DELIVERED, True, True), (Kind.READ, False, True)]
    hop = course.life.hops[0]
    assert [course.life.stage, hop.stage] == [R, R]
    assert [course.life.reason, course.life.late_failure, hop.reason, hop.data] == [None] * 4
    assert course.life.hops[0].parts == (Part("a", stage=R),)


def test_what_was_lost_before_it_was_ever_told_sent_has_no_gap_later() -> None:
    course = Course(SMS)
    course.doubted()
    course.told(F)
    course.told(D)
    assert flags(course) == [(Kind.FAILED, False, False), (Kind.SENT, True, True), (Kind.DELIVERED, False, True)]


def test_failed_after_expired_is_the_further_stage() -> None:
    course = Course(SMS)
    course.sent()
    course.told(E)
    course.told(F, reason=Reason(Cause.BLOCKED))
    assert flags(course)[1:] == [(Kind.EXPIRED, False, False), (Kind.FAILED, False, True)]
    assert (course.life.stage, course.life.reason) == (F, Reason(Cause.BLOCKED))
    life = course.life
    assert course.told(E).life is life


@pytest.mark.parametrize("reason", [None, Reason(Cause.BLOCKED, "Blocked.", "30007")])
@pytest.mark.parametrize("further", [D, R])
def test_failed_after_delivered_is_a_late_failure(further: Stage, reason: Reason | None) -> None:
    course = Course(SMS)
    course.sent()
    course.told(further)
    told, revision = course.events, course.life.revision
    course.told(F, reason=reason)
    assert course.events == told
    assert course.life.late_failure == (reason or Reason(Cause.UNKNOWN))
    assert (course.life.stage, course.life.revision, course.life.reason) == (further, revision + 1, None)
    life = course.life
    course.told(F, reason=Reason(Cause.FILTERED))
    assert course.life is life


def test_another_hops_failure_is_not_the_messages_late_failure() -> None:
    course = fallen_back()
    course.told(D, channel="sms-channel")
    revision = course.life.revision
    course.told(F, "b", channel="whatsapp-channel")
    assert (course.life.stage, course.life.late_failure, course.life.revision) == (D, None, revision + 1)
    assert course.stages == [D, F]


def fallen_back() -> Course:
    """Make a message whose sms was given up, and that was sent over whatsapp."""
    course = Course(SMS, WHATSAPP)
    course.sent("a")
    course.told(F)
    course.sent("b", hop=1)
    return course


# -- who has no say, and who is meant -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "target"),
    [
        ("other-channel", Target(reference="a")),
        ("", Target(reference="a")),
        ("whatsapp-channel", Target(message="m", hop=0)),
        ("sms-channel", Target(message="m", hop=1)),
        ("sms-channel", Target(message="m", hop=2)),
        ("sms-channel", Target(message="m", hop=-1)),
        ("sms-channel", Target(message="m", hop=10**9)),
    ],
)
def test_a_report_that_fits_no_hop_of_its_channel_changes_nothing(channel: str, target: Target) -> None:
    course = fallen_back()
    assert lifecycle.hop_of(course.life, channel, target) is None
    move = lifecycle.received(course.life, channel, receipt(R, target), 99)
    assert move == Move(course.life)
    assert move.life is course.life


def test_an_incoming_message_takes_no_receipt() -> None:
    life = lifecycle.arrived("m", 1)
    assert lifecycle.received(life, "c", receipt(R, Target(message="m")), 2).life is life


@pytest.mark.parametrize(
    ("channel", "target", "number"),
    [
        ("sms-channel", Target(reference="a"), 0),
        ("sms-channel", Target(reference="nobody's"), 0),
        ("sms-channel", Target(), 0),
        ("whatsapp-channel", Target(reference="a"), 1),
        ("sms-channel", Target(hop=0, reference="b"), 0),
    ],
)
def test_a_report_is_about_the_hop_of_its_channel(channel: str, target: Target, number: int) -> None:
    hop = lifecycle.hop_of(fallen_back().life, channel, target)
    assert hop is not None
    assert hop.number == number


@pytest.mark.parametrize(
    ("target", "number"),
    [
        (Target(reference="a"), 0),
        (Target(reference="b"), 1),
        (Target(reference="nobody's"), 1),
        (Target(), 1),
        (Target(hop=0, reference="b"), 0),
    ],
)
def test_of_two_hops_over_one_channel_the_reference_tells_which(target: Target, number: int) -> None:
    course = Course(SMS, SMS)
    course.sent("a")
    course.told(F)
    course.sent("b", hop=1)
    hop = lifecycle.hop_of(course.life, "sms-channel", target)
    assert hop is not None
    assert hop.number == number


def test_a_second_name_for_a_message_of_one_piece_is_about_that_piece() -> None:
    course = Course(SMS)
    course.sent("queue-id")
    course.told(D, "carrier-id", message="m")
    assert course.kinds[-1] is Kind.DELIVERED
    assert part_stages(course.life.hops[0]) == {("queue-id", ""): D}


def test_a_recipient_written_otherwise_is_the_same_where_there_is_only_one() -> None:
    course = Course(SMS)
    course.sent("a/+441234567890")
    course.told(D, recipient="441234567890")
    assert course.life.stage is D


# -- early: before the answer to our own request ------------------------------------------------------------------


def test_receipts_of_parts_wait_for_the_answer_that_names_them_all() -> None:
    course = Course(SMS)
    course.told(D, "b", message="m")
    course.told(D, "b", message="m")
    course.told(S, "a", message="m")
    assert (course.kinds, course.life.revision, len(course.life.hops[0].early)) == ([Kind.ACCEPTED], 1, 2)
    course.sent("a", "b")
    assert flags(course) == [(Kind.SENT, False, False)]
    assert course.last.answer == ANSWER
    assert part_stages(course.life.hops[0]) == {("a", ""): S, ("b", ""): D}
    course.told(D, "a")
    assert flags(course)[1:] == [(Kind.DELIVERED, False, False)]


def test_an_early_failure_is_told_after_the_sending() -> None:
    course = Course(SMS, WHATSAPP)
    course.told(F, "a", message="m")
    course.sent("a")
    assert flags(course) == [(Kind.SENT, False, False)]
    assert course.starts == [0, 1]


def test_a_receipt_of_the_whole_hop_is_believed_before_the_answer() -> None:
    course = Course(SMS)
    course.told(D, "", message="m")
    assert flags(course) == [(Kind.SENT, True, False), (Kind.DELIVERED, False, False)]
    course.sent("a", "b")
    assert flags(course) == [(Kind.SENT, True, False), (Kind.DELIVERED, False, False)]
    assert part_stages(course.life.hops[0]) == {("a", ""): D, ("b", ""): D}


def test_what_an_answer_without_ids_leaves_open_stays_known() -> None:
    course = Course(SMS)
    course.told(D, "", message="m")
    course.take(lifecycle.submitted(course.life, 0, answer_without_ids(), 5))
    assert part_stages(course.life.hops[0]) == {("", ""): D}
    other = Course(SMS)
    other.take(lifecycle.submitted(other.life, 0, answer_without_ids(), 5))
    other.told(D, "a", message="m")
    assert part_stages(other.life.hops[0]) == {("a", ""): D}


def answer_without_ids() -> Sent:
    return Sent(pieces=(), answer=ANSWER)


@pytest.mark.parametrize("turn", ["doubted", "postponed", "refused", "expired"])
def test_early_receipts_are_taken_when_the_answer_will_never_come(turn: str) -> None:
    course = Course(SMS)
    course.told(D, "a", message="m")
    match turn:
        case "doubted":
            course.doubted()
        case "postponed":
            course.postponed()
            assert course.stops == [0]
        case "refused":
            course.refused()
        case _:
            course.wait(10**6)
            course.wait(10**6)
    assert flags(course) == [(Kind.SENT, True, False), (Kind.DELIVERED, False, False)]
    assert (course.life.stage, course.life.hops[0].early, course.life.due_at) == (D, (), None)


def test_an_early_sent_does_not_keep_the_message_from_expiring() -> None:
    course = Course(SMS)
    course.told(S, "a", message="m")
    course.wait(10**6)
    assert course.life.due_at == 10**6
    course.wait(10**6)
    assert flags(course) == [(Kind.SENT, False, False), (Kind.EXPIRED, False, False)]
    assert course.last.submitted


def test_an_early_failure_is_enough_for_a_refusal_to_change_nothing() -> None:
    course = Course(SMS)
    course.told(F, "a", message="m", reason=Reason(Cause.BLOCKED))
    course.refused(cause=Cause.INVALID)
    assert course.life.reason == Reason(Cause.BLOCKED)
    life = course.life
    course.refused()
    assert course.life is life


def test_a_receipt_for_what_was_put_off_is_believed_and_takes_it_from_the_queue() -> None:
    course = Course(SMS)
    course.postponed()
    course.told(D, "a", message="m")
    assert flags(course) == [(Kind.SENT, True, False), (Kind.DELIVERED, False, False)]
    assert course.stops == [0]
    course.postponed()
    assert (course.stops, course.life.hops[0].tries) == ([0, 0], 1)


def test_an_email_to_several_learns_of_each_even_before_the_answer() -> None:
    course = Course(LETTER)
    course.told(D, "", message="m", recipient="x@example.org")
    course.told(F, "", message="m", recipient="y@example.org")
    course.sent("a/x@example.org", "a/y@example.org")
    assert flags(course) == [(Kind.SENT, True, False)]
    assert part_stages(course.life.hops[0]) == {("a", "x@example.org"): D, ("a", "y@example.org"): F}


def test_redaction_empties_early_receipts_too() -> None:
    course = Course(SMS)
    course.told(D, "a", message="m")
    life: Life = redact_life(course.life)
    assert [each.raw for each in life.hops[0].early] == [Raw(b"{}")]
