"""Files: which of Meta's kinds one is, how a message names it, and how it is uploaded.

Uploading https://developers.facebook.com/docs/messenger-platform/reference/attachment-upload-api
"""

from typing import Any

import msgspec

from tidings.connectors.meta.api import Api
from tidings.connectors.meta.messaging.medium import Medium
from tidings.model.content import Media
from tidings.model.exchange import Call
from tidings.rules.uploads import Upload, octets_of, type_of, write_form

_KINDS = frozenset({"image", "video", "audio"})

DOOR = "message_attachments"


def kind_of(media: Media) -> str:
    """Give Meta's kind; what is neither picture, film nor sound is a file."""
    kind = type_of(media).partition("/")[0]
    return kind if kind in _KINDS else "file"


def attachment_of(media: Media) -> dict[str, Any]:
    """Name a file in a message: by its id at Meta, else by its link."""
    payload = {"attachment_id": media.reference} if media.reference else {"url": media.url}
    return {"type": kind_of(media), "payload": payload}


def has_to_be_uploaded(media: Media) -> bool:
    """Whether the file itself came with the message and is not at Meta yet."""
    return bool(media.data) and not media.reference and not media.url


def upload(media: Media, api: Api, medium: Medium) -> Call:
    """Write the request that uploads a file."""
    message = {"attachment": {"type": kind_of(media), "payload": {"is_reusable": False}}}
    fields = [("message", msgspec.json.encode(message).decode())]
    if medium.object != "page":
        fields.append(("platform", medium.object))
    file = Upload(media.name or "file", type_of(media), octets_of(media))
    content_type, form = write_form(fields, [("filedata", file)])
    headers = {"content-type": content_type, "authorization": api.authorization}
    return Call(method="POST", url=api.url(DOOR), headers=headers, body=form)
