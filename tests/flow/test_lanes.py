"""Lanes: in the order of the log, and never two bundles with one message at once."""

import random
from collections import defaultdict

import pytest

from tidings.dialects.dialect import Telling
from tidings.flow.lanes import Bundle, Lanes
from tidings.model.events import Event, Kind
from tidings.model.messages import nobody
from tidings.model.workspaces import Workspace

WORKSPACE = Workspace(id="w1", name="Acme", account=7, created_at=1)


def telling_of(position: int, message: str) -> Telling:
    """Make up an event of a message."""
    event = Event(
        position=position,
        id=f"e{position}",
        workspace="w1",
        message=message,
        revision=position,
        kind=Kind.SENT,
        platform="sms",
        channel="c1",
        at=position,
        told_at=position,
    )
    return Telling(event, nobody("w1", message, 1), WORKSPACE)


def positions(bundle: Bundle) -> list[int]:
    return [each.event.position for each in bundle]


def lanes_of(*messages: str) -> Lanes:
    """Lanes with an event each of these messages, at positions from 1."""
    lanes = Lanes()
    for position, message in enumerate(messages, 1):
        lanes.add(telling_of(position, message))
    return lanes


def test_the_oldest_goes_first_and_its_message_is_closed_until_it_is_done() -> None:
    lanes = lanes_of("a", "b", "a")
    first = lanes.take(1)
    assert positions(first) == [1]
    assert positions(lanes.take(1)) == [2]
    assert lanes.take(1) == ()
    lanes.done(first)
    assert positions(lanes.take(1)) == [3]


def test_a_bundle_takes_all_of_a_message_in_order() -> None:
    lanes = lanes_of("a", "b", "a", "c", "b", "a")
    assert lanes.waiting == 6
    bundle = lanes.take(4)
    assert positions(bundle) == [1, 3, 6, 2]
    # What is left of b waits behind what is under way of it.
    assert lanes.waiting == 1
    assert positions(lanes.take(4)) == [4]
    lanes.done(bundle)
    assert lanes.waiting == 1
    assert positions(lanes.take(4)) == [5]


def test_what_is_put_back_comes_first_again_in_its_order() -> None:
    lanes = lanes_of("a", "b", "a", "c")
    bundle = lanes.take(3)
    lanes.add(telling_of(5, "a"))
    lanes.put_back(bundle)
    assert lanes.waiting == 5
    assert positions(lanes.take(9)) == [1, 3, 5, 2, 4]


def test_a_closed_lane_gives_what_waited_in_it() -> None:
    lanes = lanes_of("a", "a", "b")
    lanes.take(1)
    assert positions(tuple(lanes.close("a"))) == [2]
    assert positions(lanes.take(9)) == [3]
    lanes.add(telling_of(4, "a"))
    assert positions(lanes.take(9)) == [4]


def test_a_probe_may_pass_over_the_first_without_changing_the_order() -> None:
    lanes = lanes_of("a", "b", "c", "d")
    assert positions(lanes.take(1, skip=2)) == [3]
    assert positions(lanes.take(9)) == [1, 2, 4]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_each_message_is_told_in_order_and_alone(seed: int) -> None:
    chance = random.Random(seed)
    lanes, under_way, told, position = Lanes(), [], defaultdict[str, list[int]](list), 0
    for _ in range(600):
        match chance.randrange(4):
            case 0:
                position += 1
                lanes.add(telling_of(position, chance.choice("abcdefg")))
            case 1:
                bundle = lanes.take(chance.randrange(1, 5), skip=chance.randrange(2) if len(lanes) > 1 else 0)
                if bundle:
                    under_way.append(bundle)
            case 2 if under_way:
                lanes.put_back(under_way.pop(chance.randrange(len(under_way))))
            case 3 if under_way:
                bundle = under_way.pop(chance.randrange(len(under_way)))
                lanes.done(bundle)
                note(told, bundle)
        busy = [message for bundle in under_way for message in {each.event.message for each in bundle}]
        assert len(busy) == len(set(busy))
    for bundle in under_way:
        lanes.done(bundle)
        note(told, bundle)
    while bundle := lanes.take(3):
        lanes.done(bundle)
        note(told, bundle)
    assert lanes.waiting == 0
    assert sorted(at for each in told.values() for at in each) == list(range(1, position + 1))
    assert all(each == sorted(each) for each in told.values())


def note(told: dict[str, list[int]], bundle: tuple[Telling, ...]) -> None:
    for each in bundle:
        told[each.event.message].append(each.event.position)
