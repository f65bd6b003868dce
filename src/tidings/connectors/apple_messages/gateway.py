"""Apple's gateway, as one business reaches it: headers, files up and down, and large data by reference.

Attachments https://register.apple.com/resources/messages/msp-rest-api/type-text
"""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from tidings.connectors.apple_messages import ciphers
from tidings.connectors.apple_messages.errors import refusal
from tidings.connectors.apple_messages.settings import AppleSettings
from tidings.connectors.apple_messages.tokens import authorization
from tidings.connectors.decoding import read
from tidings.model.errors import NoReply, SendDeferred
from tidings.model.exchange import Call, Exchange, Reply, same_origin
from tidings.model.stages import Cause, Reason

T = TypeVar("T")

_OCTETS = "application/octet-stream"


class _Slot(Struct, frozen=True, rename="kebab"):
    """Where a file may be put, and how it is found there."""

    upload_url: str
    mmcs_url: str
    mmcs_owner: str


class _File(Struct, frozen=True, rename="camel"):
    file_checksum: str


class _Stored(Struct, frozen=True, rename="camel"):
    single_file: _File


class Place(Struct, frozen=True, rename="kebab"):
    """Where a file may be got, for a while."""

    download_url: str


class Uploaded(Struct, frozen=True):
    """A file at Apple, and what a message says to let it be read."""

    url: str
    owner: str
    signature: str
    """In base64."""
    key: str
    size: int
    """Octets as they were sent, which is as many as there are."""


class Gateway(Struct, frozen=True):
    """The gateway for one exchange; `now` is in milliseconds, `tag` ours for the message, `tries` as in Outgoing."""

    settings: AppleSettings
    now: int
    tag: str = ""
    tries: int = 0

    def url(self, door: str) -> str:
        """Where something is."""
        return f"{self.settings.base_url.rstrip('/')}/v1/{door}"

    def headers(self, **more: str) -> dict[str, str]:
        """The headers of every call; names are written with `_`."""
        told = {"authorization": authorization(self.settings, self.now), "source_id": self.settings.business_id, **more}
        return {name.replace("_", "-"): value for name, value in told.items()}

    def is_trusted(self, url: str) -> bool:
        """Whether an address that the gateway gave out may be called."""
        return url.startswith("https://") or same_origin(url, self.settings.base_url)

    def encode(self, data: dict[str, Any]) -> Exchange[bytes]:
        """Have interactive data packed that is too large to stand in a message."""
        headers = self.headers(bid=str(data["bid"]), content_type="application/json")
        call = Call(method="POST", url=self.url("encodePayload"), headers=headers, body=msgspec.json.encode(data))
        return (yield from self._prepared(call)).body

    def upload(self, octets: bytes) -> Exchange[Uploaded]:
        """Encrypt a file and put it at Apple."""
        key = ciphers.key_for(self.settings.key, self.tag, octets)
        sealed = ciphers.turn(key, octets)
        # Apple's page names the header `size`; a client has been seen that sends the other one.
        headers = self.headers(size=str(len(sealed)), MMCS_Size=str(len(sealed)))
        slot = self._read(
            (yield from self._prepared(Call(method="GET", url=self.url("preUpload"), headers=headers))), _Slot
        )
        if not self.is_trusted(slot.upload_url):
            raise _no_sense()
        call = Call(method="POST", url=slot.upload_url, headers={"content-type": _OCTETS}, body=sealed)
        stored = self._read((yield from self._prepared(call)), _Stored)
        signature = stored.single_file.file_checksum
        return Uploaded(slot.mmcs_url, slot.mmcs_owner, signature, ciphers.written_key(key), len(sealed))

    def _prepared(self, call: Call) -> Exchange[Reply]:
        """Make a call that only prepares a message: whatever becomes of it, nobody has got anything."""
        try:
            reply = yield call
        except NoReply as silence:
            raise NoReply(silence.why, taken=False, error=silence.error) from silence
        if not reply.ok:
            raise refusal(reply, self.now, self.tries)
        return reply

    def _read(self, reply: Reply, kind: type[T]) -> T:
        told = read(reply.body, kind)
        if told is None:
            raise _no_sense()
        return told


def _no_sense() -> SendDeferred:
    return SendDeferred(Reason(Cause.PROVIDER, "The gateway's answer makes no sense.", permanent=False))
