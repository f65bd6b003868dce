"""Handing messages to Apple's gateway: files first, then every message that the content takes, one after the other."""

from base64 import b64encode
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec import Raw, Struct

from tidings.connectors.apple_messages import interactive, media
from tidings.connectors.apple_messages.composing import Plain, Planned, RichLink, Text, body_of, compose
from tidings.connectors.apple_messages.errors import refusal
from tidings.connectors.apple_messages.gateway import Gateway
from tidings.connectors.apple_messages.interactive import Interactive
from tidings.connectors.apple_messages.settings import AppleSettings, Options
from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.options import read_options
from tidings.model.content import Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw
from tidings.model.stages import Reason

LARGEST_INLINE = 10_000
"""Octets of interactive data that may stand in a message itself."""

Fields = dict[str, Any]


class _Answer(Struct, frozen=True, rename="camel"):
    data_ref: Raw = Raw(b"")


def send(outgoing: Outgoing, settings: AppleSettings) -> Exchange[Sent]:
    """Send every message of a checked content, each once the one before is taken: else devices may turn them round."""
    sending = _Sending(outgoing, settings, read_options(outgoing.options, Options))
    planned = compose(outgoing.content, sending.options)
    if sending.options.typing:
        yield from sending.show_typing()
    ids: list[str] = []
    references: list[Raw] = []
    for index, message in enumerate(planned):
        try:
            fields = yield from sending.written(message, index)
            reply = yield from sending.hand_over(fields, sending.id_of(index))
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not ids or (settings.resend and not isinstance(trouble, SendFailed)):
                raise  # What was taken has the same id the next time, and is taken once.
            raise _broken_off(trouble, f"{len(ids)} of {len(planned)} messages were taken, then: ") from trouble
        ids.append(sending.id_of(index))
        answer = read(reply.body, _Answer)
        references += [answer.data_ref] if answer and bytes(answer.data_ref) else []
    told: Fields = {"messageId": ids[0]}
    if len(ids) > 1:
        told["messageIds"] = ids
    if references:
        told["dataRefs"] = references
    return Sent(pieces=tuple(map(Piece, ids)), answer=encode_raw(told), sender=settings.business_id)


class _Sending(Struct, frozen=True):
    """One message of ours on its way."""

    outgoing: Outgoing
    settings: AppleSettings
    options: Options

    @property
    def gateway(self) -> Gateway:
        """The gateway, now."""
        outgoing = self.outgoing
        return Gateway(self.settings, outgoing.now, outgoing.tag, outgoing.tries)

    def id_of(self, index: int | str) -> str:
        """Make the id of one of the messages: the same however often it is sent, and what answers to it come with."""
        return str(uuid5(NAMESPACE_URL, f"tidings:{self.outgoing.tag}:{index}"))

    def written(self, message: Planned, index: int) -> Exchange[Fields]:
        """Write one message, getting and putting the files that it needs."""
        match message:
            case Plain(fields):
                return fields
            case Text():
                attachments = yield from self._attachments(message.files)
                shown = {"attachments": attachments} if attachments else {}
                return {"type": "text", "body": body_of(message), **shown}
            case RichLink():
                return (yield from self._rich_link(message))
            case _:
                return (yield from self._interactive(message, index))

    def hand_over(self, fields: Fields, id_: str) -> Exchange[Reply]:
        """Post one message."""
        outgoing, options = self.outgoing, self.options
        by_program = self.settings.auto_reply if options.auto_reply is None else options.auto_reply
        said = {"auto_reply": "true"} if by_program else {}
        if self.settings.agent:
            said["msp_agent"] = self.settings.agent
        if fields["type"] == "interactive":
            said["include_data_ref"] = "true"
        headers = self.gateway.headers(id=id_, destination_id=outgoing.to, content_type="application/json", **said)
        local = {"locale": options.locale} if options.locale else {}
        envelope = {"v": 1, "id": id_, "sourceId": self.settings.business_id, "destinationId": outgoing.to, **local}
        body = msgspec.json.encode({**envelope, **fields})
        reply = yield Call(method="POST", url=self.gateway.url("message"), headers=headers, body=body)
        if not reply.ok:
            raise refusal(reply, outgoing.now, outgoing.tries)
        return reply

    def show_typing(self) -> Exchange[None]:
        """A courtesy: whatever comes of it, the message itself is sent."""
        try:
            yield from self.hand_over({"type": "typing_start"}, self.id_of("typing"))
        except (SendFailed, SendDeferred, NoReply):
            return

    def _attachments(self, files: tuple[Media, ...]) -> Exchange[list[Fields]]:
        attachments = []
        for file in files:
            octets, kind = yield from media.got(file)
            there = yield from self.gateway.upload(octets)
            attachments.append(
                {
                    "name": media.name_of(file),
                    "mimeType": kind,
                    "size": str(there.size),
                    "url": there.url,
                    "owner": there.owner,
                    "signature-base64": there.signature,
                    "key": there.key,
                }
            )
        return attachments

    def _rich_link(self, link: RichLink) -> Exchange[Fields]:
        assets: Fields = {}
        if link.image:
            octets, kind = yield from media.got(link.image)
            assets["image"] = {"data": b64encode(octets).decode(), "mimeType": kind}
        if link.video:
            assets["video"] = {"url": link.video.url, "mimeType": link.video.type}
        data = {"url": link.url, "title": link.title, "assets": assets}
        return {"type": "richLink", "body": link.url, "richLinkData": data}

    def _interactive(self, message: Interactive, index: int) -> Exchange[Fields]:
        picture = ""
        if message.picture:
            octets, _ = yield from media.got(message.picture)
            picture = b64encode(octets).decode()
        data = interactive.write(message, self.id_of(index), picture)
        if len(msgspec.json.encode(data)) <= LARGEST_INLINE:
            return {"type": "interactive", "interactiveData": data}
        packed = yield from self.gateway.encode(data)
        there = yield from self.gateway.upload(packed)
        told = {
            "bid": data["bid"],
            "url": there.url,
            "owner": there.owner,
            "signature-base64": there.signature,
            "key": there.key,
            "size": str(there.size),
            "title": message.received.get("title", ""),
        }
        return {"type": "interactive", "interactiveDataRef": {name: value for name, value in told.items() if value}}


def _broken_off(trouble: SendFailed | SendDeferred | NoReply, told: str) -> SendFailed | NoReply:
    """What trouble means once some of several messages are taken: the whole may not be sent again."""
    if isinstance(trouble, NoReply):
        return NoReply(told + trouble.why, taken=True, error=trouble.error)
    reason = trouble.reason
    data = trouble.data if isinstance(trouble, SendFailed) else None
    return SendFailed(Reason(reason.cause, told + reason.text, reason.code), data)
