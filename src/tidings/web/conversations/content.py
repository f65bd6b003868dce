"""Files: uploaded by whoever takes part in conversations, and had by whoever was given their address.

An upload's `url` holds a key of its own that nobody can guess: who has it was told it in a conversation, or by the
hub's webhooks. Pages show pictures by it, for which a browser sends no token.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from tidings.connectors.mail.forms import MULTIPART, read_fields
from tidings.flow.conversations.acting import take_turn
from tidings.flow.conversations.sessions import read_session
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused, Unreadable
from tidings.model.exchange import Callback
from tidings.rules.conversations.files import LONGEST_NAME, disposition, file_name, is_taken
from tidings.rules.uploads import ANY_TYPE
from tidings.store.statements import Transaction, statement
from tidings.web.conversations.places import actor_of, door
from tidings.web.door import Argument, Other, Page, Visit, json_page, missing
from tidings.web.errors import too_large
from tidings.web.keys import shown_keys

FIELD: Final = "file"
_SAFE: Final = (
    ("content-security-policy", "default-src 'none'; sandbox"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("cache-control", "private, max-age=86400, immutable"),
    ("referrer-policy", "no-referrer"),
)
"""Whatever the file is, it runs nothing in the hub's name."""


class Uploaded(Struct, frozen=True):
    """A file as it was taken."""

    id: str
    type: str
    size: int
    folder: str
    url: str
    name: str


class _Head(Struct, frozen=True):
    """What is known of a file."""

    type: str
    name: str
    owner: str


class _File(Struct, frozen=True):
    type: str
    name: str
    data: bytes


@door(
    "POST",
    "/content",
    summary="Upload a file",
    limit="content",
    takes=f"A form (multipart/form-data) with the file in the field `{FIELD}`, or the file itself with its type.",
    gives={201: Uploaded, 413: "It is too large.", 415: "Files of this type are not taken."},
    query=(
        Argument("name", "The file's name, where it is sent by itself."),
        Argument("folder", "A word that is given back."),
    ),
)
async def upload(visit: Visit) -> Page:
    """Take a file."""
    world, actor = visit.world, actor_of(visit)
    take_turn(world, actor)
    settings = actor.setting.settings
    file = _read(visit)
    if not is_taken(file.type, settings.file_types):
        wrong = FieldError(FIELD, f"Files of the type {file.type} are not taken.", "type")
        raise Refused("The file is not taken.", status=415, errors=(wrong,))
    if len(file.data) > settings.file_limit:
        raise too_large(settings.file_limit)
    if not file.data:
        raise Refused("The file is empty.", errors=(FieldError(FIELD, "It has no octets.", "empty"),))
    id_ = world.chance.id()
    until = world.clock.now() + settings.keep
    head = msgspec.json.encode(_Head(file.type, file.name, actor.profile))
    await world.store.write(lambda: _put(id_, actor.workspace, until, head, file.data))
    url = f"{world.settings.public_url}/apispaces/{actor.workspace}/content/{id_}?key={_key(world, id_)}"
    folder = visit.query.get("folder", "")[:LONGEST_NAME]
    return json_page(201, Uploaded(id_, file.type, len(file.data), folder, url, file.name))


@door(
    "GET",
    "/content/{content}",
    auth="none",
    summary="Get a file, by its own key, or by the session or server that uploaded it",
    gives={200: Other("*/*", "The file.")},
    query=(Argument("key", "What the file's `url` ends with."),),
)
async def download(visit: Visit) -> Page:
    """Give a file."""
    world, space, named = visit.world, visit.params["space"], visit.params["content"]
    by_key = hmac.compare_digest(visit.query.get("key", "").encode(), _key(world, named).encode())
    owner = None if by_key else await _who(visit)
    found = await world.store.read(_get(named, space))
    if found is None or not (by_key or owner in ("", found[0].owner)):
        raise missing("file", named)
    head, data = found
    headers = (*_SAFE, ("content-disposition", disposition(head.type, head.name)))
    return Page(200, data, headers, head.type)


async def _who(visit: Visit) -> str:
    """Say who asks without a file's key: a profile, or the server (empty); raises Refused (401)."""
    space, directory = visit.params["space"], visit.world.directory
    for shown in shown_keys(visit):
        if (known := directory.scopes_of(shown)) is not None and known[0] in ("", space):
            return ""
    token = visit.headers.get("authorization", "").partition(" ")[2].strip()
    return (await read_session(visit.world, token, space)).profile


def _read(visit: Visit) -> _File:
    """Read the file of a request; raises Refused."""
    posted = Callback(method="POST", url="", headers=visit.headers, body=visit.body, received_at=0)
    if posted.content_type != MULTIPART:
        name = file_name(visit.query.get("name", ""))
        return _File(posted.content_type or ANY_TYPE, name, visit.body)
    try:
        files = read_fields(posted, "A client").files
    except Unreadable as error:
        raise Refused("The form cannot be read.", errors=(FieldError("", str(error), "form"),)) from error
    for name, file in files:
        if name == FIELD:
            return _File(file.type, file_name(file.name), file.data)
    raise Refused("The form has no file.", errors=(FieldError(FIELD, "This file is required.", "required"),))


def _key(world: World, file: str) -> str:
    digest = hmac.digest(world.conversations.keys[0], b"file " + file.encode(), sha256)
    return urlsafe_b64encode(digest[:18]).decode()


def _put(id_: str, workspace: str, until: int, head: bytes, data: bytes) -> Transaction[None]:
    yield statement("put_upload")(id=id_, workspace=workspace, until=until, head=head, data=data)


def _get(id_: str, workspace: str) -> Transaction[tuple[_Head, bytes] | None]:
    rows = yield statement("upload_by_id")(id=id_, workspace=workspace)
    return (msgspec.json.decode(rows[0][0], type=_Head), bytes(rows[0][1])) if rows else None
