"""The documents are true: what they show is run, what they list is what there is, and where they point something is."""

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from support.documents import DOCUMENTS, ROOT, anchors, blocks, links, matches, parts
from support.made import parts as made_parts
from tidings.cli import app
from tidings.store.schema import metadata
from tidings.web.metrics.families import COUNTED

RUN = (
    ROOT / "README.md",
    ROOT / "docs" / "quickstart.md",
    ROOT / "docs" / "operating.md",
    ROOT / "docs" / "receiving.md",
    ROOT / "docs" / "api.md",
    ROOT / "docs" / "suppression.md",
)
"""What blocks of these show as commands is run, in order, in an empty folder."""
PORTS = ("8080", "9100", "9200")
PATIENCE = 60
"""Seconds that the commands of one document may take."""

UNWANTED = re.compile(
    r"\b(TODO|FIXME|XXX|helpers?|utils?|registry|blazing(ly)?|seamless(ly)?|effortless(ly)?|powerful|"
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


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for compiled modules, so that each of many short commands need not compile them again."""
    return tmp_path_factory.mktemp("compiled")


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.name)
def test_commands_do_what_is_shown(path: Path, tmp_path: Path, compiled: Path) -> None:
    script, shown = _script(path)
    for port in PORTS:
        free = str(_free_port())
        script, shown = script.replace(port, free), [text and text.replace(port, free) for text in shown]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("TIDINGS_")}
    environment["PATH"] = f"{ROOT / '.venv' / 'bin'}:{environment['PATH']}"
    environment["PYTHONPYCACHEPREFIX"] = str(compiled)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # How wide a terminal is decides where lines are broken.
    environment["COLUMNS"] = "100"
    (tmp_path / "commands.sh").write_text(script)
    bash = ["bash", "commands.sh"]
    process = subprocess.run(
        bash, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    logs = {log.name: log.read_text() for log in tmp_path.glob("*.log")}
    assert process.returncode == 0, f"{process.stdout}\n{process.stderr}\n{logs}"
    got = process.stdout.split(_MARK)[1:]
    assert len(got) == len(shown)
    for number, (expected, output) in enumerate(zip(shown, got, strict=True), 1):
        if expected is not None:
            assert matches(expected, output), f"block {number} shows\n{expected}\nbut it is\n{output}\n{logs}"


@every_document
def test_commands_that_are_named_exist(path: Path) -> None:
    lost = []
    for words in _COMMAND.findall(path.read_text()):
        place: Any = get_command(app)
        for word in words.split():
            # Below a command without commands of its own stand its arguments.
            if hasattr(place, "commands"):
                place = place.commands.get(word)
            if place is None:
                lost.append(words)
                break
    assert lost == []


def test_everything_that_is_counted_is_a_metric() -> None:
    source = "".join(file.read_text() for file in (ROOT / "src" / "tidings").rglob("*.py"))
    counted: dict[str, set[str]] = {}
    for name, kind in re.findall(r"counts\.add\(\s*\"(\w+)\", (\"\w+\")?", source):
        counted.setdefault(name, set()).update({kind.strip('"')} - {""})
    declared = {family.counted: set(family.values) for family in COUNTED}
    assert counted.keys() == declared.keys()
    assert {name: kinds - declared[name] for name, kinds in counted.items() if kinds - declared[name]} == {}


def test_every_table_is_described() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text().partition("## Tables")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(metadata.tables)


_COMMAND = re.compile(r"(?:`|^)tidings ([a-z]+(?: [a-z]+)?)", re.MULTILINE)
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
