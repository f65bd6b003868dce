"""`make golden`: write what the tests compare with anew, for you to read before you keep it.

A golden file that nobody read proves nothing. So every file that changed is named, and `git diff` shows the rest.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from support import documents, made, pages, tellings, walks
from tidings.connectors.proving.samples import Folder
from tidings.connectors.proving.verdict import plain
from tidings.connectors.registry import connectors

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "src" / "tidings" / "connectors" / "samples"


def main() -> None:
    """Write what callbacks mean, what events look like, the pages on connectors, and the generated parts of others."""
    rewrite_meanings()
    tellings.rewrite(write)
    rewrite_pages()
    rewrite_documents()


def rewrite_meanings() -> None:
    """Write what every connector's sample callbacks mean."""
    for name, kind in connectors().items():
        if (SAMPLES / name).is_dir():
            for sample in Folder(kind, SAMPLES / name).samples():
                if sample.kind == "callback":
                    connector, callback = sample.received()
                    write(sample.path.with_suffix(".json"), plain(connector.parse(callback)))


def rewrite_pages() -> None:
    """Write the pages on connectors, and take away those of connectors that are gone."""
    made_pages = pages.pages()
    pages.FOLDER.mkdir(exist_ok=True)
    for path, text in made_pages.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            tell(path)
    for path in set(pages.FOLDER.iterdir()) - made_pages.keys():
        path.unlink()
        tell(path, "taken away")


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


def tell(path: Path, what: str = "written anew") -> None:
    """Name a file that was written, or taken away."""
    sys.stdout.write(f"{path.relative_to(TESTS.parent)} is {what}\n")


if __name__ == "__main__":
    main()
