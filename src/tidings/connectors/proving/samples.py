"""Reading samples: files of what a provider says and hears, and of what that means.

A connector's folder of samples holds

* `settings.json`: a channel to try it as (`Channel` below);
* `<what>.http` and `<what>.json`: a callback as it came, and the reports it means;
* `forged_<what>.http`, `unreadable_<what>.http`: a callback that is not proven, or cannot be read;
* `handshake_<what>.http` and `.json`: a request that only asks whether we are here, and our answer;
* `send_<what>.json`: a message, the calls and replies it takes to send it, and what comes of it (`Sending`);
* `refuse_<what>.json`: a message that is refused before sending, and the errors (`Refusing`).

A `.http` file is the request line (its path as it stands in the callback URL), header lines, an empty line, and the
body to the last byte. Lines `# platform: mms`, `# now: <milliseconds>` and `# settings: {…}` may stand before it, and
`# evidence: <a file of the folder>`, what the connector asks for before it can prove the callback, and
`# signed: <fields>`, where the signature of this one covers other fields than the folder's (`signedFields`).
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from tidings.connectors.connector import Connector, Outgoing, read_settings
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Callback, Exchange, Reply, Sent


class Channel(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What `settings.json` says: the channel that a connector is tried as."""

    platform: str
    settings: dict[str, Any]
    callback_url: str
    now: int
    """`Callback.received_at` and `Outgoing.now`, milliseconds."""
    signed_fields: tuple[str, ...] = ()
    """Where the signature does not cover the body: the headers, parameters and body fields that it covers."""


class WrittenCall(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A call as a sample writes it; its body in one of four forms."""

    method: str
    url: str
    headers: dict[str, str] = {}
    form: list[tuple[str, str]] | UnsetType = UNSET
    json: Any = UNSET
    body: str | UnsetType = UNSET
    octets: bytes | UnsetType = UNSET
    """In base64, for a body that is no text."""
    follow: bool = False


class WrittenReply(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider's reply as a sample writes it."""

    status: int = 200
    headers: dict[str, str] = {}
    json: Raw | UnsetType = UNSET
    body: str = ""
    octets: bytes | UnsetType = UNSET
    """In base64, for a body that is no text."""

    def reply(self) -> Reply:
        """Give the reply itself."""
        body = self.body.encode() if self.json is UNSET else bytes(self.json)
        body = body if self.octets is UNSET else self.octets
        return Reply(status=self.status, headers={name.lower(): v for name, v in self.headers.items()}, body=body)


class Silence(Struct, frozen=True, forbid_unknown_fields=True):
    """No reply, and whether the provider may have taken the call."""

    why: str
    taken: bool
    error: str = ""


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """A call, and the reply to it or the want of one."""

    call: WrittenCall
    reply: WrittenReply = WrittenReply()
    no_reply: Silence | None = None

    def go_on(self, exchange: Exchange[Sent]) -> Call:
        """Give an exchange the reply, or the want of one; give its next call. What it ends with is raised."""
        if self.no_reply is None:
            return exchange.send(self.reply.reply())
        return exchange.throw(NoReply(self.no_reply.why, taken=self.no_reply.taken, error=self.no_reply.error))


class Sending(Struct, frozen=True, forbid_unknown_fields=True):
    """What a `send_*.json` says."""

    outgoing: dict[str, Any]
    result: dict[str, Any]
    """`sent`, `failed`, `deferred` or `no_reply`, and what it says."""
    steps: tuple[Step, ...] = ()
    platform: str = ""
    settings: dict[str, Any] = {}
    """Settings beside or instead of the folder's."""


class Refusing(Struct, frozen=True, forbid_unknown_fields=True):
    """What a `refuse_*.json` says."""

    outgoing: dict[str, Any]
    errors: list[dict[str, str]]
    platform: str = ""
    settings: dict[str, Any] = {}


class _Setting(Struct, frozen=True):
    """What a `send_*.json` and a `refuse_*.json` have in common."""

    platform: str = ""
    settings: dict[str, Any] = {}


class Folder:
    """A connector and its folder of samples."""

    def __init__(self, connector: type[Connector[Any]], path: Path) -> None:
        self.connector = connector
        self.path = path
        self.channel = msgspec.json.decode((path / "settings.json").read_bytes(), type=Channel)

    def build(self, platform: str = "", settings: dict[str, Any] | None = None) -> Connector[Any]:
        """Make the connector for the folder's channel; `settings` stand beside or instead of the folder's."""
        given = {**self.channel.settings, **(settings or {})}
        return self.connector(read_settings(self.connector, given), platform or self.channel.platform)

    def samples(self) -> list["Sample"]:
        """Every sample, by the name of its file; the golden file of a callback is no sample of its own."""
        files = sorted(path for path in self.path.iterdir() if path.suffix in {".http", ".json"})
        return [
            Sample(self, path)
            for path in files
            if path.name != "settings.json" and not (path.suffix == ".json" and path.with_suffix(".http") in files)
        ]


class Sample(Struct, frozen=True):
    """One sample of a folder."""

    folder: Folder
    path: Path

    def __str__(self) -> str:
        return f"{self.folder.connector.name}/{self.path.name}"

    @property
    def kind(self) -> str:
        """`send`, `refuse`, `forged`, `unreadable`, `handshake` or `callback`."""
        first = self.path.stem.partition("_")[0]
        if self.path.suffix == ".http":
            return first if first in {"forged", "unreadable", "handshake"} else "callback"
        if first in {"send", "refuse"}:
            return first
        raise AssertionError(f"{self}: nobody knows what this file is for.")

    @property
    def golden(self) -> Any:
        """What the file beside a callback says."""
        return msgspec.json.decode(self.path.with_suffix(".json").read_bytes())

    @property
    def signed_fields(self) -> tuple[str, ...]:
        """What the signature of a callback covers, where that is not its body."""
        notes, _ = self._notes()
        signed = notes.get("signed")
        return self.folder.channel.signed_fields if signed is None else tuple(signed.replace(",", " ").split())

    def _notes(self) -> tuple[dict[str, str], bytes]:
        """Read the lines before a `.http` file's request, and what stands after them."""
        content = self.path.read_bytes()
        notes: dict[str, str] = {}
        while content.startswith(b"#"):
            line, _, content = content.partition(b"\n")
            name, _, value = line[1:].decode().partition(":")
            notes[name.strip()] = value.strip()
        return notes, content

    def received(self) -> tuple[Connector[Any], Callback]:
        """Read a `.http` file: the callback, and the connector that it came to."""
        channel, (notes, content) = self.folder.channel, self._notes()
        head, _, body = content.partition(b"\n\n")
        request, *lines = head.decode().split("\n")
        method, target = request.split()[:2]
        headers: dict[str, str] = {}
        for line_of_head in lines:
            name, _, value = line_of_head.partition(":")
            key = name.strip().lower()
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        base = urlsplit(channel.callback_url)
        callback = Callback(
            method=method,
            url=f"{base.scheme}://{base.netloc}{target}",
            headers=headers,
            body=body,
            received_at=int(notes.get("now", channel.now)),
            below=target.partition("?")[0].removeprefix(base.path).strip("/"),
            evidence=(self.folder.path / notes["evidence"]).read_bytes() if "evidence" in notes else b"",
        )
        settings = msgspec.json.decode(notes.get("settings", "{}"))
        return self.folder.build(notes.get("platform", ""), settings), callback

    def outgoing(self, given: dict[str, Any], platform: str) -> Outgoing:
        """Read the message of a sample; what it does not say is the folder's."""
        channel = self.folder.channel
        defaults = {"message": "msg-1", "hop": 0, "workspace": "ws-1", "now": channel.now, "to": "", "content": {}}
        whole = {**defaults, "platform": platform or channel.platform, **given}
        return msgspec.json.decode(msgspec.json.encode(whole), type=Outgoing)

    def sending(self) -> tuple[Connector[Any], Outgoing, Sending]:
        """Read a `send_*.json`."""
        given = msgspec.json.decode(self.path.read_bytes(), type=Sending)
        connector = self.folder.build(given.platform, given.settings)
        return connector, self.outgoing(given.outgoing, given.platform), given

    def exchange(self) -> Exchange[Sent]:
        """Begin the exchange of a `send_*.json`."""
        connector, outgoing, _ = self.sending()
        return connector.send(outgoing, report_to=self.folder.channel.callback_url)

    def connector(self) -> Connector[Any]:
        """Make the connector that the sample is about."""
        if self.path.suffix == ".http":
            return self.received()[0]
        given = msgspec.json.decode(self.path.read_bytes(), type=_Setting)
        return self.folder.build(given.platform, given.settings)
