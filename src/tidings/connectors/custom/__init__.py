"""A provider outside the hub, in a language of our own: for any platform, also one that nobody has published.

Send       POST to the channel's `url`: a JSON object, signed as Standard Webhooks; `webhook-id` is our id of the hop
Poll       without a `url` the messages wait until they are fetched at our own door
Reports    one JSON object or an array of them, signed as Standard Webhooks; each has a `type`
Signature  https://www.standardwebhooks.com
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

from tidings.connectors import connector
from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.custom.reports import read_report
from tidings.model.content import KINDS, Content
from tidings.model.errors import BadSignature, Misconfigured, SendDeferred, SendFailed, Unreadable
from tidings.model.exchange import Call, Callback, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.platforms import PLATFORMS, platform
from tidings.model.reports import Deed, Report
from tidings.model.secrets import Secret
from tidings.model.stages import Cause, Reason
from tidings.rules.encoding import count
from tidings.rules.signing import Signer, verify_standard
from tidings.rules.times import to_iso

CAUSES_BY_PROPERTY = {"to": Cause.BAD_ADDRESS, "phoneNumberCountryCode": Cause.COUNTRY, "from": Cause.ACCOUNT}
"""What is wrong where a validation failure names that property; any other is INVALID."""
ABOUT_SETTINGS = frozenset({401, 403, 404, 405, 410})
"""Answers that speak of the channel's settings rather than of the message, as a redirect does; it is not followed."""

NOT_NOW = frozenset({408, 425, 429})
IN_CAPITALS = frozenset({"sms", "mms"})
MOST_UNITS = 100_000
LONGEST_TEXT = 500
"""Characters kept of a refusal's text."""


class Settings(connector.Settings, frozen=True, kw_only=True):
    """What an operator sets on a channel to a provider of their own."""

    url: Annotated[
        str,
        Meta(
            description="Where outgoing messages are posted; without it they wait to be polled.",
            pattern="^(https?://.+)?$",
        ),
    ] = ""
    mode: Annotated[
        Literal["push", "poll"] | None,
        Meta(description="Whether messages are posted to `url` or wait to be polled; else posted if there is a `url`."),
    ] = None
    signing_key: Annotated[
        Secret | None, Meta(description="A `whsec_` key that signs what we post, and what is posted to us.")
    ] = None
    inbound_key: Annotated[
        Secret | None, Meta(description="A `whsec_` key for what is posted to us, where it is another one.")
    ] = None
    sender: Annotated[str, Meta(description="The sender used where a message names none.")] = ""
    receipts: Annotated[bool, Meta(description="Whether the provider reports delivery.")] = True
    reads: Annotated[bool, Meta(description="Whether the provider reports that a message was read.")] = False

    def __post_init__(self) -> None:
        """Refuse keys that are none, and pushing to nowhere or unsigned; raises ValueError."""
        for key in filter(None, (self.signing_key, self.inbound_key)):
            try:
                Signer(key)
            except Misconfigured as error:
                raise ValueError(str(error)) from error
        if self.mode == "push" and not self.url:
            raise ValueError("to push, a url is needed")
        if self.pushes and not self.signing_key:
            raise ValueError("to push, a signingKey is needed")

    @property
    def pushes(self) -> bool:
        """Whether messages are posted rather than polled."""
        return bool(self.url) and self.mode != "poll"


class AnyPlatform(Mapping[str, Capabilities]):
    """What a provider outside the hub can do: all, on any platform whatever its name."""

    def __getitem__(self, name: str) -> Capabilities:
        """Give the capabilities on a platform, published or not."""
        return _EMAIL if name == "email" else _ALL

    def __iter__(self) -> Iterator[str]:
        """Name the published platforms."""
        return iter(PLATFORMS)

    def __len__(self) -> int:
        """Count the published platforms."""
        return len(PLATFORMS)


_ALL = Capabilities(
    sends=frozenset(KINDS),
    reads=True,
    interactions=frozenset(Deed) - {Deed.READ},
    inbound=True,
    tracks_links=True,
    deduplicates=True,
    only={"receipts": "where the settings say so", "reads": "where the settings say so"},
    signature="Standard Webhooks, HMAC-SHA256",
)
_EMAIL = msgspec.structs.replace(_ALL, several_recipients=True, receipt_is_the_messages=True)


class Custom(Connector[Settings]):
    """A provider of the operator's own, which speaks our language."""

    name = "custom"
    label = "Custom provider"
    platforms = tuple(PLATFORMS)
    capabilities = AnyPlatform()
    documentation = "https://www.standardwebhooks.com"
    notes = (
        (
            "The language is our own: a JSON object is posted for each message, and an object or an array of them is"
            " posted back, both signed as Standard Webhooks. The connector's docstrings say each field."
        ),
        (
            "Without a `url`, or in the mode `poll`, messages wait until the provider fetches them at"
            " `GET /workspaces/{workspace}/channels/{channel}/outgoing`."
        ),
        "A channel may be of any platform, also one that the operator names, such as `pager`.",
        "Say with `receipts` and `reads` what the provider reports; what it does not report, nobody waits for.",
    )
    Settings = Settings

    @property
    def able(self) -> Capabilities:
        """What the provider can do, as far as the operator says it reports."""
        return msgspec.structs.replace(
            self.capabilities[self.platform], receipts=self.settings.receipts, reads=self.settings.reads
        )

    @property
    def tracks_links(self) -> bool:
        """Nobody knows whether the provider tracks links, so the hub does unless the operator leaves it to it."""
        return False

    @property
    def sender(self) -> str:
        """The channel's own sender."""
        return self.settings.sender

    @property
    def polled(self) -> bool:
        """Whether messages wait until the provider fetches them; then nothing is sent until it does."""
        return not self.settings.pushes

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Post the message to the channel's `url`; a polled one is handed over by then and makes no call."""
        if self.settings.signing_key is None or self.polled:
            answer = encode_raw(
                {"to": outgoing.to.removeprefix("+"), "successful": True, "clientRef": outgoing.message}
            )
            return self._sent(outgoing, answer, reference=outgoing.message)
        body = self.hand_over(outgoing, report_to=report_to)
        seconds = outgoing.now // 1000
        signed = {
            "webhook-id": outgoing.tag,
            "webhook-timestamp": str(seconds),
            "webhook-signature": Signer(self.settings.signing_key).sign(outgoing.tag, seconds, body),
        }
        headers = {"content-type": "application/json", **signed}
        reply = yield Call(method="POST", url=self.settings.url, headers=headers, body=body)
        return self.read_answer(reply, outgoing)

    def hand_over(self, outgoing: Outgoing, *, report_to: str) -> bytes:
        """Write a message as the provider gets it, whether it is posted or polled."""
        whole = {
            "messageId": outgoing.message,
            "apiSpaceId": outgoing.workspace,
            "channel": platform(outgoing.platform).omnichannel,
            "hop": outgoing.hop,
            "to": outgoing.to,
            "from": outgoing.sender or self.sender,
            "fromName": outgoing.sender_name,
            "recipients": [{"type": kind, "address": to} for kind, to in outgoing.recipients],
            **_content(outgoing.content, outgoing.platform),
            "metadata": outgoing.metadata,
            "options": outgoing.options,
            "reference": outgoing.reference,
            "replyTo": outgoing.reply_to,
            "tags": outgoing.tags,
            "trackLinks": outgoing.track_links,
            "expiresOn": None if outgoing.expires_at is None else to_iso(outgoing.expires_at),
            "clientRef": outgoing.message,
            "statusUrl": report_to,
        }
        return msgspec.json.encode(_said(whole))

    def read_answer(self, reply: Reply, outgoing: Outgoing) -> Sent:
        """Read what the provider answered to a message; raises SendFailed and SendDeferred."""
        answer = _object(reply.body)
        if reply.status in NOT_NOW or reply.status >= 500:
            reason = Reason(Cause.THROTTLED if reply.status == 429 else Cause.PROVIDER, *_words(reply, answer), False)
            raise SendDeferred(reason, after=reply.retry_after(outgoing.now), channel_wide=reply.status == 429)
        if not reply.ok:
            by_status = Cause.ACCOUNT if reply.status < 400 or reply.status in ABOUT_SETTINGS else Cause.INVALID
            cause = _cause(answer, by_status)
            raise SendFailed(Reason(cause, *_words(reply, answer)), data=reply.raw)
        if answer.get("successful") is False:
            name = platform(outgoing.platform).omnichannel
            told = name.upper() if name in IN_CAPITALS else name
            text = f"{told} channel returned a status of unsuccessful"
            reason = Reason(_cause(answer, Cause.INVALID), text, _failure(answer, "failureCode"))
            raise SendFailed(reason, data=reply.raw)
        names = (_word(answer, name) for name in ("id", "messageId", "clientRef"))
        units = answer.get("segmentCount")
        return self._sent(
            outgoing,
            reply.raw,
            reference=next(filter(None, names), outgoing.message),
            units=units if type(units) is int and 0 <= units < MOST_UNITS else None,
            sender=_word(answer, "from"),
        )

    def verify(self, callback: Callback) -> None:
        """Check the Standard Webhooks signature over the whole body, its time within five minutes."""
        key = self.settings.inbound_key or self.settings.signing_key
        if key is None:
            raise BadSignature("the channel has no key to prove callbacks with")
        verify_standard([key], callback.headers, callback.body, now_ms=callback.received_at)

    def parse(self, callback: Callback) -> list[Report]:
        """Read one report or an array of them."""
        try:
            whole = msgspec.json.decode(callback.body)
            items = (
                msgspec.json.decode(callback.body, type=list[Raw]) if isinstance(whole, list) else [Raw(callback.body)]
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable("the body is not JSON") from error
        if not isinstance(whole, list | dict):
            raise Unreadable("the body is neither an object nor an array of them")
        return [read_report(item, self.platform) for item in items]

    def _sent(
        self, outgoing: Outgoing, answer: Raw, *, reference: str, units: int | None = None, sender: str = ""
    ) -> Sent:
        several = len(outgoing.recipients) > 1
        return Sent(
            pieces=tuple(Piece(reference, to) for _, to in outgoing.recipients) if several else (Piece(reference),),
            answer=answer,
            units=_segments(outgoing) if units is None else units,
            sender=sender or outgoing.sender or self.sender,
        )


_NOTHING: tuple[Any, ...] = (None, "", [], (), {})
"""Values that say nothing and are left out."""


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in _NOTHING}


def _content(content: Content, on: str) -> dict[str, Any]:
    """Write content in the words of the omnichannel vocabulary, and in plain ones where it has none."""
    return {
        "title": content.title,
        "body": content.text,
        "html": content.html,
        "messageParts": content.media,
        "actions": content.actions,
        "list": content.listing,
        "cards": content.cards,
        "location": content.location,
        "contacts": content.contacts,
        "template": content.template,
        "headers": content.headers,
        "customBody": content.native.get(on),
    }


def _segments(outgoing: Outgoing) -> int | None:
    """Count the segments of an sms whose provider does not; None on any other platform, and of what is no text."""
    text = outgoing.content.text
    return count(text).segments if outgoing.platform == "sms" and text else None


def _object(body: bytes) -> dict[str, Any]:
    """Read an answer's JSON object; anything else says nothing."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return whole if isinstance(whole, dict) else {}


def _word(answer: dict[str, Any], name: str) -> str:
    """Read a text or a number of an answer as text; empty where it is neither."""
    value = answer.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _words(reply: Reply, answer: dict[str, Any]) -> tuple[str, str]:
    """Say what a refusal says, and its code."""
    texts = (_word(answer, name) for name in ("detail", "message", "error", "title"))
    text = next(filter(None, texts), "") or reply.body.decode("utf-8", "replace").strip()
    code = _failure(answer, "failureCode") or _word(answer, "code") or str(reply.status)
    return text[:LONGEST_TEXT] or f"The provider answered {reply.status}.", code


def _failure(answer: dict[str, Any], name: str) -> str:
    """Read a word of the first validation failure of an answer; empty where there is none."""
    match answer.get("validationFailures"):
        case [dict(first), *_]:
            return _word(first, name)
        case _:
            return ""


def _cause(answer: dict[str, Any], otherwise: Cause) -> Cause:
    """Say what kind of trouble an answer's first validation failure is."""
    named = _failure(answer, "property")
    return CAUSES_BY_PROPERTY.get(named, Cause.INVALID) if named else otherwise
