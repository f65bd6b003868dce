"""Channels: a connector as configured in a workspace, for a platform. Its secrets come in and never out again."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace
from phonenumbers import SUPPORTED_REGIONS

from tidings.connectors.connector import Connector, read_settings, secret_settings
from tidings.dialects.omnichannel.names import inside
from tidings.dialects.reading import Problems, read_json
from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.flow.tracking import is_ours
from tidings.flow.unsubscribing import MAIL
from tidings.flow.world import World
from tidings.model.errors import FieldError, Misconfigured, Refused
from tidings.model.workspaces import Channel, Limits, Scope
from tidings.rules.times import to_iso
from tidings.web.door import Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, page_of, shown_page
from tidings.web.tags import tag_of_value, tagged_page

Positive = Annotated[float, Meta(gt=0, le=1_000_000)]
Name = Annotated[str, Meta(max_length=200)]
Countries = Annotated[tuple[str, ...], Meta(description="ISO 3166 codes; empty: everywhere.")]
Tracker = Annotated[
    Literal["hub", "provider"],
    Meta(description="Who tracks links where a message asks for it; else the provider if it can, or the hub."),
]
ListUnsubscribe = Annotated[
    bool,
    Meta(description="Whether mail to one person has the hub's own one-click unsubscribe link (RFC 8058)."),
]
Hours = Annotated[float, Meta(gt=0, le=720, description="How long a message may take; else the platform's own window.")]


class WantedLimits(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """How fast a channel may send; null: as fast as the provider's own limit."""

    rate_per_second: Positive | None = None
    per_recipient_seconds: Positive | None = None


class NewChannel(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A channel as it is asked for."""

    platform: str
    connector: str
    name: Name = ""
    settings: dict[str, Any] = {}
    limits: WantedLimits = WantedLimits()
    allowed_countries: Countries = ()
    expiry_hours: Hours | None = None
    link_tracking: Tracker | None = None
    list_unsubscribe: ListUnsubscribe = False


class ChannelChanges(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of a channel; the rest stays. Of the settings too: null takes one away."""

    name: Name | UnsetType = UNSET
    settings: dict[str, Any] = {}
    limits: WantedLimits | UnsetType = UNSET
    allowed_countries: Countries | UnsetType = UNSET
    expiry_hours: Hours | UnsetType | None = UNSET
    link_tracking: Tracker | UnsetType | None = UNSET
    list_unsubscribe: ListUnsubscribe | UnsetType = UNSET


class ShownChannel(Struct, frozen=True, rename="camel"):
    """A channel as it is shown."""

    id: str
    name: str
    platform: str
    connector: str
    settings: dict[str, Any]
    """Without the secret ones."""
    secrets: list[str]
    """The secret settings that are set."""
    limits: WantedLimits
    allowed_countries: tuple[str, ...]
    expiry_hours: float | None
    link_tracking: str
    """Who tracks links where a message asks for it: `hub` or `provider`."""
    list_unsubscribe: bool
    callback_url: str
    """Where the provider is to call."""
    created_at: str


@route(
    "POST",
    "/workspaces/{workspace}/channels",
    scope=Scope.MANAGE,
    group="operator",
    summary="Set a channel up",
    takes=NewChannel,
    gives={201: ShownChannel},
)
async def make_channel(visit: Visit) -> Page:
    """Set a channel up."""
    world = visit.world
    asked = read_json(visit.body, NewChannel, status=422)
    platform, kind = _kind(world, asked)
    problems = Problems()
    _check_countries(asked.allowed_countries, problems)
    _raise(problems)
    made = Channel(
        id=world.chance.id(),
        workspace=visit.tenant.id,
        name=asked.name or f"{kind.label} {platform}",
        platform=platform,
        connector=kind.name,
        settings=_fitting(kind, platform, asked.settings),
        created_at=world.clock.now(),
        limits=_limits(asked.limits),
        allowed_countries=asked.allowed_countries,
        expiry_hours=asked.expiry_hours,
        list_unsubscribe=_unsubscribing(platform, asked.list_unsubscribe),
        links=_tracker(kind, platform, asked.link_tracking),
    )
    shown = show_channel(world, made)
    promise = visit.promise(201, msgspec.json.encode(shown))
    before = await world.directory.change(once(promise, world.clock.now(), lambda: world.directory.put_channel(made)))
    if isinstance(before, Promise):
        return visit.replay(before, promise)
    return tagged_page(201, shown, _tag(world, made))


@route(
    "GET",
    "/workspaces/{workspace}/channels",
    scope=Scope.READ,
    group="operator",
    summary="List the channels, oldest first",
    gives={200: "A page of channels"},
    query=PAGING,
)
async def list_channels(visit: Visit) -> Page:
    """List a tenant's channels."""
    found, token = page_of(visit, visit.world.directory.channels_of(visit.tenant.id))
    return json_page(200, shown_page([show_channel(visit.world, each) for each in found], token))


@route(
    "GET",
    "/workspaces/{workspace}/channels/{channel}",
    scope=Scope.READ,
    group="operator",
    summary="Show a channel, without its secrets",
    gives={200: ShownChannel},
)
async def get_channel(visit: Visit) -> Page:
    """Show a channel."""
    world, found = visit.world, channel_of(visit)
    return tagged_page(200, show_channel(world, found), _tag(world, found))


@route(
    "PATCH",
    "/workspaces/{workspace}/channels/{channel}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Change a channel; a setting left out stays, also a secret one",
    takes=ChannelChanges,
    gives={200: ShownChannel},
)
async def change_channel(visit: Visit) -> Page:
    """Change a channel."""
    world, now = visit.world, channel_of(visit)
    asked = read_json(visit.body, ChannelChanges, status=422)
    visit.check_match(_tag(world, now))
    kind = world.connectors.get(now.connector)
    if kind is None:
        raise Refused(f"The connector {now.connector} is not installed any more.", status=409)
    problems = Problems()
    if asked.allowed_countries is not UNSET:
        _check_countries(asked.allowed_countries, problems)
    _raise(problems)
    merged = {**now.settings, **asked.settings}
    settings = {name: value for name, value in merged.items() if value is not None}
    fields: dict[str, Any] = {
        "name": asked.name,
        "limits": UNSET if asked.limits is UNSET else _limits(asked.limits),
        "allowed_countries": asked.allowed_countries,
        "expiry_hours": asked.expiry_hours,
        "list_unsubscribe": UNSET
        if asked.list_unsubscribe is UNSET
        else _unsubscribing(now.platform, asked.list_unsubscribe),
        "links": UNSET if asked.link_tracking is UNSET else _tracker(kind, now.platform, asked.link_tracking),
    }
    changed = replace(
        now,
        settings=_fitting(kind, now.platform, settings),
        revision=now.revision + 1,
        **{name: value for name, value in fields.items() if value is not UNSET},
    )
    await world.directory.change(lambda: world.directory.put_channel(changed))
    return tagged_page(200, show_channel(world, changed), _tag(world, changed))


@route(
    "DELETE",
    "/workspaces/{workspace}/channels/{channel}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Take a channel away",
    gives={204: "It is gone."},
)
async def drop_channel(visit: Visit) -> Page:
    """Take a channel away."""
    world, gone = visit.world, channel_of(visit)
    visit.check_match(_tag(world, gone))
    await world.directory.change(lambda: world.directory.drop_channel(gone.workspace, gone.id))
    return Page(204)


def channel_of(visit: Visit) -> Channel:
    """Find the channel that the path names in its workspace; raises Refused where there is none."""
    named = visit.params["channel"]
    channel = visit.world.directory.channels.get(named)
    if channel is None or channel.workspace != visit.tenant.id:
        raise missing("channel", named)
    return channel


def show_channel(world: World, channel: Channel) -> ShownChannel:
    """Show a channel, without its secrets."""
    kind = world.connectors.get(channel.connector)
    # Of a connector that is not installed any more nobody knows what is secret.
    secret = secret_settings(kind) if kind is not None else frozenset(channel.settings)
    return ShownChannel(
        id=channel.id,
        name=channel.name,
        platform=channel.platform,
        connector=channel.connector,
        settings={name: value for name, value in channel.settings.items() if name not in secret},
        secrets=sorted(secret & channel.settings.keys()),
        limits=WantedLimits(channel.limits.rate_per_second, channel.limits.per_recipient_seconds),
        allowed_countries=channel.allowed_countries,
        expiry_hours=channel.expiry_hours,
        link_tracking="hub" if is_ours(world, channel) else "provider",
        list_unsubscribe=channel.list_unsubscribe,
        callback_url=world.callback_url(channel.id),
        created_at=to_iso(channel.created_at),
    )


def _tag(world: World, channel: Channel) -> str:
    """Tag a channel as it is shown; what is not shown of it can change too."""
    return tag_of_value([show_channel(world, channel), channel.revision])


def _kind(world: World, asked: NewChannel) -> tuple[str, type[Connector[Any]]]:
    """Find the platform by whatever vocabulary's name, and the connector that must know it; raises Refused."""
    kind = world.connectors.get(asked.connector)
    if kind is None:
        known = ", ".join(world.connectors)
        raise _refused(FieldError("connector", f"There is no such connector; there are {known}.", "unknown"))
    platform = inside(asked.platform)
    if platform is None or kind.capabilities.get(platform) is None:
        known = ", ".join(kind.platforms)
        raise _refused(FieldError("platform", f"{kind.label} does not know it; it knows {known}.", "unknown"))
    return platform, kind


def _fitting(kind: type[Connector[Any]], platform: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings that the connector takes; raises Refused."""
    try:
        kind(read_settings(kind, settings), platform)
    except Misconfigured as error:
        raise _refused(FieldError("settings", str(error))) from error
    return dict(settings)


def _check_countries(codes: tuple[str, ...], problems: Problems) -> None:
    for index, code in enumerate(codes):
        if code not in SUPPORTED_REGIONS:
            problems.add(f"allowedCountries[{index}]", f"{code!r} is no ISO 3166 code of a country.", "country")


def _unsubscribing(platform: str, asked: bool) -> bool:
    """Give whether mail has unsubscribe links; raises Refused where there is no mail."""
    if asked and platform != MAIL:
        raise _refused(FieldError("listUnsubscribe", "Only e-mail has unsubscribe links.", "unsupported"))
    return asked


def _tracker(kind: type[Connector[Any]], platform: str, asked: str | None) -> str:
    """Give who is to track links; raises Refused where that is a provider which cannot."""
    if asked == "provider" and not kind.capabilities[platform].tracks_links:
        raise _refused(FieldError("linkTracking", f"{kind.label} tracks no links; leave it to the hub.", "unsupported"))
    return asked or ""


def _limits(asked: WantedLimits) -> Limits:
    return Limits(asked.rate_per_second, asked.per_recipient_seconds)


def _raise(problems: Problems) -> None:
    if problems.errors:
        raise _refused(*problems.errors)


def _refused(*errors: FieldError) -> Refused:
    return Refused("The channel cannot be set up as it is.", status=422, errors=errors)
