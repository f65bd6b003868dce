"""Keys are rotated under a subscriber in each vocabulary, who believes no webhook that they cannot prove."""

from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from support.clock import MovedClock
from support.hub import Running, running
from support.keys import proves_v1a
from support.receiver import Got, Receiver
from support.subscriber import OMNICHANNEL, SECRET, Keys, prove

HOUR = 3_600_000
CHANNELS = "/sms?a=1"


class Acme:
    """A workspace whose messages are told at two paths of one receiver, each with keys of its own."""

    def __init__(self, at_work: Running, clock: MovedClock, workspace: str, receiver: Receiver) -> None:
        self.at_work = at_work
        self.clock = clock
        self.workspace = workspace
        self.receiver = receiver
        self.places: dict[str, str] = {}
        self.first: dict[str, str] = {}

    async def subscribe(self) -> None:
        space, place = f"/apispaces/{self.workspace}", f"/workspaces/{self.workspace}"
        url = self.receiver.url
        hook = {"url": url + OMNICHANNEL, "secret": SECRET, "subscriptions": [{"type": "message.sent"}]}
        made = await self.ask("POST", f"{space}/webhooks", hook)
        self.keep(OMNICHANNEL, made, made["signingKey"])
        wanted = {"event": "sms.outbound", "url": url + CHANNELS, "signingKey": SECRET}
        filters = {"eventFilters": [{"key": "messageStatus", "value": "sent"}]}
        made = await self.ask("POST", f"{place}/webhook-subscriptions", {**wanted, **filters})
        self.keep(CHANNELS, made, made["standardSigningKey"])
        await self.at_work.channel(self.workspace, "sms", "custom", {})

    def keep(self, path: str, made: Any, key: str) -> None:
        self.places[path] = f"/workspaces/{self.workspace}/subscriptions/{made['id']}"
        self.first[path] = key

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.at_work.ask(method, path, body)
        await self.at_work.hub.readers.settled()
        return answer

    async def rotated(self, path: str, **asked: Any) -> Any:
        return await self.ask("POST", f"{self.places[path]}/keys", asked)

    async def send(self) -> None:
        """Send a message, and note that a provider took it."""
        asked = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": "Hi"}
        space = f"/apispaces/{self.workspace}"
        message = (await self.ask("POST", f"{space}/messages", asked))["messageId"]
        await self.ask("POST", f"{space}/messages/{message}/statuses/sent", {"channel": "sms"})

    async def told(self) -> dict[str, Got]:
        """Have both subscriptions be told of one more message."""
        before = len(self.receiver.got)
        await self.send()
        got = await self.receiver.wait_for(before + 2)
        return {each.path: each for each in got[before:]}

    def proves(self, got: Got, key: str) -> bool:
        """Whether a webhook is proven by a Standard Webhooks key; its vocabulary's own signature always is."""
        keys = Keys(self.receiver.url + got.path, SECRET, key)
        try:
            prove(got, keys, self.clock.now())
        except WebhookVerificationError:
            return False
        return True

    async def signers(self, got: Got) -> list[str]:
        """Ask the hub which keys made a webhook's signatures, all of which must be good."""
        asked = {"headers": got.headers, "body": got.body.decode()}
        examined = await self.ask("POST", f"{self.places[got.path]}/verify", asked)
        assert examined["verified"], examined
        assert len(examined["signatures"]) == 2
        keys: list[str] = examined["signatures"][0]["keys"]
        return keys


async def acme_at(at_work: Running, clock: MovedClock, receiver: Receiver) -> Acme:
    workspace, _ = await at_work.workspace()
    acme = Acme(at_work, clock, workspace, receiver)
    await acme.subscribe()
    return acme


@pytest.mark.parametrize("path", [OMNICHANNEL, CHANNELS])
async def test_old_and_new_keys_both_prove_what_is_told_while_they_overlap(tmp_path: Path, path: str) -> None:
    clock = MovedClock()
    async with Receiver() as receiver, running(tmp_path, clock=clock) as at_work:
        acme = await acme_at(at_work, clock, receiver)
        old, id_ = acme.first[path], acme.places[path].rpartition("/")[2]

        before = (await acme.told())[path]
        assert acme.proves(before, old)
        assert await acme.signers(before) == [id_]

        new = await acme.rotated(path)
        pair = await acme.rotated(path, kind="ed25519")
        assert not acme.proves(before, new["secret"])
        for hours in (0, 23):
            clock.move(hours * HOUR)
            during = (await acme.told())[path]
            assert acme.proves(during, old)
            assert acme.proves(during, new["secret"])
            assert proves_v1a(pair["publicKey"], during.headers, during.body)
            assert await acme.signers(during) == [id_, new["id"], pair["id"]]

        clock.move(HOUR)
        last = await acme.told()
        after = last[path]
        assert not acme.proves(after, old)
        assert acme.proves(after, new["secret"])
        assert proves_v1a(pair["publicKey"], after.headers, after.body)
        assert await acme.signers(after) == [new["id"], pair["id"]]
        assert len(after.headers["webhook-signature"].split(" ")) == 2

        other = next(each for each in acme.first if each != path)
        assert acme.proves(last[other], acme.first[other])


async def test_an_attempt_is_signed_by_the_keys_of_its_own_time(tmp_path: Path) -> None:
    clock = MovedClock()
    async with Receiver(lambda _: 500) as receiver, running(tmp_path, clock=clock) as at_work:
        acme = await acme_at(at_work, clock, receiver)
        first = (await acme.told())[OMNICHANNEL]
        made = await acme.rotated(OMNICHANNEL, overlapHours=0)
        receiver.answer = lambda _: 204
        clock.move(6_000)
        again = next(got for got in (await receiver.wait_for(4))[2:] if got.path == OMNICHANNEL)
        assert (again.id, again.body) == (first.id, first.body)
        assert again.headers["tidings-attempt"] == "2"
        assert not acme.proves(again, acme.first[OMNICHANNEL])
        assert acme.proves(again, made["secret"])


async def test_a_key_that_was_taken_away_signs_nothing_more(tmp_path: Path) -> None:
    clock = MovedClock()
    async with Receiver() as receiver, running(tmp_path, clock=clock) as at_work:
        acme = await acme_at(at_work, clock, receiver)
        made = await acme.rotated(CHANNELS)
        await acme.ask("DELETE", f"{acme.places[CHANNELS]}/keys/{acme.places[CHANNELS].rpartition('/')[2]}")
        got = (await acme.told())[CHANNELS]
        assert not acme.proves(got, acme.first[CHANNELS])
        assert await acme.signers(got) == [made["id"]]


async def test_keys_are_kept_through_a_restart(tmp_path: Path) -> None:
    clock = MovedClock()
    async with Receiver() as receiver:
        async with running(tmp_path, clock=clock) as at_work:
            acme = await acme_at(at_work, clock, receiver)
            made = await acme.rotated(OMNICHANNEL)
        async with running(tmp_path, clock=clock) as at_work:
            acme.at_work = at_work
            got = (await acme.told())[OMNICHANNEL]
            assert acme.proves(got, acme.first[OMNICHANNEL])
            assert acme.proves(got, made["secret"])
            clock.move(24 * HOUR)
            assert not acme.proves((await acme.told())[OMNICHANNEL], acme.first[OMNICHANNEL])
