"""Who comes in: the key a request shows, whose it is, and whether it opens the door."""

from base64 import b64decode
from collections.abc import Iterator

from tidings.model.errors import Refused
from tidings.model.workspaces import Scope
from tidings.web.door import TENANTS, Visit
from tidings.web.errors import no_key


def admit(visit: Visit) -> None:
    """Let a visitor in, and note the workspace and scopes; raises Refused (401, 403)."""
    route = visit.route
    if route.auth in ("none", "app"):
        # Those who come from apps are let in by `tidings.web.conversations.admitting`.
        return
    directory = visit.world.directory
    found = next((known for key in shown_keys(visit) if (known := directory.scopes_of(key)) is not None), None)
    if found is None:
        raise no_key()
    owner, visit.scopes = found
    visit.root = not owner
    named = next((visit.params[name] for name in TENANTS if name in visit.params), owner)
    visit.workspace = directory.workspaces.get(named)
    if named and (visit.workspace is None or (owner and owner != named)):
        raise no_key()
    if route.auth == "root" and owner:
        raise Refused("Only the root key opens this.", status=403, kind="root-only")
    if route.auth == "workspace" and not named:
        raise Refused("The workspace is the key's own here: come with a key of a workspace.", status=403)
    if route.scope is not None and route.scope not in visit.scopes:
        raise scope_missing(route.scope)


def scope_missing(scope: Scope) -> Refused:
    """The key is good, but not for this."""
    return Refused(f"The key lacks the scope {scope.value}.", status=403, kind="scope-missing")


def shown_keys(visit: Visit) -> Iterator[str]:
    """Give what may be the key: `Bearer` and `AccessKey` name it, `Basic` has it as user name or as password."""
    scheme, _, shown = visit.headers.get("authorization", "").partition(" ")
    shown = shown.strip()
    match scheme.lower():
        case "bearer" | "accesskey":
            yield shown
        case "basic":
            try:
                user, _, password = b64decode(shown, validate=True).decode().partition(":")
            except ValueError:
                return
            yield user
            yield password
