"""Handing a message to TikTok: images first, then every message that the content takes."""

from typing import Any

import msgspec
from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.options import read_options
from tidings.connectors.tiktok.checking import closed_window
from tidings.connectors.tiktok.composing import Body, compose, is_text
from tidings.connectors.tiktok.errors import Answer, accepted
from tidings.connectors.tiktok.images import image_of
from tidings.connectors.tiktok.settings import Options, TikTokSettings
from tidings.model.content import Media
from tidings.model.errors import NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Piece, Sent, encode_raw
from tidings.model.stages import Cause, Reason
from tidings.rules.uploads import write_form


class _Message(Struct, frozen=True):
    message_id: str


class _Taken(Struct, frozen=True):
    message: _Message


class _Uploaded(Struct, frozen=True):
    media_id: str


def send(outgoing: Outgoing, settings: TikTokSettings) -> Exchange[Sent]:
    """Send every message that a checked content takes; none where the person's window is known to be closed."""
    bodies = compose(outgoing.content)
    closed = closed_window(outgoing, len(bodies), settings)
    if closed:
        raise SendFailed(closed)
    api = Api(settings, outgoing.to, outgoing.now)
    for number, body in enumerate(bodies):
        bodies[number] = yield from _with_image(body, api)
    yield from _courtesies(read_options(outgoing.options, Options), api)
    answered = next((number for number, body in enumerate(bodies) if is_text(body)), None)
    references: list[str] = []
    for number, body in enumerate(bodies):
        quoted = {"referenced_message_info": {"referenced_message_id": outgoing.reply_to}}
        said = {**body, **quoted} if outgoing.reply_to and number == answered else body
        try:
            references.append((yield from _post(said, api)))
        except (SendFailed, SendDeferred, NoReply) as trouble:
            if not references:
                raise
            raise _broken_off(trouble, f"{number} of {len(bodies)} messages were taken, then: ") from trouble
    told = {"conversationId": outgoing.to, "messageId": references[0]}
    several = {"messageIds": references} if len(references) > 1 else {}
    return Sent(
        pieces=tuple(map(Piece, references)), answer=encode_raw({**told, **several}), sender=settings.business_id
    )


class Api(Struct, frozen=True):
    """TikTok's API as one account reaches one conversation; `now` is in milliseconds."""

    settings: TikTokSettings
    conversation: str
    now: int

    def send(self, body: Body) -> Call:
        """A message, or an action that nothing is sent by."""
        whom = {"recipient_type": "CONVERSATION", "recipient": self.conversation}
        return self.post("business/message/send", {**whom, **body})

    def post(self, door: str, body: Body) -> Call:
        """A POST of JSON on behalf of the account."""
        settings = self.settings
        headers = {"content-type": "application/json", "access-token": settings.access_token.reveal()}
        content = msgspec.json.encode({"business_id": settings.business_id, **body})
        return Call(method="POST", url=settings.url(door), headers=headers, body=content)


def _with_image(body: Body, api: Api) -> Exchange[Body]:
    """Give a message whose image is at TikTok; one that has none, or is the client's own, as it is."""
    image = body.get("image")
    if not isinstance(image, Media):
        return body
    return {**body, "image": {"media_id": image.reference or (yield from _upload(image, api))}}


def _upload(media: Media, api: Api) -> Exchange[str]:
    image = yield from image_of(media)
    settings = api.settings
    fields = [("business_id", settings.business_id), ("media_type", "IMAGE")]
    content_type, form = write_form(fields, [("file", image)])
    headers = {"content-type": content_type, "access-token": settings.access_token.reveal()}
    url = settings.url("business/message/media/upload")
    try:
        answer = accepted((yield Call(method="POST", url=url, headers=headers, body=form)), settings, api.now)
    except NoReply as silence:
        # An image that may lie at TikTok is no message: nobody has got anything.
        raise NoReply(silence.why, taken=False, error=silence.error) from silence
    uploaded = _read(answer, _Uploaded)
    if uploaded is None or not uploaded.media_id:
        raise SendDeferred(Reason(Cause.PROVIDER, "The upload's answer names no image.", permanent=False))
    return str(uploaded.media_id)


def _courtesies(options: Options, api: Api) -> Exchange[None]:
    """What is shown before an answer; whatever comes of it, the message itself is sent."""
    for asked, action in ((options.mark_read, "MARK_READ"), (options.typing, "TYPING")):
        if asked:
            try:
                yield api.send({"message_type": "SENDER_ACTION", "sender_action": action})
            except NoReply:
                return


def _post(body: Body, api: Api) -> Exchange[str]:
    answer = accepted((yield api.send(body)), api.settings, api.now)
    taken = _read(answer, _Taken)
    if taken is None or not taken.message.message_id:
        raise NoReply("The answer names no message.", taken=True)
    return str(taken.message.message_id)


def _read(answer: Answer, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(answer.data, kind)
    except msgspec.ValidationError:
        return None


def _broken_off(trouble: SendFailed | SendDeferred | NoReply, told: str) -> SendFailed | NoReply:
    """What trouble means once some of several messages are taken: the whole may not be sent again."""
    if isinstance(trouble, NoReply):
        return NoReply(told + trouble.why, taken=True, error=trouble.error)
    reason = trouble.reason
    data = trouble.data if isinstance(trouble, SendFailed) else None
    return SendFailed(Reason(reason.cause, told + reason.text, reason.code), data)
