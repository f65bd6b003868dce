"""Tenants: made, shown, changed and taken away."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, replace

from tidings.dialects.reading import read_json
from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import Scope, Workspace
from tidings.rules.times import to_iso
from tidings.store.statements import Transaction
from tidings.web.door import Page, Visit, json_page, route
from tidings.web.operator.access_keys import FIRST_KEY, new_key
from tidings.web.operator.lists import PAGING, page_of, shown_page
from tidings.web.tags import tag_of_value, tagged_page

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Account = Annotated[int, Meta(ge=0, lt=2**53, description="The account it belongs to; events carry it.")]
CatchAll = Annotated[
    Literal["unclaimed", "all"],
    Meta(description="Whether an unfiltered subscription leaves out what a filtered sibling takes (`unclaimed`)."),
]
Clients = Annotated[
    bool,
    Meta(description="Whether user agents and addresses of those who follow the hub's own links are kept."),
]
DoNotTrack = Annotated[
    Literal["honour", "ignore"],
    Meta(description="Whether nothing is recorded of who asks not to be tracked (`DNT: 1`, `Sec-GPC: 1`)."),
]
Opens = Annotated[bool, Meta(description="Whether mail whose links are tracked by the hub tells of opens too.")]


class NewWorkspace(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A tenant as it is asked for."""

    name: Name
    account_id: Account = 1
    catch_all: CatchAll = "unclaimed"
    track_opens: Opens = True
    keep_clients: Clients = False
    do_not_track: DoNotTrack = "honour"


class WorkspaceChanges(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of a tenant; the rest stays."""

    name: Name | UnsetType = UNSET
    account_id: Account | UnsetType = UNSET
    catch_all: CatchAll | UnsetType = UNSET
    track_opens: Opens | UnsetType = UNSET
    keep_clients: Clients | UnsetType = UNSET
    do_not_track: DoNotTrack | UnsetType = UNSET


class ShownWorkspace(Struct, frozen=True, rename="camel"):
    """A tenant as it is shown."""

    id: str
    name: str
    account_id: int
    catch_all: str
    track_opens: bool
    keep_clients: bool
    do_not_track: str
    created_at: str


class MadeWorkspace(ShownWorkspace, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A tenant just made, with its first key: the only time that it is shown."""

    access_key: str = ""


@route(
    "POST",
    "/workspaces",
    auth="root",
    scope=None,
    group="operator",
    summary="Make a workspace, with a first key that may do everything in it",
    takes=NewWorkspace,
    gives={201: MadeWorkspace},
)
async def make_workspace(visit: Visit) -> Page:
    """Make a tenant."""
    world = visit.world
    asked = read_json(visit.body, NewWorkspace, status=422)
    made = Workspace(
        id=world.chance.id(),
        name=asked.name,
        account=asked.account_id,
        created_at=world.clock.now(),
        catch_all=asked.catch_all,
        track_opens=asked.track_opens,
        keep_clients=asked.keep_clients,
        do_not_track=asked.do_not_track,
    )
    key, text = new_key(world, made.id, FIRST_KEY, tuple(Scope))
    shown = asdict(show_workspace(made))

    def step() -> Transaction[None]:
        yield from world.directory.put_workspace(made)
        yield from world.directory.put_key(key, text)

    # A promise is kept on disk: the key is not in it, and is shown once all the same.
    promise = visit.promise(201, msgspec.json.encode(MadeWorkspace(**shown)))
    before = await world.directory.change(once(promise, world.clock.now(), step))
    if isinstance(before, Promise):
        return visit.replay(before, promise)
    return json_page(201, MadeWorkspace(**shown, access_key=text), location=f"/workspaces/{made.id}")


@route(
    "GET",
    "/workspaces",
    auth="root",
    scope=None,
    group="operator",
    summary="List the workspaces, oldest first",
    gives={200: "A page of workspaces"},
    query=PAGING,
)
async def list_workspaces(visit: Visit) -> Page:
    """List the tenants."""
    found, token = page_of(visit, visit.world.directory.workspaces.values())
    return json_page(200, shown_page([show_workspace(each) for each in found], token))


@route(
    "GET",
    "/workspaces/{workspace}",
    scope=Scope.READ,
    group="operator",
    summary="Show a workspace",
    gives={200: ShownWorkspace},
)
async def get_workspace(visit: Visit) -> Page:
    """Show a tenant."""
    return tagged_page(200, show_workspace(visit.tenant))


@route(
    "PATCH",
    "/workspaces/{workspace}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Change a workspace; only the root key moves it to another account",
    takes=WorkspaceChanges,
    gives={200: ShownWorkspace},
)
async def change_workspace(visit: Visit) -> Page:
    """Change a tenant."""
    world, now = visit.world, visit.tenant
    asked = read_json(visit.body, WorkspaceChanges, status=422)
    visit.check_match(tag_of_value(show_workspace(now)))
    if asked.account_id is not UNSET and asked.account_id != now.account and not visit.root:
        problem = FieldError("accountId", "Only the root key moves a workspace to another account.", "root-only")
        raise Refused("The account is not the workspace's to change.", status=403, errors=(problem,))
    fields: dict[str, Any] = {
        "name": asked.name,
        "account": asked.account_id,
        "catch_all": asked.catch_all,
        "track_opens": asked.track_opens,
        "keep_clients": asked.keep_clients,
        "do_not_track": asked.do_not_track,
    }
    changed = replace(now, **{name: value for name, value in fields.items() if value is not UNSET})
    await world.directory.change(lambda: world.directory.put_workspace(changed))
    return tagged_page(200, show_workspace(changed))


@route(
    "DELETE",
    "/workspaces/{workspace}",
    auth="root",
    scope=None,
    group="operator",
    summary="Take a workspace away, with its keys, channels and subscriptions",
    gives={204: "It is gone."},
)
async def drop_workspace(visit: Visit) -> Page:
    """Take a tenant away."""
    directory, gone = visit.world.directory, visit.tenant
    visit.check_match(tag_of_value(show_workspace(gone)))
    await directory.change(lambda: directory.drop_workspace(gone.id))
    return Page(204)


def show_workspace(workspace: Workspace) -> ShownWorkspace:
    """Show a tenant."""
    return ShownWorkspace(
        id=workspace.id,
        name=workspace.name,
        account_id=workspace.account,
        catch_all=workspace.catch_all,
        track_opens=workspace.track_opens,
        keep_clients=workspace.keep_clients,
        do_not_track=workspace.do_not_track,
        created_at=to_iso(workspace.created_at),
    )
