"""Sending: each agent message by an id of ours, so that Google takes it once however often it is sent.

Send  https://developers.google.com/business-communications/rcs-business-messaging/reference/rest/v1/phones.agentMessages/create
"""

from typing import Any
from urllib.parse import quote, urlencode

from msgspec import Raw

from tidings.connectors.connector import Outgoing
from tidings.connectors.decoding import read
from tidings.connectors.options import read_options
from tidings.connectors.rbm.composing import compose
from tidings.connectors.rbm.errors import raise_for
from tidings.connectors.rbm.marks import message_id
from tidings.connectors.rbm.settings import LONGEST_TTL, Options, RbmSettings
from tidings.model.exchange import Call, Exchange, Piece, Reply, Sent, encode_raw

SHORTEST_TTL = 10
"""Seconds that Google asks for at least."""
_KEPT = ("name", "sendTime", "contentMessage")
"""What is worth keeping of the answer."""


def send(outgoing: Outgoing, settings: RbmSettings) -> Exchange[Sent]:
    """Send every message that the content takes, in order."""
    options = read_options(outgoing.options, Options)
    pieces = []
    answer = Raw(b"{}")
    for index, body in enumerate(compose(outgoing.content, options, outgoing.tag)):
        id_ = message_id(outgoing.message, outgoing.tag, index)
        reply = yield _call(outgoing, settings, options, id_, body)
        raise_for(reply, outgoing.now)
        pieces.append(Piece(id_))
        answer = _answer(reply)
    return Sent(pieces=tuple(pieces), answer=answer, sender=settings.agent)


def _call(outgoing: Outgoing, settings: RbmSettings, options: Options, id_: str, body: dict[str, Any]) -> Call:
    asked: dict[str, Any] = {"contentMessage": body, "ttl": f"{_ttl(outgoing, settings)}s"}
    if traffic := options.traffic_type or settings.traffic_type:
        asked["messageTrafficType"] = traffic
    query = urlencode({"messageId": id_, "agentId": settings.agent_id})
    place = f"{settings.base_url.rstrip('/')}/v1/phones/{quote(outgoing.to, safe='+')}/agentMessages"
    token = settings.access_token.reveal() if settings.access_token else ""
    return Call.post(f"{place}?{query}", json=asked, authorization=f"Bearer {token}")


def _ttl(outgoing: Outgoing, settings: RbmSettings) -> int:
    """Say how many seconds the message may wait for its phone."""
    if outgoing.expires_at is None:
        return settings.ttl_seconds
    left = (outgoing.expires_at - outgoing.now) // 1000
    return max(SHORTEST_TTL, min(left, LONGEST_TTL))


def _answer(reply: Reply) -> Raw:
    said = read(reply.body, dict[str, Any])
    if said is None:
        return reply.raw
    kept = {name: said[name] for name in _KEPT if name in said}
    return encode_raw(kept) if kept else reply.raw
