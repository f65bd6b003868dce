"""A subscriber in both vocabularies, that believes no webhook it cannot prove."""

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from unittest import mock

from standardwebhooks import Webhook, webhooks

from support.hub import Running
from support.receiver import Got, Receiver

OMNICHANNEL = "/omnichannel"
EVERYTHING = ("message.*", "message.sentRequest", "interaction.click")
FAMILIES = ("outbound", "interaction", "inbound")
SECRET = "a-secret-of-the-subscriber"


class Keys(NamedTuple):
    """What one subscription's webhooks are proven with."""

    url: str
    secret: str
    """The vocabulary's own."""
    standard: str
    """The Standard Webhooks key."""


class Subscriber:
    """An endpoint whose paths are subscriptions; it proves every webhook as it comes, and keeps it.

    `answer` decides the status from the webhook (0: hang); `now` is the hub's time in milliseconds.
    """

    def __init__(
        self, at_work: Running, workspace: str, now: Callable[[], int], answer: Callable[[Got], int] | None = None
    ) -> None:
        self.receiver = Receiver(self._take)
        self.answer = answer or (lambda _: 204)
        self.taken: list[Got] = []
        """The webhooks that were answered with a 2xx."""
        self.problems: list[str] = []
        self.rewritten = False
        """Whether a webhook may be another one when it comes again, as redaction makes it."""
        self._at_work = at_work
        self._workspace = workspace
        self._now = now
        self._keys: dict[str, Keys] = {}

    async def want(self, *types: str, path: str = OMNICHANNEL, **more: Any) -> dict[str, Any]:
        """Subscribe in the omnichannel vocabulary, by default to everything."""
        url = self.receiver.url + path
        wanted = [{"type": each, "filters": []} for each in types or EVERYTHING]
        body = {"name": path, "url": url, "secret": SECRET, "subscriptions": wanted, **more}
        made: dict[str, Any] = await self._ask("POST", f"/apispaces/{self._workspace}/webhooks", body)
        self._keys[path] = Keys(url, SECRET, made["signingKey"])
        return made

    async def want_channels(self, *events: str, filters: Iterable[tuple[str, str]] = ()) -> None:
        """Subscribe to events of the channels vocabulary, each at a path of its own name."""
        for event in events:
            url = f"{self.receiver.url}/{event}?token=1"
            body = {"service": "channels", "event": event, "url": url, "signingKey": SECRET}
            shown = [{"key": key, "value": value} for key, value in filters]
            made = await self._ask(
                "POST", f"/workspaces/{self._workspace}/webhook-subscriptions", {**body, "eventFilters": shown}
            )
            self._keys[f"/{event}?token=1"] = Keys(url, SECRET, made["standardSigningKey"])

    async def want_platforms(self, *platforms: str) -> None:
        """Subscribe to everything that the channels vocabulary tells of these platforms, by its names of them."""
        await self.want_channels(*(f"{each}.{family}" for each in platforms for family in FAMILIES))

    @property
    def told(self) -> dict[str, list[str]]:
        """What was told: names in the omnichannel vocabulary, statuses and types by event in the channels one."""
        told: dict[str, list[str]] = defaultdict(list)
        for got in self.taken:
            event = got.json
            if got.path == OMNICHANNEL:
                told["omnichannel"].append(event["name"])
            else:
                payload = event["payload"]
                told[event["event"]].append(payload.get("type") or payload["status"])
        return dict(told)

    def bodies(self, name: str) -> list[Any]:
        """The bodies of the events of a name, in either vocabulary, in the order they came."""
        bodies = [got.json for got in self.taken]
        return [each for each in bodies if name in (each.get("name"), each.get("event"))]

    def check(self) -> None:
        """Fail if a webhook was not proven, came again after it was taken, or was another one when it came again."""
        assert not self.problems, self.problems
        tries: dict[tuple[str, str], list[Got]] = defaultdict(list)
        for got in self.receiver.got:
            tries[got.path, got.id].append(got)
        for same in tries.values():
            assert [each.headers["tidings-attempt"] for each in same] == [str(n) for n in range(1, len(same) + 1)]
            assert self.rewritten or len({each.body for each in same}) == 1, "a webhook was another one the next time"
        taken = [(got.path, got.id) for got in self.taken]
        assert len(taken) == len(set(taken)), "a webhook came again after it was taken"

    async def _ask(self, method: str, path: str, body: Any) -> Any:
        made = await self._at_work.ask(method, path, body, expect=201)
        await self._at_work.hub.readers.settled()
        return made

    def _take(self, got: Got) -> int:
        try:
            prove(got, self._keys[got.path], self._now())
        except Exception as error:  # noqa: BLE001 - told when the story ends, whatever it is
            self.problems.append(f"{got.path}: {error!r}")
        status = self.answer(got)
        if 200 <= status < 300:
            self.taken.append(got)
        return status


def prove(got: Got, keys: Keys, now: int) -> None:
    """Fail unless a webhook is signed both ways, for an attempt made now (milliseconds)."""
    with mock.patch.object(webhooks, "datetime", _datetime_at(now)):
        Webhook(keys.standard).verify(got.body, got.headers)
    headers = got.headers
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("Tidings/")
    if got.path.startswith(OMNICHANNEL):
        assert headers["x-comapi-signature"] == comapi_signature(keys.secret, got.body)
        return
    timestamp = headers["messagebird-request-timestamp"]
    assert timestamp == headers["webhook-timestamp"]
    assert headers["messagebird-request-id"] == headers["webhook-id"]
    assert headers["messagebird-signature"] == messagebird_signature(keys.secret, timestamp, keys.url, got.body)


def comapi_signature(secret: str, body: bytes) -> str:
    """Sign as the omnichannel vocabulary does: lower-case hex HMAC-SHA1 of the exact body."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


def messagebird_signature(key: str, timestamp: str, url: str, body: bytes) -> str:
    """Sign as the channels vocabulary does: HMAC-SHA256 of timestamp, URL and the body's SHA-256, in base64."""
    signed = b"\n".join((timestamp.encode(), url.encode(), hashlib.sha256(body).digest()))
    return base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()


def _datetime_at(now: int) -> type[datetime]:
    """Make a datetime that stands at the hub's time, by which the library judges how old a webhook is."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls.fromtimestamp(now / 1000, tz or UTC)

    return Stopped
