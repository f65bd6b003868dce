"""People with devices, over a hub's real doors: they prove themselves, listen, come back, and are turned away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from support.apps import SETTINGS, Apps, apps_at
from support.hub import running
from support.waiting import until
from tidings.simulators.app_messaging import AppUsers, Person, Script

TALK = "Customer_Services_ann"


class Scene(NamedTuple):
    """A hub with apps, and the people who come to it."""

    apps: Apps
    users: AppUsers
    http: aiohttp.ClientSession

    def person(self, profile: str, device: str = "phone", script: Script = Script()) -> Person:  # noqa: B008
        """Bring somebody with a device."""
        space = self.apps.at_work.base_url + self.apps.path
        return Person(self.http, space, SETTINGS, profile, device=device, script=script)

    async def came(self, profile: str, device: str = "phone", script: Script = Script()) -> Person:  # noqa: B008
        """Bring somebody who is connected."""
        person = self.person(profile, device, script)
        assert await person.begin() == 201
        assert (await person.ask("POST", "/conversations", {}))[0] in (200, 201)
        person.listen()
        await person.connected.wait()
        return person

    async def send(self, profile: str, text: str) -> str:
        """Send somebody a message by the hub."""
        asked = {"to": {"profileId": profile}, "rules": ["appMessaging"], "body": text}
        return str((await self.apps.ask("POST", "/messages", asked, expect=201))["messageId"])

    async def reached(self, message: str, stage: str) -> None:
        """Wait until a message has come so far."""
        async with asyncio.timeout(10):
            while (await self.apps.ask("GET", f"/messages/{message}"))["status"] != stage:
                await asyncio.sleep(0.02)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A hub with apps."""
    async with running(tmp_path) as at_work, aiohttp.ClientSession() as http:
        apps = await apps_at(at_work, messagesPerSecond=1000)
        users = AppUsers(SETTINGS, pace=0)
        users.space_url = at_work.base_url + apps.path
        await users.start()
        try:
            yield Scene(apps, users, http)
        finally:
            await users.stop()


async def test_a_device_says_by_itself_what_has_come(scene: Scene) -> None:
    ann = await scene.came("ann", script=Script(reads_after=0.01))
    message = await scene.send("ann", "Hello")
    await scene.reached(message, "read")
    names = [event["name"] for event in ann.heard[TALK].values()]
    assert names[-3:] == [f"conversationMessage.{each}" for each in ("sent", "delivered", "read")]
    await ann.leave()


async def test_a_device_that_says_nothing_leaves_a_message_sent(scene: Scene) -> None:
    ann = await scene.came("ann", script=Script(delivers=False))
    message = await scene.send("ann", "Hello")
    await until(lambda: any(event["payload"].get("messageId") == message for event in ann.heard[TALK].values()))
    assert (await scene.apps.ask("GET", f"/messages/{message}"))["status"] == "sent"
    await ann.leave()


async def test_a_device_whose_socket_is_cut_has_everything_in_the_end(scene: Scene) -> None:
    ann = await scene.came("ann")
    for number in range(20):
        await scene.send("ann", str(number))
        if number % 5 == 2:
            await ann.drop()
    await until(lambda: sum("metadata" in event["payload"] for event in ann.heard[TALK].values()) == 20, seconds=15)
    assert ann.dropped > 0
    assert sorted(ann.heard[TALK]) == list(range(1, max(ann.heard[TALK]) + 1))
    await ann.leave()


async def test_two_devices_of_a_person_hear_the_same_and_the_first_counts(scene: Scene) -> None:
    phone, tablet = await scene.came("ann"), await scene.came("ann", "tablet")
    message = await scene.send("ann", "Hello")
    await scene.reached(message, "delivered")
    await until(lambda: phone.heard == tablet.heard and len(phone.heard[TALK]) == 4)
    for each in (phone, tablet):
        await each.leave()


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        ({}, 201),
        ({"nonce": "n-0001"}, 401),
        ({"exp": 1}, 401),
        ({"algorithm": "none"}, 401),
        ({"sub": ""}, 401),
        ({"iss": "https://other.example/"}, 401),
    ],
)
async def test_who_proves_nothing_stays_outside(scene: Scene, proof: dict[str, Any], status: int) -> None:
    ann = scene.person("ann")
    assert await ann.begin(**proof) == status
    assert (await ann.ask("GET", "/conversations"))[0] == (200 if status == 201 else 401)


async def test_people_who_do_not_know_each_other_type_and_upload(scene: Scene) -> None:
    ann, ben = await scene.came("ann"), await scene.came("ben")
    _, made = await ann.ask("POST", "/conversations", {"participants": [{"id": "ben"}]})
    talk = made["id"]
    await until(lambda: len(ben.heard.get(talk, {})) == 2)
    assert (await ann.ask("POST", f"/conversations/{talk}/typing"))[0] == 204
    await until(lambda: any(event["name"] == "conversation.participantTyping" for event in ben.typing))
    changed = {"name": "We"}
    for tag, status in (('"9"', 412), (made["_etag"], 200)):
        assert (await ann.ask("PUT", f"/conversations/{talk}", changed, if_match=tag))[0] == status
    first = await ann.say(talk, "Hi", idempotency_key="k")
    assert first == await ann.say(talk, "Hi", idempotency_key="k")
    await until(lambda: "conversation.update" in [event["name"] for event in ben.heard[talk].values()])
    for each in (ann, ben):
        await each.leave()


async def test_people_come_when_they_write_and_do_what_they_are_told(scene: Scene) -> None:
    users = scene.users
    users.post(users.inbound("ann", "Hi"))
    await users.settle()
    message = await scene.send("ann", "Hello")
    await scene.reached(message, "delivered")
    await until(lambda: [each["id"] for each in users.taken] == [message])
    assert users.taken[0]["text"] == "Hello"
    for deed in ("read", "reaction", "delete-request", "clicked"):
        users.post(users.act(message, deed))
    await users.settle()
    await scene.reached(message, "read")
    assert users.answers == [201, 201, 200, 202, 202, 201]
    named = [event["name"].partition(".")[2] for event in users.person("ann").heard[TALK].values()]
    await until(lambda: len(users.person("ann").heard[TALK]) == 9, what=str(named))
    with pytest.raises(ValueError, match="hug"):
        users.act(message, "hug")
    with pytest.raises(NotImplementedError):
        users.refusal("1")


async def test_a_message_that_nobody_has_is_looked_for_in_vain(scene: Scene) -> None:
    users = scene.users
    users.post(users.inbound("ann", "Hi"))
    await users.settle()
    users.retry_seconds = ()
    users.post(users.act("none", "reaction", by="ann"))
    await users.settle()
    assert users.answers[-1] == 404


async def test_a_hub_that_is_away_is_tried_again(scene: Scene) -> None:
    ann = await scene.came("ann")
    space, ann.space = ann.space, "http://127.0.0.1:1"
    await ann.drop()
    await until(lambda: ann.dropped > 1)
    ann.space = space
    await asyncio.wait_for(ann.connected.wait(), 20)
    await ann.leave()
