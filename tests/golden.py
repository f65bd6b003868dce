"""`make golden`: write what the tests compare with anew, for you to read before you keep it.

A golden file that nobody read proves nothing. So every file that changed is named, and `git diff` shows the rest.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from support import documents, made, tellings, walks
from tidings.connectors.proving.samples import Folder
from tidings.connectors.proving.verdict import plain
from tidings.connectors.registry import connectors

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "src" / "tidings" / "connectors" / "samples"


def main() -> None:
    """Write what callbacks mean, what events look like, and the generated parts of the documents."""
    rewrite_meanings()
    tellings.rewrite(write)
    rewrite_documents()


def rewrite_meanings() -> None:
    """Write what every connector's sample callbacks mean."""
    for name, kind in connectors().items():
        if (SAMPLES / name).is_dir():
            for sample in Folder(kind, SAMPLES / name).samples():
                if sample.kind == "callback":
                    connector, callback = sample.received()
                    write(sample.path.with_suffix(".json"), plain(connector.parse(callback)))


def rewrite_documents() -> None:
    """Write the generated parts of the documents, some of them from lives that are lived for it."""
    parts = dict(made.parts())
    for walk in (walks.sms_walk, walks.fallback_walk):
        with tempfile.TemporaryDirectory() as folder:
            parts |= asyncio.run(walk(Path(folder)))
    for path in documents.DOCUMENTS:
        if documents.fill(path, parts):
            tell(path)


def write(path: Path, value: Any) -> None:
    """Write a golden file, if what it says is new."""
    said = msgspec.json.decode(msgspec.json.encode(value))
    if not path.exists() or msgspec.json.decode(path.read_bytes()) != said:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
        tell(path)


def tell(path: Path) -> None:
    """Name a file that was written."""
    sys.stdout.write(f"{path.relative_to(TESTS.parent)} is written anew\n")


if __name__ == "__main__":
    main()
