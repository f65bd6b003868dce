"""Who comes in at the doors for apps: a device with its session's token, or the workspace's own server with a key."""

from typing import Final

from tidings.flow.conversations.acting import Actor
from tidings.flow.conversations.sessions import read_session
from tidings.flow.conversations.setting import Setting, setting_of
from tidings.flow.world import World
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import Scope
from tidings.rules.conversations.names import profile_id
from tidings.web.door import Visit
from tidings.web.errors import Turned, no_key, too_large
from tidings.web.keys import scope_missing, shown_keys

_ASKED: Final = (("www-authenticate", 'Bearer realm="tidings apps"'),)


async def admit_app(visit: Visit) -> None:
    """Let somebody in at a door for apps, and note who it is; raises Refused (401, 403, 404, 413)."""
    if visit.route.auth != "app":
        return
    space, directory = visit.params["space"], visit.world.directory
    for shown in shown_keys(visit):
        if (known := directory.scopes_of(shown)) is not None:
            visit.actor = _server(visit, space, *known)
            break
    else:
        visit.actor = await _device(visit, space)
    visit.workspace = directory.workspaces[space]
    if visit.route.limit == "content":
        _bound(visit, visit.actor.setting.settings.file_limit)


def _server(visit: Visit, space: str, owner: str, scopes: frozenset[Scope]) -> Actor:
    """The workspace's own server, which does everything in the name of whom it likes."""
    if space not in visit.world.directory.workspaces or (owner and owner != space):
        raise no_key()
    needed = Scope.READ if visit.method in ("GET", "HEAD") else Scope.SEND
    if needed not in scopes:
        raise scope_missing(needed)
    visit.root, visit.scopes = not owner, scopes
    setting = apps_of(visit.world, space)
    profile = visit.headers.get("on-behalf-of", setting.settings.sender)
    try:
        return Actor(setting, profile_id(profile))
    except ValueError as error:
        wrong = FieldError("On-Behalf-Of", str(error), "invalid")
        raise Refused("There is no such profile.", errors=(wrong,)) from error


async def _device(visit: Visit, space: str) -> Actor:
    scheme, _, token = visit.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise Refused("Come with a session's token.", status=401, kind="session")
        session = await read_session(visit.world, token.strip(), space)
    except Refused as refused:
        raise Turned(refused.detail, status=refused.status, headers=_ASKED) from refused
    return Actor(apps_of(visit.world, space), session.profile, session)


def apps_of(world: World, space: str) -> Setting:
    """Find the channel that serves a workspace's apps; raises Refused (404) where there is none, or no workspace."""
    setting = setting_of(world, space) if space in world.directory.workspaces else None
    if setting is None:
        raise Refused("There are no apps here: the workspace has no channel of in-app messaging.", status=404)
    return setting


def _bound(visit: Visit, limit: int) -> None:
    """Turn away a body that says itself that it is too large, before it is read."""
    length = visit.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > limit + SLACK):
        raise too_large(limit)


SLACK: Final = 16_384
"""Octets that a form has around a file."""
