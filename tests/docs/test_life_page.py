"""The page on the life of a message shows what these lives really were."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.documents import ROOT, parts
from support.walks import fallback_walk, sms_walk

SHOWN = parts(ROOT / "docs" / "life-of-a-message.md")


@pytest.mark.parametrize(("name", "live"), [("sms", sms_walk), ("fallback", fallback_walk)])
async def test_a_life_is_as_it_is_shown(
    name: str, live: Callable[[Path], Awaitable[dict[str, str]]], tmp_path: Path
) -> None:
    lived = await live(tmp_path)
    assert lived == {each: text for each, text in SHOWN.items() if each.startswith(f"{name}/")}
