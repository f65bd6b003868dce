"""Every example that a help text shows is typed, and works."""

import os
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
from standardwebhooks import Webhook

from support.terminal import Server, Terminal
from tidings.cli import app

SERVERS = {"serve": r'"event": "(listening)"', "simulate": r"(is simulated) at"}
"""Commands that run until they are stopped, and what they say when they are ready."""
ELSEWHERE = {"tidings demo"}
"""Examples that another test runs."""
SECRETS = {"ACCOUNT_SID": "AC00112233445566778899aabbccddeeff", "SIGNING_KEY": "whsec_" + "A" * 32}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, each in getattr(command, "commands", {}).items():
        if getattr(each, "commands", {}):
            yield from commands(each, (*path, name))
        else:
            yield (*path, name), each


COMMANDS = dict(commands(typer.main.get_command(app)))
EXAMPLES = [
    line.removeprefix("  $ ")
    for command in COMMANDS.values()
    for line in (command.epilog or "").split("\n\n")
    if line.startswith("  $ ")
]
ASKING = [example for example in EXAMPLES if example.split()[1] not in SERVERS and example not in ELSEWHERE]
SERVING = [example for example in EXAMPLES if example.split()[1] in SERVERS]


def test_every_command_is_explained_and_has_an_example() -> None:
    shown = {path: [line for line in EXAMPLES if line.startswith(" ".join(("tidings", *path)))] for path in COMMANDS}
    assert [path for path, command in COMMANDS.items() if not (command.help and shown[path])] == []
    assert [line for line in EXAMPLES if not line.startswith("tidings ")] == []


def test_every_option_is_explained() -> None:
    silent = [(path, each.name) for path, command in COMMANDS.items() for each in command.params if not each.help]
    assert silent == []


@pytest.mark.parametrize("example", ASKING)
def test_example(
    example: str,
    acme: Terminal,
    sms: dict[str, Any],
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tidings.cli.connecting.at_terminal", lambda: True)
    wanted = {"service": "channels", "event": "sms.outbound", "url": endpoint, "signingKey": "a" * 16}
    subscription = acme.client.ask("POST", acme.client.within("webhook-subscriptions"), wanted)
    message = {"to": {"phoneNumber": "+447700900123"}, "rules": ["sms"], "body": "Hello"}
    sent = acme.client.ask("POST", f"/apispaces/{acme.client.workspace()}/messages", message)
    acme.client.ask("POST", acme.client.within("access-keys"), {"name": "shop", "scopes": ["send"]})
    acme.client.ask("POST", acme.client.within("suppressions"), {"platform": "email", "address": "ann@example.com"})
    (tmp_path / "stopped.csv").write_text("platform,address\nsms,+447700900177\n")
    names = {
        "CHANNEL": sms["id"],
        "SUBSCRIPTION": subscription["id"],
        "MESSAGE": sent["messageId"],
        "EVENT": acme.client.ask("GET", acme.client.within("events"))["results"][0]["id"],
        "REPLAY": _replay(acme, subscription["id"]) if "$REPLAY" in example else "",
        "WEBHOOK": str(_webhook(tmp_path, subscription["standardSigningKey"])),
        **SECRETS,
    }
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    _, *command = shlex.split(os.path.expandvars(example))
    assert "$" not in " ".join(command), example
    if command[0] == "workspace":
        acme.environment["TIDINGS_WORKSPACE"] = ""
    assert acme.run(*command, typed="a secret\n").out


def _replay(acme: Terminal, subscription: str) -> str:
    """Order a replay that waits, since its subscription is paused; gives its id."""
    place = acme.client.within("subscriptions", subscription)
    acme.client.ask("POST", f"{place}/pause")
    return str(acme.client.ask("POST", f"{place}/replays", {})["id"])


def _webhook(folder: Path, key: str) -> Path:
    """Save a webhook as it would come now."""
    now = datetime.now(UTC)
    head = f"webhook-id: 1\nwebhook-timestamp: {int(now.timestamp())}\n"
    file = folder / "webhook.http"
    file.write_text(f"{head}webhook-signature: {Webhook(key).sign('1', now, '{}')}\n\n{{}}")
    return file


def test_examples_of_servers(acme: Terminal, tmp_path: Path) -> None:
    environment = {**acme.environment, "DATABASE_URL": f"sqlite:///{tmp_path / 'another.db'}"}
    servers = []
    for number, example in enumerate(SERVING):
        # The last of several ports counts; those in the examples may be taken here.
        _, *command = shlex.split(example.replace("$DATABASE_URL", environment["DATABASE_URL"]))
        servers.append((command[0], Server([*command, "--port", "0"], tmp_path / str(number), **environment)))
    for name, server in servers:
        server.wait_for(SERVERS[name])
        assert server.stop(2) == 0, server.said
