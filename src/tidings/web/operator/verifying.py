"""A dry run for whoever cannot verify a webhook: which key made its signatures, or why they do not hold."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from tidings.dialects.reading import read_json
from tidings.flow.examine import examine
from tidings.model.errors import FieldError, Refused
from tidings.model.workspaces import Scope
from tidings.rules.signing.examining import Finding, Received
from tidings.rules.times import from_iso
from tidings.web.door import Page, Visit, json_page, route
from tidings.web.operator.keys import PLACE
from tidings.web.subscribing import own_subscription

MOST_HEADERS: Final = 100


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A webhook as it came."""

    headers: Annotated[dict[str, str], Meta(max_length=MOST_HEADERS)]
    body: Annotated[str, Meta(description="The raw body.")]
    url: Annotated[str, Meta(description="Where it came, as the endpoint sees it; else the subscription's URL.")] = ""
    received_at: Annotated[str, Meta(description="When it came (ISO 8601); else now.")] = ""


class Signature(Struct, frozen=True, rename="camel"):
    """What became of verifying one signature."""

    header: str
    verified: bool
    keys: tuple[str, ...]
    """Ids of the Standard Webhooks keys that made it."""
    flaw: str | None
    """What keeps it from holding."""
    detail: str


class Examined(Struct, frozen=True):
    """What became of verifying a webhook."""

    verified: bool
    """Whether it has signatures, and each of them holds."""
    signatures: list[Signature]


@route(
    "POST",
    f"{PLACE}/verify",
    scope=Scope.READ,
    group="operator",
    summary="Say which key made the signatures of a webhook that came, or why they do not hold; nothing is changed",
    takes=Webhook,
    gives={200: Examined},
)
async def verify(visit: Visit) -> Page:
    """Verify a webhook as its endpoint should."""
    subscription = own_subscription(visit)
    asked = read_json(visit.body, Webhook, status=422)
    received = Received(
        headers={name.lower(): value.strip() for name, value in asked.headers.items()},
        body=asked.body.encode(),
        url=asked.url or subscription.url,
        at=_time(asked.received_at) if asked.received_at else visit.world.clock.now(),
    )
    findings = await examine(visit.world, subscription, received)
    there = [each for each in findings if each.is_there]
    verified = bool(there) and all(each.flaw is None for each in there)
    return json_page(200, Examined(verified, [_shown_finding(each) for each in findings]))


def _time(text: str) -> int:
    try:
        return from_iso(text)
    except ValueError as error:
        problem = FieldError("receivedAt", "It must be a time as ISO 8601 writes it.", "invalid")
        raise Refused("The webhook cannot be verified.", status=422, errors=(problem,)) from error


def _shown_finding(finding: Finding) -> Signature:
    flaw = finding.flaw
    return Signature(finding.header, flaw is None, finding.keys, None if flaw is None else flaw.value, finding.detail)
