"""Every interaction, read and reply of every connector's samples, through the pen into both vocabularies."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.flows import Flow, flowing
from support.interactions import Context, Listed, Sampled, Webhook, misfits, sampled, with_samples
from support.interactions import Deed as ShownDeed
from tidings.connectors.connector import Connector
from tidings.dialects.channels import Channels
from tidings.dialects.channels import show_interaction as show_in_channels
from tidings.dialects.dialect import Telling
from tidings.dialects.omnichannel import Omnichannel
from tidings.dialects.omnichannel import show_interaction as show_in_omnichannel
from tidings.flow.facts import Accepted, Submitted, Taking, Told
from tidings.model.content import Content
from tidings.model.events import Event, Kind
from tidings.model.exchange import Piece, Sent
from tidings.model.messages import Direction, Message, Plan, Recipient, Route
from tidings.model.platforms import platform
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Target
from tidings.model.stages import Stage
from tidings.model.workspaces import Channel
from tidings.rules.lifecycle import begin
from tidings.store.log import decode_event, decode_message

SOMEBODY = "somebody"
ORDER = Raw(b'{"order":7}')
CONTEXT = {"id": "campaign-7", "type": "campaign", "tags": ["spring"]}
REQUEST = Raw(msgspec.json.encode({"context": CONTEXT}))

CHANNELS, OMNICHANNEL = Channels(), Omnichannel()

every_connector = pytest.mark.parametrize("kind", with_samples(), ids=lambda kind: kind.name)


class Scene(msgspec.Struct):
    """One sample's report, the channel it comes by, and the message that it is about."""

    flow: Flow
    number: int
    case: Sampled

    @property
    def workspace(self) -> str:
        """A tenant of its own: who unsubscribes in one sample is written to in the next."""
        return f"w{self.number}"

    @property
    def channel(self) -> Channel:
        return Channel(
            id=f"c{self.number}",
            workspace=self.workspace,
            name="c",
            platform=self.case.platform,
            connector="any",
            settings={},
            created_at=1,
        )

    async def sent(self, target: Target, person: str) -> str:
        """Have had a message sent that the report can be about."""
        flow, where, now = self.flow, self.case.platform, self.flow.clock.now()
        about = Message(
            id=f"m{self.number}",
            workspace=self.workspace,
            direction=Direction.OUTGOING,
            created_at=now,
            dialect="channels",
            recipients=(Recipient("k1", {platform(where).identifier: person}),),
            routes=(Route(where, self.channel.id),),
            content=Content(text="Hi"),
            tags=("a", "b"),
            metadata=ORDER,
            request=REQUEST,
        )
        plans = (Plan(where, self.channel.id, person),)
        taking = Taking(about, plans, begin(about.id, plans, expires_at=now + 10**9, now=now), ())
        await flow.world.record(Accepted((taking,)))
        piece = Piece(target.reference or f"ref {about.id}")
        await flow.world.record(Submitted(about.id, 0, Sent(pieces=(piece,), answer=Raw(b"{}"))))
        return about.id

    async def came(self, target: Target, person: str) -> str:
        """Have got the message from the person themselves, who takes it back now."""
        inbound = Inbound(f"in {target.reference}", person, Raw(b"{}"), reference=target.reference)
        message: str = (await self.flow.world.record(Told(self.channel, inbound))).value
        return message

    def about(self, target: Target, message: str) -> Target:
        """Name the message that stands for the sample's, by our id where the sample has one of ours."""
        return replace(
            target,
            message=message if target.message else "",
            hop=None if target.hop is None else 0,
            until=None if target.until is None else self.flow.clock.now() + 1,
        )

    async def told(self, message: str, kind: Kind) -> tuple[Telling, Event]:
        """Give the newest event of a kind about a message."""
        event = [decode_event(row) for row in await self.flow.stored("events_of", message=message)][-1]
        assert event.kind is kind
        ((_, body),) = await self.flow.stored("messages_of", messages=[message])
        return Telling(event, decode_message(body), self.flow.workspace), event


def person_of(report: Interaction | Receipt) -> str:
    target = report.target
    sender = report.sender if isinstance(report, Interaction) else ""
    return sender or target.address or target.recipient or SOMEBODY


def is_taken_back(report: Interaction) -> bool:
    """Whether the person takes back what they wrote themselves; what we sent they can only delete where we say so."""
    return report.deed is Deed.DELETE_REQUEST and not report.target.message


async def arrives(on: Scene, report: Interaction | Receipt, kind: Kind) -> None:
    """Have a report arrive, and compare what both vocabularies say of it with what is published."""
    incoming = isinstance(report, Interaction) and is_taken_back(report)
    have = on.came if incoming else on.sent
    message = await have(report.target, person_of(report))
    meant = replace(report, target=on.about(report.target, message))
    found = (await on.flow.world.record(Told(on.channel, meant))).value
    assert found == message, "it finds its message"
    telling, event = await on.told(message, kind)
    if event.platform == "email" and kind is Kind.READ:
        assert CHANNELS.name_of(telling) is None
        assert OMNICHANNEL.name_of(telling) == "message.read"
        return
    webhook = msgspec.json.decode(CHANNELS.render(telling), type=Webhook)
    listed = msgspec.json.decode(msgspec.json.encode(show_in_channels(event, telling.message)), type=Listed)
    where = platform(on.case.platform).channels
    for shown in (webhook.payload, listed):
        assert misfits(shown) == []
        assert (shown.message_id, shown.channel_id, shown.id) == (message, on.channel.id, event.id)
        assert shown.message_reference
        assert shown.message_parts_count == 1
    assert (webhook.event, webhook.payload.platform_id, listed.platform_id) == (f"{where}.interaction", "", where)
    if incoming:
        assert listed.context == {}
        assert listed.receiver.connector is not msgspec.UNSET
    else:
        assert webhook.payload.context == msgspec.convert(CONTEXT, Context)
        assert listed.context == CONTEXT
        assert webhook.payload.message_tags == listed.message_tags == ("a", "b")
        assert listed.receiver.contacts is not msgspec.UNSET
    if kind is Kind.READ:
        assert OMNICHANNEL.name_of(telling) == "message.read"
        return
    assert isinstance(report, Interaction)
    has_word = report.deed is Deed.CLICKED
    assert OMNICHANNEL.name_of(telling) == ("interaction.click" if has_word else None)
    deed = msgspec.json.decode(msgspec.json.encode(show_in_omnichannel(event)), type=ShownDeed)
    assert (deed.type, deed.prefetched) == (report.deed, report.prefetched)
    if report.action == "react":
        assert report.emoji or report.details, "it says with what"
    if has_word:
        payload = msgspec.json.decode(OMNICHANNEL.render(telling))["payload"]
        assert (payload["id"], payload["url"], payload["metadata"]) == (message, report.url, {"order": 7})
        assert payload.get("button", {}).get("payload", "") == report.payload


@every_connector
async def test_every_interaction_arrives_as_it_is_published(kind: type[Connector[Any]], sqlite_url: str) -> None:
    wrong: dict[str, str] = {}
    arrived: set[str] = set()
    async with flowing(sqlite_url) as flow:
        for number, case in enumerate(sampled(kind)):
            report, on = case.report, Scene(flow, number, case)
            try:
                if isinstance(report, Interaction):
                    await arrives(on, report, Kind.READ if report.deed is Deed.READ else Kind.INTERACTION)
                    arrived.add(report.deed)
                elif isinstance(report, Receipt) and report.stage is Stage.READ:
                    await arrives(on, report, Kind.READ)
                    arrived.add("read")
            except (AssertionError, msgspec.ValidationError) as error:
                wrong[case.sample] = str(error)
    assert wrong == {}
    declared = {deed for able in kind.capabilities.values() for deed in able.interactions}
    reads = {"read"} if any(able.reads for able in kind.capabilities.values()) else set()
    assert arrived == declared | reads


@every_connector
async def test_every_reply_says_what_it_answers(kind: type[Connector[Any]], sqlite_url: str) -> None:
    wrong: dict[str, str] = {}
    async with flowing(sqlite_url) as flow:
        for number, case in enumerate(sampled(kind)):
            report, on = case.report, Scene(flow, number, case)
            if not isinstance(report, Inbound) or report.reply_to is None or report.fragment is not None:
                continue
            target = report.reply_to
            answered = await on.sent(target, "somebody else")
            meant = replace(report, reply_to=on.about(target, answered))
            reply = (await flow.world.record(Told(on.channel, meant))).value
            telling, _ = await on.told(reply, Kind.INBOUND)
            in_channels = msgspec.json.decode(CHANNELS.render(telling))["payload"]
            in_omnichannel = msgspec.json.decode(OMNICHANNEL.render(telling))["payload"]
            if in_channels.get("replyTo") != {"id": answered, "type": "message"}:
                wrong[case.sample] = str(in_channels)
            if in_omnichannel.get("correlation") != {"messageId": answered, "metadata": {"order": 7}}:
                wrong[case.sample] = str(in_omnichannel)
    assert wrong == {}


@every_connector
def test_a_tap_that_says_something_is_told_as_written_too(kind: type[Connector[Any]]) -> None:
    """A button whose words appear in the conversation is both; a link, or a silent button, is a click alone."""
    taps: dict[str, list[Sampled]] = {}
    for case in sampled(kind):
        taps.setdefault(case.sample, []).append(case)
    for sample, cases in taps.items():
        payloads = {each.report.payload for each in cases if isinstance(each.report, Interaction)} - {""}
        written = [each.report for each in cases if isinstance(each.report, Inbound)]
        for inbound in written:
            if "payload" in inbound.extra and inbound.reply_to is not None:
                assert inbound.extra["payload"] in payloads, sample
