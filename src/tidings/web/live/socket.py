"""Live over a WebSocket: a device shows its token, and is told what happens in its profile's conversations.

A token that comes with the request is looked at before the socket is open, so that whatever is committed after it
opened is told; one that comes in the first frame, before `socket.ready` is said. What happened earlier is read by
`GET …/events?from`. A browser learns nothing of a request that was refused: what it can act on is said by a close code.
"""

import asyncio
from typing import Final
from urllib.parse import parse_qsl

from tidings.flow.live.line import End
from tidings.model.errors import Refused
from tidings.web.conversations.admitting import apps_of
from tidings.web.conversations.places import GROUP
from tidings.web.door import Argument, Page, Visit, route
from tidings.web.errors import Turned
from tidings.web.live import spoken
from tidings.web.live.arriving import check_origin, no_room
from tidings.web.live.device import Device
from tidings.web.sockets import Socket

PROTOCOL: Final = "tidings"
"""The subprotocol; another one that is offered beside it is the token. A browser can set no other header here."""
SHOW_WITHIN: Final = 10.0
"""Seconds that a device has to show its token."""
MOST_STRANGERS: Final = 1_000
"""How many may be about to show one at once in this process."""

_strangers: set[Socket] = set()
"""Who has shown no token yet."""


async def visited(socket: Socket) -> None:
    """Let a device in, and tell it what happens until it leaves or is let go; raises Refused before it is in."""
    world, space = socket.world, socket.params["space"]
    setting = apps_of(world, space)
    check_origin(world, setting, socket.headers.get("origin"))
    if world.live.lines.is_full or len(_strangers) >= MOST_STRANGERS:
        world.counts.add("sockets", "refused")
        raise no_room()
    device = Device(socket, space, setting.settings.sockets_per_profile)
    try:
        end = await _introduced(socket, device)
        if end is None:
            await device.stay()
        else:
            world.counts.add("sockets", "refused")
            await device.bid_farewell(end)
    finally:
        device.leave()


async def _introduced(socket: Socket, device: Device) -> End | None:
    """Open the socket and find out whose device it is; None: it is connected. Else say why it is not."""
    _strangers.add(socket)
    try:
        token = _offered(socket)
        end = await _connected(device, token) if token else None
        await socket.accept(PROTOCOL if PROTOCOL in socket.protocols else None)
        if token:
            return end
        async with asyncio.timeout(SHOW_WITHIN):
            first = await socket.read()
        return await _connected(device, spoken.token_in(first))
    except (Refused, TimeoutError):
        return End.UNAUTHORISED
    finally:
        _strangers.discard(socket)


async def _connected(device: Device, token: str) -> End | None:
    try:
        return await device.connect(token)
    except Refused:
        return End.UNAUTHORISED


def _offered(socket: Socket) -> str:
    """Find the token in what the request brought; empty where there is none."""
    for protocol in socket.protocols:
        if protocol != PROTOCOL:
            return protocol
    try:
        return dict(parse_qsl(socket.query, max_num_fields=100)).get("token", "")
    except ValueError:
        return ""


@route(
    "GET",
    "/apispaces/{space}/socket",
    auth="none",
    scope=None,
    group=GROUP,
    summary="Live events over a WebSocket; the session's token as a subprotocol, in the query or in the first frame",
    gives={101: "A WebSocket: an event in each frame.", 426: "It was not asked for as a WebSocket."},
    query=(Argument("token", "The session's token, where it can be shown in no other way."),),
    socket=visited,
)
async def socket_only(_visit: Visit) -> Page:
    """Say that there is a WebSocket here."""
    headers = (("upgrade", "websocket"), ("connection", "upgrade"))
    raise Turned("This is a WebSocket: ask for it as one.", status=426, headers=headers)
