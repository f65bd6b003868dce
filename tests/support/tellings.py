"""Tellings as golden files write them: an event, its message and its workspace, and what subscribers are told of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Dialect, Telling
from tidings.dialects.omnichannel import Omnichannel
from tidings.model.events import Event
from tidings.model.messages import Message
from tidings.model.workspaces import Workspace

DIALECTS: tuple[Dialect, ...] = (Omnichannel(), Channels())
FOLDER = Path(__file__).parents[1] / "dialects"


class Golden(Struct, kw_only=True):
    """One golden file."""

    event: Event
    message: Message
    workspace: Workspace
    told: Raw

    @property
    def telling(self) -> Telling:
        return Telling(self.event, self.message, self.workspace)


def load_golden(path: Path) -> Golden:
    """Read a golden file."""
    return msgspec.json.decode(path.read_bytes(), type=Golden)


def load_telling(path: Path) -> tuple[Telling, dict[str, Any]]:
    """Read a golden file: the telling, and the body that it must become."""
    golden = load_golden(path)
    told: dict[str, Any] = msgspec.json.decode(golden.told)
    return golden.telling, told


def rewrite(write: Callable[[Path, Any], None]) -> None:
    """Tell every golden anew, for somebody to read the difference."""
    for dialect in DIALECTS:
        for path in sorted((FOLDER / dialect.name / "goldens").glob("*.json")):
            golden = load_golden(path)
            golden.told = Raw(dialect.render(golden.telling))
            write(path, golden)
