"""A person sends a picture; whoever is told of it gets it from the hub, which gets it from the provider."""

import base64
from pathlib import Path

from support.hub import running
from support.waiting import until
from tidings.simulators.twilio import Twilio

SETTINGS = {"accountSid": "AC" + "0" * 32, "authToken": "files-token", "sender": "+15005550006"}
PICTURE = b"\x89PNG\r\n\x1a\n not quite a picture"


async def test_a_picture_is_given_out_as_the_provider_keeps_it(tmp_path: Path) -> None:
    simulator = Twilio(SETTINGS, pace=0.0)
    base_url = await simulator.start()
    async with running(tmp_path) as hub:
        workspace, key = await hub.workspace()
        channel = await hub.channel(workspace, "mms", "twilio", {**SETTINGS, "baseUrl": base_url})
        simulator.callback_url = channel["callbackUrl"] + "/inbound"
        media = [
            {"type": "image/png", "base64": base64.b64encode(PICTURE).decode()},
            {"type": "text/html", "data": "<script>alert(1)</script>"},
        ]
        simulator.post(simulator.inbound("+447700900123", "Look", media=media))
        await until(lambda: simulator.answers == [200])
        listed = await hub.ask("GET", f"/workspaces/{workspace}/events?types=inbound", key=key)
        message = listed["results"][0]["messageId"]

        async def file(number: str, with_key: str = key) -> tuple[int, dict[str, str], bytes]:
            url = f"{hub.base_url}/workspaces/{workspace}/messages/{message}/media/{number}"
            async with hub.http.get(url, headers={"authorization": f"AccessKey {with_key}"}) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, headers, await answer.read()

        status, headers, body = await file("0")
        assert (status, headers["content-type"], body) == (200, "image/png", PICTURE)
        assert headers["content-disposition"].startswith("attachment")
        assert headers["x-content-type-options"] == "nosniff"
        # A page that somebody sent must not run as a page of ours.
        assert (await file("1"))[1]["content-type"] == "application/octet-stream"
        assert [(await file(number))[0] for number in ("2", "-1", "x", "99999")] == [404, 404, 404, 404]
        _, stranger = await hub.workspace()
        assert (await file("0", stranger))[0] == 401
        await simulator.stop()
        assert (await file("0"))[0] == 502
