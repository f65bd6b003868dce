"""What was kept long enough goes; keys that integrators publish are fetched again, and not all day."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from support.appdoors import Space, space_at
from support.apps import AUDIENCE, ISSUER
from support.provider import Provider
from support.visiting import visiting
from tidings.flow.conversations.keys import AGAIN_AFTER, GOOD_FOR
from tidings.flow.sweep import sweep_old
from tidings.store.statements import Statement, Transaction

DAY = 86_400_000
TABLES = ("happening", "said", "upload", "nonce", "app_session")


def rows(table: str) -> Transaction[int]:
    counted = Statement("count", f"SELECT count(*) FROM {table}", f"SELECT count(*) FROM {table}", (), frozenset())
    return int((yield counted())[0][0])


async def counts(space: Space) -> dict[str, int]:
    return {table: await space.visit.world.store.read(rows(table)) for table in TABLES}


async def test_what_was_kept_long_enough_goes(tmp_path: Path, database_url: str) -> None:
    async with visiting(tmp_path, database_url=database_url) as visit:
        space = await space_at(visit, retentionDays=30)
        ann = await space.token("ann")
        talk = (await space.made("/conversations", {}, ann))["id"]
        await space.say(talk, "Old", ann)
        await space("POST", "/content", ann, content=b"x", headers={"content-type": "text/plain"})
        assert await counts(space) == {"happening": 3, "said": 1, "upload": 1, "nonce": 1, "app_session": 1}
        visit.clock.move(29 * DAY)
        await sweep_old(visit.world)
        assert await counts(space) == {"happening": 3, "said": 1, "upload": 1, "nonce": 0, "app_session": 0}
        await space.say(talk, "New")
        visit.clock.move(2 * DAY)
        await sweep_old(visit.world)
        assert await counts(space) == {"happening": 1, "said": 1, "upload": 0, "nonce": 0, "app_session": 0}
        assert [each["conversationEventId"] for each in await space.events(talk)] == [4]
        assert (await space.say(talk, "Newer"))["eventId"] == 5


class Issuer:
    """An integrator that publishes its keys."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}
        self.asked = 0
        self.status = 200

    def publish(self, kid: str) -> None:
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def answer(self, _: Any) -> web.Response:
        self.asked += 1
        shown = [{**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid} for kid, key in self.keys.items()]
        return web.json_response({"keys": shown}, status=self.status)

    async def come(self, space: Space, kid: str) -> int:
        started = await space.start()
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "nonce": started["nonce"]}
        claims |= {"iat": space.now, "exp": space.now + 60}
        key = self.keys.get(kid) or next(iter(self.keys.values()))
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})
        return (await space.begin(started, token)).status_code


async def test_published_keys_are_fetched_again_when_they_change_and_not_all_day(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.publish("one")
    async with Provider(issuer.answer) as provider, visiting(tmp_path) as visit:
        url = f"{provider.url}/jwks.json"
        space = await space_at(visit, algorithm="RS256", secret=None, jwksUrl=url)
        assert [await issuer.come(space, "one") for _ in range(3)] == [201, 201, 201]
        assert issuer.asked == 1
        issuer.publish("two")
        assert await issuer.come(space, "two") == 401, "it was fetched a moment ago"
        visit.clock.move(AGAIN_AFTER)
        assert await issuer.come(space, "two") == 201
        assert [await issuer.come(space, f"strange-{each}") for each in range(5)] == [401] * 5
        assert issuer.asked == 2
        issuer.status = 500
        visit.clock.move(GOOD_FOR)
        assert await issuer.come(space, "one") == 201, "what was known goes on"
        assert issuer.asked == 3


@pytest.mark.parametrize("status", [404, 200])
async def test_keys_that_cannot_be_had_prove_nobody(tmp_path: Path, status: int) -> None:
    issuer = Issuer()
    issuer.publish("one")

    def nothing(_: Any) -> web.Response:
        return web.Response(text="no JSON", status=status)

    async with Provider(nothing) as provider, visiting(tmp_path) as visit:
        space = await space_at(visit, algorithm="RS256", secret=None, jwksUrl=f"{provider.url}/jwks.json")
        assert await issuer.come(space, "one") == 401
