"""The order of facts: one story comes of them, whatever order they come in, and however often.

The words here. A *set* is some receipts; an *order* of it is any sequence in which each of them occurs at least once.
`Course` checks at every single fact that the message's stage never falls, that events have growing revisions, that
nothing is told twice, and that sent, delivered and read are told in this order without a gap.
"""

from collections.abc import Iterator
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from support.courses import EMAIL, RCS, SMS, WHATSAPP, Course, part_stages, stored, timeless
from tidings.model.events import Kind
from tidings.model.messages import Life, Plan
from tidings.model.stages import SUCCESS, Stage
from tidings.rules.lifecycle import advance

S, D, R, E, F = Stage.SENT, Stage.DELIVERED, Stage.READ, Stage.EXPIRED, Stage.FAILED
LOST = (E, F)


class Said(Struct, frozen=True, order=True):
    """A receipt: of which part, over which hop's channel, which stage; or, where the stage is None, our answer."""

    stage: Stage | None
    reference: str = "a"
    channel: str = "sms-channel"


ANSWERED = Said(None)
Order = tuple[Said, ...]


def run(order: Order, course: Course, *parts: str) -> Course:
    """Tell facts in an order; receipts know our own id, as early ones must. The life is stored in between."""
    for said in order:
        if said.stage is None:
            course.sent(*parts)
        else:
            given_up = course.life.stage in LOST
            move = course.told(said.stage, said.reference, channel=said.channel, message="m")
            assert all(tell.fact.late is given_up for tell in move.tells)
    assert stored(course.life) == course.life
    return course


def orders(letters: list[Said], longest: int) -> Iterator[Order]:
    """Give every sequence of the letters up to a length."""
    for length in range(1, longest + 1):
        yield from product(letters, repeat=length)


# -- stages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stages", list(product(Stage, repeat=3)))
def test_advance_is_commutative_associative_idempotent_and_never_falls(stages: tuple[Stage, Stage, Stage]) -> None:
    one, two, three = stages
    assert advance(one, two) is advance(two, one)
    assert advance(advance(one, two), three) is advance(one, advance(two, three))
    assert advance(one, one) is one
    assert advance(one, two) >= one


# -- one hop, one part --------------------------------------------------------------------------------------------


def test_one_part_without_failures_is_one_story() -> None:
    """Of one hop with one part: receipts of sent, delivered and read, and the answer to our request among them.

    For every sequence up to six of these four that holds the answer, the life at the end is that of the sorted set but
    for times, and so are the events, their revisions and whether the provider's answer is in them: accepted 1, sent 2,
    delivered 3, read 4, as far as the furthest receipt.
    """
    ends: dict[frozenset[Said], Life] = {}
    letters = [Said(S), Said(D), Said(R), ANSWERED]
    for order in orders(letters, 6):
        if ANSWERED not in order:
            continue
        course = run(order, Course(SMS), "a")
        furthest = max((said.stage for said in order if said.stage is not None), default=S)
        told = [kind for kind in (Kind.SENT, Kind.DELIVERED, Kind.READ) if (kind.stage or S) <= furthest]
        assert course.events == list(zip([Kind.ACCEPTED, *told], range(1, 5), strict=False))
        assert course.tells[1].fact.answer is not None
        assert (course.life.stage, course.life.revision) == (furthest, len(course.tells))
        assert ends.setdefault(frozenset(order), timeless(course.life)) == timeless(course.life)
    assert len(ends) == 8


@pytest.mark.parametrize("plan", [SMS, EMAIL])
def test_one_part_with_failures_ends_in_the_same_stage(plan: Plan) -> None:
    """Of one hop with one part, which the provider took: any receipts, losses among them.

    Every sequence up to five ends in the furthest stage of its set, on the message as on the hop and the part. The
    kind told last is the same; what is told while the message is given up is late, and nothing else.
    """
    letters = [Said(stage, channel=plan.channel) for stage in (S, D, R, E, F)]
    for order in orders(letters, 5):
        course = run((ANSWERED, *order), Course(plan), "a")
        furthest = max(said.stage for said in order if said.stage is not None)
        assert course.life.stage is course.life.hops[0].stage is course.life.hops[0].parts[0].stage is furthest
        assert course.tells[-1].kind.stage is furthest
        assert (course.life.reason is None) == (furthest not in LOST)


# -- one hop, several parts ---------------------------------------------------------------------------------------


def test_several_parts_without_failures_are_one_story() -> None:
    """Of one hop with two parts: sent, delivered and read of each, and the answer that names them among these.

    For every sequence up to four that holds the answer, life, events and revisions are those of the sorted set but for
    times: the message is as far as the last of its parts.
    """
    letters = [Said(stage, part) for part in "ab" for stage in SUCCESS]
    ends: dict[frozenset[Said], tuple[Life, list[tuple[Kind, int]]]] = {}
    for order in orders([*letters, ANSWERED], 4):
        if ANSWERED in order:
            course = run(order, Course(SMS), "a", "b")
            assert course.life.stage is min(part_stages(course.life.hops[0]).values())
            end = (timeless(course.life), course.events)
            assert ends.setdefault(frozenset(order), end) == end


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_many_parts_without_failures_are_one_story(data: st.DataObject) -> None:
    """Of one hop with up to five parts: any two orders of any set end in the same life and events, but for times."""
    parts = "abcde"[: data.draw(st.integers(2, 5))]
    letters = [Said(stage, part) for part in parts for stage in SUCCESS]
    chosen = data.draw(st.lists(st.sampled_from(letters), min_size=1, unique=True))
    one, other = (
        run(order, Course(SMS), *parts)
        for order in (data.draw(order_of([ANSWERED, *chosen])), data.draw(order_of([ANSWERED, *chosen])))
    )
    assert timeless(one.life) == timeless(other.life)
    assert one.events == other.events
    furthest = {part: max([S, *(said.stage or S for said in chosen if said.reference == part)]) for part in parts}
    assert one.life.stage is min(furthest.values())


def test_several_parts_with_failures_end_in_the_same_stage() -> None:
    """Of one hop with two parts, which the provider took: delivered, expired and failed of each.

    Every sequence up to four ends in delivered if both parts were, else in failed if any part ever failed, else in
    expired if any ever did, else in sent.
    """
    letters = [Said(stage, part) for part in "ab" for stage in (D, E, F)]
    for order in orders(letters, 4):
        course = run((ANSWERED, *order), Course(SMS), "a", "b")
        said = {(each.reference, each.stage) for each in order}
        lost = max((stage for _, stage in said if stage in LOST), default=S)
        expected = D if {("a", D), ("b", D)} <= said else lost
        assert course.life.stage is course.life.hops[0].stage is expected


# -- several hops -------------------------------------------------------------------------------------------------


def abandoned(*plans: Plan) -> Course:
    """Make a message whose first hop was silent for too long, and whose second was sent."""
    course = Course(replace(SMS, window=60), WHATSAPP, *plans)
    course.sent("a")
    course.wait(61)
    course.sent("b", hop=1)
    return course


def test_several_hops_without_failures_are_one_story() -> None:
    """Of two hops, the first given up after silence: sent, delivered and read of each.

    Every sequence up to four ends in the same life but for times, with the same kinds and revisions told; over which
    hop each is told is that of whoever said it first.
    """
    letters = [Said(stage) for stage in SUCCESS] + [Said(stage, "b", "whatsapp-channel") for stage in SUCCESS]
    ends: dict[frozenset[Said], tuple[Life, list[tuple[Kind, int]]]] = {}
    for order in orders(letters, 4):
        course = run(order, abandoned())
        end = (timeless(course.life), course.events)
        assert ends.setdefault(frozenset(order), end) == end
        assert course.life.stage is max(S, *(said.stage for said in order if said.stage is not None))


@pytest.mark.parametrize("left", [(), (RCS,)])
def test_several_hops_with_failures_end_in_the_same_stage(left: tuple[Plan, ...]) -> None:
    """Of two hops, the first given up after silence, with or without a third left: delivered, expired, failed of each.

    Every sequence up to four ends in the same stage; each hop ends in the furthest of what was said of it. The third is
    never started after one of the first two was delivered, and is stopped if it was started before.
    """
    letters = [Said(stage) for stage in (D, E, F)] + [Said(stage, "b", "whatsapp-channel") for stage in (D, E, F)]
    ends: dict[frozenset[Said], Stage] = {}
    for order in orders(letters, 4):
        course = run(order, abandoned(*left))
        assert ends.setdefault(frozenset(order), course.life.stage) is course.life.stage
        of = {number: [said.stage or S for said in order if said.reference == "ab"[number]] for number in (0, 1)}
        assert course.stages[:2] == [max([F, *of[0]]), max([S, *of[1]])]
        if course.life.stage is D:
            assert course.life.plans == ()
            assert not any(hop.waiting for hop in course.life.hops)
            assert course.stops == course.starts[2:]


def order_of(facts: list[Said]) -> st.SearchStrategy[Order]:
    """Draw an order of a set, with some of it said again."""
    again = st.lists(st.sampled_from(facts), max_size=4)
    return again.flatmap(lambda more: st.permutations([*facts, *more])).map(tuple)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_two_orders_of_any_receipts_end_in_the_same_stage(data: st.DataObject) -> None:
    """Of up to three hops with up to three parts each, all sent: any two orders of any receipts, losses among them.

    The stage of the message and of every hop and part is the same at the end, and what was said of each part is kept.
    """
    parts = [["a", "b", "c"][: data.draw(st.integers(1, 3))] for _ in range(data.draw(st.integers(1, 3)))]
    plans = [replace(plan, window=10) for plan in (SMS, WHATSAPP, RCS)][: len(parts)]

    def sent_over_all() -> Course:
        course = Course(*plans)
        for number, plan in enumerate(plans):
            course.sent(*(f"{number}{part}" for part in parts[number]), hop=number)
            if plan is not plans[-1]:
                course.wait(course.now + 10)
        return course

    letters = [
        Said(stage, f"{number}{part}", plan.channel)
        for number, plan in enumerate(plans)
        for part in parts[number]
        for stage in (S, D, R, E, F)
    ]
    chosen = data.draw(st.lists(st.sampled_from(letters), min_size=1, max_size=8, unique=True))
    one, other = (run(data.draw(order_of(chosen)), sent_over_all()) for _ in range(2))
    assert one.life.stage is other.life.stage
    assert one.stages == other.stages
    for mine, theirs in zip(one.life.hops, other.life.hops, strict=True):
        assert part_stages(mine) == part_stages(theirs)
    for said in chosen:
        assert any(
            part.reference == said.reference and part.stage >= (said.stage or S)
            for hop in one.life.hops
            for part in hop.parts
        )


def test_the_same_receipt_again_is_the_same_life() -> None:
    """Whatever was told, telling all of it once more changes nothing at all: no event, no revision, no time."""
    for order in permutations([Said(S), Said(D), Said(R), Said(E), Said(F)]):
        course = run((ANSWERED, *order), Course(SMS), "a")
        course = run(order, course)
        life = course.life
        assert run(order, course).life is life
