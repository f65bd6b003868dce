"""Messages that are sent, followed and shown from the command line."""

from typing import Any

import pytest

from support.terminal import Terminal

PHONE = "+447700900123"
REFUSED = "+15005550001"
"""Refused by the simulated provider as invalid."""


def test_a_message_is_followed_to_its_end(acme: Terminal, sms: dict[str, Any], endpoint: str) -> None:
    acme.run("subscription", "create", endpoint, "--event", "message.*")
    sent = acme.run("send", "Hello", "--to", PHONE, "--channel", "sms", "--wait", "--reference", "parcel-42")
    head, _, said, _, *timeline = sent.out.splitlines()
    assert head.split()[1] == "delivered"
    assert said.strip() == "“Hello”"
    words = [line.split()[4] for line in timeline if "●" in line]
    assert words == ["accepted", "sent", "delivered"]
    assert "sms over Our sms" in sent.out
    message = head.split()[0]
    life = acme.run("message", "show", message, "--json").json
    assert life["reference"] == "parcel-42"
    listed = acme.run("message", "list", "--json").json
    assert [(each["messageId"], each["status"]) for each in listed] == [(message, "delivered")]
    assert message in acme.run("message", "list", "--channel", "sms").out
    assert acme.run("message", "list", "--direction", "inbound").out == "No messages.\n"


def test_by_rules_every_address_is_the_same_persons(acme: Terminal, sms: dict[str, Any]) -> None:
    to = ("--to", PHONE, "--to", "ada@example.com", "--to", "lineuserid=U1")
    command = ("send", "Hello", *to, "--rules", "sms,email", "--title", "Hi", "--metadata", '{"order": 7}', "--json")
    sent = acme.run(*command).json
    assert (sent["to"], sent["rules"], sent["title"], sent["metadata"]) == (
        {"phoneNumber": PHONE, "email": "ada@example.com", "lineuserid": "U1"},
        ["sms", "email"],
        "Hi",
        {"order": 7},
    )


def test_a_message_that_fails_is_shown_and_fails(acme: Terminal, sms: dict[str, Any]) -> None:
    failed = acme.run("send", "Hello", "--to", REFUSED, "--rules", "sms", "--wait", code=1)
    assert failed.out.splitlines()[0].split()[1] == "failed"
    assert "✗ failed  sms over Our sms to +15005550001" in failed.out
    assert "bad-address: " in failed.out
    assert "(21211)" in failed.out


def test_a_message_that_is_not_over_in_time_is_told(acme: Terminal) -> None:
    settings = ("--set", "url=http://127.0.0.1:9/", "--set", f"signingKey=whsec_{'A' * 32}")
    acme.run("channel", "create", "Pager", "--platform", "pager", "--connector", "custom", *settings)
    command = ("send", "Hello", "--to", "identifier=7", "--channel", "pager", "--wait", "--seconds", "0.2")
    waiting = acme.run(*command, code=1)
    assert waiting.err == "Error: After 0.2 seconds its life is not over yet.\n"
    assert "waiting  pager over Pager to 7" in waiting.out
    assert "handed over 1 time so far, and not taken" in waiting.out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "Say either --channel or --rules."),
        (["--channel", "sms", "--rules", "sms"], "Say either --channel or --rules."),
        (["--rules", "sms", "--metadata", "[]"], "--metadata is a JSON object."),
        (["--rules", "sms", "--metadata", "{"], "--metadata is a JSON object: "),
    ],
)
def test_what_cannot_be_sent_is_told(options: list[str], why: str, acme: Terminal) -> None:
    assert acme.run("send", "Hello", "--to", PHONE, *options, code=2).err.startswith(f"Error: {why}")


def test_the_latest_of_no_messages(acme: Terminal) -> None:
    assert acme.run("message", "show", code=1).err == "Error: There are no messages yet.\n"


def test_a_message_is_emptied_and_taken_away(acme: Terminal, sms: dict[str, Any]) -> None:
    sent = acme.run("send", "Hello", "--to", PHONE, "--channel", "sms", "--wait", "--json").json
    acme.run("message", "redact", sent["id"], "--yes")
    assert "(redacted)" in acme.run("message", "show", sent["id"]).out
    acme.run("message", "delete", "latest", "--yes")
    assert acme.run("message", "list").out == "No messages.\n"
