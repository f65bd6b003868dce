"""Every event of every platform, as it is told."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from dialects.channels.samples import (
    CHANNEL,
    CONTACT,
    a_telling,
    an_event,
    an_incoming,
    an_outgoing,
    told,
)
from support.tellings import Golden, load_golden
from tidings.dialects.channels import Channels
from tidings.dialects.channels.vocabulary import EVENTS
from tidings.model.content import Action, Card, Choice, Content, Listing, Location, Media, Template
from tidings.model.events import Fact, Kind
from tidings.model.messages import Recipient, Route
from tidings.model.platforms import PLATFORMS
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason

GOLDENS = sorted((Path(__file__).parent / "goldens").glob("*.json"))


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_an_event_is_told_as_its_golden_says(path: Path) -> None:
    case: Golden = load_golden(path)
    body = Channels().render(case.telling)
    assert msgspec.json.decode(body) == msgspec.json.decode(case.told)
    assert Channels().render(load_golden(path).telling) == body


def test_every_event_name_has_a_golden() -> None:
    told_names = {Channels().name_of(load_golden(path).telling) for path in GOLDENS}
    custom = {f"drop-box.{family}" for family in ("inbound", "outbound", "interaction")}
    assert told_names == set(EVENTS) | custom
    assert Channels.event_names == EVENTS
    assert len(EVENTS) == 3 * len(PLATFORMS)


def test_what_the_vocabulary_has_no_word_for() -> None:
    name_of = Channels().name_of
    one = an_outgoing(routes=(Route("email", CHANNEL),))
    several = an_outgoing(routes=(Route("email", CHANNEL),), recipients=one.recipients * 2)
    taken = Fact(submitted=True)
    assert name_of(a_telling(an_event(Kind.READ, "email"), one)) is None
    assert name_of(a_telling(an_event(Kind.DELIVERED, "email"), one)) == "email.outbound"
    assert name_of(a_telling(an_event(Kind.DELIVERED, "email"), several)) is None
    assert name_of(a_telling(an_event(Kind.FAILED, "email", fact=taken), several)) is None
    assert name_of(a_telling(an_event(Kind.EXPIRED, "email", fact=taken), several)) is None
    assert name_of(a_telling(an_event(Kind.FAILED, "email"), several)) == "email.outbound"
    assert name_of(a_telling(an_event(Kind.SENT, "email"), several)) == "email.outbound"
    assert name_of(a_telling(an_event(Kind.DELIVERED), an_outgoing(recipients=one.recipients * 2))) == "sms.outbound"
    assert name_of(a_telling(an_event(Kind.FAILED, "", channel=""), an_outgoing(routes=()))) is None


PICTURE = Media("image/png", "https://cdn.example/a.png", caption="a cat")

BODIES: dict[str, tuple[Content, Any]] = {
    "html": (
        Content(html="<b>Hi</b>", text="Hi", media=(Media("text/csv", "https://cdn.example/a.csv", name="a.csv"),)),
        {
            "html": "<b>Hi</b>",
            "text": "Hi",
            "attachments": [{"mediaUrl": "https://cdn.example/a.csv", "contentType": "text/csv", "filename": "a.csv"}],
        },
    ),
    "location": (
        Content(location=Location(52.37, 4.89, name="Dam", address="Dam 1")),
        {"coordinates": {"latitude": 52.37, "longitude": 4.89}, "location": {"label": "Dam", "address": "Dam 1"}},
    ),
    "carousel": (
        Content(
            text="Pick",
            cards=(Card("One", "First", PICTURE, (Action("Go", "link", url="https://acme.example"),)), Card("Two")),
        ),
        {
            "items": [
                {
                    "title": "One",
                    "description": "First",
                    "mediaUrl": "https://cdn.example/a.png",
                    "altText": "a cat",
                    "actions": [{"type": "link", "link": {"text": "Go", "url": "https://acme.example"}}],
                },
                {"title": "Two"},
            ],
            "text": "Pick",
        },
    ),
    "list": (
        Content(
            text="Pick",
            listing=Listing(
                "Open",
                (Choice("1", "One", section="A"), Choice("2", "Two", section="B"), Choice("3", "Three", section="A")),
            ),
        ),
        {
            "items": [
                {
                    "title": "A",
                    "actions": [
                        {"type": "postback", "postback": {"text": "One", "payload": "1"}},
                        {"type": "postback", "postback": {"text": "Three", "payload": "3"}},
                    ],
                },
                {"title": "B", "actions": [{"type": "postback", "postback": {"text": "Two", "payload": "2"}}]},
            ],
            "text": "Pick",
            "metadata": {"button": {"label": "Open"}},
        },
    ),
    "image": (
        Content(text="look", media=(PICTURE,), actions=(Action("Yes", payload="YES"),)),
        {
            "images": [{"mediaUrl": "https://cdn.example/a.png", "contentType": "image/png", "altText": "a cat"}],
            "text": "look",
            "actions": [{"type": "postback", "postback": {"text": "Yes", "payload": "YES"}}],
        },
    ),
    "file": (
        Content(media=(PICTURE, Media("audio/ogg", reference="media-7"), Media("text/plain", data="SGk="))),
        {
            "files": [
                {"mediaUrl": "https://cdn.example/a.png", "contentType": "image/png", "altText": "a cat"},
                {"mediaUrl": "", "contentType": "audio/ogg", "reference": "media-7"},
                {"mediaUrl": "", "contentType": "text/plain", "data": "SGk="},
            ]
        },
    ),
    "contacts": (Content(contacts=({"name": "Bob"},)), {"contacts": [{"name": "Bob"}]}),
    "text": (
        Content(
            text="Hi", actions=(Action("Hello"), Action("Ring", "call", phone="+4420"), Action("Here", "location"))
        ),
        {
            "text": "Hi",
            "actions": [
                {"type": "reply", "reply": {"text": "Hello"}},
                {"type": "call", "call": {"text": "Ring", "phoneNumber": "+4420"}},
                {"type": "location", "location": {"text": "Here"}},
            ],
        },
    ),
}


@pytest.mark.parametrize("kind", BODIES)
def test_what_a_person_wrote_is_shown_as_a_body(kind: str) -> None:
    content, inside = BODIES[kind]
    telling = a_telling(an_event(Kind.INBOUND), an_incoming(content=content))
    assert told(telling)["payload"]["body"] == {"type": kind, kind: inside}


def test_a_tap_without_text_is_a_text_body() -> None:
    content = Content(actions=(Action("Yes", payload="YES"),))
    body = told(a_telling(an_event(Kind.INBOUND), an_incoming(content=content)))["payload"]["body"]
    action = {"type": "postback", "postback": {"text": "Yes", "payload": "YES"}}
    assert body == {"type": "text", "text": {"text": "", "actions": [action]}}


def test_a_native_body_is_shown_as_it_came() -> None:
    content = Content(text="besides", native={"sms": Raw(b'{"type":"flash","flash":{"text":"!"}}')})
    payload = told(a_telling(an_event(Kind.SENT), an_outgoing(content=content)))["payload"]
    assert payload["body"] == {"type": "flash", "flash": {"text": "!"}}


def test_a_message_made_from_a_template_shows_the_template() -> None:
    message = an_outgoing(content=Content(template=Template("welcome", locale="en")))
    payload = told(a_telling(an_event(Kind.SENT), message))["payload"]
    assert payload["template"] == {"name": "welcome", "locale": "en"}
    assert "body" not in payload


def test_a_template_filled_in_outside_a_campaign_shows_its_text() -> None:
    message = an_outgoing(content=Content(text="Welcome, Ana", template=Template("welcome")))
    payload = told(a_telling(an_event(Kind.SENT), message))["payload"]
    assert payload["body"] == {"type": "text", "text": {"text": "Welcome, Ana"}}
    assert "template" not in payload


def test_a_provider_that_lies_about_the_time_is_told_at_the_time_we_heard() -> None:
    for lie in (-1, 10**18):
        payload = told(a_telling(an_event(Kind.DELIVERED, told_at=lie)))["payload"]
        assert (payload["lastStatusAt"], payload["updatedAt"]) == ("2024-04-15T03:37:19.920Z",) * 2


def test_a_reason_without_text_is_told_in_our_word() -> None:
    fact = Fact(reason=Reason(Cause.BLOCKED), submitted=True)
    payload = told(a_telling(an_event(Kind.FAILED, "viber", fact=fact)))["payload"]
    assert (payload["status"], payload["reason"]) == ("delivery_failed", "blocked")
    assert "failure" not in payload


def test_a_person_without_an_address_of_the_platform() -> None:
    other = an_incoming(platform="facebook", recipients=(Recipient(CONTACT, {"instagramuserid": "17"}),))
    none = an_incoming(platform="facebook", recipients=(Recipient(CONTACT, {}),))
    nobody = an_incoming(platform="facebook", recipients=())
    assert [
        told(a_telling(an_event(Kind.INBOUND, "facebook"), each))["payload"]["sender"]["contact"]
        for each in (other, none, nobody)
    ] == [
        {"id": CONTACT, "identifierKey": "instagramuserid", "identifierValue": "17"},
        {"id": CONTACT, "identifierKey": "facebookuserid", "identifierValue": ""},
        {"id": "", "identifierKey": "facebookuserid", "identifierValue": ""},
    ]


def test_a_number_of_no_known_country() -> None:
    message = an_outgoing(recipients=(Recipient(CONTACT, {"phonenumber": "+8835100"}),))
    assert told(a_telling(an_event(Kind.SENT), message))["payload"]["receiver"]["contacts"] == [
        {"id": CONTACT, "identifierKey": "phonenumber", "identifierValue": "+8835100"}
    ]


def test_an_inbound_without_a_provider_reference_has_no_parts() -> None:
    message = an_incoming(platform_reference="", extra={})
    payload = told(a_telling(an_event(Kind.INBOUND), message))["payload"]
    assert (payload["parts"], payload["meta"]) == ([], {})


def an_email_to_several(**deed: Any) -> Any:
    message = an_outgoing(
        recipients=(
            Recipient("c-1", {"emailaddress": "ana@acme.example"}),
            Recipient("c-2", {"emailaddress": "bob@acme.example"}),
        )
    )
    done = Interaction("k", Deed.OPENED, Target(reference="<1@mail>"), Raw(b"{}"), **deed)
    telling = a_telling(an_event(Kind.INTERACTION, "email", fact=Fact(interaction=done)), message)
    return [each["id"] for each in told(telling)["payload"]["receiver"]["contacts"]]


def test_of_several_recipients_only_the_one_who_acted_is_told() -> None:
    assert an_email_to_several(sender="Bob@Acme.example") == ["c-2"]
    assert an_email_to_several(sender="somebody@else.example") == ["c-1", "c-2"]
    assert an_email_to_several() == ["c-1", "c-2"]


def test_an_interaction_names_the_message_as_well_as_anybody_said() -> None:
    done = Interaction("k", Deed.CLICKED, Target(reference="wamid.7"), Raw(b"{}"))
    by_target = a_telling(an_event(Kind.INTERACTION, "whatsapp", fact=Fact(interaction=done)))
    by_us = a_telling(an_event(Kind.READ, "whatsapp"), an_outgoing(reference="order-17"))
    with_ours = a_telling(an_event(Kind.READ, "whatsapp"), an_incoming(platform_reference="wamid.in"))
    assert [
        (payload["messageReference"], payload["messagePartsCount"])
        for payload in (told(each)["payload"] for each in (by_target, by_us, with_ours))
    ] == [("wamid.7", 1), ("order-17", 0), ("wamid.in", 1)]
