"""Messages and events for the tests of the channels dialect."""

from pathlib import Path
from typing import Any

import msgspec

from support.keys import hmac_key
from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Telling
from tidings.model.content import Content
from tidings.model.events import Event, Fact, Kind
from tidings.model.messages import Direction, Message, Recipient, Route
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Filter, Subscription, Wanted
from tidings.model.workspaces import Workspace

PUBLISHED = Path(__file__).parents[2] / "published" / "channels"

CHANNEL = "a65a0983-0000-4000-8000-1d4c0304ebf6"
CONTACT = "8f0feae0-0000-4000-8000-43f102b384c5"
WORKSPACE = Workspace(id="0b7d7e21-5d0c-4a35-9d43-54b5a3f6a001", name="Acme", account=1234, created_at=0)

CREATED_AT = 1_713_152_236_441
"""2024-04-15T03:37:16.441Z"""

TOLD_AT = 1_713_152_239_900
"""2024-04-15T03:37:19.900Z"""

AT = 1_713_152_239_920
"""2024-04-15T03:37:19.920Z"""


def published(name: str) -> Any:
    return msgspec.json.decode((PUBLISHED / name).read_bytes())


def an_outgoing(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "id": "9bbd4d52-0000-4000-8000-a663818dffc9",
        "workspace": WORKSPACE.id,
        "direction": Direction.OUTGOING,
        "created_at": CREATED_AT,
        "recipients": (Recipient(CONTACT, {"phonenumber": "+590690000000"}, country="GP"),),
        "routes": (Route("sms", CHANNEL),),
        "content": Content(text="Hello World !"),
    }
    return Message(**{**fields, **changes})


def an_incoming(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "direction": Direction.INCOMING,
        "routes": (),
        "sender": "+46790000000",
        "channel": CHANNEL,
        "platform": "sms",
        "platform_reference": "in-1",
    }
    return an_outgoing(**{**fields, **changes})


def an_event(kind: Kind, platform: str = "sms", *, fact: Fact | None = None, **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "position": 7,
        "id": "018ede9f-0000-7000-8000-000000000007",
        "workspace": WORKSPACE.id,
        "message": "9bbd4d52-0000-4000-8000-a663818dffc9",
        "revision": 3,
        "kind": kind,
        "platform": platform,
        "channel": CHANNEL,
        "at": AT,
        "told_at": TOLD_AT,
        "fact": fact or Fact(),
    }
    return Event(**{**fields, **changes})


def a_telling(event: Event, message: Message | None = None, workspace: Workspace = WORKSPACE) -> Telling:
    return Telling(event, message or an_outgoing(), workspace)


def a_subscription(event: str, *filters: tuple[str, str], **changes: Any) -> Subscription:
    fields: dict[str, Any] = {
        "id": "4f6e2f9a-0000-4000-8000-000000000001",
        "serial": 1,
        "workspace": WORKSPACE.id,
        "dialect": "channels",
        "url": "https://acme.example/hook",
        "wanted": (Wanted(event, tuple(Filter(key, value) for key, value in filters)),),
        "secret": Secret("key"),
        "keys": (hmac_key(),),
        "created_at": CREATED_AT,
        "updated_at": AT,
    }
    return Subscription(**{**fields, **changes})


def told(telling: Telling) -> Any:
    return msgspec.json.decode(Channels().render(telling))
