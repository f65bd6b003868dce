"""The demonstration: a whole run as anybody sees it, and that it would notice if something were wrong."""

import base64
import hashlib
import hmac
import re
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from support.terminal import Server, Terminal
from tidings.cli.demo.parcel import CHAPTERS, EVENTS, PARCEL
from tidings.cli.demo.receiver import is_channels, is_omnichannel, is_standard, read
from tidings.cli.demo.story import Chapter, Outcome, differences

WEBHOOK = re.compile(r"^ +\d+\.\d\d s  (\d)  ( *)(\S+) (\S+) (\S\S)$")


def as_it_must_be(chapter: Chapter, **other: Any) -> Outcome:
    expected = Outcome(chapter.stage, chapter.hops, chapter.omnichannel, chapter.channels, chapter.answers)
    return expected._replace(**other)


def test_a_run_tells_every_event_and_ends_well(tmp_path: Path) -> None:
    begun = time.monotonic()
    server = Server(["demo"], tmp_path, TMPDIR=str(tmp_path))
    conclusion = server.wait_for(r"(✓ Everything is as it must be: .*)$")
    assert server.stop(0) == 0
    assert time.monotonic() - begun < 30
    lines = server.said.splitlines()
    assert max(map(len, lines)) <= 80
    webhooks = [found.groups() for line in lines if (found := WEBHOOK.match(line))]
    for number, chapter in enumerate(CHAPTERS, 1):
        mine = [each for each in webhooks if each[0] == str(number)]
        left = tuple(f"{event} {word}" for _, indent, event, word, _ in mine if not indent)
        right = [f"{event} {word}" for _, indent, event, word, _ in mine if indent]
        assert left == chapter.omnichannel
        assert sorted(right) == sorted(chapter.channels)
    assert {marks for *_, marks in webhooks} == {"✓✓"}
    assert conclusion.startswith("✓ Everything is as it must be: 29 webhooks, 58 of 58 signatures verified, ")
    # The table has every event once more, beside the final stage and the hops.
    table = server.said.partition("Stage and hops")[2]
    assert sum(table.count(event) for event in {each for chapter in CHAPTERS for each in chapter.channels}) == 15
    assert re.search(r"2 +delivered .*\n +sms failed .*\n +email delivered ", table)
    assert "answers 1" in table
    assert list(tmp_path.iterdir()) == []


def test_it_is_interrupted_without_a_trace(tmp_path: Path) -> None:
    server = Server(["demo"], tmp_path, TMPDIR=str(tmp_path))
    server.wait_for(r"(An sms is delivered)")
    assert server.stop(signal.SIGINT) == 130
    assert "Traceback" not in server.said
    assert "Error" not in server.said
    assert list(tmp_path.iterdir()) == []


def test_it_fails_and_shows_what_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the story only the reply is played, against other expectations, and one webhook is wrongly signed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("tidings.cli.demo.play.PATIENCE", 0.5)
    monkeypatch.setattr("tidings.cli.demo.receiver.is_standard", lambda *_: False)
    reply, act = PARCEL.scenes[3]
    other = reply._replace(stage="read", omnichannel=("message.inbound sms", "message.read sms"), log=("sent",))
    monkeypatch.setattr("tidings.cli.demo.parcel.PARCEL", PARCEL._replace(scenes=((other, act),)))
    said = Terminal("", "").run("demo", code=1).out
    assert [line.partition(", 2 of 4 ")[0] for line in said.splitlines() if line.startswith("✗")] == [
        "✗ 1  Somebody replies to the first sms: stage: expected read, got delivered",
        "✗ 1  Somebody replies to the first sms: answers message: expected 1, got none",
        "✗ 1  Somebody replies to the first sms: log: expected sent, got inbound",
        "✗ 1  Somebody replies to the first sms: omnichannel: expected message.read sms, ",
        "✗ Not as it must be: 2 webhooks",
    ]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.title for chapter in CHAPTERS])
def test_what_is_as_it_must_be_has_no_differences(chapter: Chapter) -> None:
    assert differences(chapter, as_it_must_be(chapter)) == []
    assert {event.partition(" ")[0] for event in chapter.channels} <= set(EVENTS)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"stage": "sent"}, ["stage: expected delivered, got sent"]),
        ({"hops": ("sms delivered",)}, ["hops: expected sms failed, email delivered, got sms delivered"]),
        ({"answers": 0}, ["answers message: expected none, got 1"]),
        (
            {"omnichannel": ("message.sentRequest sms", "message.delivered email", "message.sent email")},
            [
                (
                    "omnichannel: expected message.sentRequest sms, message.sent email, message.delivered email, "
                    "got message.sentRequest sms, message.delivered email, message.sent email"
                )
            ],
        ),
        # Nor between two messages.
        (
            {"omnichannel": ("message.inbound sms", *CHAPTERS[1].omnichannel)},
            ["omnichannel inbound: expected none, got message.inbound sms"],
        ),
        # Between two subscriptions there is no order to keep.
        ({"channels": ("email.outbound sent", "sms.outbound accepted", "email.outbound delivered")}, []),
        (
            {"channels": ("email.outbound sent", "email.outbound delivered", "sms.inbound delivered")},
            [
                "sms.outbound: expected sms.outbound accepted, got none",
                "sms.inbound: expected none, got sms.inbound delivered",
            ],
        ),
    ],
)
def test_what_differs_is_told(other: dict[str, Any], told: list[str]) -> None:
    assert differences(CHAPTERS[1], as_it_must_be(CHAPTERS[1], **other)) == told


def test_signatures_are_checked() -> None:
    body, url, now = b'{"a":1}', "http://127.0.0.1:1/x", datetime.now(UTC)
    key = "whsec_" + base64.b64encode(b"k" * 32).decode()
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(key).sign("1", now, body.decode()),
    }
    assert is_standard(headers, body, key)
    assert not is_standard(headers, body + b" ", key)
    assert not is_standard({}, body, key)

    omnichannel = {"x-comapi-signature": hmac.new(b"secret", body, hashlib.sha1).hexdigest()}
    assert is_omnichannel(omnichannel, url, body, "secret")
    assert not is_omnichannel(omnichannel, url, body, "another")
    assert not is_omnichannel({}, url, body, "secret")

    signed = b"1700000000\n" + url.encode() + b"\n" + hashlib.sha256(body).digest()
    signature = base64.b64encode(hmac.new(b"secret", signed, hashlib.sha256).digest()).decode()
    channels = {"messagebird-request-timestamp": "1700000000", "messagebird-signature": signature}
    assert is_channels(channels, url, body, "secret")
    assert not is_channels(channels, url + "/y", body, "secret")
    assert not is_channels({**channels, "messagebird-request-timestamp": "1700000001"}, url, body, "secret")


@pytest.mark.parametrize(
    ("vocabulary", "event", "told"),
    [
        (
            "omnichannel",
            {"name": "message.sent", "payload": {"id": "m", "details": {"channel": "sms"}}},
            "message.sent sms",
        ),
        ("omnichannel", {"name": "message.failed", "payload": {"id": "m", "details": {}}}, "message.failed"),
        ("omnichannel", {"name": "message.inbound", "payload": {"id": "m", "channel": "sms"}}, "message.inbound sms"),
        (
            "omnichannel",
            {"name": "interaction.click", "payload": {"id": "m", "channel": "sms"}},
            "interaction.click sms",
        ),
        ("channels", {"event": "sms.outbound", "payload": {"id": "m", "status": "sent"}}, "sms.outbound sent"),
        (
            "channels",
            {"event": "email.interaction", "payload": {"id": "i", "messageId": "m", "type": "opened"}},
            "email.interaction opened",
        ),
    ],
)
def test_a_webhook_is_read(vocabulary: str, event: dict[str, Any], told: str) -> None:
    assert read(vocabulary, event) == ("m", told)
