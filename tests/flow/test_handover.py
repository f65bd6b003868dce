"""What a connector is told beside the message: when the person last wrote, what is answered; and fresh credentials."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec.structs import replace

from support.flows import RAW, Flow, Tiny, TinySettings, flowing
from support.receiver import Got, Receiver
from support.waiting import until
from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.flow.facts import Accepted
from tidings.model.errors import SendDeferred
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent
from tidings.model.stages import Cause, Reason

HOUR = 3_600_000


class Curious(Tiny):
    """A provider that is told everything of the hop that the hub looks up."""

    name = "curious"
    capabilities: ClassVar[dict[str, Capabilities]] = dict.fromkeys(
        Tiny.platforms, Capabilities(sends=frozenset({"text"}), windowed=True)
    )

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        said = {"heard_at": outgoing.heard_at, "answered": outgoing.answered, "reply_to": outgoing.reply_to}
        yield Call.post(self.settings.url, json=said)
        return Sent(pieces=(Piece(f"ref {outgoing.tag}"),), answer=RAW)


class FadingSettings(TinySettings, frozen=True):
    """With a token that lasts only so long."""

    token: str = ""
    expires_at: int = 0


class Fading(Connector[Any]):
    """A provider whose tokens are used up, and given out at another door."""

    name = "fading"
    label = "Fading"
    platforms = ("sms",)
    capabilities: ClassVar[Mapping[str, Capabilities]] = {"sms": Capabilities(sends=frozenset({"text"}))}
    Settings = FadingSettings
    verify, parse = Tiny.verify, Tiny.parse

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        reply = yield Call.post(f"{self.settings.url}/messages", json={"token": self.settings.token})
        if reply.status == 401:
            raise SendDeferred(Reason(Cause.ACCOUNT, "stale", permanent=False), after=1.0, stale=True)
        return Sent(pieces=(Piece(f"ref {outgoing.tag}"),), answer=RAW)

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        return self._renew(now) if refused or now >= self.settings.expires_at else None

    def _renew(self, now: int) -> Exchange[Mapping[str, Any]]:
        reply: Reply = yield Call.post(f"{self.settings.url}/token", json={})
        if not reply.ok:
            raise SendDeferred(Reason(Cause.ACCOUNT, "no token", permanent=False), after=1.0, channel_wide=True)
        return {"token": f"t{now}", "expiresAt": now + HOUR}


def said(receiver: Receiver) -> list[dict[str, Any]]:
    return [got.json for got in receiver.got]


async def with_connectors(flow: Flow) -> None:
    flow.world.connectors = {**flow.world.connectors, "curious": Curious, "fading": Fading}


async def test_a_connector_with_a_window_is_told_when_the_person_last_wrote(database_url: str) -> None:
    async with Receiver(lambda _: 200) as provider, flowing(database_url) as flow:
        await with_connectors(flow)
        await flow.channel(provider.url, connector="curious")
        await flow.accepted("c1")
        await provider.wait_for(1)
        flow.clock.move(HOUR)
        heard_at = flow.clock.now()
        await flow.inbound("in-1", channel="c1")
        await flow.inbound("in-2", "+31600000000", channel="c1")
        for number in range(2):
            flow.clock.move(HOUR)
            await flow.accepted("c1")
            await provider.wait_for(2 + number)
            await until(lambda: not flow.sender()._under_way)
        assert [(each["heard_at"], each["answered"]) for each in said(provider)] == [
            (None, 0),
            (heard_at, 0),
            (heard_at, 1),
        ]


async def test_what_is_answered_by_our_own_id_is_named_by_the_providers(database_url: str) -> None:
    async with Receiver(lambda _: 200) as provider, flowing(database_url) as flow:
        await with_connectors(flow)
        await flow.channel(provider.url, connector="curious")
        inbound = await flow.inbound("in-1", channel="c1")
        ours = await flow.accepted("c1")
        await provider.wait_for(1)
        await until(lambda: not flow.sender()._under_way)
        for number, named in enumerate((inbound, ours, "theirs-7"), 2):
            taking = flow.taking("c1")
            message = replace(taking.message, reply_to=named)
            await flow.world.record(Accepted((replace(taking, message=message),)))
            await provider.wait_for(number)
        assert [each["reply_to"] for each in said(provider)] == ["", "in-1", f"ref {ours}:0", "theirs-7"]


async def test_credentials_are_renewed_once_for_all_who_wait_and_kept(database_url: str) -> None:
    async with Receiver(lambda _: 200) as provider, flowing(database_url) as flow:
        await with_connectors(flow)
        await flow.channel(provider.url, connector="fading")
        for _ in range(5):
            await flow.accepted("c1")
        await until(lambda: sum(got.path == "/messages" for got in provider.got) == 5)
        assert sum(got.path == "/token" for got in provider.got) == 1
        token = f"t{flow.clock.now()}"
        assert {got.json["token"] for got in provider.got if got.path == "/messages"} == {token}
        assert flow.world.directory.channels["c1"].settings["token"] == token
        sealed = (await flow.stored("all_channels"))[0]
        assert token.encode() not in msgspec.json.encode([bytes(each) for each in sealed])


@pytest.mark.parametrize("fails", [0, 2])
async def test_credentials_that_are_refused_are_renewed_and_the_message_goes(sqlite_url: str, fails: int) -> None:
    refused: list[str] = []

    def answer(got: Got) -> int:
        if got.path == "/token":
            return (
                503 if len([each for each in provider.got if each.path == "/token"]) <= 1 + fails and refused else 200
            )
        if not refused:
            refused.append(got.json["token"])
        return 401 if got.json["token"] == refused[0] else 200

    async with Receiver() as provider, flowing(sqlite_url) as flow:
        provider.answer = answer
        await with_connectors(flow)
        await flow.channel(provider.url, connector="fading")
        await flow.accepted("c1")

        def is_idle() -> bool:
            """New settings are a new sender: for a moment there is none."""
            senders = flow.hub.readers._senders
            return "c1" in senders and not (flow.sender()._filling or flow.sender()._under_way)

        for _ in range(100):
            await until(is_idle)
            if flow.world.counts.all().get(("submissions", "sent")):
                break
            flow.clock.move(2000)
            await asyncio.sleep(0.01)
        assert provider.got[-1].json["token"] != refused[0]
