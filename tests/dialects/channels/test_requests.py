"""Requests to send: what becomes of them, and what is refused."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from dialects.channels.samples import CHANNEL, WORKSPACE
from tidings.dialects.channels import read_send
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media, Template
from tidings.model.drafts import Addressee, Draft
from tidings.model.errors import Refused
from tidings.model.messages import Route
from tidings.model.workspaces import Channel

NOW = 1_713_152_236_441

TO = {"contacts": [{"identifierKey": "phonenumber", "identifierValue": "+31612345678"}]}
TEXT = {"type": "text", "text": {"text": "Hello"}}


def a_channel(platform: str = "whatsapp") -> Channel:
    return Channel(
        id=CHANNEL, workspace=WORKSPACE.id, name="", platform=platform, connector="custom", settings={}, created_at=0
    )


def read(fields: dict[str, Any], platform: str = "whatsapp") -> Draft:
    return read_send(msgspec.json.encode(fields), channel=a_channel(platform), now=NOW)


def content(body: dict[str, Any], platform: str = "whatsapp") -> Content:
    return read({"receiver": TO, "body": body}, platform).content


def errors(platform: str = "whatsapp", **fields: Any) -> list[tuple[str, str]]:
    body = {"receiver": TO, "body": TEXT, **fields}
    with pytest.raises(Refused) as refused:
        read(body, platform)
    assert refused.value.status == 422
    return [(error.path, error.code) for error in refused.value.errors]


def test_the_least_that_can_be_asked() -> None:
    asked = {"receiver": {"contacts": [{"identifierValue": " +31612345678 "}]}, "body": TEXT}
    assert read(asked) == Draft(
        dialect="channels",
        to=(Addressee(addresses={"phonenumber": "+31612345678"}),),
        routes=(Route("whatsapp", CHANNEL),),
        content=Content(text="Hello"),
        request=Raw(msgspec.json.encode(asked)),
    )


def test_everything_that_can_be_asked() -> None:
    asked = {
        "receiver": {
            "contacts": [
                {"identifierKey": "emailaddress", "identifierValue": "ana@acme.example", "type": "to"},
                {"id": "c-2", "type": "bcc", "annotations": {"name": "Bob"}, "countryCode": "GB"},
            ]
        },
        "sender": {"connector": {"id": "x", "identifierValue": "news@acme.example", "annotations": {"name": "Acme"}}},
        "reference": "order-17",
        "body": {
            "type": "html",
            "html": {
                "html": "<b>Hi</b>",
                "text": "Hi",
                "metadata": {"subject": "no", "headers": {"X-A": "1", "X-B": "1"}},
            },
        },
        "meta": {
            "extraInformation": {"order": 17, "big": 12345678901234567890123},
            "email": {"subject": "Hi", "headers": {"X-B": "2"}},
        },
        "replyTo": {"id": "m-1", "type": "reply", "order": 0},
        "enableLinkTracking": True,
        "tags": ["vip"],
        "context": {"id": "1", "type": "flow", "tags": ["a"]},
        "validity": 600,
        "notification": {"url": "https://ignored.example"},
        "capFrequency": False,
        "ignoreQuietHours": True,
        "ignoreGlobalHoldout": True,
    }
    draft = read(asked, "email")
    assert draft.metadata is not None
    assert bytes(draft.metadata) == b'{"order":17,"big":12345678901234567890123}'
    assert replace(draft, metadata=None) == Draft(
        dialect="channels",
        to=(Addressee(addresses={"emailaddress": "ana@acme.example"}), Addressee(contact="c-2", type="bcc")),
        routes=(Route("email", CHANNEL),),
        content=Content(html="<b>Hi</b>", text="Hi", title="Hi", headers={"X-A": "1", "X-B": "2"}),
        sender="news@acme.example",
        sender_name="Acme",
        reference="order-17",
        tags=("vip",),
        reply_to="m-1",
        expires_at=NOW + 600_000,
        track_links="on",
        request=Raw(msgspec.json.encode(asked)),
    )
    assert read({**asked, "enableLinkTracking": False}, "email").track_links == "off"


PICTURE = "https://cdn.example/a.PNG?v=2"
POSTBACK = {"type": "postback", "postback": {"text": "Yes", "payload": "YES"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {
                "type": "text",
                "text": {
                    "text": "Hi",
                    "metadata": {"subject": "Sale", "whatsapp": {"previewUrl": True}},
                    "attachments": [{"mediaUrl": "https://cdn.example/a.pdf", "filename": "a.pdf", "inline": True}],
                    "actions": [
                        POSTBACK,
                        {"type": "reply", "reply": {"text": "No"}},
                        {"type": "link", "link": {"text": "Go", "url": "https://acme.example"}},
                        {"type": "call", "call": {"text": "Ring", "phoneNumber": "+4420"}},
                        {"type": "location", "location": {"text": "Where?"}},
                    ],
                },
            },
            Content(
                text="Hi",
                title="Sale",
                media=(Media(url="https://cdn.example/a.pdf", name="a.pdf"),),
                actions=(
                    Action("Yes", payload="YES"),
                    Action("No"),
                    Action("Go", "link", url="https://acme.example"),
                    Action("Ring", "call", phone="+4420"),
                    Action("Where?", "location"),
                ),
            ),
        ),
        (
            {
                "type": "image",
                "image": {
                    "images": [
                        {"mediaUrl": PICTURE, "altText": "a cat"},
                        {"mediaUrl": "https://cdn.example/7"},
                        {"mediaUrl": "https://cdn.example/8", "contentType": "image/avif"},
                    ],
                    "text": "look",
                    "actions": [POSTBACK],
                },
            },
            Content(
                text="look",
                media=(
                    Media("image/png", PICTURE, caption="a cat"),
                    Media("image/*", "https://cdn.example/7"),
                    Media("image/avif", "https://cdn.example/8"),
                ),
                actions=(Action("Yes", payload="YES"),),
            ),
        ),
        (
            {
                "type": "file",
                "file": {
                    "files": [{"mediaUrl": "https://cdn.example/a", "contentType": "text/csv", "filename": "a.csv"}],
                    "text": "read",
                    "metadata": {"subject": "Files"},
                },
            },
            Content(text="read", title="Files", media=(Media("text/csv", "https://cdn.example/a", name="a.csv"),)),
        ),
        (
            {
                "type": "list",
                "list": {
                    "title": "Rooms",
                    "text": "Pick",
                    "altText": "a list",
                    "items": [
                        {"title": "A", "actions": [POSTBACK, {"type": "reply", "reply": {"text": "One"}}]},
                        {"title": "B", "actions": [POSTBACK]},
                    ],
                    "metadata": {"button": {"label": "Open"}},
                },
            },
            Content(
                text="Pick",
                listing=Listing(
                    "Open",
                    (
                        Choice("YES", "Yes", section="A"),
                        Choice("One", "One", section="A"),
                        Choice("YES", "Yes", section="B"),
                    ),
                    header="Rooms",
                ),
            ),
        ),
        (
            {"type": "list", "list": {"title": "Rooms", "items": [{"actions": [POSTBACK]}]}},
            Content(listing=Listing("Rooms", (Choice("YES", "Yes"),), header="Rooms")),
        ),
        (
            {"type": "list", "list": {"items": [{"actions": [POSTBACK]}]}},
            Content(listing=Listing("Options", (Choice("YES", "Yes"),))),
        ),
        (
            {
                "type": "carousel",
                "carousel": {
                    "text": "Pick",
                    "items": [
                        {
                            "title": "1",
                            "description": "One",
                            "mediaUrl": PICTURE,
                            "altText": "1",
                            "actions": [POSTBACK],
                        },
                        {"title": "2"},
                    ],
                },
            },
            Content(
                text="Pick",
                cards=(
                    Card("1", "One", Media("image/png", PICTURE, caption="1"), (Action("Yes", payload="YES"),)),
                    Card("2"),
                ),
            ),
        ),
        (
            {
                "type": "location",
                "location": {
                    "coordinates": {"latitude": 52.5, "longitude": 4},
                    "location": {"label": "Dam", "address": "1"},
                },
            },
            Content(location=Location(52.5, 4.0, "Dam", "1")),
        ),
    ],
)
def test_a_body_is_read_into_our_words(body: dict[str, Any], expected: Content) -> None:
    assert content(body) == expected


def test_a_body_of_an_unknown_type_goes_to_the_platform_as_it_is() -> None:
    said = content({"type": "sticker", "sticker": {"id": 7}}, "telegram")
    assert said.kinds == {"native"}
    assert {name: bytes(raw) for name, raw in said.native.items()} == {
        "telegram": b'{"type":"sticker","sticker":{"id":7}}'
    }


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            {"projectId": "p-1", "version": "2", "locale": "en", "variables": {"name": "Ana"}},
            Template("", "en", "2", {"name": "Ana"}, "p-1"),
        ),
        ({"name": "welcome"}, Template("welcome")),
    ],
)
def test_a_template_is_named_by_its_project_or_its_name(template: dict[str, Any], expected: Template) -> None:
    assert read({"receiver": TO, "template": template, "body": None}).content == Content(template=expected)


@pytest.mark.parametrize(
    ("platform", "fields", "expected"),
    [
        ("sms", {"receiver": None}, [("receiver", "type")]),
        ("sms", {"receiver": {"contacts": []}}, [("receiver.contacts", "required")]),
        ("sms", {"receiver": {"contacts": [{}]}}, [("receiver.contacts[0]", "required")]),
        ("sms", {"receiver": {"contacts": [{"identifierValue": " "}]}}, [("receiver.contacts[0]", "required")]),
        (
            "sms",
            {"receiver": {"contacts": [{"identifierValue": 31}]}},
            [("receiver.contacts[0].identifierValue", "type")],
        ),
        (
            "sms",
            {"receiver": {"contacts": [{"identifierkey": "phonenumber"}]}},
            [("receiver.contacts[0].identifierkey", "unknown")],
        ),
        (
            "sms",
            {"receiver": {"contacts": [{"identifierKey": "emailaddress", "identifierValue": "a@b.example"}]}},
            [("receiver.contacts[0].identifierKey", "misplaced")],
        ),
        (
            "sms",
            {"receiver": {"contacts": [{"id": "1"}, {"id": "2", "type": "cc"}]}},
            [("receiver.contacts", "too-many"), ("receiver.contacts[1].type", "unknown")],
        ),
        (
            "drop-box",
            {"receiver": {"contacts": [{"id": "1", "type": "reply"}]}},
            [("receiver.contacts[0].type", "unknown")],
        ),
        (
            "email",
            {"receiver": {"contacts": [{"identifierValue": "a@b.example\r\nBcc: c@d.example", "type": "cc"}]}},
            [("receiver.contacts", "required"), ("receiver.contacts[0].identifierValue", "invalid")],
        ),
        (
            "email",
            {
                "meta": {
                    "email": {"subject": "a\nb", "headers": {"X A": "1", "": "", "X-B": "\r", "X-C": "ok", "Ü": "1"}}
                }
            },
            [
                ("receiver.contacts[0].identifierKey", "misplaced"),
                ("meta.email.subject", "invalid"),
                ("meta.email.headers.X A", "invalid"),
                ("meta.email.headers.", "invalid"),
                ("meta.email.headers.X-B", "invalid"),
                ("meta.email.headers.Ü", "invalid"),
            ],
        ),
        ("sms", {"body": None}, [("body", "required")]),
        ("sms", {"template": {"name": "welcome"}}, [("body", "required")]),
        ("sms", {"body": None, "template": {}}, [("template", "required")]),
        ("sms", {"body": None, "template": {"name": "a", "projectId": "b"}}, [("template", "required")]),
        (
            "sms",
            {"body": None, "template": {"name": "a", "variables": {"n": 1}}},
            [("template.variables[...]", "type")],
        ),
        ("sms", {"body": "Hello"}, [("body", "type")]),
        ("sms", {"body": {"text": {"text": "Hello"}}}, [("body.type", "required")]),
        ("sms", {"body": {"type": "text"}}, [("body.text", "required")]),
        ("sms", {"body": {"type": "text", "text": {}}}, [("body.text.text", "required")]),
        ("sms", {"body": {"type": "text", "text": {"text": ""}}}, [("body.text.text", "type")]),
        ("sms", {"body": {"type": "image", "image": {"images": []}}}, [("body.image.images", "type")]),
        (
            "sms",
            {"body": {"type": "image", "image": {"images": [{"mediaUrl": "javascript:1"}]}}, "reference": "a\nb"},
            [("body.image.images[0].mediaUrl", "invalid"), ("reference", "invalid")],
        ),
        (
            "sms",
            {"body": {"type": "carousel", "carousel": {"items": [{"mediaUrl": "a.png"}]}}},
            [("body.carousel.items[0].mediaUrl", "invalid")],
        ),
        (
            "sms",
            {"body": {"type": "location", "location": {"coordinates": {"latitude": 91, "longitude": 0}}}},
            [("body.location.coordinates.latitude", "type")],
        ),
        (
            "sms",
            {
                "body": {
                    "type": "text",
                    "text": {
                        "text": "Hi",
                        "actions": [
                            {"type": "dance"},
                            {"type": "reply"},
                            {"type": "reply", "reply": {"text": ""}},
                            {"type": "link", "link": {"text": "Go", "url": "/here"}},
                        ],
                    },
                }
            },
            [
                ("body.text.actions[0].type", "unknown"),
                ("body.text.actions[1].reply.text", "required"),
                ("body.text.actions[2].reply.text", "required"),
                ("body.text.actions[3].link.url", "invalid"),
            ],
        ),
        ("sms", {"meta": {"email": {"subjekt": "Hi"}}}, [("meta.email.subjekt", "unknown")]),
        ("sms", {"meta": {"extraInformation": None}}, [("meta.extraInformation", "type")]),
        ("sms", {"meta": {"extraInformation": []}}, [("meta.extraInformation", "type")]),
        ("sms", {"tags": [""], "validity": 0}, [("tags", "invalid"), ("validity", "invalid")]),
        (
            "sms",
            {"tags": ["a\rb"] * 11, "validity": 10**9},
            [*((f"tags[{n}]", "invalid") for n in range(11)), ("tags", "invalid"), ("validity", "invalid")],
        ),
        ("sms", {"replyTo": {"id": ""}}, [("replyTo.id", "required")]),
        ("sms", {"replyTo": "m-1"}, [("replyTo", "type")]),
        (
            "sms",
            {"sender": {"connector": {"identifierValue": "a\nb", "annotations": {"name": "c\nd"}}}},
            [("sender.connector.identifierValue", "invalid"), ("sender.connector.annotations.name", "invalid")],
        ),
        ("sms", {"scheduledFor": "2030-01-01T00:00:00Z"}, [("scheduledFor", "unknown")]),
        ("sms", {"reference": "a\0b"}, [("reference", "text")]),
    ],
)
def test_what_is_refused_is_named(platform: str, fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert errors(platform, **fields) == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":"\\ud800"}', b"[" * 100_000])
def test_what_is_no_request_at_all(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_send(body, channel=a_channel(), now=NOW)
    assert refused.value.status == 422
