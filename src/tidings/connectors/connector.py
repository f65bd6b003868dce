"""What a connector is: the declarations it makes and the five things it does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Struct

from tidings.model.content import Content, Media
from tidings.model.errors import FieldError, Refused
from tidings.model.exchange import Answer, Call, Callback, Exchange, Reply, Sent
from tidings.model.reports import Report
from tidings.model.secrets import Secret


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What an operator sets on a channel; a field of type `Secret` is never given back or printed."""


S = TypeVar("S", bound=Settings)


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a connector can do, declared once; checks, documents and the support matrix are made from it."""

    sends: frozenset[str]
    """Kinds of content (names in `tidings.model.content.KINDS`) it can send; the rest is refused before sending."""
    receipts: bool = True
    """Whether the provider tells that a message was delivered; without, `sent` is the last word."""
    reads: bool = False
    interactions: frozenset[str] = frozenset()
    """Deeds (words of `tidings.model.reports.Deed`) its callbacks can tell."""
    inbound: bool = False
    deduplicates: bool = False
    """Whether the provider takes a message once however often we send it with the same id of ours."""
    tracks_links: bool = False
    """Whether the provider rewrites links and tells who follows them, if it is asked to."""
    several_recipients: bool = False
    receipt_is_the_messages: bool = False
    """Whether a failing receipt speaks of the message itself (e-mail) rather than of one hop of it (sms)."""
    only: Mapping[str, str] = {}
    """Of what is not told always, when it is: by `receipts`, `reads`, `inbound` or a deed, a few words each."""
    signature: str = "none"
    """How its callbacks are proven, in a few words."""
    windowed: bool = False
    """Whether what may be sent depends on when the person last wrote; `heard_at` and `answered` are then known."""
    unechoed: bool = False
    """Whether it tells up to when everything has come, but not when each message went: when we asked has to do."""
    rate_per_second: float | None = None
    """The provider's usual limit for one sender; used where the channel sets none."""
    per_recipient_seconds: float | None = None


class Outgoing(Struct, frozen=True, kw_only=True):
    """One hop of a message, as a connector sees it."""

    message: str
    """Our message id."""
    hop: int
    """The hop's number within the message."""
    workspace: str
    platform: str
    to: str
    """The address: a phone number as E.164 with `+`, an e-mail address, or the platform's own user id."""
    recipients: tuple[tuple[str, str], ...] = ()
    """Of an e-mail: every (type `to|cc|bcc`, address), `to` included."""
    sender: str = ""
    """The sender asked for; empty: the channel's own."""
    sender_name: str = ""
    content: Content
    options: Mapping[str, Any] = {}
    """What the client asked of this platform only (`channelOptions`)."""
    reference: str = ""
    reply_to: str = ""
    """The provider's reference of the message it answers."""
    conversation: str = ""
    """The conversation it is for, where the client names one."""
    tags: tuple[str, ...] = ()
    track_links: str = ""
    metadata: Mapping[str, str] = {}
    expires_at: int | None = None
    tries: int = 0
    """How often this hop was handed over before; a provider that can be asked is asked before it is told again."""
    now: int
    """The time of sending, milliseconds."""
    heard_at: int | None = None
    """When the person last wrote to us by this channel, milliseconds; None where they never did, as far as is known."""
    answered: int = 0
    """How many messages went to them since."""

    @property
    def tag(self) -> str:
        """Our own id of this hop, `<message>:<hop>`, for wherever the provider gives such a thing back."""
        return f"{self.message}:{self.hop}"


class Polled(Struct, frozen=True, kw_only=True):
    """What the provider had for us when it was asked."""

    reports: tuple[Report, ...]
    place: str
    """Where to go on; it is kept, and given back the next time."""
    more: bool = False
    """Whether there is more to be had at once."""


class Connector(ABC, Generic[S]):
    """One provider's language, for one channel. It opens no socket, reads no clock and sees no store."""

    name: ClassVar[str]
    """What channels call it, `acme-cloud`."""
    label: ClassVar[str]
    """What people call it."""
    platforms: ClassVar[tuple[str, ...]]
    capabilities: ClassVar[Mapping[str, Capabilities]]
    """By platform."""
    documentation: ClassVar[str] = ""
    """The provider's page on it."""
    wire: ClassVar[str] = "http"
    """What carries its calls: `http`; or another wire of the hub, whose calls and replies stand for something else."""
    notes: ClassVar[tuple[str, ...]] = ()
    """What an operator must know of it, a sentence or two each; they stand on its page of the documentation."""
    Settings: ClassVar[type[Settings]]

    def __init__(self, settings: S, platform: str) -> None:
        self.settings = settings
        self.platform = platform

    @property
    def able(self) -> Capabilities:
        """What it can do on this channel's platform."""
        return self.capabilities[self.platform]

    @property
    def sender(self) -> str:
        """The channel's own sender, as the provider names it; empty where there is none."""
        return ""

    @property
    def tracks_links(self) -> bool:
        """Whether the provider tracks links as this channel is set up; where it does not, the hub does."""
        return self.able.tracks_links

    @property
    def polled(self) -> bool:
        """Whether messages wait until the provider fetches them, rather than being sent; such a one can `hand_over`."""
        return False

    def check(self, outgoing: Outgoing) -> tuple[FieldError, ...]:
        """Say what of a message this provider would refuse, before anything is sent; the default looks at the kinds."""
        return unsupported_kinds(outgoing, self.able)

    def conversation(self, outgoing: Outgoing) -> str:
        """Name the conversation that a message goes into where the client names none; empty: there are no names."""
        return ""

    @abstractmethod
    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        """Hand one hop to the provider.

        `report_to` is the channel's callback URL. Raises SendFailed where the provider refuses, SendDeferred where
        it certainly did not take it and may later; NoReply comes through where the connection fails.
        """

    def claims(self, callback: Callback) -> bool:
        """Whether something is for this channel that came by a door which serves all of them, a mail or a click."""
        return False

    @abstractmethod
    def verify(self, callback: Callback) -> None:
        """Return if the callback is proven to be the provider's; raise BadSignature if not."""

    @abstractmethod
    def parse(self, callback: Callback) -> list[Report]:
        """Say what a verified callback means; raise Unreadable if nothing can be read. Bad items become Unknown."""

    def fetch(self, media: Media, now: int) -> Exchange[Reply]:
        """Get a file that came with an inbound message; gives the provider's answer, whatever it is.

        `now` is the time in milliseconds, for requests that must say it. The default asks for the file's address
        without credentials.
        """
        return (yield Call.get(media.url, follow=True))

    def handshake(self, callback: Callback) -> Answer | None:
        """Answer a request that is no report but asks whether we are here; None where it is a report.

        Asked before `verify`, so it must do its own proof; raises BadSignature.
        """
        return None

    def evidence(self, callback: Callback) -> Call | None:
        """What must be had before `verify` can judge, a certificate say; None where the callback is enough.

        The hub fetches it through its address guard, keeps it for a while by its URL, and hands it to `verify` as
        `Callback.evidence`. Raises BadSignature where the callback names a place that is not the provider's.
        """
        return None

    def complete(self, callback: Callback) -> Exchange[Callback] | None:
        """Get what a proven callback only points to, before it is read; None where it says everything itself.

        Gives the callback with it. What cannot be got stays pointed to: nothing is raised for that.
        """
        return None

    def acknowledge(self, callback: Callback) -> Exchange[None] | None:
        """Tell the provider something by a call of ours once its callback is durable; None where there is nothing.

        It is tried once, in the background: a call that is lost does no harm.
        """
        return None

    def renewal(self, now: int, *, refused: bool) -> Exchange[Mapping[str, Any]] | None:
        """Get new credentials where those of the settings are used up or soon will be; None where they will do.

        `refused` says that the provider has just refused them (`SendDeferred` with `stale`). Gives the settings to be
        changed, as they are written in the API; the channel keeps them.
        """
        return None

    @property
    def poll_seconds(self) -> float | None:
        """How often the provider is to be asked for reports; None where it calls us."""
        return None

    def poll(self, place: str, now: int) -> Exchange[Polled]:
        """Ask the provider for what happened since a place, empty at the first time; only where `poll_seconds` says so.

        What is told twice must have the same keys: a place is kept after its reports.
        """
        raise NotImplementedError

    def answer(self, callback: Callback) -> Answer:
        """What the provider expects to hear once its callback is durable here."""
        return Answer()

    def refusal(self, callback: Callback) -> Answer:
        """What the provider hears when its callback is not proven."""
        return Answer(status=403, body=b"signature refused")


def unsupported_kinds(outgoing: Outgoing, able: Capabilities) -> tuple[FieldError, ...]:
    """Name every kind of content that the provider cannot send; a native body for the platform stands for all."""
    content = outgoing.content
    kinds = {"native"} if outgoing.platform in content.native else set(content.kinds) - {"native"}
    if not kinds:
        return (FieldError("body", f"There is nothing to send on {outgoing.platform}.", "Empty"),)
    return tuple(
        FieldError("body", f"{outgoing.platform} on this channel cannot send {kind}.", "Unsupported")
        for kind in sorted(kinds - able.sends)
    )


def read_settings(connector: type[Connector[Any]], given: Mapping[str, Any]) -> Any:
    """Read a channel's settings; raises Refused, naming the setting."""
    try:
        return msgspec.convert(dict(given), connector.Settings, dec_hook=_to_secret)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Refused(
            "The settings do not fit the connector.",
            status=422,
            errors=(FieldError(f"settings{path.rstrip('`')}", message, "invalid"),),
        ) from error


def secret_settings(connector: type[Connector[Any]]) -> frozenset[str]:
    """Name the settings that are secret, as they are written in the API."""
    return frozenset(
        field.encode_name for field in msgspec.structs.fields(connector.Settings) if _is_secret(field.type)
    )


def settings_schema(connector: type[Connector[Any]]) -> dict[str, Any]:
    """Describe a connector's settings as JSON Schema; secrets are marked `writeOnly`."""
    schemas, components = msgspec.json.schema_components([connector.Settings], schema_hook=_secret_schema)
    del schemas
    return next(iter(components.values()))


def _is_secret(annotation: Any) -> bool:
    inner = getattr(annotation, "__args__", ())
    return annotation is Secret or any(_is_secret(each) for each in inner)


def _to_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")


def _secret_schema(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    raise TypeError(kind)
