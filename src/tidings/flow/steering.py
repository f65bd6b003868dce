"""Steering what a subscription is told: pausing it, and going on from wherever somebody wants it to."""

from msgspec.structs import replace

from tidings.flow.positions import place_before
from tidings.flow.resuming import Resumption, set_reader
from tidings.flow.world import World
from tidings.model.subscriptions import Subscription
from tidings.store.log import last_position
from tidings.store.statements import Transaction, statement

PAUSED = "paused"


def deactivated(subscription: Subscription, why: str) -> Subscription:
    """Stop a subscription, if it is not stopped for another reason already."""
    return replace(subscription, active=False, stopped=why) if subscription.active else subscription


def activated(subscription: Subscription) -> Subscription:
    """Start a subscription, with a new reader if it was stopped: what was known of its endpoint is no more."""
    if subscription.active:
        return subscription
    return replace(subscription, active=True, stopped="", epoch=subscription.epoch + 1)


def drained(subscription: Subscription, *, since: Subscription, now: int) -> Transaction[None]:
    """Let a new reader go on from where the last one stood, where there is a new one since."""
    if subscription.epoch != since.epoch:
        place = yield from _place(subscription, Resumption.DRAIN, 0)
        yield from set_reader(subscription, Resumption.DRAIN, place, now)


async def pause(world: World, subscription: Subscription) -> Subscription | None:
    """Stop telling a subscription, its place in the log kept; None where it went meanwhile."""
    now = world.clock.now()

    def stop(known: Subscription) -> Subscription:
        return replace(deactivated(known, PAUSED), updated_at=now, revision=known.revision + 1)

    directory = world.directory
    return await directory.change(lambda: directory.change_subscription(subscription.id, stop))


async def resume(world: World, subscription: Subscription, how: Resumption, *, since: int = 0) -> Subscription | None:
    """Go on telling a subscription, `AGAIN` from a time on (milliseconds); None where it went meanwhile."""
    now = world.clock.now()

    def start(known: Subscription) -> Subscription:
        return replace(
            known, active=True, stopped="", epoch=known.epoch + 1, updated_at=now, revision=known.revision + 1
        )

    def step() -> Transaction[Subscription | None]:
        kept = yield from world.directory.change_subscription(subscription.id, start)
        if kept is not None:
            place = yield from _place(kept, how, since)
            yield from set_reader(kept, how, place, now)
        return kept

    return await world.directory.change(step)


def _place(subscription: Subscription, how: Resumption, since: int) -> Transaction[int]:
    """Find the place to go on from."""
    match how:
        case Resumption.SKIP:
            return (yield from last_position())
        case Resumption.AGAIN:
            return (yield from place_before(since))
    return int((yield statement("get_cursor")(subscription=subscription.serial))[0][0])
