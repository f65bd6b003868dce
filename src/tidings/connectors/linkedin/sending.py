"""Handing a message to LinkedIn, which says no more of it ever after."""

from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.linkedin.composing import compose
from tidings.connectors.linkedin.errors import refusal
from tidings.connectors.linkedin.settings import LinkedInSettings, Options
from tidings.connectors.options import read_options
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw

_IDS = ("x-restli-id", "x-linkedin-id")
"""Headers that have named what was created, in the order they are believed."""


class _Created(Struct, frozen=True):
    id: str = ""


def send(outgoing: Outgoing, settings: LinkedInSettings) -> Exchange[Sent]:
    """Send a checked message."""
    message = compose(outgoing, read_options(outgoing.options, Options), settings)
    reply = yield Call.post(f"{settings.base_url.rstrip('/')}/v2/messages", json=message, **settings.headers)
    if not reply.ok:
        raise refusal(reply, outgoing.now)
    id_ = _id_of(reply)
    return Sent(pieces=(Piece(id_),), answer=encode_raw({"id": id_}), sender=settings.member)


def _id_of(reply: Reply) -> str:
    """Find the new message's id. Where there is none the message is sent all the same: nobody will ask for it."""
    for name in _IDS:
        if reply.headers.get(name):
            return reply.headers[name]
    created = read(reply.body, _Created)
    return created.id if created else ""
