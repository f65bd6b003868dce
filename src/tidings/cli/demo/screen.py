"""How the demonstration looks: lines as they come, at 80 columns, and a table in the end."""

import time
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tidings import __version__
from tidings.cli.demo.receiver import OMNICHANNEL, Told
from tidings.cli.demo.story import Chapter, Outcome, Play
from tidings.cli.show import STAGE_STYLES

WIDTH = 80
MARGIN = 13
"""Characters before the events: the time and the chapter."""
MARKS = 3
"""Characters after an event: a space and two marks."""
STAGES = 15
"""Characters for how a message stands, and its hops."""
WORDS = {"sentRequest": "cyan", "inbound": "magenta", "reaction": "magenta"}


class Screen:
    """What is shown of a play, as it happens; its columns are as wide as the longest event that it tells."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._console = Console(width=WIDTH, highlight=False)
        self._left = max(len(self._short(label)) for each in play.chapters for label in each.omnichannel)
        self._right = max(len(label) for each in play.chapters for label in each.channels)
        self._begun = time.monotonic()

    def open(self, hub_url: str, subscriber_url: str) -> None:
        """Say who is there."""
        paper, players = self._console, [each.connector for each in self._play.players]
        paper.print(Rule(Text(f"Tidings {__version__}: what became of your messages", style="bold")))
        about = Table.grid(padding=(0, 2))
        about.add_column(style="dim")
        about.add_column()
        about.add_row("Hub", Text.assemble((hub_url, "cyan"), "  its data in one SQLite file"))
        about.add_row("Providers", f"{', '.join(players)}  (simulated)")
        about.add_row("Subscriber", Text.assemble((subscriber_url, "cyan"), "  the same events in two vocabularies"))
        about.add_row("✓✓", "the Standard Webhooks signature is good, and the vocabulary's own")
        paper.print(about)
        paper.print()
        paper.print(Text(f"{' ' * MARGIN}{'omnichannel':{self._left + MARKS}}  channels", style="dim italic"))

    def begin(self, number: int, chapter: Chapter) -> None:
        """Begin a chapter."""
        self._console.print()
        self._console.print(Text.assemble((f" {number + 1}  ", "bold yellow"), (chapter.title, "bold")))
        self._console.print(Text(f"    {chapter.how}", style="dim"))

    def tell(self, number: int, told: Told) -> None:
        """Show a webhook in its vocabulary's column."""
        line = Text(f"{time.monotonic() - self._begun:6.2f} s  ", style="dim")
        line.append(f"{number + 1}  ", style="yellow")
        if told.vocabulary != OMNICHANNEL:
            line.append(" " * (self._left + MARKS + 2))
        line.append_text(_marked(self._short(told.label), told))
        self._console.print(line)

    def close(self, outcomes: Sequence[Outcome], wrong: Sequence[Sequence[str]]) -> None:
        """Show what became of every message, and in red what should have."""
        table = Table(box=box.HORIZONTALS, show_edge=False, pad_edge=False, show_lines=True, padding=(0, 1, 0, 0))
        table.add_column("", width=1)
        table.add_column("Stage" if self._play.common else "Stage and hops", width=STAGES)
        table.add_column("Omnichannel", width=self._left)
        table.add_column("Channels", width=self._right)
        for number, (outcome, faults) in enumerate(zip(outcomes, wrong, strict=True)):
            summary = Text.assemble((outcome.stage, STAGE_STYLES.get(outcome.stage, "")), style="bold")
            for hop in () if self._play.common else outcome.hops:
                summary.append_text(Text(f"\n{hop}", style="not bold dim"))
            if outcome.answers is not None:
                summary.append_text(Text(f"\nanswers {outcome.answers + 1}", style="not bold dim"))
            mark = Text(str(number + 1), style="bold red" if faults else "bold yellow")
            table.add_row(mark, summary, _listed(map(self._short, outcome.omnichannel)), _listed(outcome.channels))
        self._console.print()
        self._console.print(table)
        for number, (chapter, faults) in enumerate(zip(self._play.chapters, wrong, strict=True)):
            for fault in faults:
                self._console.print(Text(f"✗ {number + 1}  {chapter.title}: {fault}", style="red"))

    def conclude(self, webhooks: int, unproven: int, *, as_expected: bool) -> None:
        """Say in one line how it came out."""
        took = time.monotonic() - self._begun
        signatures = f"{2 * webhooks - unproven} of {2 * webhooks} signatures verified"
        good = Text.assemble(("✓ Everything is as it must be: ", "bold green"))
        bad = Text.assemble(("✗ Not as it must be: ", "bold red"))
        self._console.print((good if as_expected else bad).append(f"{webhooks} webhooks, {signatures}, {took:.1f} s."))

    def _short(self, label: str) -> str:
        """Leave out the platform that every event is of."""
        return label.removesuffix(self._play.common)


def _marked(text: str, told: Told) -> Text:
    label = _label(text)
    label.append(" ")
    for good in (told.standard, told.own):
        label.append("✓" if good else "✗", style="green" if good else "bold red")
    return label


def _label(label: str) -> Text:
    """Write an event with its telling word in its colour: the status or type, of omnichannel events their own name."""
    event, _, word = label.partition(" ")
    family, _, name = event.rpartition(".")
    telling = name if family in ("message", "interaction") else word
    style = WORDS.get(telling) or STAGE_STYLES.get(telling, "magenta")
    if family in ("message", "interaction"):
        return Text.assemble(f"{family}.", (name, style), f" {word}" if word else "")
    return Text.assemble(f"{event} ", (word, style))


def _listed(labels: Iterable[str]) -> Text:
    return Text("\n").join(_label(each) for each in labels)
