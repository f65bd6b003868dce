"""Sessions: a device begins one by proving who somebody is, and ends it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from tidings.dialects.reading import read_json
from tidings.flow.conversations import sessions
from tidings.flow.conversations.acting import Actor
from tidings.flow.conversations.sessions import Device
from tidings.model.conversations import Session
from tidings.model.errors import FieldError, Refused
from tidings.rules.conversations.tokens import LONGEST_TOKEN
from tidings.rules.times import to_iso
from tidings.web.conversations.admitting import apps_of
from tidings.web.conversations.places import actor_of, door
from tidings.web.door import Page, Visit, json_page, missing
from tidings.web.people.visitors import address_of

Word = Annotated[str, Meta(max_length=255)]
LARGEST_PUSH = 4096


class Started(Struct, frozen=True, rename="camel"):
    """What the integrator's token must hold: the nonce; and what it is to come back with."""

    authentication_id: str
    provider: str
    nonce: str
    expires_on: str


class NewSession(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A session as it is asked for."""

    authentication_id: Word
    authentication_token: Annotated[
        str, Meta(max_length=LONGEST_TOKEN, description="A JWT of your server's, with the nonce.")
    ]
    device_id: Annotated[str, Meta(min_length=1, max_length=255)]
    platform: Word = ""
    platform_version: Word = ""
    sdk_type: Word = ""
    sdk_version: Word = ""
    push: dict[str, Any] | None = None


class Push(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a device's platform takes word for it; the hub keeps it for whoever sends such words."""

    apns: dict[str, Any] | None = None
    fcm: dict[str, Any] | None = None


class ShownSession(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A session as it is shown."""

    id: str
    profile_id: str
    device_id: str
    is_active: bool
    created_on: str
    expires_on: str
    platform: str = ""
    platform_version: str = ""
    sdk_type: str = ""
    sdk_version: str = ""
    source_ip: str = ""
    push: dict[str, Any] = {}


class Begun(Struct, frozen=True):
    """A session, and the token to come with from now on."""

    token: str
    session: ShownSession


@door("GET", "/sessions/start", auth="none", summary="Begin to prove who somebody is", gives={200: Started})
async def start(visit: Visit) -> Page:
    """Give a nonce, good once, for five minutes."""
    space = visit.params["space"]
    apps_of(visit.world, space)
    started = sessions.start(visit.world, space)
    return json_page(200, Started(started.authentication, "jwt", started.nonce, to_iso(started.expires_at)))


@door(
    "POST",
    "/sessions",
    auth="none",
    summary="Begin a session with the integrator's token",
    takes=NewSession,
    gives={201: Begun, 401: "The token proves nothing, or its nonce was used."},
)
async def begin(visit: Visit) -> Page:
    """Begin a session."""
    world = visit.world
    setting = apps_of(world, visit.params["space"])
    asked = read_json(visit.body, NewSession)
    workspace = world.directory.workspaces[setting.channel.workspace]
    device = Device(
        id=asked.device_id,
        platform=asked.platform,
        platform_version=asked.platform_version,
        sdk_type=asked.sdk_type,
        sdk_version=asked.sdk_version,
        source_ip=address_of(visit) if workspace.keep_clients else "",
        push=None if asked.push is None else _push(asked.push),
    )
    session, token = await sessions.begin(world, setting, asked.authentication_id, asked.authentication_token, device)
    return json_page(201, Begun(token, _shown(session, world.clock.now())))


@door("GET", "/sessions/{session}", summary="Show a session", gives={200: ShownSession})
async def show(visit: Visit) -> Page:
    """Show a session of one's own."""
    return json_page(200, _shown(await _own(visit), visit.world.clock.now()))


@door("DELETE", "/sessions/{session}", summary="End a session", gives={204: "Its token opens nothing any more."})
async def end(visit: Visit) -> Page:
    """End a session of one's own."""
    await sessions.end(visit.world, await _own(visit))
    return Page(204)


@door(
    "PUT",
    "/sessions/{session}/push",
    summary="Keep where a device's platform takes word for it",
    takes=Push,
    gives={200: ShownSession},
)
async def put_push(visit: Visit) -> Page:
    """Keep a device's push configuration."""
    asked = read_json(visit.body, Push)
    told = {name: value for name, value in (("apns", asked.apns), ("fcm", asked.fcm)) if value is not None}
    changed = await sessions.put_push(visit.world, await _own(visit), _push(told))
    if changed is None:
        raise missing("session", visit.params["session"])
    return json_page(200, _shown(changed, visit.world.clock.now()))


async def _own(visit: Visit) -> Session:
    """Find the session that the path names: of the same profile, or any where the server asks. Raises Refused."""
    actor: Actor = actor_of(visit)
    named = visit.params["session"]
    found = await visit.world.store.read(sessions.find_session(named))
    if found is None or found.workspace != actor.workspace:
        raise missing("session", named)
    if actor.session is not None and found.profile != actor.profile:
        raise missing("session", named)
    return found


def _push(given: dict[str, Any]) -> Raw:
    raw = Raw(msgspec.json.encode(given))
    if len(bytes(raw)) > LARGEST_PUSH:
        wrong = FieldError("push", f"At most {LARGEST_PUSH} octets.", "too-large")
        raise Refused("The push configuration is too large.", errors=(wrong,))
    return raw


def _shown(session: Session, now: int) -> ShownSession:
    return ShownSession(
        id=session.id,
        profile_id=session.profile,
        device_id=session.device,
        is_active=session.lives_at(now),
        created_on=to_iso(session.created_at),
        expires_on=to_iso(session.expires_at),
        platform=session.platform,
        platform_version=session.platform_version,
        sdk_type=session.sdk_type,
        sdk_version=session.sdk_version,
        source_ip=session.source_ip,
        push=msgspec.json.decode(session.push) if session.push is not None else {},
    )
