"""The page on receiving: its commands are run with those of the other documents, and here its Python."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.contract import messagebird_headers, standard_headers
from support.documents import ROOT, blocks, named_blocks
from support.published import EXAMPLES
from tidings.receiver import BadSignature, Event, Webhook, read_events
from tidings.rules.signing import key_from

PAGE = ROOT / "docs" / "receiving.md"
NOW = 1_700_000_000


def shown(name: str) -> dict[str, Any]:
    """Take what a block of the page defines."""
    there: dict[str, Any] = {}
    exec(named_blocks(PAGE)[name], there)
    return there


def told(path: str, **changed: Any) -> Event:
    (file,) = EXAMPLES.glob(path)
    (event,) = read_events(json.dumps({**json.loads(file.read_bytes()), **changed}).encode())
    return event


@pytest.fixture
def database() -> Any:
    with sqlite3.connect(":memory:") as database:
        yield database
    database.close()


def test_every_block_is_tried_here_or_run() -> None:
    tried = {"proxied.py", "rotating.py", "types.py", "once.py", "exactly_once.py", "order.py"}
    assert named_blocks(PAGE).keys() == tried
    others = [block.info for block in blocks(PAGE) if len(block.info) < 2 or "." not in block.info[1]]
    assert set(others) == {("sh", "run"), ("text",)}


def test_behind_a_proxy_the_address_is_the_public_one() -> None:
    page = shown("proxied.py")
    secret, body = "the subscription's signing key", b'{"eventId": "e-1"}'
    url = "https://hooks.example.com/webhooks?from=tidings"
    webhook: Webhook = page["webhook"]
    webhook._now = lambda: NOW  # The page's receiver has the machine's clock.
    (event,) = webhook.events(messagebird_headers(secret, NOW, url, body), body)
    assert event.id == "e-1"
    other = messagebird_headers(secret, NOW, "https://hooks.example.com/two?a=b", body)
    assert [event.id for event in page["events_at"]("/two?a=b", other, body)] == ["e-1"]
    with pytest.raises(BadSignature):
        page["events_at"]("/three", other, body)


def test_while_keys_change_either_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = b"o" * 24, b"n" * 24
    monkeypatch.setenv("WEBHOOK_KEYS", f"{key_from(old)} {key_from(new)}")
    webhook: Webhook = shown("rotating.py")["webhook"]
    webhook._now = lambda: NOW
    for octets in (old, new):
        webhook.verify(standard_headers(octets, NOW, b"{}"), b"{}")
    with pytest.raises(BadSignature):
        webhook.verify(standard_headers(b"x" * 24, NOW, b"{}"), b"{}")


def test_events_are_put_into_words() -> None:
    in_words: Callable[[Event], str] = shown("types.py")["in_words"]
    assert [in_words(told(path)) for path in ("omnichannel/16-*", "omnichannel/22-*", "channels/04-*")] == [
        "37fe6fcc-8149-48d0-baf9-1c72850d532b failed: Channel reported the message was undeliverable",
        "447234234234 wrote 'Hello'",
        "4a53460b-1728-4573-bd78-ea1c041a46e6 is delivered on whatsapp",
    ]
    assert [in_words(told(path)) for path in ("channels/02-*", "channels/08-*")] == [
        "+3511111111 wrote {'type': 'text', 'text': {'text': 'Test'}}",
        "whatsapp.interaction of 9c9175e7-63d7-45ae-b945-d21dfea942be",
    ]
    new = in_words(told("omnichannel/16-*", name="message.translated"))
    assert new == "something new: message.translated (there is no event 'message.translated')"


def test_an_event_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = shown("once.py")
    done: list[str] = []
    events = [told("omnichannel/01-*"), told("omnichannel/06-*")]

    def fail(event: Event) -> None:
        done.append(event.name)
        if event.name == "message.delivered":
            raise RuntimeError

    with pytest.raises(RuntimeError):
        page["take"](events, fail)
    for _ in range(2):
        page["take"](events, lambda event: done.append(event.name))
    page["seen"].close()
    assert done == ["message.sent", "message.delivered", "message.delivered"]
    assert (tmp_path / "seen.db").exists()


def test_an_event_is_done_exactly_once_in_one_transaction(database: Any) -> None:
    take = shown("exactly_once.py")["take"]
    database.executescript(
        "CREATE TABLE taken (event TEXT PRIMARY KEY); CREATE TABLE totals (events); INSERT INTO totals VALUES (0)"
    )
    for path in ("omnichannel/01-*", "omnichannel/06-*", "omnichannel/01-*"):
        take(database, told(path))
    assert database.execute("SELECT events FROM totals").fetchall() == [(2,)]
    database.execute("ALTER TABLE totals RENAME TO away")
    with pytest.raises(sqlite3.OperationalError):
        take(database, told("omnichannel/16-*"))
    assert database.execute("SELECT count(*) FROM taken").fetchall() == [(2,)]


def test_what_is_older_is_passed_over(database: Any) -> None:
    take = shown("order.py")["take"]
    database.execute("CREATE TABLE standing (message TEXT PRIMARY KEY, place INTEGER, word TEXT)")
    message = told("omnichannel/01-*").message_id
    for revision, name in ((2, "message.sent"), (4, "message.read"), (3, "message.delivered"), (2, "message.sent")):
        take(database, told("omnichannel/01-*", revision=revision, name=name))
    other = json.loads(told("channels/04-*").raw)["payload"]
    for status in ("accepted", "delivery_failed", "sent", "delivered", "delivery_failed"):
        take(database, told("channels/04-*", payload={**other, "status": status}))
    take(database, told("channels/08-*"))
    standing = dict(database.execute("SELECT message, word FROM standing").fetchall())
    assert standing == {message: "message.read", other["id"]: "delivered"}
