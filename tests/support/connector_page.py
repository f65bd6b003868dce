"""The page on one connector, made from what it declares."""

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from support.abilities import ABOUT_EVENTS, ANYWHERE, NO_SUCH_EVENT, deeds, events, kinds, platforms
from support.documents import table
from tidings.cli.demo.platforms import everything
from tidings.cli.simulation import sample, simulators
from tidings.connectors.connector import Connector, settings_schema
from tidings.model.platforms import PLATFORMS

WIDTH = 118
MADE = "<!-- `make golden` makes this page from what the code declares; a test compares the two. -->"
NOTHING = "–"

DOES = {
    "handshake": "When the provider asks whether anybody is at the callback URL, the hub answers by itself.",
    "evidence": "What proves a callback, such as a certificate, is fetched from the provider and kept for a while.",
    "complete": "Where a callback only points to what was said, the hub gets it before it reads the callback.",
    "acknowledge": "Once a callback is on disk, the hub may tell the provider something, such as that it was read.",
    "poll_seconds": "The provider can be asked for what happened, not only call the hub; the settings say how often.",
    "renewal": "Credentials that end, or that the provider refuses, are renewed by the hub, which keeps the new ones.",
}
"""What a connector does beside sending and reading, by the method that it then has of its own."""


def connector_page(kind: type[Connector[Any]]) -> str:
    """The whole page."""
    return joined(
        f"# {kind.label}",
        MADE,
        *(wrapped(escaped(" ".join(each.split()))) for each in (inspect.getdoc(kind) or "").split("\n\n")),
        _bullets(
            (
                f"The connector's name: `{kind.name}`.",
                f"Platforms: {platforms(kind)}.",
                f"The provider's documentation: <{kind.documentation}>.",
            )
        ),
        "## What it can do",
        table(("", *(title for title, _ in _groups(kind))), _abilities(kind)).rstrip("\n"),
        wrapped(ABOUT_EVENTS) if NO_SUCH_EVENT in str(list(_abilities(kind))) else "",
        *_ways_in(kind),
        _bullets(said for method, said in DOES.items() if getattr(kind, method) is not getattr(Connector, method)),
        "## Settings",
        wrapped("Those that are *secret* are encrypted where they are kept, and never shown again."),
        table(("Setting", "Value", "Default", "Meaning"), _settings(kind)).rstrip("\n"),
        "## Notes" if kind.notes else "",
        _bullets(map(escaped, kind.notes)),
        *_trial(kind),
    )


def _ways_in(kind: type[Connector[Any]]) -> Iterator[str]:
    """How the provider's words come to the hub."""
    if kind.wire != "http":
        yield "## How reports come"
        yield wrapped(
            f"The hub speaks `{kind.wire}` with the provider, not HTTP. How reports and answers come stands in the"
            " notes, and the channel's `callbackUrl` is of use only where they name it."
        )
        return
    yield "## The callback URL"
    yield wrapped(
        "A channel's `callbackUrl` is `/callbacks/` and the channel's id below `TIDINGS_PUBLIC_URL`; `tidings channel"
        " show` says it. Where the provider wants it, and what follows it there, stands in the notes."
    )


def joined(*blocks: str) -> str:
    """Put the blocks of a page together, with an empty line between."""
    return "\n\n".join(filter(None, blocks)) + "\n"


def wrapped(text: str, indent: str = "") -> str:
    """Break a paragraph into lines."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def escaped(text: str) -> str:
    """Keep what looks like a tag from being taken for one; code stands as it is."""
    return "".join(part if part.startswith("`") else part.replace("<", "\\<") for part in re.split(r"(`[^`]*`)", text))


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(wrapped(f"* {each}", indent="  ") for each in items)


def _groups(kind: type[Connector[Any]]) -> list[tuple[str, str]]:
    """The groups of platforms that it can do the same on: a title, and one of them."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name in kind.platforms:
        found.setdefault(tuple(_able(kind, name)), []).append(name)
    if kind.name == ANYWHERE:
        return [("any other platform" if "sms" in each else f"`{each[0]}`", each[0]) for each in found.values()]
    return [(", ".join(f"`{name}`" for name in each), each[0]) for each in found.values()]


def _abilities(kind: type[Connector[Any]]) -> Iterator[tuple[str, ...]]:
    columns = [list(_able(kind, name)) for _, name in _groups(kind)]
    for cells in zip(*columns, strict=True):
        yield cells[0][0], *(said for _, said in cells)


def _able(kind: type[Connector[Any]], name: str) -> Iterator[tuple[str, str]]:
    """What it can do on a platform, line by line."""
    able = kind.capabilities[name]
    receipts, reads, inbound = events(able)
    rate, pause = able.rate_per_second, able.per_recipient_seconds
    yield "Sends", kinds(able)
    yield "Receipts", receipts
    yield "Reads", reads
    yield "Interactions", deeds(able)
    yield "Inbound messages", inbound
    yield "Callbacks are proven by", able.signature
    yield "Pace", f"{rate:g} messages a second, unless the channel says otherwise" if rate else "as the channel says"
    yield "Pause between two messages to one person", f"{pause:g} s" if pause else "none"
    yield "One message to several recipients", "yes" if able.several_recipients else "no"
    yield (
        "When may be written",
        "that depends on when the person last wrote; see the notes" if able.windowed else "at any time",
    )
    yield (
        "After an unclear answer",
        "sent again: the provider takes a message once"
        if able.deduplicates
        else "not sent again, unless the provider can be asked and has not got it",
    )
    hours = "the platform's" if kind.name == ANYWHERE else f"{PLATFORMS[name].expiry_hours} hours"
    yield "Window", f"{hours}, unless the message or the channel says otherwise"


def _settings(kind: type[Connector[Any]]) -> Iterator[tuple[str, ...]]:
    schema = settings_schema(kind)
    for name, described in schema["properties"].items():
        default = "needed" if name in schema["required"] else _default(described.get("default"))
        yield f"`{name}`", _value(described), default, escaped(described.get("description", ""))


def _default(value: Any) -> str:
    match value:
        case None | "":
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case float():
            return f"`{value:g}`"
        case str() | int():
            return f"`{value}`"
        case _:
            return ", ".join(f"`{each}`" for each in value) or NOTHING


def _value(described: Mapping[str, Any]) -> str:
    """What a setting may be, in a word or a few."""
    match described:
        case {"anyOf": [one, {"type": "null"}]}:
            return _value(one)
        case {"enum": choices}:
            return " or ".join(f"`{each}`" if each else "empty" for each in choices)
        case {"writeOnly": True}:
            return "*secret*"
        case {"type": "array", "items": items}:
            return f"{_value(items)}, several"
        case {"type": "object", "additionalProperties": values}:
            return f"{_value(values)} by name"
        case _:
            words = {"string": "text", "boolean": "yes or no", "integer": "whole number", "number": "number"}
            return words[described["type"]]


def _trial(kind: type[Connector[Any]]) -> Iterator[str]:
    """How it is tried without an account; the first platform that can be shown stands for the others."""
    simulator = simulators().get(kind.name)
    if simulator is None:
        return
    shown = next((each for each in everything() if each.connector == kind.name), None)
    yield "## Try it"
    yield wrapped(
        "No account is needed: a simulator stands in for the provider. It checks requests and signs callbacks as the"
        " provider does, and with `--fault` it does what can go wrong."
    )
    commands = [*([_demo(shown.platform, kind.name)] if shown else []), f"tidings simulate {kind.name} --connect"]
    yield "\n".join(["```sh", *commands, "```"])
    if shown:
        told = ", ".join(f"`{each}`" for each in shown.demonstration.told)
        first = " The person has to write first." if shown.demonstration.writes_first else ""
        yield wrapped(f"The first shows a message on `{shown.platform}`, of which is told: {told}.{first}")
    usual, _ = sample(kind.name)
    if set(kind.platforms) > {usual}:
        yield wrapped(f"The channel of the second is one of `{usual}`, unless `--platform` names another.")
    for name, why in simulator.undemonstrated.items():
        yield wrapped(f"There is no demonstration of `{name}`: {why}.")


def _demo(platform: str, connector: str) -> str:
    """The command that shows a platform by a connector, which need not be named where it is the usual one."""
    usual = next(each.connector for each in everything() if each.platform == platform)
    return f"tidings demo --platform {platform}" + ("" if usual == connector else f" --connector {connector}")
