"""The address guard where subscriptions are saved, in every vocabulary."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from support.names import Names
from support.visiting import Visiting, visiting
from tidings.web import subscribing
from wire.attacks import ATTACKS, NAMES

GOOD = "https://hooks.example.com/x"
KNOWN = {**NAMES, "hooks.example.com": ["93.184.215.14"], "other.example.com": ["93.184.215.15"]}


class Vocabulary(NamedTuple):
    """How a vocabulary has subscriptions."""

    place: str
    body: Mapping[str, Any]
    change: str
    status: int


CHANNELS = Vocabulary(
    "/workspaces/{workspace}/webhook-subscriptions", {"service": "channels", "event": "sms.outbound"}, "PATCH", 422
)
OMNICHANNEL = Vocabulary("/apispaces/{workspace}/webhooks", {"subscriptions": [{"type": "message.*"}]}, "PUT", 400)
NOTICES = Vocabulary("/workspaces/{workspace}/subscriptions", {"events": ["*"]}, "", 422)
every_vocabulary = pytest.mark.parametrize("vocabulary", [CHANNELS, OMNICHANNEL], ids=["channels", "omnichannel"])


class Saving:
    """Saves subscriptions of one workspace in one vocabulary."""

    def __init__(self, visit: Visiting, vocabulary: Vocabulary, workspace: str) -> None:
        self.visit = visit
        self.vocabulary = vocabulary
        self.workspace = workspace
        self._place = vocabulary.place.format(workspace=workspace)

    async def save(self, url: str) -> httpx.Response:
        body = json.dumps({**self.vocabulary.body, "url": url})  # in ASCII, also what is no Unicode
        return await self.visit("POST", self._place, content=body)

    async def change(self, subscription: str, **changes: Any) -> httpx.Response:
        whole = dict(self.vocabulary.body) if self.vocabulary.change == "PUT" else {}
        path = f"{self._place}/{subscription}"
        return await self.visit(self.vocabulary.change, path, content=json.dumps({**whole, **changes}))

    def is_refused(self, answer: httpx.Response) -> bool:
        wrong = {error["path"] for error in answer.json().get("errors", ())}
        # Half a character makes the whole body no JSON, before anybody asks what it is.
        return answer.status_code == self.vocabulary.status and wrong in ({"url"}, {""})

    def kept(self) -> list[str]:
        return [each.url for each in self.visit.world.directory.subscriptions.values()]


@asynccontextmanager
async def saving(
    tmp_path: Path, vocabulary: Vocabulary, *, names: Names | None = None, workspace: str = "", **settings: Any
) -> AsyncIterator[Saving]:
    """Open a hub that has some names; plain http is allowed, so that it is not why something is refused."""
    given = {"allow_networks": "", "allow_http": True, **settings}
    async with visiting(tmp_path, names=names or Names(KNOWN), **given) as visit:
        yield Saving(visit, vocabulary, workspace or (await visit.workspace())[0])


@pytest.mark.parametrize("vocabulary", [CHANNELS, OMNICHANNEL, NOTICES], ids=["channels", "omnichannel", "notices"])
async def test_no_attack_is_taken(tmp_path: Path, vocabulary: Vocabulary) -> None:
    async with saving(tmp_path, vocabulary) as saved:
        answers = {url: await saved.save(url.format(port=8080)) for url in ATTACKS}
        assert {url: answer.text for url, answer in answers.items() if not saved.is_refused(answer)} == {}
        made = await saved.save(GOOD)
        if vocabulary.change:
            changes = {url: await saved.change(made.json()["id"], url=url.format(port=8080)) for url in ATTACKS}
            assert {url: answer.text for url, answer in changes.items() if not saved.is_refused(answer)} == {}
        assert saved.kept() == [GOOD]


@every_vocabulary
async def test_what_is_refused_is_told_with_its_field_and_a_reason(tmp_path: Path, vocabulary: Vocabulary) -> None:
    async with saving(tmp_path, vocabulary) as saved:
        answer = await saved.save("https://inside.example.com/")
        assert (answer.status_code, answer.json()["detail"]) == (vocabulary.status, "The hub may not call this URL.")
        assert answer.json()["errors"] == [
            {
                "path": "url",
                "message": "inside.example.com leads to a private address; whoever runs the hub can allow networks of "
                "their own with TIDINGS_ALLOW_NETWORKS.",
                "code": "not-allowed",
            }
        ]


@every_vocabulary
async def test_plain_http_is_taken_only_where_it_is_allowed(tmp_path: Path, vocabulary: Vocabulary) -> None:
    url = "http://hooks.example.com/x"
    async with saving(tmp_path / "closed", vocabulary, allow_http=False) as saved:
        assert saved.is_refused(await saved.save(url))
        assert (await saved.save(GOOD)).status_code == 201
    async with saving(tmp_path / "http", vocabulary) as saved:
        assert (await saved.save(url)).status_code == 201
    async with saving(
        tmp_path / "own", vocabulary, allow_http=False, allow_networks="127.0.0.0/8, 10.0.0.0/8"
    ) as saved:
        assert (await saved.save("http://inside.example.com/")).status_code == 201
        assert (await saved.save("http://127.0.0.1:9/")).status_code == 201
        assert saved.is_refused(await saved.save(url))
        assert saved.is_refused(await saved.save("https://192.168.0.1/"))


@every_vocabulary
async def test_a_name_that_nobody_knows_yet_is_taken(tmp_path: Path, vocabulary: Vocabulary) -> None:
    async with saving(tmp_path, vocabulary) as saved:
        assert (await saved.save("https://tomorrow.example.com/")).status_code == 201


async def test_a_name_server_that_is_silent_does_not_keep_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Names):
        async def __call__(self, host: str, port: int) -> list[str]:
            await asyncio.Event().wait()
            return []

    monkeypatch.setattr(subscribing, "LOOK_UP_SECONDS", 0.05)
    async with saving(tmp_path, CHANNELS, names=Silent()) as saved:
        async with asyncio.timeout(5):
            assert (await saved.save(GOOD)).status_code == 201


@every_vocabulary
async def test_one_that_may_no_longer_be_called_can_still_be_stopped(tmp_path: Path, vocabulary: Vocabulary) -> None:
    names = Names(KNOWN)
    stop = {"status": "inactive"} if vocabulary is CHANNELS else {"url": GOOD, "active": False}
    async with saving(tmp_path, vocabulary, names=names) as saved:
        made, workspace = (await saved.save(GOOD)).json()["id"], saved.workspace
    names.known["hooks.example.com"] = ["10.0.0.1"]
    async with saving(tmp_path, vocabulary, names=names, workspace=workspace) as saved:
        answer = await saved.change(made, **stop)
        assert (answer.status_code, answer.json()["url"]) == (200, GOOD)
        assert not saved.visit.world.directory.subscriptions[made].active
        assert saved.is_refused(await saved.save(GOOD))
        assert (await saved.change(made, url="https://other.example.com/")).status_code == 200
