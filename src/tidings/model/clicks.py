"""Clicks and opens as the hub's own doors take them down, before anybody is told."""

from msgspec import Struct

from tidings.model.links import Link


class Click(Struct, frozen=True, omit_defaults=True):
    """One request for a link, or for the picture of a mail. It is told once it is known what else was done."""

    id: str
    """The same click is told once."""
    link: Link
    short_url: str
    """As it was asked for."""
    at: int
    due_at: int
    """When it is to be told."""
    found: tuple[str, ...] = ()
    """By which rules the request shows a machine, as far as a request can."""
    agent: str = ""
    """The user agent, where the workspace keeps it."""
    address: str = ""
    """Whence it came, where the workspace keeps that."""
