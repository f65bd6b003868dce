"""Trying a subscription out: one made-up event of the kind it asks for goes to its endpoint at once.

It is signed as every webhook is, and has the header `tidings-test: true` beside. Nothing is written down.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from msgspec import Raw, Struct

from tidings.dialects.dialect import Delivery, Dialect, Telling
from tidings.flow.delivery import headers_of, signer_of
from tidings.flow.notices import NOTICES
from tidings.flow.posting import KEPT, LARGEST_ANSWER
from tidings.flow.world import World
from tidings.model.content import Content
from tidings.model.events import Event, Fact, Kind, Notice
from tidings.model.messages import Direction, Message, Recipient, Route
from tidings.model.platforms import PLATFORMS, platform
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason
from tidings.model.subscriptions import Subscription
from tidings.rules.contacts import contact_id
from tidings.wire.http import Result

TEXT: Final = "This is a test event. No message was sent."
URL: Final = "https://example.com/"
ADDRESSES: Final = {"phonenumber": "+31612345678", "emailaddress": "somebody@example.com"}
"""Whom the message of a test event is for, by `identifierKey`."""

_KINDS: Final = (
    Kind.DELIVERED,
    Kind.SENT,
    Kind.ACCEPTED,
    Kind.FAILED,
    Kind.EXPIRED,
    Kind.INBOUND,
    Kind.READ,
    Kind.INTERACTION,
    Kind.NOTICE,
)
"""The first of these that a subscription wants is what it is told."""


class Trial(Struct, frozen=True):
    """What was told, and what the endpoint answered."""

    name: str
    """The event's name in the subscription's vocabulary."""
    event: str
    """Its id."""
    result: Result


async def try_out(world: World, subscription: Subscription) -> Trial | None:
    """Tell a subscription a made-up event, active or not; None where no event could ever pass its filters."""
    dialect = world.dialects[subscription.dialect]
    telling = next((each for each in _samples(world, subscription) if dialect.wants(subscription, (), each)), None)
    if telling is None:
        return None
    result = await _post(world, subscription, dialect, telling)
    return Trial(dialect.name_of(telling) or "", telling.event.id, result)


async def _post(world: World, subscription: Subscription, dialect: Dialect, telling: Telling) -> Result:
    body = dialect.render(telling)
    delivery = Delivery(telling.event.id, world.clock.now() // 1000, subscription.url, body)
    headers = headers_of(dialect, subscription, signer_of(subscription), delivery, 1)
    future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    world.http.request(
        "POST",
        subscription.url,
        [*headers, "tidings-test: true"],
        body,
        lambda result: None if future.done() else future.set_result(result),
        timeout=world.settings.webhook_timeout,
        keep=KEPT,
        bound=LARGEST_ANSWER,
    )
    return await future


def _samples(world: World, subscription: Subscription) -> Iterator[Telling]:
    """Make up every kind of event, on every platform, by every channel that the workspace or a filter names."""
    mine = world.directory.channels_of(subscription.workspace)
    named = {each.value for wanted in subscription.wanted for each in wanted.filters if each.key == "channelId"}
    by_platform = {name: {each.id for each in mine if each.platform == name} for name in PLATFORMS}
    for channel in mine:
        by_platform.setdefault(channel.platform, {channel.id})
    for where, own in by_platform.items():
        for channel_id in sorted(named) or sorted(own)[:1] or [""]:
            yield from _events(world, subscription.workspace, where, channel_id)


def _events(world: World, workspace: str, where: str, channel: str) -> Iterator[Telling]:
    tenant, now = world.directory.workspaces[workspace], world.clock.now()
    outgoing = _message(world, workspace, where, channel, Direction.OUTGOING)
    incoming = _message(world, workspace, where, channel, Direction.INCOMING)
    for kind in _KINDS:
        message = incoming if kind is Kind.INBOUND else outgoing
        for fact in _facts(kind, message):
            event = Event(
                position=0,
                id=world.chance.id(),
                workspace=workspace,
                message=message.id,
                revision=1,
                kind=kind,
                platform=where,
                channel=channel,
                at=now,
                told_at=now,
                fact=fact,
            )
            yield Telling(event, message, tenant)


def _facts(kind: Kind, message: Message) -> Iterator[Fact]:
    if kind in (Kind.FAILED, Kind.EXPIRED):
        cause = Cause.UNKNOWN if kind is Kind.FAILED else Cause.EXPIRED
        for submitted in (True, False):
            yield Fact(reason=Reason(cause, TEXT), submitted=submitted)
    elif kind is Kind.INTERACTION:
        for deed in Deed:
            if deed is Deed.READ:
                continue  # That a person read it is a stage, told by an event of its own kind.
            url = URL if deed is Deed.CLICKED else ""
            yield Fact(interaction=Interaction("test", deed, Target(message.id), Raw(b"{}"), url=url))
    elif kind is Kind.NOTICE:
        for name in NOTICES:
            yield Fact(notice=Notice(name, {"detail": TEXT}))
    else:
        yield Fact(references=("test",), units=1, raw=Raw(b"{}"), answer=Raw(b"{}"))


def _message(world: World, workspace: str, where: str, channel: str, direction: Direction) -> Message:
    key = platform(where).identifier
    address = ADDRESSES.get(key, "somebody")
    return Message(
        id=world.chance.id(),
        workspace=workspace,
        direction=direction,
        created_at=world.clock.now(),
        recipients=(Recipient(contact_id(workspace, key, address), {key: address}),),
        routes=(Route(where, channel),),
        content=Content(text=TEXT),
        channel=channel,
        platform=where,
        platform_reference="test",
        raw=Raw(b"{}"),
    )
