"""What every connector inherits: reading settings, describing them, and refusing what cannot be sent."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, Raw

from tidings.connectors import connector
from tidings.connectors.connector import (
    Capabilities,
    Connector,
    Outgoing,
    read_settings,
    secret_settings,
    settings_schema,
    unsupported_kinds,
)
from tidings.model.content import Content, Media
from tidings.model.errors import FieldError, Refused
from tidings.model.exchange import Answer, Callback, Exchange, Piece, Sent
from tidings.model.reports import Report
from tidings.model.secrets import Secret


class Settings(connector.Settings, frozen=True, kw_only=True):
    """Settings of every sort."""

    api_key: Annotated[Secret, Meta(description="A key.")]
    old_key: Secret | None = None
    retries: Annotated[int, Meta(description="How often.", ge=0)] = 3


class Acme(Connector[Settings]):
    """A connector that inherits all it can."""

    name = "acme"
    label = "Acme"
    platforms = ("sms", "mms")
    capabilities = {"sms": Capabilities(sends=frozenset({"text"})), "mms": Capabilities(sends=frozenset({"media"}))}
    Settings = Settings

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        yield from ()
        return Sent(pieces=(Piece("1"),), answer=Raw(b"{}"))

    def verify(self, callback: Callback) -> None:
        return None

    def parse(self, callback: Callback) -> list[Report]:
        return []


CALLBACK = Callback(method="POST", url="https://hub.example.test/callbacks/7", headers={}, body=b"", received_at=0)


def outgoing(platform: str, **said: Any) -> Outgoing:
    content = Content(**said)
    return Outgoing(message="m", hop=2, workspace="w", platform=platform, to="+1", content=content, now=0)


def test_what_is_inherited() -> None:
    acme = Acme(Settings(api_key=Secret("k")), "mms")
    assert acme.able == Capabilities(sends=frozenset({"media"}))
    assert acme.sender == ""
    assert acme.handshake(CALLBACK) is None
    assert acme.answer(CALLBACK) == Answer()
    assert acme.refusal(CALLBACK) == Answer(status=403, body=b"signature refused")
    assert acme.check(outgoing("mms", media=(Media(url="https://x.test/a"),))) == ()
    assert acme.renewal(0, refused=True) is None
    assert not acme.claims(CALLBACK), "what comes by a common door is nobody's who does not say so"
    assert acme.poll_seconds is None
    with pytest.raises(NotImplementedError):
        acme.poll("", 0)
    assert outgoing("mms").tag == "m:2"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"text": "Hi"}, ()),
        ({"title": "Only a title"}, (FieldError("body", "There is nothing to send on sms.", "Empty"),)),
        ({"native": {"mms": Raw(b"{}")}}, (FieldError("body", "There is nothing to send on sms.", "Empty"),)),
        ({"text": "Hi", "native": {"mms": Raw(b"{}")}}, ()),
        (
            {"text": "Hi", "native": {"sms": Raw(b"{}")}},
            (FieldError("body", "sms on this channel cannot send native.", "Unsupported"),),
        ),
        (
            {"text": "Hi", "html": "<b>", "media": (Media(),)},
            (
                FieldError("body", "sms on this channel cannot send html.", "Unsupported"),
                FieldError("body", "sms on this channel cannot send media.", "Unsupported"),
            ),
        ),
    ],
)
def test_kinds_that_cannot_be_sent_are_named(said: dict[str, Any], expected: tuple[FieldError, ...]) -> None:
    assert unsupported_kinds(outgoing("sms", **said), Acme.capabilities["sms"]) == expected


def test_settings_are_read() -> None:
    given = {"apiKey": "k", "oldKey": "o", "retries": 0}
    assert read_settings(Acme, given) == Settings(api_key=Secret("k"), old_key=Secret("o"), retries=0)
    assert read_settings(Acme, {"apiKey": "k", "oldKey": None}) == Settings(api_key=Secret("k"))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, FieldError("settings", "Object missing required field `apiKey`")),
        ({"apiKey": 5}, FieldError("settings.apiKey", "Expected `str`, got `int`")),
        ({"apiKey": "k", "retries": -1}, FieldError("settings.retries", "Expected `int` >= 0")),
        ({"apiKey": "k", "colour": "red"}, FieldError("settings", "Object contains unknown field `colour`")),
    ],
)
def test_settings_that_do_not_fit_are_refused(given: dict[str, Any], error: FieldError) -> None:
    with pytest.raises(Refused) as refused:
        read_settings(Acme, given)
    assert (refused.value.status, refused.value.errors) == (422, (error,))


def test_schema_marks_secrets() -> None:
    secret = {"type": "string", "format": "password", "writeOnly": True}
    assert secret_settings(Acme) == {"apiKey", "oldKey"}
    assert settings_schema(Acme) == {
        "title": "Settings",
        "description": "Settings of every sort.",
        "type": "object",
        "properties": {
            "apiKey": {**secret, "description": "A key."},
            "oldKey": {"anyOf": [secret, {"type": "null"}], "default": None},
            "retries": {"type": "integer", "description": "How often.", "minimum": 0, "default": 3},
        },
        "required": ["apiKey"],
        "additionalProperties": False,
    }


def test_setting_of_a_type_nobody_can_describe_is_a_fault_of_the_connector() -> None:
    class Strange(connector.Settings, frozen=True, kw_only=True):
        odd: complex

    class Odd(Acme):
        Settings = Strange  # type: ignore[assignment]  # it is what is wrong with it

    with pytest.raises(TypeError, match="complex"):
        settings_schema(Odd)
    with pytest.raises(Refused):
        read_settings(Odd, {"odd": "1"})
