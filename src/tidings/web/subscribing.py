"""Setting subscriptions up, changing and dropping them: the same whatever vocabulary they are in."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.flow.steering import PAUSED, activated, deactivated, drained
from tidings.model.drafts import SubscriptionDraft
from tidings.model.errors import FieldError, Refused
from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind, SigningKey, Subscription
from tidings.rules.signing import key_from
from tidings.store.statements import Transaction
from tidings.web.door import Page, Visit, missing
from tidings.web.tags import tag_of_value

KEY_OCTETS: Final = 32
"""Octets of a signing key: as many as SHA-256 gives."""
LOOK_UP_SECONDS: Final = 2.0
"""How long a URL's name may take to be looked up while it is being saved; one that takes longer is judged when it is
called."""


def new_subscription(visit: Visit, dialect: str, draft: SubscriptionDraft) -> Subscription:
    """Make a subscription of a draft, with a Standard Webhooks key of its own; it is not kept yet."""
    id_, now = visit.world.chance.id(), visit.world.clock.now()
    secret = Secret(key_from(visit.world.chance.key(KEY_OCTETS)))
    return Subscription(
        id=id_,
        serial=0,
        workspace=visit.tenant.id,
        dialect=dialect,
        url=draft.url,
        wanted=draft.wanted,
        secret=Secret(draft.secret),
        keys=(SigningKey(id=id_, kind=KeyKind.HMAC, secret=secret, created_at=now),),
        created_at=now,
        updated_at=now,
        name=draft.name,
        active=draft.active,
        options=draft.options,
    )


async def keep_new(
    visit: Visit, subscription: Subscription, promise: Promise | None, *, status: int = 422
) -> Promise | None:
    """Keep a new subscription with its promise; gives the answer given before where the key was used meanwhile.

    Raises Refused with `status` where the hub may not call its URL.
    """
    await _check_url(visit, subscription.url, status)
    directory = visit.world.directory
    step = once(promise, visit.world.clock.now(), lambda: directory.put_subscription(subscription))
    kept = await directory.change(step)
    return kept if isinstance(kept, Promise) else None


def with_key(visit: Visit, page: Page, name: str) -> Page:
    """Show the key that a subscription was made with under a name.

    It is kept sealed, and so is not in the answer that is kept for repeating: it is added whenever that is given,
    for as long as the subscription has it.
    """
    shown: dict[str, Any] = msgspec.json.decode(page.body)
    etag = tag_of_value(shown)
    kept = visit.world.directory.subscriptions.get(shown["id"])
    first = next((key for key in kept.keys if key.id == kept.id), None) if kept is not None else None
    if first is not None:
        shown[name] = first.secret.reveal()
    return Page(page.status, msgspec.json.encode(shown), (*page.headers, ("etag", etag)))


def subscriptions_of(visit: Visit, dialect: str) -> list[Subscription]:
    """List the workspace's subscriptions in a vocabulary, oldest first."""
    mine = (
        each
        for each in visit.world.directory.subscriptions.values()
        if each.workspace == visit.tenant.id and each.dialect == dialect
    )
    return sorted(mine, key=lambda each: each.serial)


def own_subscription(visit: Visit, what: str = "subscription") -> Subscription:
    """Find the subscription that the path names, in whatever vocabulary it is.

    Raises Refused (404) where the workspace has no such one.
    """
    named = visit.params["subscription"]
    found = visit.world.directory.subscriptions.get(named)
    if found is None or found.workspace != visit.tenant.id:
        raise missing(what, named)
    return found


def find_subscription(visit: Visit, dialect: str, what: str) -> Subscription:
    """Find the subscription in a vocabulary that the path names.

    Raises Refused (404) where the workspace has no such one.
    """
    found = own_subscription(visit, what)
    if found.dialect != dialect:
        raise missing(what, found.id)
    return found


async def change_subscription(
    visit: Visit, subscription: Subscription, draft: SubscriptionDraft, *, status: int = 422
) -> Subscription:
    """Make a subscription what a draft says, its keys and its place in the log kept; gives it as it is now.

    A draft without a secret leaves the one there is. Raises Refused: with `status` where the hub may not call a new
    URL, with 404 where the subscription went meanwhile.
    """
    # One that may no longer be called can still be paused.
    if draft.url != subscription.url:
        await _check_url(visit, draft.url, status)
    now = visit.world.clock.now()

    def change(known: Subscription) -> Subscription:
        changed = replace(
            known,
            url=draft.url,
            wanted=draft.wanted,
            secret=Secret(draft.secret) if draft.secret else known.secret,
            name=draft.name,
            options=draft.options,
            updated_at=now,
            revision=known.revision + 1,
        )
        return activated(changed) if draft.active else deactivated(changed, PAUSED)

    def step() -> Transaction[Subscription]:
        kept = yield from change_stored(visit, subscription, change)
        yield from drained(kept, since=subscription, now=now)
        return kept

    return await visit.world.directory.change(step)


def change_stored(
    visit: Visit, subscription: Subscription, change: Callable[[Subscription], Subscription]
) -> Transaction[Subscription]:
    """Change a subscription as it stands on disk; raises Refused (404) where it went meanwhile."""
    kept = yield from visit.world.directory.change_subscription(subscription.id, change)
    if kept is None:
        raise missing("subscription", subscription.id)
    return kept


async def _check_url(visit: Visit, url: str, status: int) -> None:
    if why := await visit.world.http.why_refused(url, timeout=LOOK_UP_SECONDS):
        raise Refused("The hub may not call this URL.", status=status, errors=(FieldError("url", why, "not-allowed"),))


async def drop_subscription(visit: Visit, subscription: Subscription) -> None:
    """Take a subscription away, with all that was set aside for it."""
    directory = visit.world.directory
    await directory.change(lambda: directory.drop_subscription(subscription))
