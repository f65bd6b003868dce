"""Whom a workspace does not write to, and who has asked it to: listed, looked up, added and removed."""

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import partial
from typing import Any, Final

import msgspec

from tidings.dialects.omnichannel.names import inside
from tidings.dialects.reading import is_clean
from tidings.flow import suppressions
from tidings.flow.suppressions import FIRST, Asked
from tidings.model.errors import FieldError, Refused
from tidings.model.platforms import platform
from tidings.model.suppressions import SUPPRESSING, Cited, Ground, Source, Suppression
from tidings.model.workspaces import Scope
from tidings.rules.suppression import kept_platform, suppression_id
from tidings.rules.times import to_iso
from tidings.web.door import Argument, Page, Visit, json_page, missing, route
from tidings.web.operator.entering import MOST, NewOptIn, NewSuppression, read_added, shown_note, who
from tidings.web.operator.lists import PAGING, limit_of, shown_page

OPT_INS: Final = (Ground.OPTED_IN,)
LISTED: Final = "/workspaces/{workspace}/suppressions"
ONE: Final = "/workspaces/{workspace}/suppressions/{suppression}"
ASKED_FOR: Final = "/workspaces/{workspace}/opt-ins"
ONE_ASKED_FOR: Final = "/workspaces/{workspace}/opt-ins/{optin}"

_FILTERS: Final = (
    Argument("platform", "Only of this platform; `mms` is kept with `sms`."),
    Argument("channelId", "Only those that are for this channel alone."),
    Argument("address", "Only addresses that begin so."),
    *PAGING,
)
_SHOWN: Final = "`{id, platform, channelId, address, reason, at, source, by, note, code, messageId, viaChannelId}`"
_SHOWN_OPT_IN: Final = "`{id, platform, channelId, address, at, source, by, note, messageId, viaChannelId}`"
_TAKES: Final = f"One, an array, or a table as `text/csv` with a heading: at most {MOST}"
_COUNTED: Final = "Of several `{added, known}`, how many are new and how many stood already; of one that did, itself"
TOGETHER: Final = 250
"""How many are written in one step, so that nobody else waits for long."""
READ_ASIDE: Final = 16_384
"""Octets from which a body is read in a thread, for the same reason."""
_WORDS: Final = {"suppression": "suppression", "optin": "opt-in"}
_DIGITS: Final = re.compile(r"[0-9]+")


@route(
    "GET",
    LISTED,
    scope=Scope.READ,
    group="operator",
    summary="List whom the workspace does not write to, by address",
    gives={200: f"A page of {_SHOWN}"},
    query=(Argument("reason", f"Only on this ground: {', '.join(SUPPRESSING)}."), *_FILTERS),
)
async def list_suppressions(visit: Visit) -> Page:
    """List whom the workspace does not write to."""
    return await _list(visit, SUPPRESSING)


@route(
    "POST",
    LISTED,
    scope=Scope.MANAGE,
    group="operator",
    summary="Write to somebody no more, or to several; whoever stands there already stays as they are",
    takes=f"{_TAKES}. `{{platform, address, reason, channelId, note}}`; `unsubscribed` where there is no `reason`",
    gives={201: _SHOWN, 200: _COUNTED},
    limit="batch",
)
async def add_suppressions(visit: Visit) -> Page:
    """Write to some people no more."""
    return await _add(visit, NewSuppression)


@route(
    "GET",
    ONE,
    scope=Scope.READ,
    group="operator",
    summary="Show why somebody is not written to",
    gives={200: _SHOWN},
)
async def get_suppression(visit: Visit) -> Page:
    """Show one suppression."""
    return await _get(visit, "suppression", SUPPRESSING)


@route(
    "DELETE",
    ONE,
    scope=Scope.MANAGE,
    group="operator",
    summary="Write to somebody again; a report that is older and comes later changes nothing any more",
    gives={204: "It stands no longer."},
)
async def drop_suppression(visit: Visit) -> Page:
    """Take one suppression off the list."""
    return await _drop(visit, "suppression", SUPPRESSING)


@route(
    "GET",
    ASKED_FOR,
    scope=Scope.READ,
    group="operator",
    summary="List who has asked to be written to, by address",
    gives={200: f"A page of {_SHOWN_OPT_IN}"},
    query=_FILTERS,
)
async def list_opt_ins(visit: Visit) -> Page:
    """List who has opted in."""
    return await _list(visit, OPT_INS)


@route(
    "POST",
    ASKED_FOR,
    scope=Scope.MANAGE,
    group="operator",
    summary="Note that somebody has asked to be written to, or several; it lifts no suppression",
    takes=f"{_TAKES}. `{{platform, address, channelId, note}}`",
    gives={201: _SHOWN_OPT_IN, 200: _COUNTED},
    limit="batch",
)
async def add_opt_ins(visit: Visit) -> Page:
    """Note that some people have opted in."""
    return await _add(visit, NewOptIn)


@route(
    "GET",
    ONE_ASKED_FOR,
    scope=Scope.READ,
    group="operator",
    summary="Show when and how somebody has asked to be written to",
    gives={200: _SHOWN_OPT_IN},
)
async def get_opt_in(visit: Visit) -> Page:
    """Show one opt-in."""
    return await _get(visit, "optin", OPT_INS)


@route(
    "DELETE",
    ONE_ASKED_FOR,
    scope=Scope.MANAGE,
    group="operator",
    summary="Know no longer that somebody has asked to be written to",
    gives={204: "It stands no longer."},
)
async def drop_opt_in(visit: Visit) -> Page:
    """Take one opt-in away."""
    return await _drop(visit, "optin", OPT_INS)


async def _list(visit: Visit, grounds: tuple[Ground, ...]) -> Page:
    limit, after = limit_of(visit), _place(visit.query.get("pageToken", ""))
    asked = _asked(visit, grounds)
    found = await visit.world.store.read(suppressions.listed(visit.tenant.id, asked, after, limit + 1))
    token = _token(found[limit - 1]) if len(found) > limit else None
    return json_page(200, shown_page([show_suppression(each) for each in found[:limit]], token))


async def _add(visit: Visit, kind: type[NewOptIn]) -> Page:
    aside = len(visit.body) > READ_ASIDE
    added, many = await asyncio.to_thread(read_added, visit, kind) if aside else read_added(visit, kind)
    workspace, store = visit.tenant.id, visit.world.store
    each_once = list({suppression_id(each): each for each in added}.values())
    known: set[str] = set()
    for start in range(0, len(each_once), TOGETHER):
        known |= await store.write(partial(suppressions.add, workspace, each_once[start : start + TOGETHER]))
    if many:
        return json_page(200, {"added": len(each_once) - len(known), "known": len(known)})
    id_ = suppression_id(added[0])
    stands = await store.read(suppressions.one(workspace, id_, (added[0].ground,)))
    return json_page(200 if known else 201, show_suppression(stands or added[0]))


async def _get(visit: Visit, what: str, grounds: tuple[Ground, ...]) -> Page:
    named = visit.params[what]
    found = await visit.world.store.read(suppressions.one(visit.tenant.id, named, grounds))
    if found is None:
        raise missing(_WORDS[what], named)
    return json_page(200, show_suppression(found))


async def _drop(visit: Visit, what: str, grounds: tuple[Ground, ...]) -> Page:
    workspace, named, now = visit.tenant.id, visit.params[what], visit.world.clock.now()
    cited = Cited(source=Source.API, by=who(visit))
    if not await visit.world.store.write(lambda: suppressions.lift(workspace, named, grounds, now, cited)):
        raise missing(_WORDS[what], named)
    return Page(204)


def show_suppression(suppression: Suppression) -> dict[str, Any]:
    """Show a suppression, or an opt-in, which has no reason; what is empty is left out, but for the channel."""
    shown: dict[str, Any] = {
        "id": suppression_id(suppression),
        "platform": suppression.platform,
        "channelId": suppression.channel or None,
        "address": suppression.address,
    }
    if suppression.ground in SUPPRESSING:
        shown["reason"] = suppression.ground.value
    return {**shown, "at": to_iso(suppression.at), **shown_note(suppression.cited)}


def _asked(visit: Visit, grounds: tuple[Ground, ...]) -> Asked:
    """Read what is asked for; raises Refused."""
    named, reason = visit.query.get("platform", ""), visit.query.get("reason", "")
    where = inside(named) if named else ""
    if where is None:
        raise _misfit("platform", "There can be no platform of that name.")
    if reason and reason not in grounds:
        raise _misfit("reason", f"It must be one of {', '.join(grounds)}.")
    prefix = _prefix(visit.query.get("address", ""), where)
    channel = visit.query.get("channelId", "")
    return Asked((Ground(reason),) if reason else grounds, kept_platform(where), channel, prefix)


def _prefix(text: str, where: str) -> str:
    """Read what an address begins with; a plus may have become a space in the query, or have been left out."""
    by_number = platform(where).identifier == "phonenumber" if where else text[:1] == " "
    if by_number and _DIGITS.fullmatch(text.strip()):
        return f"+{text.strip()}"
    return text.strip().lower() if "@" in text or where == "email" else text.strip()


def _token(last: Suppression) -> str:
    place = msgspec.json.encode((last.address, suppression_id(last)))
    return urlsafe_b64encode(place).decode().rstrip("=")


def _place(token: str) -> tuple[str, str]:
    if not token:
        return FIRST
    try:
        padded = token + "=" * (-len(token) % 4)
        place = msgspec.json.decode(urlsafe_b64decode(padded), type=tuple[str, str])
    except (ValueError, msgspec.DecodeError) as error:
        raise _misfit("pageToken", "It is no token of a page before.") from error
    if not all(map(is_clean, place)):
        raise _misfit("pageToken", "It is no token of a page before.")
    return place


def _misfit(name: str, message: str) -> Refused:
    return Refused("A query parameter does not fit.", errors=(FieldError(name, message, "unknown"),))
