"""What clients ask for, before we take charge of it."""

from typing import Any

from msgspec import Struct

from tidings.model.content import Content
from tidings.model.messages import Route
from tidings.model.raw import OptionalRaw
from tidings.model.subscriptions import Wanted


class Addressee(Struct, frozen=True, omit_defaults=True):
    """Whom a draft is for: a known contact by `contact`, or addresses by `identifierKey`, as the client wrote them."""

    contact: str = ""
    addresses: dict[str, str] = {}
    type: str = "to"


class Draft(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as a client asks for it."""

    dialect: str
    to: tuple[Addressee, ...]
    routes: tuple[Route, ...]
    content: Content
    sender: str = ""
    sender_name: str = ""
    reference: str = ""
    metadata: OptionalRaw = None
    tags: tuple[str, ...] = ()
    reply_to: str = ""
    conversation: str = ""
    options: dict[str, dict[str, Any]] = {}
    """What the client asks of one platform only, by our own platform name."""
    profile: dict[str, str] = {}
    """Values that `{{profile.field}}` in the text stands for."""
    expires_at: int | None = None
    track_links: str = ""
    campaign: bool = False
    transactional: bool = False
    require_opt_in: bool = False
    request: OptionalRaw = None


class SubscriptionDraft(Struct, frozen=True, kw_only=True):
    """A subscription as a client asks for it."""

    url: str
    wanted: tuple[Wanted, ...]
    secret: str = ""
    name: str = ""
    active: bool = True
    options: dict[str, Any] = {}
