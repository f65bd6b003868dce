"""Documents as tests see them: their blocks, their generated parts, their links, and outputs with wildcards."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "changes").glob("*.md"))]

_BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"(?P<open><!-- generated: (?P<name>[\w/ -]+) -->\n)(?P<text>.*?)(?P<close><!-- end -->)", re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: the words behind the fence, and what stands within."""

    info: tuple[str, ...]
    text: str


def blocks(path: Path) -> Iterator[Block]:
    """Give the fenced blocks of a document in order."""
    for found in _BLOCK.finditer(path.read_text()):
        yield Block(tuple(found["info"].split()), found["text"])


def named_blocks(path: Path) -> dict[str, str]:
    """Give the blocks that are whole files, by the file's name, which stands behind the language."""
    return {block.info[1]: block.text for block in blocks(path) if len(block.info) == 2 and "." in block.info[1]}


def parts(path: Path) -> dict[str, str]:
    """Give the generated parts of a document by their names."""
    return {found["name"]: found["text"] for found in _PART.finditer(path.read_text())}


def fill(path: Path, made: Mapping[str, str]) -> bool:
    """Write the generated parts of a document anew; say whether that changed it."""
    text = path.read_text()
    filled = _PART.sub(lambda found: found["open"] + made[found["name"]] + found["close"], text)
    path.write_text(filled)
    return filled != text


def links(path: Path) -> Iterator[str]:
    """Give the targets of a document's links, without those in code."""
    text = re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", path.read_text()))
    for found in _LINK.finditer(text):
        yield found["target"]


def anchors(path: Path) -> set[str]:
    """Give the anchors that headings of a document make, as GitHub writes them."""
    text = _BLOCK.sub("", path.read_text())
    return {re.sub(r"[^\w\- ]", "", found["text"].lower()).replace(" ", "-") for found in _HEADING.finditer(text)}


def matches(shown: str, got: str) -> bool:
    """Say whether an output is as it is shown; `…` in what is shown stands for anything within a line.

    A line of `…` alone stands for any number of lines.
    """
    lines = [
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else r"[^\n]*?".join(map(re.escape, line.split("…"))) + r"[ ]*\n"
        for line in shown.strip("\n").split("\n")
    ]
    return re.fullmatch("".join(lines), got.strip("\n") + "\n") is not None


def table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a table."""
    written = [titles, tuple("---" for _ in titles), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in written)
