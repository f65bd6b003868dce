"""Typing commands, and running those that serve as processes of their own."""

import json
import os
import re
import shlex
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from support.names import LOOPBACK
from tidings.cli import app
from tidings.cli.client import Client


class Said(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Terminal:
    """Types commands at a hub."""

    def __init__(self, url: str, key: str, workspace: str = "") -> None:
        self.environment = {"TIDINGS_URL": url, "TIDINGS_KEY": key, "TIDINGS_WORKSPACE": workspace, "COLUMNS": "80"}
        self.client = Client(url, key, workspace)

    def run(self, *command: str, typed: str = "", code: int | None = 0) -> Said:
        result = CliRunner().invoke(app, list(command), input=typed, env=dict(self.environment))
        if code is not None:
            assert result.exit_code == code, f"{shlex.join(command)}: {result.output} {result.exception!r}"
        return Said(result.exit_code, result.stdout, result.stderr)


class Server:
    """`python -m tidings …` as a process of its own."""

    def __init__(self, command: Sequence[str], folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TIDINGS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tidings", *command],
            cwd=folder,
            env={
                **kept,
                "PYTHONUNBUFFERED": "1",
                "COLUMNS": "200",
                "TIDINGS_ALLOW_NETWORKS": LOOPBACK,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        # Where a test fails before it stops it, nobody else would.
        weakref.finalize(self, self.process.kill)
        self.said = ""

    def wait_for(self, pattern: str) -> str:
        """Read what it says until a pattern comes; give its first group."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"it ended with {self.process.wait()} before {pattern!r}:\n{self.said}")

    def stop(self, signal: int) -> int:
        """Send a signal; give the code it ends with."""
        assert self.process.stdout is not None
        self.process.send_signal(signal)
        self.said += self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(timeout=15)
