"""The parts of a hop, and what they come to together."""

import pytest

from support.courses import ANSWER, LETTER, SMS, Course, part_stages, receipt
from tidings.model.events import Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Hop, Part
from tidings.model.reports import Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import joined

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED


@pytest.mark.parametrize(
    ("parts", "stage"),
    [
        ([S], S),
        ([D], D),
        ([F], F),
        ([S, D], S),
        ([D, D, R], D),
        ([R, R], R),
        ([Stage.PROCESSING, D], Stage.PROCESSING),
        ([S, F], F),
        ([D, E], E),
        ([E, F, R], F),
        ([R, E, E], E),
    ],
)
def test_a_hop_is_as_far_as_the_last_of_its_parts_and_lost_with_one(parts: list[Stage], stage: Stage) -> None:
    hop = Hop(0, "sms", "c", "+441")
    assert joined(hop, tuple(Part("a", stage=part) for part in parts)) is stage


def test_several_recipients_come_to_sent() -> None:
    hop = Hop(0, "email", "c", "a@example.org", expected=2)
    assert joined(hop, (Part("a", "x", D), Part("a", "y", F))) is S


def test_one_of_several_recipients_may_be_refused_at_once() -> None:
    refusal = Reason(Cause.BAD_ADDRESS, "It bounced before.")
    pieces = (Piece("a", "x@example.org"), Piece("", "y@example.org", refusal), Piece("", "z@example.org", refusal))
    course = Course(LETTER)
    course.told(D, "b", recipient="z@example.org")
    life = lifecycle.submitted(course.life, 0, Sent(pieces=pieces, answer=ANSWER), 5).life
    assert life.hops[0].parts == (
        Part("a", "x@example.org", S),
        Part("", "y@example.org", F, refusal),
        Part("", "z@example.org", D),
    )
    assert (life.stage, life.reason) == (S, None)
    told = receipt(D, Target(message="m", hop=0, reference="c", recipient="y@example.org"))
    after = lifecycle.received(life, LETTER.channel, told, 6).life
    assert part_stages(after.hops[0])["", "y@example.org"] is D


def test_delivered_when_all_segments_are() -> None:
    course = Course(SMS)
    course.sent("a", "b", "c")
    for reference in ("c", "a"):
        course.told(D, reference)
        assert course.kinds[-1] is Kind.SENT
    course.told(R, "b")
    assert course.events[-1] == (Kind.DELIVERED, 3)
    assert (course.life.revision, course.last.implied) == (3, True)


@pytest.mark.parametrize("lost", [E, F])
def test_failed_as_soon_as_one_segment_is(lost: Stage) -> None:
    course = Course(SMS)
    course.sent("a", "b")
    course.told(D, "a")
    course.told(lost, "b", reason=Reason(Cause.BLOCKED))
    assert course.life.stage is lost
    assert course.life.hops[0].parts == (Part("a", stage=D), Part("b", stage=lost, reason=Reason(Cause.BLOCKED)))
    course.told(D, "b")
    assert (course.life.stage, course.last.late) == (D, True)


def test_a_segment_that_fails_after_it_was_delivered_still_fails_the_hop() -> None:
    one, other = Course(SMS), Course(SMS)
    for course, stages in ((one, (D, F)), (other, (F, D))):
        course.sent("a", "b")
        for stage in stages:
            course.told(stage, "a")
    assert (one.life.stage, other.life.stage) == (F, F)
    assert one.life.hops[0].parts == other.life.hops[0].parts == (Part("a", stage=D), Part("b", stage=S))


def test_a_segment_that_nobody_has_named_counts_too() -> None:
    course = Course(SMS)
    course.sent("a", "b")
    course.told(D, "c", message="m")
    assert part_stages(course.life.hops[0]) == {("a", ""): S, ("b", ""): S, ("c", ""): D}
    course.told(D, "a")
    course.told(D, "b")
    assert course.life.stage is D


def test_a_receipt_without_a_reference_is_about_every_segment() -> None:
    course = Course(SMS)
    course.sent("a", "b")
    course.told(D, "", message="m")
    assert part_stages(course.life.hops[0]) == {("a", ""): D, ("b", ""): D}
    assert course.life.stage is D


def test_a_recipient_written_otherwise_does_not_part_the_segments_from_their_names() -> None:
    course = Course(SMS)
    course.sent("a/+441234567890", "b/+441234567890")
    course.told(D, "a", recipient="441234567890")
    assert part_stages(course.life.hops[0]) == {("a", "+441234567890"): D, ("b", "+441234567890"): S}


def test_a_second_answer_adds_what_it_names() -> None:
    course = Course(SMS)
    course.doubted()
    course.told(F, "x", reason=Reason(Cause.BLOCKED))
    course.sent("a", "b")
    assert part_stages(course.life.hops[0]) == {("a", ""): S, ("b", ""): S, ("x", ""): F}
    assert course.life.stage is F


def test_a_part_heard_of_by_name_keeps_what_was_said_of_it() -> None:
    course = Course(SMS)
    course.doubted()
    course.told(F, "b", reason=Reason(Cause.BLOCKED))
    course.sent("a", "b")
    assert course.life.hops[0].parts == (Part("a"), Part("b", stage=F, reason=Reason(Cause.BLOCKED)))


def test_each_recipient_of_an_email_has_a_part_of_their_own() -> None:
    course = Course(LETTER)
    course.sent("a/x@example.org", "b/y@example.org")
    course.told(D, "a")
    course.told(D, "b", recipient="Y@Example.org")
    course.told(F, "b", recipient="z@example.org", reason=Reason(Cause.BOUNCED))
    assert part_stages(course.life.hops[0]) == {
        ("a", "x@example.org"): D,
        ("b", "y@example.org"): D,
        ("b", "z@example.org"): F,
    }
    assert course.kinds == [Kind.ACCEPTED, Kind.SENT]
