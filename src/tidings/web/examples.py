"""One made-up event of every name that a vocabulary has, for its documentation: the same ones every time."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from tidings.dialects.dialect import Dialect, Telling
from tidings.model.content import Content
from tidings.model.events import Event, Fact, Kind, Tried
from tidings.model.exchange import encode_raw
from tidings.model.messages import Correlation, Direction, Message, Recipient, Route
from tidings.model.platforms import PLATFORMS, platform
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason
from tidings.model.workspaces import Workspace

NOW: Final = 1_790_000_000_000
WORKSPACE: Final = Workspace(id="0199b8d2-0000-7000-8000-000000000001", name="Acme", account=1, created_at=NOW)
CHANNEL: Final = "0199b8d2-0000-7000-8000-000000000002"
MESSAGE: Final = "0199b8d2-0000-7000-8000-000000000003"
ANSWER: Final = "0199b8d2-0000-7000-8000-000000000004"
EVENT: Final = "0199b8d2-0000-7000-8000-000000000005"
CONTACT: Final = "0199b8d2-0000-7000-8000-000000000006"
REFERENCE: Final = "SM0a1b2c3d"

_ADDRESSES: Final = {"phonenumber": "+447700900123", "emailaddress": "ada@example.com"}
_METADATA: Final = encode_raw({"order": "1815"})
_ANSWER: Final = encode_raw({"id": REFERENCE, "status": "accepted"})
_RECEIPT: Final = encode_raw({"id": REFERENCE, "status": "delivered"})
_REASON: Final = Reason(Cause.UNREACHABLE, "The handset could not be reached.", "27", permanent=False)


def examples(dialect: Dialect) -> dict[str, Mapping[str, Any]]:
    """Render the first event of every name; a name that no made-up event has is left out."""
    found: dict[str, Mapping[str, Any]] = {}
    for telling in _tellings():
        name = dialect.name_of(telling)
        if name is not None and name not in found:
            found[name] = msgspec.json.decode(dialect.render(telling))
    return {name: found[name] for name in dialect.event_names if name in found}


def _tellings() -> Iterator[Telling]:
    for where in PLATFORMS:
        for kind, fact in _facts():
            yield Telling(_event(where, kind, fact), _message(where, kind), WORKSPACE)


def _facts() -> Iterator[tuple[Kind, Fact]]:
    sent = Fact(sender="+15550100", references=(REFERENCE,), units=1, answer=_ANSWER)
    tried = Tried("sms", _REASON, NOW, submitted=True, data=_RECEIPT)
    yield Kind.DELIVERED, Fact(sender="+15550100", references=(REFERENCE,), units=1, raw=_RECEIPT)
    yield Kind.ACCEPTED, Fact()
    yield Kind.SENT, sent
    yield Kind.READ, Fact(references=(REFERENCE,), raw=_RECEIPT)
    yield Kind.EXPIRED, Fact(references=(REFERENCE,), reason=Reason(Cause.EXPIRED), submitted=True)
    yield Kind.FAILED, Fact(references=(REFERENCE,), reason=_REASON, submitted=True, raw=_RECEIPT, tried=(tried,))
    yield Kind.INBOUND, Fact(references=(REFERENCE,))
    clicked = Interaction("click", Deed.CLICKED, Target(MESSAGE), Raw(b"{}"), NOW, "https://example.com/offer", "offer")
    yield Kind.INTERACTION, Fact(references=(REFERENCE,), interaction=clicked)


def _event(where: str, kind: Kind, fact: Fact) -> Event:
    return Event(
        position=1,
        id=EVENT,
        workspace=WORKSPACE.id,
        message=ANSWER if kind is Kind.INBOUND else MESSAGE,
        revision=0 if kind is Kind.INBOUND else 2,
        kind=kind,
        platform=where,
        channel=CHANNEL,
        at=NOW,
        told_at=NOW,
        fact=fact,
    )


def _message(where: str, kind: Kind) -> Message:
    key = platform(where).identifier
    address = _ADDRESSES.get(key, "1815121012")
    recipient = Recipient(CONTACT, {key: address}, country="GB" if key == "phonenumber" else "")
    if kind is not Kind.INBOUND:
        return Message(
            id=MESSAGE,
            workspace=WORKSPACE.id,
            direction=Direction.OUTGOING,
            created_at=NOW,
            recipients=(recipient,),
            routes=(Route(where, CHANNEL),),
            content=Content(text="Your order is on its way."),
            metadata=_METADATA,
        )
    return Message(
        id=ANSWER,
        workspace=WORKSPACE.id,
        direction=Direction.INCOMING,
        created_at=NOW,
        recipients=(recipient,),
        sender="+15550100",
        content=Content(text="Thank you!"),
        channel=CHANNEL,
        platform=where,
        platform_reference=REFERENCE,
        raw=encode_raw({"id": REFERENCE, "body": "Thank you!"}),
        correlation=Correlation(MESSAGE, _METADATA),
    )
