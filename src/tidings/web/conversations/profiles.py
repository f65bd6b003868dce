"""Profiles: what is known of people in apps, beside their ids."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw

from tidings.dialects.reading import read_json
from tidings.flow.conversations.acting import take_turn
from tidings.flow.conversations.profiles import change_profile, find_profiles
from tidings.model.conversations import Profile
from tidings.model.errors import Refused
from tidings.rules.conversations.names import profile_id
from tidings.rules.times import to_iso
from tidings.web.conversations.places import actor_of, door
from tidings.web.conversations.revisions import tag, wanted_revisions
from tidings.web.door import Page, Visit, missing
from tidings.web.tags import tagged_page

_OWN: Final = frozenset({"id", "_etag", "_createdOn", "_updatedOn"})
"""Fields that are ours."""

_TAKES = "An object of whatever is to be known of the person."


@door("GET", "/profiles/{profile}", summary="Show a profile", gives={200: "The profile, with its `id` and `_etag`."})
async def show(visit: Visit) -> Page:
    """Show one's own profile; the server shows any."""
    profile = _named(visit)
    known = (await visit.world.store.read(find_profiles(actor_of(visit).workspace, [profile]))).get(profile)
    if known is None:
        raise missing("profile", profile)
    return _page(200, known)


@door(
    "PUT", "/profiles/{profile}", summary="Write a profile", takes=_TAKES, gives={200: "The profile.", 201: "The same."}
)
async def put(visit: Visit) -> Page:
    """Write a profile, whatever it was before; the server makes new ones so."""
    asked = _attributes(visit)
    return await _change(visit, lambda _: asked)


@door(
    "PATCH",
    "/profiles/{profile}",
    summary="Change some of a profile; null takes an attribute away",
    takes=_TAKES,
    gives={200: "The profile."},
)
async def patch(visit: Visit) -> Page:
    """Change some attributes of a profile."""
    asked = _attributes(visit)

    def merge(known: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in {**known, **asked}.items() if value is not None}

    return await _change(visit, merge)


async def _change(visit: Visit, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Page:
    actor, profile = actor_of(visit), _named(visit)
    take_turn(visit.world, actor)
    may_make = actor.session is None and visit.method == "PUT"
    written = await change_profile(
        visit.world, actor.workspace, profile, change, may_make=may_make, revisions=wanted_revisions(visit)
    )
    return _page(201 if written.revision == 1 else 200, written)


def _named(visit: Visit) -> str:
    """Give the profile that the path names: one's own, or any where the server asks. Raises Refused."""
    actor, named = actor_of(visit), visit.params["profile"]
    if actor.session is not None and named != actor.profile:
        raise Refused("That is somebody else's profile.", status=403, kind="not-yours")
    try:
        return profile_id(named)
    except ValueError as error:
        raise missing("profile", named) from error


def _attributes(visit: Visit) -> dict[str, Any]:
    read_json(visit.body, dict[str, Any])
    given = msgspec.json.decode(visit.body, type=dict[str, Raw])
    return {name: msgspec.json.decode(value) for name, value in given.items() if name not in _OWN}


def _page(status: int, profile: Profile) -> Page:
    etag = tag(profile.revision)
    shown = {
        "id": profile.id,
        **profile.attributes,
        "_etag": etag,
        "_createdOn": to_iso(profile.created_at),
        "_updatedOn": to_iso(profile.updated_at),
    }
    return tagged_page(status, shown, etag)
