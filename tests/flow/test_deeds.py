"""Which message a deed is about, where the provider only says who did it."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from support.hub import Running, running
from tidings.flow.facts import Accepted, Submitted, Taking, Told
from tidings.model.events import Event, Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Direction, Message, Plan, Recipient
from tidings.model.reports import Deed, Interaction, Receipt, Target
from tidings.model.stages import Stage
from tidings.model.workspaces import Channel
from tidings.rules.lifecycle import begin
from tidings.store.log import events_of
from tidings.store.statements import Transaction, statement

ANN, BEN = "+447700900001", "+447700900002"
KEY = "whsec_" + base64.b64encode(b"a-key-of-the-custom-provider-32!").decode()


class Post:
    """A hub with one channel that nothing is sent by but what the test says was."""

    def __init__(self, at_work: Running, workspace: str, channel: Channel) -> None:
        self.world = at_work.world
        self.workspace = workspace
        self.channel = channel

    async def accepted(self, message: str, to: str) -> None:
        """Take charge of a message."""
        about = Message(
            id=message,
            workspace=self.workspace,
            direction=Direction.OUTGOING,
            created_at=self.world.clock.now(),
            recipients=(Recipient("c", {"phonenumber": to}),),
        )
        plan = Plan("whatsapp", self.channel.id, to)
        now = self.world.clock.now()
        taking = Taking(about, (plan,), begin(about.id, (plan,), expires_at=now + 60_000, now=now), ())
        await self.world.record(Accepted((taking,)))

    async def answered(self, message: str, *references: str) -> None:
        """Have the provider take a message."""
        pieces = tuple(map(Piece, references))
        await self.world.record(Submitted(message, 0, Sent(pieces=pieces, answer=Raw(b"{}"))))

    async def sent(self, message: str, to: str) -> None:
        """Take charge of a message, and have the provider take it."""
        await self.accepted(message, to)
        await self.answered(message, f"ref-{message}")

    async def told(self, report: Interaction | Receipt) -> Any:
        """Take a report of the channel's; give the message it was taken for, empty where it was parked."""
        return (await self.world.record(Told(self.channel, report))).value

    async def kinds(self, message: str) -> list[Kind]:
        """What was told of a message."""
        events: list[Event] = await self.world.store.read(events_of(message))
        return [event.kind for event in events]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with running(tmp_path) as at_work:
        workspace, _ = await at_work.workspace()
        made = await at_work.channel(workspace, "whatsapp", "custom", {"signingKey": KEY})
        yield Post(at_work, workspace, at_work.world.directory.channels[made["id"]])


def unsubscribed(key: str, target: Target, sender: str = "") -> Interaction:
    return Interaction(key, Deed.UNSUBSCRIBE_REQUEST, target, Raw(b"{}"), sender=sender)


async def test_a_deed_that_names_no_message_is_about_the_newest_to_that_person(post: Post) -> None:
    await post.sent("1", ANN)
    await post.sent("2", ANN)
    await post.sent("3", BEN)
    assert await post.told(unsubscribed("a", Target(), ANN)) == "2"
    assert await post.told(unsubscribed("b", Target(address=BEN))) == "3"
    assert await post.kinds("1") == [Kind.ACCEPTED, Kind.SENT]
    assert await post.kinds("2") == [Kind.ACCEPTED, Kind.SENT, Kind.INTERACTION]


async def test_a_deed_that_names_its_message_is_about_that_one(post: Post) -> None:
    await post.sent("1", ANN)
    await post.sent("2", ANN)
    assert await post.told(unsubscribed("a", Target(reference="ref-1"), ANN)) == "1"
    assert await post.told(unsubscribed("b", Target(message="1"), ANN)) == "1"


@pytest.mark.parametrize(
    "report",
    [
        unsubscribed("a", Target()),
        unsubscribed("a", Target(), BEN),
        unsubscribed("a", Target(reference="nobody's"), ANN),
        Receipt(Target(), Stage.READ, Raw(b"{}")),
        Receipt(Target(address=ANN), Stage.READ, Raw(b"{}")),
    ],
)
async def test_what_names_nobody_we_know_is_parked(post: Post, report: Interaction | Receipt) -> None:
    await post.sent("1", ANN)
    assert await post.told(report) == ""
    assert await post.kinds("1") == [Kind.ACCEPTED, Kind.SENT]
    assert await post.world.store.read(_parked()) == [["no message", 1]]


async def test_a_read_is_told_once_and_the_deed_beside_it_is_kept(post: Post) -> None:
    await post.sent("1", ANN)
    await post.told(Receipt(Target(reference="ref-1"), Stage.READ, Raw(b"{}"), key="r"))
    await post.told(Interaction("d", Deed.READ, Target(reference="ref-1"), Raw(b"{}"), sender=ANN))
    assert await post.kinds("1") == [Kind.ACCEPTED, Kind.SENT, Kind.DELIVERED, Kind.READ]
    rows = await post.world.store.read(_history("1"))
    assert len(rows) == 1


async def test_an_early_receipt_of_a_part_waits_in_the_store_for_the_answer(post: Post) -> None:
    await post.accepted("1", ANN)
    await post.told(Receipt(Target(message="1", reference="a"), Stage.DELIVERED, Raw(b"{}")))
    assert await post.kinds("1") == [Kind.ACCEPTED]
    await post.answered("1", "a", "b")
    assert await post.kinds("1") == [Kind.ACCEPTED, Kind.SENT]
    await post.told(Receipt(Target(reference="b"), Stage.DELIVERED, Raw(b"{}")))
    assert await post.kinds("1") == [Kind.ACCEPTED, Kind.SENT, Kind.DELIVERED]


def _parked() -> Transaction[list[list[Any]]]:
    rows = yield statement("count_parked")()
    return [list(row) for row in rows]


def _history(message: str) -> Transaction[list[Any]]:
    return (yield statement("history_of")(message=message))
