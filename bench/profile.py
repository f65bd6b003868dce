"""Where a process spends its time, by py-spy, summed up by what the code is for."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTS = (
    ("waiting", ("select (", "_bootstrap", "wait (threading", "acquire")),
    ("judge and take down clicks", ("rules/prefetch", "flow/clicks", "rules/visitors")),
    ("http in", ("uvicorn", "tidings/web")),
    ("http out", ("wire/http",)),
    ("prove and read the callback", ("connectors/", "rules/forms", "urllib/parse")),
    ("life-cycle", ("rules/lifecycle",)),
    ("store", ("store/", "flow/page", "flow/record", "flow/attempts")),
    ("render and sign", ("dialects/", "rules/signing", "rules/times")),
    ("notify", ("flow/notify", "flow/log")),
    ("send", ("flow/send", "flow/accept", "flow/pace")),
)


@contextmanager
def profile(pid: int, seconds: float = 5) -> Iterator[dict[str, float]]:
    """Sample a process while something runs; the shares are there when it has ended. Empty where py-spy may not."""
    shares: dict[str, float] = {}
    with tempfile.NamedTemporaryFile(suffix=".raw") as file:
        spy = str(Path(sys.executable).parent / "py-spy")
        command = [spy, "record", "-p", str(pid), "-d", str(seconds), "-r", "200", "-f", "raw", "-o", file.name]
        sampler = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield shares
        sampler.wait()
        shares.update(_shares(Path(file.name).read_text()))


def _shares(raw: str) -> dict[str, float]:
    found: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, samples = line.rpartition(" ")
        found[_part(stack.split(";"))] += int(samples)
    found.pop("waiting", None)
    whole = sum(found.values()) or 1
    return {part: round(samples / whole, 3) for part, samples in found.most_common()}


def _part(stack: list[str]) -> str:
    """The innermost frame that belongs to a part says what the time was for."""
    for frame in reversed(stack):
        for part, marks in PARTS:
            if any(mark in frame for mark in marks):
                return part
    return "event loop and the rest"
