"""What people do with a message, and what that proves."""

import pytest
from msgspec import Raw

from support.courses import LETTER, SMS, WHATSAPP, Course, part_stages
from tidings.model.events import Fact, Kind
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules import lifecycle
from tidings.rules.lifecycle import Tell

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED
PROOF = {
    Deed.READ: [Kind.DELIVERED, Kind.READ],
    Deed.OPENED: [Kind.DELIVERED, Kind.READ, Kind.INTERACTION],
    Deed.CLICKED: [Kind.DELIVERED, Kind.INTERACTION],
    Deed.REACTION: [Kind.DELIVERED, Kind.INTERACTION],
    Deed.REPORTED_AS_SPAM: [Kind.INTERACTION],
    Deed.UNSUBSCRIBE_REQUEST: [Kind.INTERACTION],
    Deed.DELETE_REQUEST: [Kind.INTERACTION],
}


def test_every_deed_is_thought_of() -> None:
    assert set(PROOF) == set(Deed)


@pytest.mark.parametrize("deed", Deed)
def test_a_deed_tells_first_what_it_proves(deed: Deed) -> None:
    course = Course(SMS)
    course.sent("a", "b")
    course.did(deed, at=50)
    kinds = PROOF[deed]
    assert course.events[2:] == [(kind, revision) for revision, kind in enumerate(kinds, 3)]
    assert {tell.told_at for tell in course.tells[2:]} == {50}
    assert course.life.revision == 2 + len(kinds)


@pytest.mark.parametrize("deed", Deed)
def test_what_a_machine_did_proves_nothing(deed: Deed) -> None:
    course = Course(SMS)
    course.sent()
    course.did(deed, prefetched=True)
    assert course.kinds[2:] == ([] if deed is Deed.READ else [Kind.INTERACTION])
    assert course.life.stage is S


def test_a_click_says_what_was_done_to_which_message() -> None:
    course = Course(SMS)
    course.sent("a", "b", sender="Acme")
    course.told(D, "")
    done = Interaction("k", Deed.CLICKED, Target(reference="a"), Raw(b"{}"), url="https://example.org", at=40)
    course.take(lifecycle.interacted(course.life, "sms-channel", done, 60))
    fact = Fact(interaction=done, references=("a", "b"), sender="Acme")
    assert course.tells[-1] == Tell(Kind.INTERACTION, 4, "sms", "sms-channel", 40, fact)
    assert course.life.updated_at == 60


def test_what_an_open_proves_is_told_in_its_own_words_and_the_rest_is_implied() -> None:
    course = Course(SMS)
    course.sent()
    course.did(Deed.OPENED)
    assert [(tell.kind, tell.fact.implied, tell.fact.raw) for tell in course.tells[2:4]] == [
        (Kind.DELIVERED, True, None),
        (Kind.READ, False, Raw(b'{"deed":1}')),
    ]
    course.did(Deed.CLICKED)
    course.did(Deed.OPENED)
    assert course.kinds[-3:] == [Kind.INTERACTION] * 3


def test_a_click_implies_the_delivery() -> None:
    course = Course(SMS)
    course.sent()
    course.did(Deed.CLICKED)
    told = course.tells[2].fact
    assert (told.implied, told.raw, told.late) == (True, None, False)


@pytest.mark.parametrize("first", ["receipt", "deed"])
def test_a_read_receipt_and_the_deed_beside_it_are_one_event(first: str) -> None:
    course = Course(WHATSAPP)
    course.sent()
    for turn in ("receipt", "deed") if first == "receipt" else ("deed", "receipt"):
        if turn == "receipt":
            course.told(R)
        else:
            course.did(Deed.READ)
    assert course.events == [(Kind.ACCEPTED, 1), (Kind.SENT, 2), (Kind.DELIVERED, 3), (Kind.READ, 4)]
    assert not course.last.implied
    assert course.last.raw is not None


def test_a_deed_proves_the_sending_where_the_answer_was_lost() -> None:
    course = Course(SMS)
    course.doubted(grace=600)
    course.did(Deed.CLICKED)
    assert course.kinds[1:] == [Kind.SENT, Kind.DELIVERED, Kind.INTERACTION]
    assert all(tell.fact.implied for tell in course.tells[1:3])
    assert course.life.due_at is None


def test_a_deed_with_what_was_put_off_takes_it_from_the_queue() -> None:
    course = Course(SMS)
    course.postponed()
    course.did(Deed.CLICKED)
    assert course.stops == [0]


def test_a_deed_after_a_failure_is_late_evidence() -> None:
    course = Course(SMS)
    course.sent()
    course.told(F, reason=Reason(Cause.UNREACHABLE))
    course.did(Deed.REACTION)
    assert (course.life.stage, course.life.reason) == (D, None)
    assert [tell.fact.late for tell in course.tells[-2:]] == [True, False]


def test_a_deed_with_an_abandoned_hop_cancels_the_one_that_is_not_sent() -> None:
    course = Course(SMS, WHATSAPP)
    course.sent()
    course.told(F)
    course.did(Deed.CLICKED)
    assert course.stops == [1]


def test_one_person_of_several_proves_their_own_part_only() -> None:
    course = Course(LETTER)
    course.sent("a/x@example.org", "a/y@example.org")
    course.did(Deed.OPENED, recipient="x@example.org")
    assert course.kinds[2:] == [Kind.INTERACTION]
    assert part_stages(course.life.hops[0]) == {("a", "x@example.org"): R, ("a", "y@example.org"): S}
    course.did(Deed.CLICKED, "unheard", recipient="y@example.org")
    assert part_stages(course.life.hops[0]) == {("a", "x@example.org"): R, ("a", "y@example.org"): D}


def test_a_deed_by_another_channel_proves_nothing_and_is_told() -> None:
    course = Course(SMS)
    course.sent()
    course.did(Deed.CLICKED, channel="other-channel")
    told = course.tells[-1]
    assert (told.kind, told.platform, told.channel) == (Kind.INTERACTION, "", "other-channel")
    assert (told.fact.references, told.fact.sender, course.life.stage) == ((), "", S)
    life = course.life
    course.did(Deed.READ, channel="other-channel")
    assert course.life is life


def test_a_deed_with_an_incoming_message_is_told() -> None:
    done = Interaction("k", Deed.DELETE_REQUEST, Target(reference="a"), Raw(b"{}"))
    move = lifecycle.interacted(lifecycle.arrived("m", 1), "c", done, 5)
    assert move.tells == (Tell(Kind.INTERACTION, 1, "", "c", 5, Fact(interaction=done)),)
    assert (move.life.revision, move.life.updated_at) == (1, 5)


def test_a_reply_proves_the_delivery() -> None:
    course = Course(SMS)
    course.sent("a", "b")
    course.answered()
    assert course.events[2:] == [(Kind.DELIVERED, 3)]
    assert (course.last.implied, course.last.raw) == (True, None)
    life = course.life
    course.answered()
    course.answered("other-channel")
    assert course.life is life
