"""What webhooks are told: every golden, and every published example."""

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from support.keys import hmac_key
from support.tellings import load_telling
from tidings.dialects.dialect import Delivery
from tidings.dialects.omnichannel import Omnichannel, message_etag
from tidings.model.events import Kind
from tidings.model.platforms import PLATFORMS
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Subscription, Verdict
from tidings.rules.redaction import redact_fact, redact_message
from tidings.rules.schedule import HOUR, MINUTE, SECOND

HERE = Path(__file__).parent
GOLDENS = sorted((HERE / "goldens").glob("*.json"))
PUBLISHED = sorted((HERE.parents[1] / "published" / "omnichannel").glob("*.json"))
DIALECT = Omnichannel()

TIMES = {"updatedOn", "receivedOn"}
IDS = {"etag", "fbMessengerId"}
"""What an example cannot prove: etags are opaque, and 04 spells one Messenger id in two ways."""


def subscription(secret: str) -> Subscription:
    return Subscription(
        id="s",
        serial=1,
        workspace="ws",
        dialect="omnichannel",
        url="https://a.test/",
        wanted=(),
        secret=Secret(secret),
        keys=(hmac_key(),),
        created_at=0,
        updated_at=0,
    )


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_an_event_is_told_as_its_golden_says(path: Path) -> None:
    telling, told = load_telling(path)
    body = DIALECT.render(telling)
    assert json.loads(body) == told
    assert DIALECT.render(telling) == body
    assert told["name"] == DIALECT.name_of(telling)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_example_is_reproduced(path: Path) -> None:
    telling, _ = load_telling(HERE / "goldens" / path.name)
    example, told = json.loads(path.read_bytes()), json.loads(DIALECT.render(telling))
    assert shape(told) == shape(example)
    for name in TIMES:
        assert told["payload"].get(name) == example["payload"].get(name)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: "…" if name in TIMES | IDS else shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else value


def test_the_goldens_tell_all_published_examples_and_every_kind() -> None:
    assert len(PUBLISHED) == 28
    assert {path.name for path in PUBLISHED} <= {path.name for path in GOLDENS}
    # What the hub says of itself has no word in this vocabulary.
    assert {load_telling(path)[0].event.kind for path in GOLDENS} == set(Kind) - {Kind.NOTICE}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_what_was_emptied_is_still_told_and_keeps_its_secrets(path: Path, platform: str) -> None:
    telling, told = load_telling(path)
    telling = replace(
        telling,
        event=replace(telling.event, platform=platform, fact=redact_fact(telling.event.fact)),
        message=redact_message(telling.message),
    )
    emptied = json.loads(DIALECT.render(telling))
    assert emptied["name"] == told["name"]
    assert emptied["payload"]["id"] == told["payload"]["id"]
    assert not {"body", "messageParts", "button"} & set(emptied["payload"])
    assert "Hello" not in str(emptied)
    assert "tranid" not in str(emptied)


def test_deeds_other_than_clicks_have_no_word() -> None:
    telling, _ = load_telling(HERE / "goldens" / "click-sms.json")
    interaction = telling.event.fact.interaction
    assert interaction is not None
    opened = replace(interaction, deed="opened")
    for each in (opened, None):
        event = replace(telling.event, fact=replace(telling.event.fact, interaction=each))
        assert DIALECT.name_of(replace(telling, event=event)) is None


def test_an_etag_is_of_the_published_form_and_changes_with_the_revision() -> None:
    digest = hashlib.sha1(b"e9f154c8-4011-493f-bb73-09cfcf8a1411.3").digest()
    tag = message_etag("e9f154c8-4011-493f-bb73-09cfcf8a1411", 3)
    assert tag == '"2e-' + base64.b64encode(digest).decode()[:27] + '"'
    assert re.fullmatch(r'"2e-[A-Za-z0-9+/]{27}"', tag)
    assert tag != message_etag("e9f154c8-4011-493f-bb73-09cfcf8a1411", 4)
    for path in PUBLISHED:
        assert re.fullmatch(r'"2e-[A-Za-z0-9+/]{27}"', json.loads(path.read_bytes())["etag"])


def test_the_signature_is_the_hex_hmac_of_the_exact_body() -> None:
    delivery = Delivery("e", 1_700_000_000, "https://a.test/", b'{"name":"message.sent"}')
    secret = "0123456789abcdef"
    outer = bytes(0x5C ^ octet for octet in secret.encode().ljust(64, b"\0"))
    inner = bytes(0x36 ^ octet for octet in secret.encode().ljust(64, b"\0"))
    by_hand = hashlib.sha1(outer + hashlib.sha1(inner + delivery.body).digest()).hexdigest()
    assert by_hand == hmac.new(secret.encode(), delivery.body, "sha1").hexdigest()
    assert DIALECT.sign(subscription(secret), delivery) == {"X-Comapi-Signature": by_hand}
    assert DIALECT.sign(subscription(""), delivery) == {}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(200, "done"), (204, "done"), (299, "done"), (400, "refused")]
    + [(status, "retry") for status in (0, 100, 199, 300, 302, 401, 404, 410, 429, 500, 503)],
)
def test_an_answer_means(status: int, verdict: str) -> None:
    assert DIALECT.judge(status) is Verdict(verdict)


def test_the_schedule_is_the_published_one() -> None:
    minutes = [each * MINUTE for each in (1, 2, 5, 10, 15, 30)]
    hours = [each * HOUR for each in (1, 2, 4, 4, 4, 4, 4)]
    assert list(DIALECT.schedule.waits) == [5 * SECOND, 10 * SECOND, 30 * SECOND, *minutes, *hours]


def test_the_event_names_are_the_published_ones() -> None:
    assert DIALECT.name == "omnichannel"
    assert DIALECT.event_names == (
        *("message.sentRequest", "message.sent", "message.delivered", "message.read", "message.expired"),
        *("message.failed", "message.inbound", "interaction.click"),
    )


def test_raw_words_are_told_as_they_came() -> None:
    telling, _ = load_telling(HERE / "goldens" / "delivered-whatsapp.json")
    odd = Raw(b'{ "a":1.10,  "b":"\\u00e9" }')
    telling = replace(telling, event=replace(telling.event, fact=replace(telling.event.fact, raw=odd)))
    assert bytes(odd) in DIALECT.render(telling)
