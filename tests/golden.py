"""`make golden`: write what the tests compare with anew, for you to read before you keep it."""

import asyncio
import importlib
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent


def main() -> None:
    """Write the generated parts of the documents."""
    # The tests' own modules are found as pytest finds them.
    sys.path.insert(0, str(TESTS))
    documents, made, walks = (importlib.import_module(f"support.{name}") for name in ("documents", "made", "walks"))
    parts = dict(made.parts())
    for walk in (walks.sms_walk, walks.fallback_walk):
        with tempfile.TemporaryDirectory() as folder:
            parts |= asyncio.run(walk(Path(folder)))
    for path in documents.DOCUMENTS:
        if documents.fill(path, parts):
            sys.stdout.write(f"{path.relative_to(TESTS.parent)} is written anew\n")


if __name__ == "__main__":
    main()
