"""Sessions: a device proves by the integrator's token who somebody is, and comes with a token of ours from then on."""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tidings.connectors.app_messaging.settings import AppSettings
from tidings.flow.conversations.keys import integrators_key
from tidings.flow.conversations.setting import Setting, setting_of
from tidings.flow.world import World
from tidings.model.conversations import Profile, Session
from tidings.model.errors import Refused
from tidings.rules.conversations.names import profile_id
from tidings.rules.conversations.tokens import (
    NONCE_SECONDS,
    BadToken,
    Ticket,
    audience_of,
    check_nonce,
    key_id,
    make_nonce,
    read_claim,
    read_ticket,
    session_token,
)
from tidings.store.statements import Transaction, statement

MOST_SESSIONS: Final = 20
"""Of one profile at once; where there are more, the oldest ends."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode


class Start(Struct, frozen=True):
    """What a device is to have put into the integrator's token."""

    authentication: str
    nonce: str
    expires_at: int


class Device(Struct, frozen=True, kw_only=True):
    """What a device says of itself."""

    id: str
    platform: str = ""
    platform_version: str = ""
    sdk_type: str = ""
    sdk_version: str = ""
    source_ip: str = ""
    push: Raw | None = None


def start(world: World, workspace: str) -> Start:
    """Begin a session: nothing is kept of it until somebody comes back with a proof."""
    authentication, expires_at = world.chance.id(), world.clock.now() + NONCE_SECONDS * 1000
    nonce = make_nonce(workspace, authentication, expires_at, world.conversations.keys[0])
    return Start(authentication, nonce, expires_at)


async def begin(world: World, setting: Setting, authentication: str, token: str, device: Device) -> tuple[Session, str]:
    """Begin a session for whom the integrator's token names; gives it with its token. Raises Refused (401).

    A nonce counts once, also where two devices come with it at the same moment.
    """
    workspace, now = setting.channel.workspace, world.clock.now()
    try:
        key = await integrators_key(world, setting, key_id(token))
        claim = read_claim(token, key, setting.settings.trust, now)
        until = check_nonce(claim.nonce, workspace, authentication, world.conversations.keys, now)
        profile = profile_id(claim.profile)
    except (BadToken, ValueError) as error:
        raise Refused(f"The authenticationToken proves nothing. {error}", status=401, kind="token") from error
    session = _session(world, setting.settings, workspace, profile, device)
    ended = await world.store.write(lambda: _begin(session, claim.nonce, until, now))
    if ended is None:
        raise Refused("The nonce was used before.", status=401, kind="nonce-used")
    for each in ended:
        await world.conversations.end(workspace, each)
    return session, token_of(world, session)


def token_of(world: World, session: Session) -> str:
    """Write a session's token."""
    ticket = Ticket(session.id, session.profile, session.expires_at)
    return session_token(ticket, session.workspace, world.conversations.keys[0])


def _session(world: World, settings: AppSettings, workspace: str, profile: str, device: Device) -> Session:
    now = world.clock.now()
    return Session(
        id=world.chance.id(),
        workspace=workspace,
        profile=profile,
        device=device.id,
        created_at=now,
        # Whole seconds, as its token says it.
        expires_at=(now + settings.session_length) // 1000 * 1000,
        platform=device.platform,
        platform_version=device.platform_version,
        sdk_type=device.sdk_type,
        sdk_version=device.sdk_version,
        source_ip=device.source_ip,
        push=device.push,
    )


async def read_session(world: World, token: str, workspace: str = "") -> Session:
    """Find the session that a token is of; raises Refused (401).

    `workspace` is whose door it is shown at; empty: the one that the token names itself.
    """
    now = world.clock.now()
    named = workspace or audience_of(token)
    try:
        ticket = read_ticket(token, named, world.conversations.keys, now)
    except BadToken as error:
        raise no_session() from error
    known = world.conversations.sessions.get(ticket.session)
    if known is None:
        mark = world.conversations.sessions.mark
        known = await world.store.read(find_session(ticket.session))
        if known is None:
            raise no_session()
        world.conversations.sessions.keep(known, mark)
    if not known.lives_at(now) or known.workspace != named or setting_of(world, named) is None:
        raise no_session()
    return known


def no_session() -> Refused:
    """The token is none, has expired, or its session was ended: come with a new one."""
    return Refused("The session's token is none, has expired, or its session was ended.", status=401, kind="session")


async def end(world: World, session: Session) -> None:
    """End a session, and tell everybody."""
    now = world.clock.now()
    await world.store.write(lambda: _change(session.id, lambda known: replace(known, ended_at=now)))
    await world.conversations.end(session.workspace, session.id)


async def put_push(world: World, session: Session, push: Raw | None) -> Session | None:
    """Keep where a session's device takes word; None where the session has ended meanwhile."""
    return await world.store.write(lambda: _change(session.id, lambda known: replace(known, push=push)))


async def is_alive(world: World, session: str) -> bool:
    """Whether a session was not ended, as the store has it."""
    found = await world.store.read(find_session(session))
    return found is not None and found.ended_at is None


def find_session(session: str) -> Transaction[Session | None]:
    """Read a session; None where there is none."""
    rows = yield statement("session_by_id")(id=session)
    return _decode(rows[0][0]) if rows else None


def _begin(session: Session, nonce: str, until: int, now: int) -> Transaction[list[str] | None]:
    """Write a session down, and its profile where it is new; gives which sessions end by it.

    None where the nonce was used before.
    """
    if not (yield statement("use_nonce")(nonce=nonce, until=until)):
        return None
    profile = Profile(workspace=session.workspace, id=session.profile, created_at=now, updated_at=now)
    yield statement("meet_profile")(workspace=session.workspace, id=session.profile, at=now, body=_encode(profile))
    rows = yield statement("sessions_of")(workspace=session.workspace, profile=session.profile)
    living = [each for each in (_decode(row[0]) for row in rows) if each.lives_at(now)]
    # A device that begins anew has done with what it had.
    over = [each for each in living if each.device == session.device]
    others = [each for each in living if each.device != session.device]
    over += others[: max(0, len(others) - MOST_SESSIONS + 1)]
    for each in over:
        yield from _put(replace(each, ended_at=now))
    yield from _put(session)
    return [each.id for each in over]


def _change(session: str, change: Callable[[Session], Session]) -> Transaction[Session | None]:
    """Change a session as it stands; None where it has ended, or there is none."""
    rows = yield statement("session_to_change")(id=session)
    known = _decode(rows[0][0]) if rows else None
    if known is None or known.ended_at is not None:
        return None
    changed = change(known)
    yield from _put(changed)
    return changed


def _put(session: Session) -> Transaction[None]:
    yield statement("put_session")(
        id=session.id,
        workspace=session.workspace,
        profile=session.profile,
        expires_at=session.expires_at,
        body=_encode(session),
    )
