"""Access keys: each is shown once, and kept only as a hash."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict

from tidings.dialects.reading import read_json
from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import AccessKey, Scope
from tidings.rules.times import to_iso
from tidings.web.door import Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, page_of, shown_page

KEY_PREFIX: Final = "tdg_"
"""Begins every key, so that one that was lost is recognised."""
KEY_OCTETS: Final = 24
FIRST_KEY: Final = "first key"


class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """An access key as it is asked for."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, description="What it may do.")]


class ShownKey(Struct, frozen=True, rename="camel"):
    """An access key as it is shown."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: str


class MadeKey(ShownKey, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An access key just made: the only time that the key itself is shown."""

    access_key: str = ""


def new_key(world: World, workspace: str, name: str, scopes: tuple[Scope, ...]) -> tuple[AccessKey, str]:
    """Make a key: what is kept of it, and the key itself."""
    key = AccessKey(id=world.chance.id(), workspace=workspace, name=name, scopes=scopes, created_at=world.clock.now())
    return key, KEY_PREFIX + world.chance.key(KEY_OCTETS).hex()


@route(
    "POST",
    "/workspaces/{workspace}/access-keys",
    scope=Scope.MANAGE,
    group="operator",
    summary="Make an access key; it is shown once",
    takes=NewKey,
    gives={201: MadeKey},
)
async def make_key(visit: Visit) -> Page:
    """Make an access key."""
    world = visit.world
    asked = read_json(visit.body, NewKey, status=422)
    if len(set(asked.scopes)) < len(asked.scopes):
        problem = FieldError("scopes", "Name each scope once.", "duplicate")
        raise Refused("The key cannot be made.", status=422, errors=(problem,))
    key, text = new_key(world, visit.tenant.id, asked.name, asked.scopes)
    shown = asdict(show_key(key))
    # A promise is kept on disk: the key is not in it, and is shown once all the same.
    promise = visit.promise(201, msgspec.json.encode(MadeKey(**shown)))
    before = await world.directory.change(once(promise, world.clock.now(), lambda: world.directory.put_key(key, text)))
    if isinstance(before, Promise):
        return visit.replay(before, promise)
    return json_page(201, MadeKey(**shown, access_key=text))


@route(
    "GET",
    "/workspaces/{workspace}/access-keys",
    scope=Scope.MANAGE,
    group="operator",
    summary="List the access keys, oldest first, without the keys themselves",
    gives={200: "A page of access keys"},
    query=PAGING,
)
async def list_keys(visit: Visit) -> Page:
    """List a tenant's access keys."""
    mine = (key for key in visit.world.directory.keys.values() if key.workspace == visit.tenant.id)
    found, token = page_of(visit, mine)
    return json_page(200, shown_page([show_key(each) for each in found], token))


@route(
    "DELETE",
    "/workspaces/{workspace}/access-keys/{key}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Take an access key away",
    gives={204: "It opens nothing any more."},
)
async def drop_key(visit: Visit) -> Page:
    """Take an access key away."""
    directory, workspace, named = visit.world.directory, visit.tenant.id, visit.params["key"]
    if not any(key.id == named and key.workspace == workspace for key in directory.keys.values()):
        raise missing("access key", named)
    await directory.change(lambda: directory.drop_key(workspace, named))
    return Page(204)


def show_key(key: AccessKey) -> ShownKey:
    """Show an access key, without the key itself."""
    return ShownKey(id=key.id, name=key.name, scopes=key.scopes, created_at=to_iso(key.created_at))
