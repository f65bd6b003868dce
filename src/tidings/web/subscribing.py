"""Setting subscriptions up, changing and dropping them: the same whatever vocabulary they are in."""

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from tidings.flow.facts import Promise
from tidings.flow.promise import once
from tidings.model.drafts import SubscriptionDraft
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Subscription
from tidings.rules.signing import key_from
from tidings.web.door import Page, Visit, missing
from tidings.web.tags import tag_of_value

KEY_OCTETS: Final = 32
"""Octets of a signing key: as many as SHA-256 gives."""


def new_subscription(visit: Visit, dialect: str, draft: SubscriptionDraft) -> Subscription:
    """Make a subscription of a draft, with a Standard Webhooks key of its own; it is not kept yet."""
    now = visit.world.clock.now()
    return Subscription(
        id=visit.world.chance.id(),
        serial=0,
        workspace=visit.tenant.id,
        dialect=dialect,
        url=draft.url,
        wanted=draft.wanted,
        secret=Secret(draft.secret),
        signing_key=Secret(key_from(visit.world.chance.key(KEY_OCTETS))),
        created_at=now,
        updated_at=now,
        name=draft.name,
        active=draft.active,
        options=draft.options,
    )


async def keep_new(visit: Visit, subscription: Subscription, promise: Promise | None) -> Promise | None:
    """Keep a new subscription with its promise; gives the answer given before where the key was used meanwhile."""
    directory = visit.world.directory
    step = once(promise, visit.world.clock.now(), lambda: directory.put_subscription(subscription))
    kept = await directory.change(step)
    return kept if isinstance(kept, Promise) else None


def with_key(visit: Visit, page: Page, name: str) -> Page:
    """Show a new subscription's key under a name.

    It is kept sealed, and so is not in the answer that is kept for repeating: it is added whenever that is given.
    """
    shown: dict[str, Any] = msgspec.json.decode(page.body)
    etag = tag_of_value(shown)
    kept = visit.world.directory.subscriptions.get(shown["id"])
    if kept is not None:
        shown[name] = kept.signing_key.reveal()
    return Page(page.status, msgspec.json.encode(shown), (*page.headers, ("etag", etag)))


def subscriptions_of(visit: Visit, dialect: str) -> list[Subscription]:
    """List the workspace's subscriptions in a vocabulary, oldest first."""
    mine = (
        each
        for each in visit.world.directory.subscriptions.values()
        if each.workspace == visit.tenant.id and each.dialect == dialect
    )
    return sorted(mine, key=lambda each: each.serial)


def find_subscription(visit: Visit, dialect: str, what: str) -> Subscription:
    """Find the subscription that the path names; raises Refused (404) where the workspace has no such one."""
    named = visit.params["subscription"]
    found = visit.world.directory.subscriptions.get(named)
    if found is None or found.workspace != visit.tenant.id or found.dialect != dialect:
        raise missing(what, named)
    return found


async def change_subscription(visit: Visit, subscription: Subscription, draft: SubscriptionDraft) -> Subscription:
    """Make a subscription what a draft says, its key and its place in the log kept; gives it as it is now.

    A draft without a secret leaves the one there is.
    """
    changed = replace(
        subscription,
        url=draft.url,
        wanted=draft.wanted,
        secret=Secret(draft.secret) if draft.secret else subscription.secret,
        name=draft.name,
        active=draft.active,
        options=draft.options,
        updated_at=visit.world.clock.now(),
        revision=subscription.revision + 1,
    )
    directory = visit.world.directory
    return await directory.change(lambda: directory.put_subscription(changed))


async def drop_subscription(visit: Visit, subscription: Subscription) -> None:
    """Take a subscription away, with all that was set aside for it."""
    directory = visit.world.directory
    await directory.change(lambda: directory.drop_subscription(subscription))
