"""A foreign SMSC: the package `smpp` under Node, installed by its lock, as a process of its own."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.waiting import until

PEER = Path(__file__).parent.parent / "peers" / "smpp"


class Foreign:
    """A running one, and what it has heard."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.heard: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"smpp://127.0.0.1:{self.heard[0]['port']}"

    async def listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.heard.append(json.loads(line))

    async def hears(self, wanted: Callable[[dict[str, Any]], bool], number: int = 1) -> list[dict[str, Any]]:
        """Wait until it has heard so many such things."""
        await until(lambda: len(list(filter(wanted, self.heard))) >= number, what=f"{self.heard}")
        return list(filter(wanted, self.heard))

    async def deliver(self, **pdu: Any) -> None:
        """Have it deliver something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(pdu).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def foreign_smsc(folder: Path) -> AsyncIterator[Foreign]:
    """Install it below a folder, and run it; the test is skipped where there is no Node."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node and npm are not installed.")
    home = folder / "smsc"
    shutil.copytree(PEER, home)
    await _run(npm, "ci", "--silent", "--no-audit", "--no-fund", home=home)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(node, str(home / "smsc.js"), cwd=home, stdin=pipe, stdout=pipe)
    smsc = Foreign(process)
    listening = asyncio.create_task(smsc.listen())
    try:
        await until(lambda: smsc.heard)
        yield smsc
    finally:
        process.terminate()
        await process.wait()
        await listening


async def _run(*command: str, home: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=home, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said.decode()
