"""What the doctor says of the URLs that a hub is to call."""

from pathlib import Path
from typing import Any

import pytest

from support.visiting import visiting
from tidings.assemble import with_defaults
from tidings.cli.destinations import webhook_urls
from tidings.cli.findings import Finding, Level
from tidings.settings import Settings

HERE = "http://127.0.0.1:9/"


async def found(tmp_path: Path, *, has_tables: bool = True, **settings: Any) -> Finding:
    return await webhook_urls(with_defaults(Settings(data_dir=tmp_path / "var", **settings)), has_tables=has_tables)


@pytest.fixture
async def ids(tmp_path: Path) -> list[str]:
    """Subscriptions made while this machine was allowed; the last is stopped."""
    async with visiting(tmp_path) as visit:
        workspace, key = await visit.workspace()
        asked = [{"url": f"{HERE}{n}", "subscriptions": [{"type": "message.*"}], "active": n < 5} for n in range(6)]
        return [(await visit.made(f"/apispaces/{workspace}/webhooks", each, key=key))["id"] for each in asked]


async def test_those_that_are_refused_are_named_with_the_reason(tmp_path: Path, ids: list[str]) -> None:
    told = await found(tmp_path)
    assert told.level is Level.DOUBT
    assert told.text.startswith(f"5 of 5 are not called. {ids[0]}: 127.0.0.1 is a loopback address; ")
    assert [id_ in told.text for id_ in ids] == [True] * 3 + [False] * 3
    assert told.text.endswith("and 2 more")
    assert "TIDINGS_ALLOW_NETWORKS" in told.advice


async def test_those_that_are_allowed_are_counted(tmp_path: Path, ids: list[str]) -> None:
    told = await found(tmp_path, allow_networks="127.0.0.0/8", allow_http=True)
    assert told == Finding(
        "Webhook URLs",
        Level.GOOD,
        f"all {len(ids) - 1} may be called: by http and https at public addresses, and in 127.0.0.0/8",
    )


async def test_a_network_that_is_none_is_told(tmp_path: Path) -> None:
    told = await found(tmp_path, has_tables=False, allow_networks="10.0.0.1/8")
    assert (told.level, told.text) == (Level.WRONG, "TIDINGS_ALLOW_NETWORKS: 10.0.0.1/8 has host bits set")


async def test_before_the_first_start_nothing_is_refused(tmp_path: Path) -> None:
    told = await found(tmp_path, has_tables=False)
    assert told.text == "all 0 may be called: by https at public addresses"
