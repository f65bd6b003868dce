"""Two lives, run on a whole hub with simulated providers, and written down as the documents show them."""

import json
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from support.clock import MovedClock
from support.documents import table
from support.hub import Running, running
from support.receiver import Receiver
from support.waiting import until
from tidings.model.messages import Life
from tidings.model.stages import Stage
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.twilio import Twilio
from tidings.simulators.whatsapp_cloud import WhatsAppCloud
from tidings.store.log import decode_event, decode_life

START = 1_790_000_000_000
ANSWERING = 0.4
"""Seconds that Twilio takes to answer, so that there is time to look at the rows before."""

TWILIO = {"accountSid": "AC" + "0" * 32, "authToken": "secret", "sender": "+15005550006"}
WHATSAPP = {
    "phoneNumberId": "318620757128766",
    "accessToken": "EAAG-token",
    "appSecret": "app-secret",
    "verifyToken": "verify-token",
    "phoneNumber": "+351210000077",
}
TABLES = ("message", "life", "due", "reach", "piece", "event", "history", "held", "parked", "seen")
UNTOLD = {"workspace", "body", "state", "response", "headers", "took_ms", "created_at"}
"""Columns that are not shown: encoded, different every time, or of no interest."""
TIMES = {"due_at", "taken_at", "at", "first_at"}

_VOLATILE = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "…"),
    (re.compile(r"\b(SM|MM)[0-9a-f]{32}\b"), r"\1…"),
    (re.compile(r"wamid\.[A-Za-z0-9+/=]+"), "wamid.…"),
    (re.compile(r'\\"2e-[^"]*"'), r"\"2e-…\""),
    (re.compile(r'(?<=DoneDate": ")\d+'), "…"),
)


class Scene:
    """A hub, its providers and its subscribers, and what is to be written of them."""

    def __init__(self, hub: Running, receiver: Receiver, data: Path) -> None:
        self.hub = hub
        self.receiver = receiver
        self.data = data
        self.names: dict[str, str] = {}
        """What ids are called in the documents."""

    async def set_up(self) -> str:
        """Make a workspace with subscriptions in each vocabulary; gives its id."""
        workspace, _ = await self.hub.workspace()
        self.names[workspace] = "workspace"
        names = ("message.*", "message.sentRequest")
        webhook = {"url": f"{self.receiver.url}/omnichannel", "subscriptions": [{"type": name} for name in names]}
        await self.hub.ask("POST", f"/apispaces/{workspace}/webhooks", webhook)
        for event in ("sms.outbound", "whatsapp.outbound", "whatsapp.interaction"):
            asked = {"service": "channels", "event": event, "url": f"{self.receiver.url}/channels"}
            await self.hub.ask("POST", f"/workspaces/{workspace}/webhook-subscriptions", asked)
        await self.hub.hub.readers.settled()
        return workspace

    async def send(self, workspace: str, body: Mapping[str, Any]) -> None:
        """Send a message."""
        answer = await self.hub.ask("POST", f"/apispaces/{workspace}/messages", body, expect=201)
        self.names[answer["messageId"]] = "M"

    async def both_told(self, number: int) -> None:
        """Wait until each vocabulary has been told so many events, and that is written down."""
        await self.receiver.wait_for(2 * number)
        await until(lambda: self.select("SELECT count(*) FROM attempt")[0][0] == 2 * number, what="attempts on disk")

    def select(self, query: str) -> list[sqlite3.Row]:
        """Ask the database, beside the hub."""
        with closing(sqlite3.connect(self.data / "tidings.db")) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query).fetchall()

    def rows(self, *names: str) -> str:
        """Write the rows that there are, table by table; without names, of every table but that of attempts."""
        written = []
        for name in names or TABLES:
            # The tables' first columns are their keys.
            rows = self.select(f"SELECT * FROM {name} ORDER BY 1, 2")
            written += [(f"`{name}`", self._row(name, dict(row))) for row in rows]
        return table(("Table", "Row"), written)

    def events(self) -> str:
        """Write the log, with the names that each vocabulary has told."""
        said: dict[str, list[str]] = {}
        for got in self.receiver.got:
            said.setdefault(got.id, []).append(f"`{_name(got.json)}`")
        written = []
        for row in self.select("SELECT position, body FROM event ORDER BY position"):
            event = decode_event(row)
            omnichannel, channels = sorted(said[event.id])
            numbers = str(event.position), str(event.revision)
            said_of = event.kind.value, event.platform, "implied" if event.fact.implied else "–"
            written.append((*numbers, *said_of, omnichannel, channels))
        return table(("Position", "Revision", "Kind", "Platform", "Marks", "Omnichannel", "Channels"), written)

    def webhook(self, path: str, name: str) -> str:
        """Write the body of the one webhook that came to a path with a name."""
        (body,) = [each.json for each in self.receiver.got if each.path == path and _word(each.json) == name]
        return "```json\n" + self._plain(json.dumps(body, indent=2, ensure_ascii=False)) + "\n```\n"

    def _row(self, name: str, row: dict[str, Any]) -> str:
        shown = [f"`{column}` {self._value(column, row[column])}" for column in row if column not in UNTOLD]
        if name == "life":
            shown.append(_life(decode_life(row["state"])))
        if name == "event":
            event = decode_event((row["position"], row["body"]))
            shown.append(f"revision {event.revision}" + (", implied" if event.fact.implied else ""))
        return ", ".join(shown)

    def _value(self, column: str, value: Any) -> str:
        if column in TIMES:
            return "–" if value is None else _since(value)
        if column == "contact":
            return "C"
        if column == "incoming":
            return "yes" if value else "no"
        return self._plain(str(value)) or "–"

    def _plain(self, text: str) -> str:
        """Write a text as it is shown: without what differs every time."""
        for id_, name in self.names.items():
            text = text.replace(id_, name)
        for pattern, instead in _VOLATILE:
            text = pattern.sub(instead, text)
        return text


def _word(body: Any) -> str:
    """The event's name, or what the channels vocabulary says of an event of that name."""
    return str(body["name"] if "name" in body else body["payload"].get("status") or body["payload"]["type"])


def _name(body: Any) -> str:
    return _word(body) if "name" in body else f"{body['event']}` `{_word(body)}"


def _life(life: Life) -> str:
    hops = "; ".join(
        f"hop {hop.number} on {hop.platform}: {hop.stage.word}"
        + "".join(f", part {number} {part.stage.word}" for number, part in enumerate(hop.parts))
        for hop in life.hops
    )
    plans = f"; left: {', '.join(plan.platform for plan in life.plans)}" if life.plans else ""
    told = ", ".join(Stage(stage).word for stage in life.told)
    return f"revision {life.revision}, stage {life.stage.word}, told: {told}; {hops}{plans}"


def _since(value: int) -> str:
    seconds = (value - START) / 1000
    return f"+{seconds / 3600:g} h" if seconds >= 3600 else f"+{seconds:g} s"


async def sms_walk(tmp_path: Path) -> dict[str, str]:
    """Run an sms to its delivery; gives the parts of the document that show it."""
    clock = MovedClock(START)
    twilio = Twilio(TWILIO, path=())
    async with Receiver() as receiver, running(tmp_path, clock=clock) as hub:
        scene = Scene(hub, receiver, tmp_path / "var")
        workspace = await scene.set_up()
        base_url = await twilio.start()
        try:
            channel = await hub.channel(workspace, "sms", "twilio", {**TWILIO, "baseUrl": base_url})
            scene.names[channel["id"]] = "twilio"
            twilio.order(Order(Fault.HANGING, seconds=ANSWERING))
            request = {"to": {"phoneNumber": "447712345678"}, "body": "Your parcel is ready", "rules": ["sms"]}
            await scene.send(workspace, request)
            await until(lambda: twilio.taken, what="the provider has it")
            parts = {"sms/accepted": scene.rows()}
            clock.move(1000)
            await scene.both_told(2)
            parts["sms/sent"] = scene.rows()
            clock.move(2000)
            twilio.post(twilio.act(twilio.taken[0]["id"], "delivered"))
            await scene.both_told(3)
            parts["sms/delivered"] = scene.rows()
            parts["sms/attempts"] = scene.rows("attempt")
            parts["sms/events"] = scene.events()
            parts["sms/omnichannel"] = scene.webhook("/omnichannel", "message.delivered")
            parts["sms/channels"] = scene.webhook("/channels", "delivered")
            return parts
        finally:
            await twilio.stop()


async def fallback_walk(tmp_path: Path) -> dict[str, str]:
    """Run a message that fails on WhatsApp, goes out as an sms, and is read on WhatsApp after all."""
    clock = MovedClock(START)
    twilio, meta = Twilio(TWILIO, path=()), WhatsAppCloud(WHATSAPP, statuses=())
    async with Receiver() as receiver, running(tmp_path, clock=clock) as hub:
        scene = Scene(hub, receiver, tmp_path / "var")
        workspace = await scene.set_up()
        try:
            for provider, platform, settings in ((twilio, "sms", TWILIO), (meta, "whatsapp", WHATSAPP)):
                base_url = await provider.start()
                made = await hub.channel(workspace, platform, provider.name, {**settings, "baseUrl": base_url})
                scene.names[made["id"]] = provider.name
                provider.callback_url = made["callbackUrl"]
            request = {"to": {"phoneNumber": "447712345678"}, "body": "Your parcel is ready"}
            await scene.send(workspace, {**request, "rules": ["whatsApp", "sms"]})
            await scene.both_told(2)
            clock.move(1000)
            meta.post(meta.act(meta.taken[0]["id"], "failed", code=131026))
            await until(lambda: len(scene.select("SELECT reference FROM piece")) == 2, what="the sms is sent")
            parts = {"fallback/failed": scene.rows()}
            clock.move(2000)
            meta.post(meta.act(meta.taken[0]["id"], "read"))
            await scene.both_told(4)
            clock.move(4000)
            twilio.post(twilio.act(twilio.taken[0]["id"], "delivered"))
            await until(lambda: len(scene.select("SELECT 1 FROM history")) == 2, what="the sms's receipt")
            parts["fallback/read"] = scene.rows()
            parts["fallback/events"] = scene.events()
            return parts
        finally:
            await twilio.stop()
            await meta.stop()
