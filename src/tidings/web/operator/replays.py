"""Telling again: stretches of the log, the dead-letter list, one event; and why an event was told or not."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from tidings.dialects.reading import read_json
from tidings.flow import again
from tidings.flow.dead import NEWEST, Dead, dead_of
from tidings.flow.explain import Fate, explain
from tidings.flow.look import NEWEST as LAST_ID
from tidings.flow.positions import find_event, place_before
from tidings.flow.replays import Ordered
from tidings.flow.trial import try_out
from tidings.model.errors import FieldError, Refused
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.subscriptions import Progress, Replay, Subscription
from tidings.model.workspaces import Scope
from tidings.rules.times import to_iso
from tidings.store.log import last_position
from tidings.web.channels.deliveries import Tested, tested
from tidings.web.door import Argument, Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, limit_of, shown_page
from tidings.web.operator.shown import shown, shown_event
from tidings.web.operator.subscriptions import ONE, show_condition, time_of
from tidings.web.subscribing import own_subscription

REPLAYS: Final = f"{ONE}/replays"
DEAD: Final = f"{ONE}/dead-letters"
MOST_NAMES: Final = 50


class NewReplay(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be told again."""

    since: Annotated[str, Meta(description="The first event's time; empty: the beginning of what is kept.")] = ""
    until: Annotated[str, Meta(description="Events before this time; empty: everything told so far.")] = ""
    dead_letters: Annotated[bool, Meta(description="Only events that were given up.")] = False
    events: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMES, description="Only events of these names.")] = ()
    rate_per_second: Annotated[float, Meta(gt=0, le=100_000, description="At most so fast.")] | None = None
    dry_run: Annotated[bool, Meta(description="Only count what it would tell.")] = False


@route(
    "POST",
    REPLAYS,
    scope=Scope.MANAGE,
    group="operator",
    summary="Tell a subscription again what it was told, or what was given up; or count what that would come to",
    takes=NewReplay,
    gives={200: again.Preview, 201: "The replay: its order is on disk.", 422: "Everything that is wrong with it."},
)
async def order(visit: Visit) -> Page:
    """Order a replay; it runs in the background, survives restarts, and waits while the endpoint fails."""
    subscription = own_subscription(visit)
    asked = read_json(visit.body or b"{}", NewReplay, status=422)
    replay = await _replay(visit, subscription, asked)
    if asked.dry_run:
        return json_page(200, await again.preview(visit.world, subscription, replay))
    await again.order(visit.world, subscription, replay)
    return json_page(201, show_replay(Ordered(replay, Progress(replay.after))))


@route(
    "GET",
    REPLAYS,
    scope=Scope.READ,
    group="operator",
    summary="List what a subscription was told again, newest first, with how far each has come",
    gives={200: "A page of replays"},
    query=PAGING,
)
async def list_replays(visit: Visit) -> Page:
    """List replays."""
    subscription, limit = own_subscription(visit), limit_of(visit)
    before = visit.query.get("pageToken", LAST_ID)
    found = await visit.world.store.read(again.replays_of(subscription.serial, before=before, limit=limit + 1))
    token = found[limit - 1].replay.id if len(found) > limit else None
    return json_page(200, shown_page([show_replay(each) for each in found[:limit]], token))


@route(
    "GET",
    f"{REPLAYS}/{{replay}}",
    scope=Scope.READ,
    group="operator",
    summary="Read a replay: how many are told, how many are set aside, how far it has come",
    gives={200: "The replay"},
)
async def read_replay(visit: Visit) -> Page:
    """Read one replay."""
    return json_page(200, show_replay(await _own_replay(visit)))


@route(
    "DELETE",
    f"{REPLAYS}/{{replay}}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Call a replay off; what is under way is told all the same",
    gives={200: "The replay as it ended", 409: "It has ended already."},
)
async def call_off(visit: Visit) -> Page:
    """Call one replay off."""
    replay = (await _own_replay(visit)).replay
    if not await again.call_off(visit.world, own_subscription(visit), replay.id):
        raise Refused(f"Replay {replay.id} has ended already.", status=409)
    return json_page(200, show_replay(await _own_replay(visit)))


@route(
    "GET",
    DEAD,
    scope=Scope.READ,
    group="operator",
    summary="List the events that were given up for a subscription, newest first, with the last answer to each",
    gives={200: "A page of dead letters"},
    query=PAGING,
)
async def list_dead(visit: Visit) -> Page:
    """List dead letters."""
    subscription, limit = own_subscription(visit), limit_of(visit)
    before = visit.integer("pageToken", NEWEST, 0, NEWEST)
    found = await visit.world.store.read(dead_of(subscription.serial, before=before, limit=limit + 1))
    token = str(found[limit - 1].held.position) if len(found) > limit else None
    return json_page(200, shown_page([show_dead(each) for each in found[:limit]], token))


@route(
    "POST",
    f"{ONE}/events/{{event}}/resend",
    scope=Scope.MANAGE,
    group="operator",
    summary="Tell a subscription one event again, now",
    gives={201: "The replay that tells it", 409: "The subscription does not want it, and why."},
)
async def resend(visit: Visit) -> Page:
    """Resend one event."""
    subscription = own_subscription(visit)
    event, message = await _own_event(visit, visit.params["event"])
    fate = await explain(visit.world, subscription, event, message)
    if not fate.fit.is_wanted:
        raise Refused(fate.why, status=409, errors=(FieldError("event", fate.why, fate.fit.rule),))
    replay = Replay(
        id=visit.world.chance.id(),
        created_at=visit.world.clock.now(),
        after=event.position - 1,
        until=event.position,
    )
    await again.order(visit.world, subscription, replay)
    return json_page(201, show_replay(Ordered(replay, Progress(replay.after))))


@route(
    "GET",
    f"{ONE}/explain",
    scope=Scope.READ,
    group="operator",
    summary="Why a subscription did, or did not, get an event",
    gives={200: "What became of it: a word, a sentence, and every attempt"},
    query=(Argument("eventId", "The event."), Argument("messageId", "Or a message: all of its events.")),
)
async def explain_event(visit: Visit) -> Page:
    """Explain what became of an event, or of all events of a message."""
    subscription = own_subscription(visit)
    named, about = visit.query.get("eventId"), visit.query.get("messageId")
    if (named is None) == (about is None):
        wrong = FieldError("eventId", "Either an event or a message is needed.", "required")
        raise Refused("It is not said what to explain.", errors=(wrong,))
    pairs = [await _own_event(visit, named)] if named is not None else await _events_of(visit, about or "")
    told = [show_fate(event, await explain(visit.world, subscription, event, message)) for event, message in pairs]
    return json_page(200, told[0] if named is not None else {"results": told})


@route(
    "POST",
    f"{ONE}/test",
    scope=Scope.MANAGE,
    group="operator",
    summary="Send a made-up event to a subscription's endpoint now, signed like every other",
    gives={200: Tested, 409: "No event could ever pass the subscription's filters."},
)
async def send_test(visit: Visit) -> Page:
    """Try a subscription out, in whatever vocabulary it is."""
    subscription = own_subscription(visit)
    return json_page(200, tested(subscription, await try_out(visit.world, subscription)))


def show_replay(ordered: Ordered) -> dict[str, Any]:
    """Show a replay, and how far it has come."""
    replay, progress = ordered.replay, ordered.progress
    length = max(1, replay.until - replay.after)
    return {
        "id": replay.id,
        "createdAt": to_iso(replay.created_at),
        "deadLetters": replay.dead_letters,
        "events": replay.events,
        "ratePerSecond": replay.rate,
        "status": progress.fate or "running",
        "progress": round((progress.place - replay.after) / length, 4),
        "told": progress.told,
        "setAside": progress.set_aside,
        "endedAt": None if progress.ended_at is None else to_iso(progress.ended_at),
    }


def show_dead(dead: Dead) -> dict[str, Any]:
    """Show a dead letter."""
    return {
        "eventId": dead.event.id,
        "messageId": dead.event.message,
        "kind": dead.event.kind.value,
        "writtenAt": to_iso(dead.event.at),
        "firstAttemptAt": to_iso(dead.held.first_at),
        "attempts": dead.held.number,
        "lastStatus": (dead.last.status or None) if dead.last else None,
        "lastError": dead.last.error if dead.last else "",
    }


def show_fate(event: Event, fate: Fate) -> dict[str, Any]:
    """Show what became of an event for a subscription."""
    return {
        "event": shown_event(event),
        "fate": fate.word,
        "why": fate.why,
        "rule": fate.fit.rule,
        "by": fate.fit.by or None,
        "waitsBehind": fate.behind or None,
        "dueAt": to_iso(fate.held.due_at) if fate.held and fate.held.due_at is not None else None,
        "attempts": shown(fate.attempts),
        "endpoint": show_condition(fate.condition) if fate.condition else None,
    }


async def _replay(visit: Visit, subscription: Subscription, asked: NewReplay) -> Replay:
    world = visit.world
    dialect = world.dialects[subscription.dialect]
    unknown = [name for name in asked.events if not dialect.is_event(name)]
    if unknown:
        wrong = tuple(FieldError("events", f"There is no event {name}.", "unknown") for name in unknown)
        raise Refused("The replay cannot be ordered as it is.", status=422, errors=wrong)
    since = time_of("since", asked.since) if asked.since else None
    until = time_of("until", asked.until) if asked.until else None
    if since is not None and until is not None and since >= until:
        wrong = (FieldError("until", "It must be later than since.", "range"),)
        raise Refused("The replay cannot be ordered as it is.", status=422, errors=wrong)
    last = await world.store.read(last_position())
    return Replay(
        id=world.chance.id(),
        created_at=world.clock.now(),
        dead_letters=asked.dead_letters,
        after=0 if since is None else await world.store.read(place_before(since)),
        until=last if until is None else await world.store.read(place_before(until)),
        events=asked.events,
        rate=asked.rate_per_second,
    )


async def _own_replay(visit: Visit) -> Ordered:
    named = visit.params["replay"]
    found = await visit.world.store.read(again.replay_of(own_subscription(visit).serial, named))
    if found is None:
        raise missing("replay", named)
    return found


async def _own_event(visit: Visit, named: str) -> tuple[Event, Message]:
    found = await visit.world.store.read(find_event(visit.tenant.id, named))
    if found is None:
        raise missing("event", named)
    return found


async def _events_of(visit: Visit, named: str) -> list[tuple[Event, Message]]:
    found = await visit.world.store.read(again.events_about(visit.tenant.id, named))
    if found is None:
        raise missing("message", named)
    return found
