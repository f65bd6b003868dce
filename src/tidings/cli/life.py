"""A message's life as a timeline: what happened when, over which hop, and who was told."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tidings.cli.show import STAGE_STYLES

FINAL = frozenset({"delivered", "read", "expired", "failed"})
WAITING = "processing"
NEWEST = 2**62
"""Ranks after every event."""
LOST = frozenset({"expired", "failed"})


class Moment(NamedTuple):
    """One line of a timeline."""

    at: str
    """ISO 8601."""
    rank: int
    """Which of several at the same millisecond comes first."""
    mark: str
    word: str
    where: str
    notes: tuple[tuple[str, str], ...] = ()
    """Further lines: a text and its style."""


def is_final(life: dict[str, Any]) -> bool:
    """Whether nothing more is expected of a message."""
    stage = life["stage"]
    return stage in FINAL or (stage == "sent" and any(hop.get("lastWord") for hop in life.get("hops", ())))


def drawn(life: dict[str, Any], channels: dict[str, str]) -> RenderableType:
    """Draw a message's life; `channels` are their names by id."""
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(style="dim", no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    begun = datetime.fromisoformat(life["createdAt"])
    for moment in moments(life, channels):
        at = datetime.fromisoformat(moment.at).astimezone()
        style = STAGE_STYLES.get(moment.word, "")
        told = Text.assemble((moment.word, style), f"  {moment.where}" if moment.where else "")
        clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
        table.add_row(clock, _since((at - begun).total_seconds()), Text(moment.mark, style=style), told)
        for text, note_style in moment.notes:
            table.add_row("", "", Text("│", style="dim"), Text(text, style=note_style))
    return Group(_headline(life), Text(), table)


def moments(life: dict[str, Any], channels: dict[str, str]) -> list[Moment]:
    """Give everything that happened to a message, in the order of time."""
    found = [*_events(life, channels), *_hops(life, channels), *_history(life)]
    return sorted(found, key=lambda moment: (moment.at, moment.rank))


def _headline(life: dict[str, Any]) -> Text:
    incoming = life["direction"] == "incoming"
    people = [", ".join(each["addresses"].values()) for each in life.get("recipients", ())]
    stage = life["stage"]
    day = datetime.fromisoformat(life["createdAt"]).astimezone()
    head = Text.assemble((life["id"], "bold"), "  ", (stage, STAGE_STYLES.get(stage, "")), "\n")
    head.append(f"{'from' if incoming else 'to'} {'; '.join(people)}, {day:%A %d %B %Y}\n")
    content = life.get("content", {})
    said = content.get("title") or content.get("text") or ("(redacted)" if life.get("redacted") else "")
    head.append(f"“{said}”" if said else "", style="italic")
    reason = life.get("reason")
    if reason and stage in LOST:
        head.append(f"\n{_reason(reason)}", style=STAGE_STYLES[stage])
    if "lateFailure" in life:
        head.append(f"\nlater reported as failed: {_reason(life['lateFailure'])}", style="yellow")
    if "correlation" in life:
        head.append(f"\nanswers {life['correlation']['messageId']}", style="dim")
    return head


def _events(life: dict[str, Any], channels: dict[str, str]) -> Iterator[Moment]:
    for event in life.get("events", ()):
        interaction = event.get("interaction", {})
        word = interaction.get("deed") or event["kind"]
        notes: list[tuple[str, str]] = []
        if event.get("implied"):
            notes.append(("nobody said so; what follows proves it", "dim"))
        if event.get("late"):
            notes.append(("after it had been given up", "yellow"))
        if interaction:
            said = " ".join(
                str(interaction[name]) for name in ("emoji", "action", "url", "payload") if interaction.get(name)
            )
            notes += [(said, "")] if said else []
        notes += _told(event.get("attempts", ()))
        yield Moment(event["at"], event["position"], "●", word, _where(event, channels), tuple(notes))


def _told(attempts: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Say what became of telling each subscription."""
    ordered = sorted(attempts, key=lambda each: (each["subscriptionId"], each["number"]))
    for subscription, mine in groupby(ordered, key=lambda each: each["subscriptionId"]):
        last = list(mine)[-1]
        answer = last.get("status") or last.get("error", "no answer")
        tries = f", try {last['number']}" if last["number"] > 1 else ""
        done = last["verdict"] == "done"
        yield f"{'✓' if done else '✗'} told …{subscription[-6:]}: {answer}{tries}", "dim" if done else "red"


def _hops(life: dict[str, Any], channels: dict[str, str]) -> Iterator[Moment]:
    """Give the hops that came to nothing, as events tell only of the message, and those that wait."""
    for hop in life.get("hops", ()):
        if hop["stage"] in LOST and "updatedAt" in hop:
            reason = _reason(hop.get("reason", {}))
            yield Moment(hop["updatedAt"], -1, "✗", hop["stage"], _where(hop, channels), ((reason, "red"),))
        elif hop["stage"] == WAITING and not hop.get("cancelled"):
            tries = hop.get("tries", 0)
            notes = (
                ((f"handed over {tries} {'time' if tries == 1 else 'times'} so far, and not taken", "yellow"),)
                if tries
                else ()
            )
            yield Moment(hop["updatedAt"], NEWEST, "…", "waiting", _where(hop, channels), notes)
        elif hop.get("cancelled"):
            yield Moment(hop["updatedAt"], -1, "○", "cancelled", _where(hop, channels))


def _history(life: dict[str, Any]) -> Iterator[Moment]:
    for untold in life.get("history", ()):
        report = untold["report"]
        word = report.get("stage") or report.get("deed", report["type"])
        yield Moment(
            untold["at"], NEWEST, "·", word, "", (("reported again, or too late to matter: told nobody", "dim"),)
        )


def _where(about: dict[str, Any], channels: dict[str, str]) -> str:
    channel = about.get("channelId", "")
    over = f"over {channels.get(channel, channel)}" if channel else ""
    to = f"to {about['address']}" if about.get("address") else ""
    return " ".join(filter(None, (about.get("platform", ""), over, to)))


def _reason(reason: dict[str, Any]) -> str:
    code = f" ({reason['code']})" if reason.get("code") else ""
    return f"{reason.get('cause', '')}: {reason.get('text', '')}{code}" if reason else ""


def _since(seconds: float) -> str:
    """Write how long after the beginning something happened."""
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"+{seconds / size:.1f} {unit}"
    return f"+{max(seconds, 0):.2f} s"
