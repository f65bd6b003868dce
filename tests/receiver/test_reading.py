"""What webhooks tell, as a receiver has it: every published event, and what nobody has published yet."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.published import EXAMPLES
from tidings.model.errors import Unreadable
from tidings.receiver import (
    Event,
    Inbound,
    Interaction,
    InteractionClick,
    MessageDelivered,
    MessageExpired,
    MessageFailed,
    MessageInbound,
    MessageRead,
    MessageSent,
    MessageSentRequest,
    OmnichannelEvent,
    Outbound,
    Unknown,
    channels,
    omnichannel,
    read_events,
)
from tidings.rules.nesting import DEEPEST

TESTS = Path(__file__).parents[1]
EVENTS: dict[str, Any] = {
    "message.sentRequest": MessageSentRequest,
    "message.sent": MessageSent,
    "message.delivered": MessageDelivered,
    "message.read": MessageRead,
    "message.expired": MessageExpired,
    "message.failed": MessageFailed,
    "message.inbound": MessageInbound,
    "interaction.click": InteractionClick,
    "outbound": Outbound,
    "inbound": Inbound,
    "interaction": Interaction,
}


def published(path: str) -> bytes:
    (file,) = EXAMPLES.glob(path)
    return file.read_bytes()


def read(body: bytes | dict[str, Any], **more: Any) -> Any:
    (event,) = read_events(body if isinstance(body, bytes) else json.dumps(body).encode(), **more)
    return event


def _every_event() -> list[tuple[str, bytes]]:
    """Every example that is an event, and what the hub tells in every golden file of it."""
    examples = [(path.stem, path.read_bytes()) for path in sorted(EXAMPLES.glob("*/*.json"))]
    goldens = [
        (f"{path.parts[-3]}/{path.stem}", json.dumps(webhook).encode())
        for path in sorted(TESTS.glob("dialects/*/goldens/*.json"))
        for webhook in json.loads(path.read_bytes()).values()
        if isinstance(webhook, dict)
    ]
    told = [
        (name, body)
        for name, body in examples + goldens
        if "payload" in json.loads(body) and json.loads(body).keys() & {"name", "event"}
    ]
    return [(name, body) for name, body in told if json.loads(body).keys() & {"eventId", "service"}]


ALL = _every_event()


def test_the_examples_and_goldens_hold_every_kind_of_event() -> None:
    names = {json.loads(body).get("name") or json.loads(body)["event"].partition(".")[2] for _, body in ALL}
    assert names == EVENTS.keys()
    assert len(ALL) > 200


@pytest.mark.parametrize("body", [body for _, body in ALL], ids=[name for name, _ in ALL])
def test_every_event_is_read_whole(body: bytes) -> None:
    told = json.loads(body)
    event = read(body, id="evt-1")
    name = told.get("name") or told["event"]
    assert type(event) is EVENTS[name if "name" in told else name.partition(".")[2]]
    assert (event.name, event.raw) == (name, body)
    assert event.id == told.get("eventId", "evt-1")
    assert event.message_id == told["payload"].get("messageId", told["payload"]["id"])
    assert lost(json.loads(msgspec.json.encode(event.payload)), told["payload"]) == []
    if isinstance(event, OmnichannelEvent):
        fields = (event.account_id, event.api_space_id, event.revision, event.etag, event.timestamp)
        at = datetime.fromisoformat(told["timestamp"])
        assert fields == (*(told[each] for each in ("accountId", "apiSpaceId", "revision", "etag")), at)


def lost(read: Any, told: Any, path: str = "payload") -> list[str]:
    """Name what was told and is not there as it was told."""
    if isinstance(told, dict) and isinstance(read, dict):
        return [each for name in told for each in lost(read.get(name), told[name], f"{path}.{name}")]
    if isinstance(told, list) and isinstance(read, list) and len(read) == len(told):
        return [each for one, other in zip(read, told, strict=True) for each in lost(one, other, path)]
    if isinstance(told, str) and isinstance(read, str) and read != told:
        return [] if datetime.fromisoformat(read) == datetime.fromisoformat(told) else [path]
    return [] if read == told else [path]


# -- what is read, in the words of the page --------------------------------------------------------------------------


def test_how_a_message_fares_can_be_asked_by_name() -> None:
    event = read(published("omnichannel/16-*"))
    assert isinstance(event, MessageFailed)
    assert event.payload.details.reason == "Channel reported the message was undeliverable"
    assert event.payload.details.channel_status["sms"]["details"]["reason"] == "Rejected by operator"
    assert event.payload.metadata == {"data": "My correlation data"}
    assert event.payload.updated_on == datetime(2019, 4, 12, 9, 46, tzinfo=UTC)
    assert (event.revision, event.message_id) == (4, "37fe6fcc-8149-48d0-baf9-1c72850d532b")


def test_what_a_person_wrote_can_be_asked_by_name() -> None:
    event = read(published("omnichannel/27-*"))
    assert isinstance(event, MessageInbound)
    assert event.payload.sender["phoneNumber"] == "447123123123"
    assert event.payload.message_parts[0].name == "ClaimsForm.pdf"
    assert event.payload.correlation == omnichannel.Correlation(
        message_id="419b23d5-8e82-4b05-9a30-b2d91400033d", metadata={"data": "My important data"}
    )


def test_an_interaction_can_be_asked_by_name() -> None:
    event = read(published("channels/08-*"))
    assert isinstance(event, Interaction)
    assert (event.platform, event.payload.type) == ("whatsapp", "read")
    assert event.payload.receiver.contacts[0].identifier_value == "311111111"
    # Without a proven header it has an id all the same: it brings its own.
    assert event.id == "f28b8a73-99d2-11ee-9479-0a58a9feac02"


def test_a_status_can_be_asked_by_name_and_has_a_rank() -> None:
    example = json.loads(published("channels/04-*"))
    event = read(example)
    assert isinstance(event, Outbound)
    assert event.payload.receiver.contacts[0].identifier_value == "+3111111111"
    statuses = ("accepted", "sent", "sending_failed", "delivery_failed", "delivered", "a-new-one")
    told = [{**example, "payload": {**example["payload"], "status": each}} for each in statuses]
    assert [read(each).rank for each in told] == [10, 30, 36, 36, 40, 0]


def test_the_message_in_the_page_without_an_envelope_is_one_of_ours() -> None:
    message = msgspec.json.decode(published("channels/05-*"), type=channels.ChannelMessage)
    assert (message.chargeable_units, message.body["text"]) == (1, {"text": "Hello World !"})
    assert message.last_status_at == datetime(2024, 4, 15, 3, 37, 19, 920_000, tzinfo=UTC)


def test_the_interactions_of_the_page_are_ours() -> None:
    (shown,) = json.loads(published("channels/06-*"))["results"]
    interaction = msgspec.convert(shown, channels.MessageInteraction)
    assert interaction.metadata.reaction == channels.Reaction(emoji="text", action="text")
    assert lost(json.loads(msgspec.json.encode(interaction)), shown) == []


# -- what nobody has published yet -----------------------------------------------------------------------------------

SENT = json.loads(published("omnichannel/01-*"))
OUTBOUND = json.loads(published("channels/04-*"))


@pytest.mark.parametrize(
    ("told", "id_", "name", "why"),
    [
        ({**SENT, "name": "message.translated"}, SENT["eventId"], "message.translated", "there is no event"),
        ({**SENT, "revision": "2"}, SENT["eventId"], "message.sent", "Expected `int`"),
        ({**SENT, "payload": []}, SENT["eventId"], "message.sent", "Expected `object`"),
        ({"eventId": "e-1"}, "e-1", "", "there is no event"),
        ({"eventId": "e-1", "name": "message.sent"}, "e-1", "message.sent", "required field"),
        ({**OUTBOUND, "event": "whatsapp.call"}, "evt-1", "whatsapp.call", "there is no event"),
        ({**OUTBOUND, "event": "outbound"}, "evt-1", "outbound", "there is no event"),
        ({**OUTBOUND, "payload": {"id": "m-1"}}, "evt-1", "whatsapp.outbound", "required field `status`"),
        ({**OUTBOUND, "payload": None}, "evt-1", "whatsapp.outbound", "Expected `object`"),
        ({"type": "subscription.failing"}, "evt-1", "", "there is no event"),
        ({"eventId": 7, "name": "message.sent"}, "evt-1", "", "Expected `str`"),
    ],
)
def test_what_we_have_no_word_for_is_an_unknown_event(told: dict[str, Any], id_: str, name: str, why: str) -> None:
    event = read(told, id="evt-1")
    assert isinstance(event, Unknown)
    assert (event.id, event.name, event.message_id) == (id_, name, "")
    assert json.loads(event.raw) == told
    assert why in event.why


def test_new_fields_do_no_harm() -> None:
    new = {"new": [1], "newer": {"than": "this"}}
    details = {**SENT["payload"]["details"], **new}
    event = read({**SENT, **new, "payload": {**SENT["payload"], **new, "details": details}})
    assert isinstance(event, MessageSent)
    assert event.payload == read(SENT).payload
    assert json.loads(event.raw)["payload"]["details"]["new"] == [1]


# -- batches ---------------------------------------------------------------------------------------------------------


def test_a_batch_is_read_in_its_order_and_each_event_keeps_its_own_bytes() -> None:
    bodies = [published("omnichannel/01-*"), published("omnichannel/06-*"), published("omnichannel/22-*")]
    events = read_events(b" [" + b" ,\n".join(bodies) + b" ]\n")
    assert [type(event) for event in events] == [MessageSent, MessageDelivered, MessageInbound]
    assert [event.raw for event in events] == bodies
    assert read_events(b" [ ] ") == []


BAD = [
    b"1",
    b"null",
    b'"text"',
    b"[]",
    b"{}",
    b'{"eventId": null}',
    b'{"eventId": "\\ud83d"}',
    b'{"a": "\xff"}',
    b'{"eventId": "e-9", "name": "message.sent", "payload": {"id": "\\u0000"}}',
    b'{"eventId": "e-9", "name": "message.sent", "payload": ' + b"[" * DEEPEST * 4 + b"]" * DEEPEST * 4 + b"}",
    b'{"eventId": "e-9", "name": "message.sent", "payload": 1e999}',
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_what_cannot_be_read_in_a_batch_takes_nothing_with_it(bad: bytes) -> None:
    good = json.dumps(SENT).encode()
    events = read_events(b"[" + good + b"," + bad + b" ,\r\n\t" + good + b"]")
    assert [type(event) for event in events] == [MessageSent, Unknown, MessageSent]
    assert [event.raw for event in events] == [good, bad, good]
    assert events[1].id


def test_an_event_that_was_cut_within_an_emoji_is_unknown_alone_too() -> None:
    body = json.dumps({**SENT, "name": "message.sent\ud83d"}).encode()
    event = read(body)
    assert isinstance(event, Unknown)
    assert event.raw == body


LONG = (b"[" * 100_000, b"9" * 10_000, b'"text"')


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"hello", b"5", b"null", b"{", b"[{}", b"[{}}", b"[{},]", b"{} {}", b"\xff", b"\xef\xbb\xbf{}", *LONG],
)
def test_a_body_that_is_no_json_of_events_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable, match=r"the body is (not JSON|neither an event nor an array)"):
        read_events(body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), st.booleans(), st.data())
def test_any_json_in_any_place_gives_an_event(value: Any, in_batch: bool, data: st.DataObject) -> None:
    told = json.loads(data.draw(st.sampled_from([body for _, body in ALL])))
    place = told
    while isinstance(place, dict) and place:
        above, name = place, data.draw(st.sampled_from(sorted(place)))
        place = above[name]
    above[name] = value
    good = json.dumps(SENT)
    body = json.dumps(told)
    events = read_events((f"[{good}, {body}, {good}]" if in_batch else body).encode())
    assert len(events) == (3 if in_batch else 1)
    assert all(isinstance(event, Event) and event.id for event in events)


def test_an_id_is_made_of_the_bytes_where_nothing_better_is_there() -> None:
    body = json.dumps(OUTBOUND).encode()
    assert read(body).id == read(b" " + body + b"\n").id != read({**OUTBOUND, "new": 1}).id
    one, two = read_events(b"[" + body + b"," + body + b"]", id="evt-1")
    assert one.id == two.id == read(body).id
    assert read(b"[" + body + b"]", id="evt-1").id == "evt-1"
