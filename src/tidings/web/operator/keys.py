"""Signing keys of a subscription, in whatever vocabulary it is: several at once, and rotated.

Key set  RFC 7517 (JWK), RFC 8037 2 (Ed25519)
"""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from tidings.dialects.reading import read_json
from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.model.errors import FieldError, Misconfigured, Refused
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind, SigningKey, Subscription
from tidings.model.workspaces import Scope
from tidings.rules.rotation import rotated, without
from tidings.rules.schedule import HOUR
from tidings.rules.signing import key_from, public_key, read_key
from tidings.rules.signing.keys import PUBLIC_PREFIX
from tidings.rules.times import to_iso
from tidings.web.door import Page, Visit, json_page, missing, route
from tidings.web.operator.lists import PAGING, page_of, shown_page
from tidings.web.subscribing import KEY_OCTETS, change_stored, own_subscription
from tidings.web.tags import tag_of_value, tagged_page
from tidings.web.taking import answered

PLACE: Final = "/workspaces/{workspace}/subscriptions/{subscription}"
KEYS: Final = f"{PLACE}/keys"

OVERLAP_HOURS: Final = 24
LONGEST_OVERLAP: Final = 8760
"""Hours: a year."""


class NewKey(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A signing key as it is asked for."""

    kind: KeyKind = KeyKind.HMAC
    secret: Annotated[str, Meta(max_length=200, description="A key of one's own; else one is made.")] = ""
    overlap_hours: Annotated[
        float, Meta(ge=0, le=LONGEST_OVERLAP, description="How long the replaced keys sign beside it.")
    ] = OVERLAP_HOURS
    replaces: Annotated[
        tuple[str, ...] | None, Meta(description="Ids of the keys it replaces; else all of its kind.")
    ] = None


class ShownKey(Struct, frozen=True, rename="camel"):
    """A signing key as it is shown."""

    id: str
    kind: KeyKind
    created_at: str
    expires_at: str | None
    """From then on it signs nothing; null: until it is replaced."""
    public_key: str | None
    """`whpk_…`, of an Ed25519 key."""


class MadeKey(ShownKey, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A signing key just made: the only time that its secret is shown."""

    secret: str = ""


class PublicKey(Struct, frozen=True):
    """The public half of a key, as a JSON Web Key."""

    kty: str
    crv: str
    alg: str
    use: str
    kid: str
    x: str


class KeySet(Struct, frozen=True):
    """The public keys by which webhooks can be verified now."""

    keys: list[PublicKey]


@route(
    "GET",
    KEYS,
    scope=Scope.READ,
    group="operator",
    summary="List the signing keys of a subscription, oldest first, with public keys and without secrets",
    gives={200: "A page of signing keys"},
    query=PAGING,
)
async def list_keys(visit: Visit) -> Page:
    """List a subscription's signing keys."""
    found, token = page_of(visit, own_subscription(visit).keys)
    return tagged_page(200, shown_page([show_key(each) for each in found], token))


@route(
    "POST",
    KEYS,
    scope=Scope.MANAGE,
    group="operator",
    summary="Give a subscription another signing key; those it replaces sign beside it for a while",
    takes=NewKey,
    gives={201: MadeKey, 409: "Too many keys would sign at once."},
)
async def make_key(visit: Visit) -> Page:
    """Make a signing key; it signs from the next attempt on."""
    subscription = own_subscription(visit)
    if (page := await answered(visit)) is not None:
        return _with_secret(visit, page)
    asked, now = read_json(visit.body, NewKey, status=422), visit.world.clock.now()
    key = SigningKey(id=visit.world.chance.id(), kind=asked.kind, secret=_secret(visit, asked), created_at=now)
    until = now + round(asked.overlap_hours * HOUR)

    def change(known: Subscription) -> Subscription:
        return replace(known, keys=rotated(known.keys, key, replaces=asked.replaces, until=until))

    body = msgspec.json.encode(show_key(key))
    promise = visit.promise(201, body)
    step = once(promise, now, lambda: change_stored(visit, subscription, change))
    kept = await visit.world.directory.change(step)
    return _with_secret(visit, visit.replay(kept, promise) if isinstance(kept, Promise) else Page(201, body))


@route(
    "DELETE",
    f"{KEYS}/{{key}}",
    scope=Scope.MANAGE,
    group="operator",
    summary="Take a signing key away at once",
    gives={204: "It signs nothing any more.", 409: "No key would be left that goes on."},
)
async def drop_key(visit: Visit) -> Page:
    """Take a signing key away; it signs no further attempt."""
    subscription, named = own_subscription(visit), visit.params["key"]
    known = next((key for key in subscription.keys if key.id == named), None)
    if known is None:
        raise missing("signing key", named)
    visit.check_match(tag_of_value(shown_page([show_key(each) for each in subscription.keys], None)))
    await visit.world.directory.change(
        lambda: change_stored(visit, subscription, lambda each: replace(each, keys=without(each.keys, named)))
    )
    return Page(204)


@route(
    "GET",
    f"{PLACE}/jwks.json",
    auth="none",
    scope=None,
    group="operator",
    summary="Publish the public keys by which a subscription's webhooks can be verified now, as a JSON Web Key Set",
    gives={200: KeySet},
)
async def publish_keys(visit: Visit) -> Page:
    """Publish a subscription's public keys: there is nothing secret in them, so nobody is asked for a key."""
    named, world = visit.params["subscription"], visit.world
    found = world.directory.subscriptions.get(named)
    if found is None or found.workspace != visit.params["workspace"]:
        raise missing("subscription", named)
    pairs = (key for key in found.keys if key.kind is KeyKind.ED25519 and key.signs_at(world.clock.now()))
    return json_page(200, KeySet([_public(key) for key in pairs]))


def show_key(key: SigningKey) -> ShownKey:
    """Show a signing key, without its secret."""
    return ShownKey(
        id=key.id,
        kind=key.kind,
        created_at=to_iso(key.created_at),
        expires_at=to_iso(key.expires_at) if key.expires_at is not None else None,
        public_key=public_key(key.secret) if key.kind is KeyKind.ED25519 else None,
    )


def _secret(visit: Visit, asked: NewKey) -> Secret:
    if not asked.secret:
        return Secret(key_from(visit.world.chance.key(KEY_OCTETS), asked.kind))
    try:
        return Secret(read_key(asked.kind, asked.secret))
    except Misconfigured as error:
        problem = FieldError("secret", f"It cannot be used: {error}.", "invalid")
        raise Refused("The key cannot be made.", status=422, errors=(problem,)) from error


def _with_secret(visit: Visit, page: Page) -> Page:
    """Show a new key's secret, which is kept sealed and so is not in the answer that is kept for repeating."""
    shown: dict[str, Any] = msgspec.json.decode(page.body)
    kept = visit.world.directory.subscriptions.get(visit.params["subscription"])
    key = next((each for each in kept.keys if each.id == shown["id"]), None) if kept is not None else None
    if key is not None:
        shown["secret"] = key.secret.reveal()
    return Page(page.status, msgspec.json.encode(shown), page.headers)


def _public(key: SigningKey) -> PublicKey:
    octets = b64decode(public_key(key.secret).removeprefix(PUBLIC_PREFIX))
    x = urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
    return PublicKey("OKP", "Ed25519", "EdDSA", "sig", key.id, x)
