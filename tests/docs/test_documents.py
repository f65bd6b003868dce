"""The documents are true: what they show is run, what they list is what there is, and where they point something is."""

import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from support.documents import DOCUMENTS, ROOT, anchors, blocks, links, matches, parts
from support.made import parts as made_parts

QUICKSTART = ROOT / "docs" / "quickstart.md"
PORTS = ("8080", "9100", "9200")
PATIENCE = 60
"""Seconds that the whole quickstart may take."""

UNWANTED = re.compile(
    r"\b(TODO|FIXME|XXX|helpers?|utils?|manager|handler|registry|blazing(ly)?|seamless(ly)?|effortless(ly)?|powerful|"
    r"leverag\w+|cutting-edge|world-class|robust|game-chang\w+|simply|just works)\b|img\.shields|(?<![&\w])#\d",
    re.IGNORECASE,
)
"""Words of nobody's, of hype, and of what is unfinished; pictures of badges; numbers of threads elsewhere."""

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@every_document
def test_relative_links_lead_somewhere(path: Path) -> None:
    lost = []
    for target in links(path):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        if not place.exists() or (anchor and anchor not in anchors(place)):
            lost.append(target)
    assert lost == []


@every_document
def test_no_document_says_what_it_must_not(path: Path) -> None:
    text = path.read_text()
    assert [found[0] for found in UNWANTED.finditer(text)] == []
    assert str(ROOT) not in text
    assert max(len(line) for line in text.split("\n") if not line.startswith("|")) <= 120


@every_document
def test_generated_parts_are_what_the_code_says(path: Path) -> None:
    made = made_parts()
    assert {name: text for name, text in parts(path).items() if name in made} == {
        name: made[name] for name in parts(path) if name in made
    }


def test_every_made_part_is_shown_somewhere() -> None:
    shown = {name for path in DOCUMENTS for name in parts(path)}
    assert sorted(made_parts().keys() - shown) == []


def test_every_document_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / target).resolve() for target in links(index)}
    assert [path for path in DOCUMENTS if path != index and "changes" not in path.parts and path not in listed] == []


def test_quickstart_does_what_it_says(tmp_path: Path) -> None:
    script, shown = _script(QUICKSTART)
    for port in PORTS:
        free = str(_free_port())
        script, shown = script.replace(port, free), [text and text.replace(port, free) for text in shown]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TIDINGS_")}
    environment["PATH"] = f"{ROOT / '.venv' / 'bin'}:{environment['PATH']}"
    (tmp_path / "quickstart.sh").write_text(script)
    bash = ["bash", "quickstart.sh"]
    process = subprocess.run(
        bash, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert process.returncode == 0, f"{process.stdout}\n{process.stderr}\n{logs}"
    got = process.stdout.split(_MARK)[1:]
    assert len(got) == len(shown)
    for number, (expected, output) in enumerate(zip(shown, got, strict=True), 1):
        if expected is not None:
            assert matches(expected, output), f"block {number} shows\n{expected}\nbut it is\n{output}\n{logs}"


_MARK = "---- the next block ----\n"


def _script(path: Path) -> tuple[str, list[str | None]]:
    """Join the blocks that are run into one script; give what each of them shows, None where it shows nothing."""
    script = ["set -e -o pipefail", "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT", "exec 2>&1"]
    shown: list[str | None] = []
    for block in blocks(path):
        if block.info == ("sh", "run"):
            script += [f"echo '{_MARK.strip()}'", block.text]
            shown.append(None)
        elif block.info == ("text",) and shown and shown[-1] is None:
            shown[-1] = block.text
    return "\n".join(script), shown


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
