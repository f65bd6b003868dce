"""Profiles: what integrators and people themselves write down of them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tidings.flow.world import World
from tidings.model.conversations import EventName, Happening, Profile
from tidings.model.errors import Refused
from tidings.model.exchange import encode_raw
from tidings.store.statements import Transaction, statement

LARGEST: Final = 16_384
"""Octets of a profile's attributes."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Profile).decode

Change = Callable[[dict[str, Any]], dict[str, Any]]


async def change_profile(
    world: World, workspace: str, profile: str, change: Change, *, may_make: bool, revisions: frozenset[int] | None
) -> Profile:
    """Change what is known of somebody, and tell their devices; gives the profile as it is then.

    Raises Refused where there is none and none may be made, where it has another revision, or would be too large.
    """
    now = world.clock.now()

    def step() -> Transaction[Profile | Refused]:
        rows = yield statement("profile_to_change")(workspace=workspace, profile=profile)
        known = _decode(rows[0][1]) if rows else None
        if known is None and not may_make:
            return Refused(f"There is no profile {profile}.", status=404)
        if revisions is not None and (known is None or known.revision not in revisions):
            return Refused("It has changed since: If-Match names another ETag.", status=412, kind="changed")
        attributes = change(known.attributes if known is not None else {})
        if len(_encode(attributes)) > LARGEST:
            return Refused(f"A profile has at most {LARGEST} octets of attributes.", status=413)
        if known is None:
            written = Profile(workspace=workspace, id=profile, attributes=attributes, created_at=now, updated_at=now)
        else:
            written = replace(known, attributes=attributes, updated_at=now, revision=known.revision + 1)
        yield statement("put_profile")(workspace=workspace, id=profile, at=now, body=_encode(written))
        return written

    written = await world.store.write(step)
    if isinstance(written, Refused):
        raise written
    await world.conversations.pass_on(_told(world, written))
    return written


def find_profiles(workspace: str, profiles: Sequence[str]) -> Transaction[dict[str, Profile]]:
    """Read what is known of people."""
    rows = yield statement("profiles_by_id")(workspace=workspace, profiles=list(profiles))
    return {row[0]: _decode(row[1]) for row in rows}


def _told(world: World, profile: Profile) -> Happening:
    return Happening(
        workspace=profile.workspace,
        conversation="",
        number=0,
        id=world.chance.id(),
        name=EventName.PROFILE,
        payload=encode_raw({"profileId": profile.id, "eTag": f'"{profile.revision}"'}),
        published_at=profile.updated_at,
        created_by=profile.id,
    )
