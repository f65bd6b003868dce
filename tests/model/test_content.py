"""What a message says, and what of it is for which platform."""

import pytest
from msgspec import Raw

from tidings.model.content import KINDS, Action, Card, Choice, Content, Listing, Location, Media, Template

ANYWHERE = Media(url="https://a.test/1.png")
BOTH = Media(url="https://a.test/2.png", platforms=("sms", "email"))
PICTURES = Media(url="https://a.test/3.png", platforms=("mms",))

EACH = {
    "text": "Hello",
    "html": "<p>Hello</p>",
    "media": (ANYWHERE,),
    "actions": (Action("Yes"),),
    "listing": Listing("Pick", (Choice("1", "One"),)),
    "cards": (Card("One"),),
    "location": Location(0.0, 0.0),
    "contacts": ({"name": "Ada"},),
    "template": Template("welcome"),
    "native": {"whatsapp": Raw(b"{}")},
}


def test_every_kind_is_thought_of() -> None:
    assert set(EACH) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_is_of_its_kind(kind: str) -> None:
    assert Content(**{kind: EACH[kind]}).kinds == {kind}  # type: ignore[arg-type]


def test_a_title_and_headers_go_along_with_another_kind() -> None:
    assert Content(title="News", headers={"X-A": "1"}).kinds == frozenset()
    assert Content(title="News", text="Hello", media=(ANYWHERE,)).kinds == {"text", "media"}


@pytest.mark.parametrize(
    ("platform", "media"),
    [("sms", (ANYWHERE, BOTH)), ("email", (ANYWHERE, BOTH)), ("mms", (ANYWHERE, PICTURES)), ("line", (ANYWHERE,))],
)
def test_media_go_to_their_platforms(platform: str, media: tuple[Media, ...]) -> None:
    content = Content(text="Hello", media=(ANYWHERE, BOTH, PICTURES))
    assert content.on(platform) == Content(text="Hello", media=media)


@pytest.mark.parametrize(
    ("text", "platform", "html"),
    [("Hello", "email", "<p>"), ("Hello", "sms", ""), ("", "sms", "<p>"), ("", "email", "<p>")],
)
def test_html_beside_a_text_is_for_email(text: str, platform: str, html: str) -> None:
    assert Content(text=text, html="<p>").on(platform) == Content(text=text, html=html)


def test_what_is_all_for_a_platform_is_the_same() -> None:
    content = Content(title="News", text="Hello", media=(ANYWHERE, BOTH), actions=(Action("Yes"),))
    assert content.on("sms") is content
