"""People in an app hear at once of what happens in their conversations, over sockets and streams."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from support.app_live import SHARED, App, Connected, app
from support.hub import running
from support.waiting import until
from tidings.flow.conversations import sessions
from tidings.flow.conversations.commands import Add, Delete, Remove
from tidings.flow.live.line import End
from tidings.model.conversations import Participant
from tidings.web.live import socket as door


async def hears_nothing(device: Connected) -> None:
    """Fail if anything comes before the answer to an echo."""
    await device.say("echo", {})
    assert (await device.next())["name"] == "echo"


async def test_a_message_reaches_every_device_of_everybody_in_the_conversation(
    tmp_path: Path, database_url: str
) -> None:
    async with app(tmp_path, database_url=database_url) as shop:
        anna, ben, eve = [await shop.person(each) for each in ("anna", "ben", "eve")]
        await shop.talk("c", "anna", "ben")
        async with (
            shop.connected(anna.token) as phone,
            shop.connected(anna.token) as tablet,
            shop.listening(ben.token) as stream,
            shop.connected(eve.token) as stranger,
        ):
            message = await shop.write("c", "Hello", "anna")
            told = [await each.next() for each in (phone, tablet, stream)]
            assert told[0] == told[1] == told[2]
            assert (told[0]["name"], told[0]["conversationId"]) == ("conversationMessage.sent", "c")
            assert told[0]["payload"]["messageId"] == message
            await hears_nothing(stranger)


async def test_a_token_is_shown_as_a_browser_can(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        frame = json.dumps({"name": "authenticate", "payload": {"token": anna.token}})
        async with shop.connected(query=f"?token={anna.token}") as device:
            await hears_nothing(device)
        for first in (anna.token, frame):
            async with shop.connected(ready=False) as device:
                await device.socket.send(first)
                ready = await device.next("socket.ready")
                assert ready["payload"] == {
                    "sessionId": anna.session.id,
                    "profileId": "anna",
                    "expiresOn": ready["payload"]["expiresOn"],
                }
        async with shop.connected(anna.token) as device:
            assert device.socket.subprotocol == "tidings"


@pytest.mark.parametrize("first", ["", "nonsense", "{", '{"name": "echo"}', '{"name": "authenticate", "payload": {}}'])
async def test_who_shows_no_token_is_told_so(tmp_path: Path, first: str) -> None:
    async with app(tmp_path) as shop, shop.connected(ready=False) as device:
        await device.socket.send(first)
        assert await device.ended() == End.UNAUTHORISED
        assert len(shop.world.live.lines) == 0


async def test_who_shows_nothing_in_time_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "SHOW_WITHIN", 0.05)
    async with app(tmp_path) as shop, shop.connected(ready=False) as device:
        assert await device.ended() == End.UNAUTHORISED


async def test_a_token_of_another_workspace_opens_nothing(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        other, _ = await shop.hub.workspace()
        await shop.hub.channel(other, "app-messaging", "app-messaging", shop_settings(shop))
        there = App(shop.hub, other)
        async with there.connected(anna.token, ready=False) as device:
            assert await device.ended() == End.UNAUTHORISED
        async with there.listening(anna.token) as stream:
            assert stream.response.status_code == 401


def shop_settings(shop: App) -> dict[str, Any]:
    return dict(shop.setting.channel.settings)


async def test_a_session_that_was_ended_opens_nothing_and_its_devices_are_let_go(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna, ben = await shop.person(), await shop.person("ben")
        async with (
            shop.connected(anna.token) as device,
            shop.listening(anna.token) as stream,
            shop.connected(ben.token) as other,
        ):
            await sessions.end(shop.world, anna.session)
            assert await device.ended() == End.SESSION_ENDED
            await stream.ended()
            await hears_nothing(other)
        async with shop.connected(anna.token, ready=False) as device:
            assert await device.ended() == End.UNAUTHORISED
        async with shop.listening(anna.token) as stream:
            assert stream.response.status_code == 401


async def test_a_session_that_expires_lets_its_device_go(tmp_path: Path) -> None:
    # A session lasts whole seconds.
    async with app(tmp_path, {"sessionHours": 2 / 3600}) as shop:
        anna = await shop.person()
        async with shop.connected(anna.token) as device:
            assert await device.ended() == End.UNAUTHORISED
        async with shop.connected(anna.token, ready=False) as device:
            assert await device.ended() == End.UNAUTHORISED


async def test_a_hub_that_stops_says_so_and_takes_nobody_in(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(anna.token) as device, shop.listening(anna.token) as stream:
            shop.hub.server.should_exit = True
            assert await device.ended() == End.STOPPING
            await stream.ended()
            await asyncio.wait_for(shop.hub.serving, 5)
            assert len(shop.world.live.lines) == 0


async def test_pages_come_only_from_where_they_may(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        for origin in ("https://shop.example", shop.hub.base_url):
            async with shop.connected(anna.token, additional_headers={"Origin": origin}) as device:
                await hears_nothing(device)
            async with shop.listening(anna.token, origin=origin) as stream:
                assert stream.response.status_code == 200
        for origin in ("https://evil.example", "http://shop.example", "null"):
            with pytest.raises(InvalidStatus) as refused:
                async with shop.connected(anna.token, additional_headers={"Origin": origin}):
                    pass
            assert refused.value.response.status_code == 403
            async with shop.listening(anna.token, origin=origin) as stream:
                assert stream.response.status_code == 403


async def test_where_there_is_no_app_there_is_no_socket(tmp_path: Path) -> None:
    async with app(tmp_path) as shop, httpx.AsyncClient() as client:
        other, _ = await shop.hub.workspace()
        for place in (App(shop.hub, other), App(shop.hub, "nowhere")):
            with pytest.raises(InvalidStatus) as refused:
                async with place.connected("x"):
                    pass
            assert refused.value.response.status_code == 404
            assert (await client.get(place.url("stream"))).status_code == 401
        plain = await client.get(shop.url("socket"))
        assert (plain.status_code, plain.headers["upgrade"]) == (426, "websocket")
        with pytest.raises(InvalidStatus) as refused:
            async with shop.connected("x", base=shop.hub.base_url + "/nothing"):
                pass
        assert refused.value.response.status_code == 404


async def test_a_profile_has_so_many_devices_and_no_more(tmp_path: Path) -> None:
    async with app(tmp_path, {"socketsPerProfile": 2}) as shop:
        anna, ben = await shop.person(), await shop.person("ben")
        async with shop.connected(anna.token) as first, shop.listening(anna.token):
            async with shop.connected(anna.token, ready=False) as third:
                assert await third.ended() == End.TOO_MANY
            async with shop.listening(anna.token) as third_stream:
                assert third_stream.response.status_code == 429
            async with shop.connected(ben.token) as other:
                await hears_nothing(other)
            await first.socket.close()
            await until(lambda: len(shop.world.live.lines) == 1)
            async with shop.connected(anna.token) as again:
                await hears_nothing(again)


async def test_a_process_has_so_many_devices_and_no_more(tmp_path: Path) -> None:
    async with app(tmp_path, max_sockets=1) as shop:
        anna, ben = await shop.person(), await shop.person("ben")
        async with shop.connected(anna.token):
            with pytest.raises(InvalidStatus) as refused:
                async with shop.connected(ben.token):
                    pass
            assert refused.value.response.status_code == 503
            async with shop.listening(ben.token) as stream:
                assert stream.response.status_code == 503


async def test_only_so_many_wait_to_show_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_STRANGERS", 1)
    async with app(tmp_path) as shop:
        anna = await shop.person()
        async with shop.connected(ready=False) as stranger:
            with pytest.raises(InvalidStatus):
                async with shop.connected(ready=False):
                    pass
            await stranger.socket.send(anna.token)
            await stranger.next("socket.ready")
            async with shop.connected(anna.token) as device:
                await hears_nothing(device)


async def test_whoever_comes_and_goes_hears_of_it_and_then_of_nothing_else(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna, eve = await shop.person(), await shop.person("eve")
        await shop.talk("c", "anna")
        async with shop.connected(anna.token) as device, shop.connected(eve.token) as other:
            place, do = shop.place("c"), shop.world.conversations.do
            await do(Add(place=place, participants=(Participant("eve"),)))
            await shop.write("c")
            await do(Remove(place=place, profiles=("eve",)))
            await shop.write("c")
            names = ["conversation.participantAdded", "conversationMessage.sent", "conversation.participantRemoved"]
            assert [(await other.next())["name"] for _ in names] == names
            await hears_nothing(other)
            assert [(await device.next())["name"] for _ in names] == names
            assert (await device.next())["name"] == "conversationMessage.sent"
            await do(Delete(place=place))
            assert (await device.next())["name"] == "conversation.delete"


async def test_a_device_says_how_far_it_has_come_and_that_somebody_types(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna, ben = await shop.person(), await shop.person("ben")
        await shop.talk("c", "anna", "ben")
        async with (
            shop.connected(anna.token) as one,
            shop.connected(ben.token) as two,
            shop.listening(ben.token) as three,
        ):
            message = await shop.write("c", "Hello", "ben")
            await one.next("conversationMessage.sent")
            updates = [{"messageIds": [message], "status": "read"}]
            await one.say("statusUpdates", {"conversationId": "c", "updates": updates}, "7")
            assert (await one.next("socket.done"))["id"] == "7"
            assert (await two.next("conversationMessage.read"))["payload"]["profileId"] == "anna"
            while (await three.next())["name"] != "conversationMessage.read":
                pass
            place = three.place
            await one.say("typing", {"conversationId": "c", "on": True})
            typing = await two.next("conversation.participantTyping")
            assert "conversationEventId" not in typing
            assert (await three.next())["name"] == "conversation.participantTyping"
            assert three.place == place, "what is not kept moves nobody on"


async def test_what_a_device_may_not_say_is_refused_under_its_id(tmp_path: Path) -> None:
    async with app(tmp_path) as shop:
        anna = await shop.person()
        await shop.talk("theirs", "ben")
        async with shop.connected(anna.token) as device:
            said = {
                "1": ("typing", {"conversationId": "theirs", "on": True}),
                "2": ("statusUpdates", {"conversationId": "theirs", "updates": [{"status": "read", "upTo": 1}]}),
                "3": ("nonsense", {}),
                "4": ("typing", {"conversationId": 7}),
            }
            for id_, (name, payload) in said.items():
                await device.say(name, payload, id_)
            answers = [await device.next("socket.refused") for _ in said]
            assert [(each["id"], each["payload"]["status"]) for each in answers] == [
                ("1", 403),
                ("2", 403),
                ("3", 400),
                ("4", 400),
            ]


async def test_a_message_at_one_hub_reaches_the_devices_at_another(tmp_path: Path, postgres_url: str) -> None:
    shared: dict[str, Any] = {"database_url": postgres_url, **SHARED}
    async with app(tmp_path / "one", **shared) as shop, running(tmp_path / "two", **shared) as other:
        await until(lambda: shop.workspace in other.world.directory.workspaces)
        await other.world.directory.read()
        there = App(other, shop.workspace)
        anna, ben = await shop.person(), await shop.person("ben")
        await shop.talk("c", "anna", "ben")
        async with there.connected(anna.token) as device, there.listening(ben.token) as stream:
            for number in range(10):
                message = await (shop if number % 2 else there).write("c", str(number), "ben")
                assert (await device.next())["payload"]["messageId"] == message
                assert (await stream.next())["payload"]["messageId"] == message
            async with shop.connected(ben.token) as here:
                await here.say("typing", {"conversationId": "c", "on": True})
                await device.next("conversation.participantTyping")
            await sessions.end(shop.world, anna.session)
            assert await device.ended() == End.SESSION_ENDED
