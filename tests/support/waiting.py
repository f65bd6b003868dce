"""Waiting for what other tasks, threads and processes do."""

import asyncio
import time
from collections.abc import Callable


async def until(true: Callable[[], object], *, seconds: float = 10.0, what: str = "") -> None:
    """Wait until something holds; fail when it does not within so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or true}")
        await asyncio.sleep(0.005)
