"""Tenants and what is set up in them."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Scope(StrEnum):
    """What an access key may do."""

    SEND = "send"
    READ = "read"
    MANAGE = "manage"


class Workspace(Struct, frozen=True, kw_only=True):
    """A tenant; the omnichannel vocabulary calls it an API space."""

    id: str
    name: str
    account: int
    created_at: int
    catch_all: str = "unclaimed"
    """`unclaimed`: an unfiltered channels subscription leaves out what a filtered sibling takes; `all`: it does not."""
    track_opens: bool = True
    """Whether mail whose links are tracked has a picture at its end that tells of opens."""
    keep_clients: bool = False
    """Whether user agents and addresses of those who follow the hub's own links are kept."""
    do_not_track: str = "honour"
    """`honour`: of whoever asks not to be tracked (DNT, Sec-GPC) nothing is recorded; `ignore`."""


class AccessKey(Struct, frozen=True, kw_only=True):
    """A workspace's key; only a hash of it is kept."""

    id: str
    workspace: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: int


class Limits(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, rename="camel"):
    """How fast a channel may send; None: as fast as it goes."""

    rate_per_second: float | None = None
    per_recipient_seconds: float | None = None


class Channel(Struct, frozen=True, kw_only=True):
    """A connector as configured in a workspace, for a platform."""

    id: str
    workspace: str
    name: str
    platform: str
    connector: str
    settings: dict[str, Any]
    """As the operator gave them; secret ones are sealed where they are stored."""
    created_at: int
    limits: Limits = Limits()
    allowed_countries: tuple[str, ...] = ()
    """ISO 3166 codes; empty: everywhere."""
    expiry_hours: float | None = None
    """None: the platform's own window."""
    list_unsubscribe: bool = False
    """Whether its mails to one person have the hub's own unsubscribe link (RFC 8058)."""
    links: str = ""
    """Who tracks links where a message asks for it: `hub` or `provider`; empty: the provider if it can, or the hub."""
    revision: int = 0


class Contact(Struct, frozen=True, kw_only=True):
    """One person, found by an identifier."""

    id: str
    workspace: str
    key: str
    value: str
    created_at: int
