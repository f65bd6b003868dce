"""What the page on the API says of webhooks, tried on real ones."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.documents import ROOT, named_blocks
from support.hub import running
from support.receiver import Receiver
from support.waiting import until

PAGE = ROOT / "docs" / "api.md"
ALWAYS = {"host", "accept", "content-length", "content-type", "user-agent"}
"""Headers that every HTTP client sends."""


async def test_webhooks_have_the_headers_that_are_listed_and_are_proven_by_them(tmp_path: Path) -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE.read_text(), re.MULTILINE))
    verify = _verify()
    keys: dict[str, str] = {}
    async with Receiver() as receiver, running(tmp_path) as hub:
        workspace, _ = await hub.workspace()
        webhook = {"name": "All", "url": f"{receiver.url}/omnichannel", "secret": "a secret of sixteen or more"}
        asked = {**webhook, "subscriptions": [{"type": "message.sentRequest"}]}
        made = await hub.ask("POST", f"/apispaces/{workspace}/webhooks", asked)
        keys["/omnichannel"] = made["signingKey"]
        asked = {"service": "channels", "event": "sms.outbound", "url": f"{receiver.url}/channels", "signingKey": "key"}
        made = await hub.ask("POST", f"/workspaces/{workspace}/webhook-subscriptions", asked)
        keys["/channels"] = made["standardSigningKey"]
        await hub.channel(workspace, "sms", "custom", {})
        request = {"to": {"phoneNumber": "447712345678"}, "body": "Hello", "rules": ["sms"]}
        await hub.ask("POST", f"/apispaces/{workspace}/messages", request)
        await receiver.wait_for(2)
        await until(lambda: not any(each.behind for each in hub.hub.readers.notifiers))
        await hub.ask("POST", f"/workspaces/{workspace}/subscriptions/{made['id']}/replays", {})
        await receiver.wait_for(3)
    seen = {name for got in receiver.got for name in got.headers} - ALWAYS
    assert seen == listed
    for got in receiver.got:
        assert verify(got.body, got.headers, keys[got.path]) == got.json
        assert verify(got.body + b" ", got.headers, keys[got.path]) is None


def _verify() -> Callable[[bytes, dict[str, str], str], Any]:
    """Take the function from the page."""
    page: dict[str, Any] = {}
    exec(named_blocks(PAGE)["verify.py"], page)
    function: Callable[[bytes, dict[str, str], str], Any] = page["event_from"]
    return function
