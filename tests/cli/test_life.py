"""How a life is drawn: everything that happened, in the order of time."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from tidings.cli.life import Moment, drawn, is_final, moments

NAMES = {"c1": "Our sms", "c2": "Our mail"}
REASON = {"cause": "bad-address", "text": "No such number.", "code": "21211", "permanent": True}


def attempt(number: int, verdict: str, **more: Any) -> dict[str, Any]:
    return {"subscriptionId": "…-0000000abcdef", "number": number, "verdict": verdict, **more}


LIFE: dict[str, Any] = {
    "id": "m1",
    "direction": "outgoing",
    "createdAt": "2026-11-21T10:00:00.000Z",
    "stage": "delivered",
    "recipients": [{"addresses": {"phonenumber": "+447700900123", "emailaddress": "ada@example.com"}}],
    "content": {"text": "Hello"},
    "lateFailure": {"cause": "bounced", "text": "Gone.", "permanent": True},
    "hops": [
        {
            "number": 0,
            "platform": "sms",
            "channelId": "c1",
            "address": "+447700900123",
            "stage": "failed",
            "reason": REASON,
            "updatedAt": "2026-11-21T10:00:00.250Z",
        },
        {"number": 1, "platform": "email", "channelId": "c2", "address": "ada@example.com", "stage": "delivered"},
    ],
    "events": [
        {"position": 1, "kind": "accepted", "platform": "sms", "channelId": "c1", "at": "2026-11-21T10:00:00.000Z"},
        {
            "position": 2,
            "kind": "sent",
            "platform": "email",
            "channelId": "c2",
            "at": "2026-11-21T10:01:30.000Z",
            "implied": True,
            "attempts": [attempt(1, "retry", error="timeout"), attempt(2, "done", status=204)],
        },
        {
            "position": 3,
            "kind": "delivered",
            "platform": "email",
            "channelId": "c2",
            "at": "2026-11-21T10:01:30.000Z",
            "late": True,
            "attempts": [attempt(1, "retry", error="connect")],
        },
        {
            "position": 4,
            "kind": "interaction",
            "platform": "email",
            "channelId": "c2",
            "at": "2026-11-21T13:30:00.000Z",
            "interaction": {"deed": "clicked", "url": "https://acme.example/"},
        },
    ],
    "history": [{"at": "2026-11-23T10:00:00.000Z", "report": {"type": "receipt", "stage": "sent"}}],
}


def test_moments_come_in_the_order_of_time() -> None:
    assert moments(LIFE, NAMES) == [
        Moment("2026-11-21T10:00:00.000Z", 1, "●", "accepted", "sms over Our sms"),
        Moment(
            "2026-11-21T10:00:00.250Z",
            -1,
            "✗",
            "failed",
            "sms over Our sms to +447700900123",
            (("bad-address: No such number. (21211)", "red"),),
        ),
        Moment(
            "2026-11-21T10:01:30.000Z",
            2,
            "●",
            "sent",
            "email over Our mail",
            (("nobody said so; what follows proves it", "dim"), ("✓ told …abcdef: 204, try 2", "dim")),
        ),
        Moment(
            "2026-11-21T10:01:30.000Z",
            3,
            "●",
            "delivered",
            "email over Our mail",
            (("after it had been given up", "yellow"), ("✗ told …abcdef: connect", "red")),
        ),
        Moment("2026-11-21T13:30:00.000Z", 4, "●", "clicked", "email over Our mail", (("https://acme.example/", ""),)),
        Moment(
            "2026-11-23T10:00:00.000Z",
            2**62,
            "·",
            "sent",
            "",
            (("reported again, or too late to matter: told nobody", "dim"),),
        ),
    ]


def test_a_life_fits_into_eighty_columns() -> None:
    paper = Console(file=io.StringIO(), width=80)
    paper.print(drawn(LIFE, NAMES))
    lines = [line.rstrip() for line in paper.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert lines[0] == "m1  delivered"
    assert lines[1].startswith("to +447700900123, ada@example.com, ")
    assert lines[2:5] == ["“Hello”", "later reported as failed: bounced: Gone.", ""]
    assert re.findall(r"\+[0-9.]+ [smhd]", "\n".join(lines[5:])) == [
        "+0.00 s",
        "+0.25 s",
        "+1.5 m",
        "+1.5 m",
        "+3.5 h",
        "+2.0 d",
    ]


@pytest.mark.parametrize(
    ("life", "final"),
    [
        ({"stage": "delivered"}, True),
        ({"stage": "expired"}, True),
        ({"stage": "sent", "hops": [{"lastWord": True}]}, True),
        ({"stage": "sent", "hops": [{"lastWord": False}]}, False),
        ({"stage": "accepted"}, False),
    ],
)
def test_a_life_is_over_or_not(life: dict[str, Any], final: bool) -> None:
    assert is_final(life) is final


def test_what_a_person_wrote_says_what_it_answers() -> None:
    inbound = {
        "id": "m2",
        "direction": "incoming",
        "createdAt": "2026-11-21T10:00:00.000Z",
        "stage": "delivered",
        "recipients": [{"addresses": {"phonenumber": "+447700900123"}}],
        "correlation": {"messageId": "m1"},
        "redacted": True,
    }
    paper = Console(file=io.StringIO(), width=80)
    paper.print(drawn(inbound, {}))
    written = paper.file.getvalue()  # type: ignore[attr-defined]
    assert "from +447700900123, " in written
    assert "“(redacted)”" in written
    assert "answers m1" in written
