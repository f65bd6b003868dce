"""What a connector says to its provider, and what the provider says to us."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tidings.model.errors import NoReply
from tidings.model.stages import Reason

T = TypeVar("T")

_LONGEST_WAIT = 12
"""Digits; more is no wait that anybody means."""


class Call(Struct, frozen=True, kw_only=True):
    """An HTTP request that a connector wants made."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    follow: bool = False
    """Whether a redirect is followed (media downloads only); credentials stay with the first host."""

    @staticmethod
    def post(url: str, *, json: Any = None, form: Any = None, **headers: str) -> "Call":
        """A POST of a JSON value, or of form fields (a mapping or pairs); header names are written with `_`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if form is not None:
            body = urlencode(form, doseq=isinstance(form, Mapping)).encode()
            headers = {"content-type": "application/x-www-form-urlencoded", **named}
            return Call(method="POST", url=url, body=body, headers=headers)
        headers = {"content-type": "application/json", **named}
        return Call(method="POST", url=url, body=msgspec.json.encode(json), headers=headers)

    @staticmethod
    def get(url: str, *, follow: bool = False, **headers: str) -> "Call":
        """A GET; header names are written with `_`."""
        return Call(
            method="GET", url=url, follow=follow, headers={name.replace("_", "-"): v for name, v in headers.items()}
        )


class Reply(Struct, frozen=True, kw_only=True):
    """What the provider answered to a call."""

    status: int
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300

    @property
    def raw(self) -> Raw:
        """The body as JSON to keep: itself where it is JSON, else an object with the status and the text."""
        return as_raw(self.body, status=self.status)

    def retry_after(self, now: int) -> float | None:
        """Seconds that the provider asks us to wait; None where it does not ask. `now` is in milliseconds."""
        wait = retry_after(self.headers, now)
        return None if wait is None else wait / 1000


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs are of one scheme, host and port: what is secret between us and one may go to the other."""
    try:
        return urlsplit(one)[:2] == urlsplit(other)[:2]
    except ValueError:
        return False


class Piece(Struct, frozen=True):
    """The provider's id of one part, and whose it is where a message has several recipients."""

    reference: str
    """Empty where the provider gave none, because it refused this part."""
    recipient: str = ""
    refused: Reason | UnsetType = UNSET
    """Why it was refused, though others of the message were taken."""
    also: tuple[str, ...] | UnsetType = UNSET
    """Other references by which the provider may speak of it."""

    @property
    def references(self) -> tuple[str, ...]:
        """Every reference by which the provider may speak of it; none of what it refused."""
        others = () if self.also is UNSET else self.also
        return tuple(filter(None, (self.reference, *others)))


class Sent(Struct, frozen=True, kw_only=True):
    """The provider took the message."""

    pieces: tuple[Piece, ...]
    answer: Raw
    """What it answered, or what is worth keeping of it: `additionalInfo` of the omnichannel vocabulary."""
    units: int | None = None
    sender: str = ""
    """The sender used, as the provider names it."""


Exchange = Generator[Call, Reply, T]
"""A conversation with a provider: it yields calls, is sent replies, and returns what came of it.

Where no reply came, `NoReply` is thrown into it; a connector that can find out what happened may catch it.
"""


async def hold(exchange: Exchange[T], answer: Callable[[Call], Awaitable[Reply]]) -> T:
    """Hold a conversation: each call gets what `answer` gives, or the NoReply that it raises; gives what came of it."""
    try:
        call = next(exchange)
        while True:
            try:
                reply = await answer(call)
            except NoReply as silence:
                call = exchange.throw(silence)
            else:
                call = exchange.send(reply)
    except StopIteration as end:
        value: T = end.value
        return value


class Callback(Struct, frozen=True, kw_only=True):
    """A provider's request to us, exactly as it came."""

    method: str
    url: str
    """The public URL that the provider called, as we gave it out: scheme, host, path and query."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    received_at: int
    below: str = ""
    """What stands in the path below the channel's callback URL, without the slash."""
    evidence: bytes = b""
    """What the connector asked for to be able to prove it (`Connector.evidence`)."""

    @property
    def query(self) -> str:
        """The query string, undecoded."""
        return self.url.partition("?")[2].partition("#")[0]

    @property
    def arguments(self) -> dict[str, str]:
        """The query's parameters, the first of each name; none of a query with more than a thousand."""
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return {}
        return dict(reversed(pairs))

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Answer(Struct, frozen=True, kw_only=True):
    """What we answer to a callback."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"


def retry_after(headers: Mapping[str, str], now: int) -> int | None:
    """Read `Retry-After` (seconds or an HTTP date, RFC 9110 10.2.3) as milliseconds from `now`; None without one.

    Header names are in lower case.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) < _LONGEST_WAIT:
        return int(value) * 1000
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # the old form without a zone is of Greenwich too
            moment = moment.replace(tzinfo=UTC)
        return max(0, round(moment.timestamp() * 1000) - now)
    except (ValueError, TypeError, OverflowError):
        return None


def as_raw(body: bytes, **otherwise: Any) -> Raw:
    """Keep a body as JSON: itself where it is JSON, else an object of `otherwise` and the text."""
    try:
        msgspec.json.decode(body)
        return Raw(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return encode_raw({**otherwise, "body": body.decode("utf-8", "replace")})


def encode_raw(value: Any) -> Raw:
    """Keep a value as JSON."""
    return Raw(msgspec.json.encode(value))
