"""What is set up here: tenants, keys, channels, subscriptions, held in memory and kept in step with the database.

They are few, read with every request and written seldom, so they are read whole at the start and again whenever
somebody has changed them.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from tidings.model.secrets import Secret
from tidings.model.subscriptions import KeyKind, SigningKey, Subscription
from tidings.model.workspaces import AccessKey, Channel, Scope, Workspace
from tidings.store.sealing import Seal
from tidings.store.statements import Transaction, statement
from tidings.store.store import Store

T = TypeVar("T")

NEWS = "directory"
"""What other processes are told when something here was changed."""

_UNSUBSCRIBE_KEYS = "unsubscribe_keys"


class _Sealed(Struct, frozen=True, omit_defaults=True):
    """The secret half of a subscription."""

    secret: Secret
    keys: tuple[SigningKey, ...] = ()
    signing_key: Secret | None = None
    """The only key of a subscription that was written when it could have no more."""


class _Setup(Struct, frozen=True):
    """Everything set up, as it was read."""

    root_hash: str
    unsubscribe_keys: tuple[Secret, ...]
    workspaces: dict[str, Workspace]
    keys: dict[str, AccessKey]
    channels: dict[str, Channel]
    subscriptions: dict[str, Subscription]


def hash_of(key: str) -> str:
    """What is kept of an access key. It is long and random, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class Directory:
    """Everything set up, by its id."""

    def __init__(self, store: Store, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self.workspaces: dict[str, Workspace] = {}
        self.keys: dict[str, AccessKey] = {}
        """By the hash of the key."""
        self.channels: dict[str, Channel] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.root_hash = ""
        self.unsubscribe_keys: tuple[Secret, ...] = ()
        """What the hub's unsubscribe links are sealed with, newest first; links of the older ones are good too."""
        self.changed: list[Callable[[], None]] = []
        """Called whenever the directory was read again."""
        self._siblings: dict[tuple[str, str], tuple[Subscription, ...]] = {}
        self._channels_of: dict[str, tuple[Channel, ...]] = {}
        self._reading = asyncio.Lock()

    async def read(self) -> None:
        """Read everything again."""
        # One after the other, so that what was read later is also what is kept.
        async with self._reading:
            self._keep(await self._store.read(self._read()))

    def _keep(self, setup: _Setup) -> None:
        self.root_hash = setup.root_hash
        self.unsubscribe_keys = setup.unsubscribe_keys
        self.workspaces = setup.workspaces
        self.keys = setup.keys
        self.channels = setup.channels
        self.subscriptions = setup.subscriptions
        self._siblings = {}
        self._channels_of = {}
        for hear in self.changed:
            hear()

    def channels_of(self, workspace: str) -> tuple[Channel, ...]:
        """The channels of a tenant, oldest first."""
        found = self._channels_of.get(workspace)
        if found is None:
            mine = (channel for channel in self.channels.values() if channel.workspace == workspace)
            found = tuple(sorted(mine, key=lambda channel: (channel.created_at, channel.id)))
            self._channels_of[workspace] = found
        return found

    def siblings(self, workspace: str, dialect: str) -> tuple[Subscription, ...]:
        """The active subscriptions of a tenant in one dialect, oldest first."""
        found = self._siblings.get((workspace, dialect))
        if found is None:
            mine = (
                each
                for each in self.subscriptions.values()
                if each.workspace == workspace and each.dialect == dialect and each.active
            )
            found = tuple(sorted(mine, key=lambda each: each.serial))
            self._siblings[workspace, dialect] = found
        return found

    def scopes_of(self, key: str) -> tuple[str, frozenset[Scope]] | None:
        """Whose key it is (empty: root) and what it may do; None for a key nobody has."""
        hashed = hash_of(key)
        if hashed == self.root_hash:
            return "", frozenset(Scope)
        found = self.keys.get(hashed)
        return (found.workspace, frozenset(found.scopes)) if found is not None else None

    async def change(self, step: Callable[[], Transaction[T]]) -> T:
        """Write a change, and read everything again: here now, elsewhere when they hear of it."""
        result = await self._store.write(step, news=NEWS)
        await self.read()
        return result

    def put_workspace(self, workspace: Workspace) -> Transaction[None]:
        """Write a tenant."""
        yield statement("put_workspace")(id=workspace.id, body=_encode(workspace))

    def drop_workspace(self, workspace: str) -> Transaction[None]:
        """Take a tenant's keys, channels and subscriptions away; what happened there stays until it is forgotten."""
        for name in ("drop_keys_of", "drop_channels_of", "drop_subscriptions_of", "drop_suppressions_in"):
            yield statement(name)(workspace=workspace)
        yield statement("drop_workspace")(id=workspace)

    def put_key(self, key: AccessKey, text: str) -> Transaction[None]:
        """Write an access key, of which only the hash is kept."""
        yield statement("put_key")(id=key.id, workspace=key.workspace, hash=hash_of(text), body=_encode(key))

    def drop_key(self, workspace: str, key: str) -> Transaction[None]:
        """Take an access key away."""
        yield statement("drop_key")(workspace=workspace, id=key)

    def put_channel(self, channel: Channel) -> Transaction[None]:
        """Write a channel, its settings sealed."""
        sealed = self._seal.close(_encode(channel.settings))
        body = _encode(replace(channel, settings={}))
        yield statement("put_channel")(id=channel.id, workspace=channel.workspace, body=body, sealed=sealed)

    def drop_channel(self, workspace: str, channel: str) -> Transaction[None]:
        """Take a channel away."""
        yield statement("drop_channel")(workspace=workspace, id=channel)

    def put_subscription(self, subscription: Subscription) -> Transaction[Subscription]:
        """Write a subscription; a new one (serial 0) gets its number, and its reader starts at the end of the log."""
        if not subscription.serial:
            rows = yield statement("next_serial")()
            subscription = replace(subscription, serial=rows[0][0])
            rows = yield statement("last_position")()
            yield statement("start_cursor")(subscription=subscription.serial, position=rows[0][0], nothing=b"")
        sealed = _Sealed(subscription.secret, subscription.keys)
        yield statement("put_subscription")(
            id=subscription.id,
            serial=subscription.serial,
            workspace=subscription.workspace,
            body=_encode(_without_secrets(subscription)),
            sealed=self._seal.close(msgspec.json.encode(sealed, enc_hook=_reveal)),
        )
        return subscription

    def change_subscription(
        self, subscription: str, change: Callable[[Subscription], Subscription]
    ) -> Transaction[Subscription | None]:
        """Change a subscription as it stands on disk, so that nothing written meanwhile is lost; None: it is gone."""
        rows = yield statement("subscription_to_change")(id=subscription)
        if not rows:
            return None
        return (yield from self.put_subscription(change(self._subscription(*rows[0]))))

    def drop_subscription(self, subscription: Subscription) -> Transaction[None]:
        """Take a subscription away, with all that was set aside for it."""
        yield statement("drop_subscription")(workspace=subscription.workspace, id=subscription.id)
        yield statement("drop_cursor")(subscription=subscription.serial)
        yield statement("drop_helds_of")(subscription=subscription.serial)
        yield statement("drop_replays_of")(subscription=subscription.serial)

    def reseal(self) -> Transaction[int]:
        """Seal every secret again with the newest key; give how many there were."""
        number = 0
        for secrets, again in (("sealed_channels", "reseal_channel"), ("sealed_subscriptions", "reseal_subscription")):
            rows = yield statement(secrets)()
            yield statement(again).many([(self._seal.renew(sealed), id_) for id_, sealed in rows])
            number += len(rows)
        for (sealed,) in (yield statement("get_setting")(name=_UNSUBSCRIBE_KEYS)):
            yield statement("put_setting")(
                name=_UNSUBSCRIBE_KEYS, value=self._seal.renew(sealed.encode("ascii")).decode("ascii")
            )
            number += 1
        return number

    def put_root(self, key: str) -> Transaction[None]:
        """Keep the hash of the root key."""
        yield statement("put_setting")(name="root_hash", value=hash_of(key))

    def add_unsubscribe_key(self, key: Secret, *, only_first: bool = False) -> Transaction[None]:
        """Seal unsubscribe links with a new key from now on; `only_first`: unless there is one already."""
        rows = yield statement("get_setting")(name=_UNSUBSCRIBE_KEYS)
        if rows and only_first:
            return
        keys = [key.reveal(), *(each.reveal() for each in self._open_keys(rows))]
        sealed = self._seal.close(msgspec.json.encode(keys)).decode("ascii")
        # Of two processes that start at once, one writes its key first, and the other keeps that.
        name = "keep_setting" if only_first else "put_setting"
        yield statement(name)(name=_UNSUBSCRIBE_KEYS, value=sealed)

    def _open_keys(self, rows: Sequence[Sequence[Any]]) -> tuple[Secret, ...]:
        if not rows:
            return ()
        keys = msgspec.json.decode(self._seal.open(rows[0][0].encode("ascii")), type=list[str])
        return tuple(Secret(each) for each in keys)

    def _read(self) -> Transaction[_Setup]:
        root = yield statement("get_setting")(name="root_hash")
        unsubscribe_keys = yield statement("get_setting")(name=_UNSUBSCRIBE_KEYS)
        workspaces = yield statement("all_workspaces")()
        keys = yield statement("all_keys")()
        channels = yield statement("all_channels")()
        subscriptions = yield statement("all_subscriptions")()
        return _Setup(
            root_hash=root[0][0] if root else "",
            unsubscribe_keys=self._open_keys(unsubscribe_keys),
            workspaces={each.id: each for each in _decode_all(workspaces, Workspace)},
            keys={row[0]: msgspec.json.decode(row[1], type=AccessKey) for row in keys},
            channels={each.id: each for each in (self._channel(*row) for row in channels)},
            subscriptions={each.id: each for each in (self._subscription(*row) for row in subscriptions)},
        )

    def _channel(self, body: bytes, sealed: bytes) -> Channel:
        return replace(msgspec.json.decode(body, type=Channel), settings=msgspec.json.decode(self._seal.open(sealed)))

    def _subscription(self, body: bytes, sealed: bytes) -> Subscription:
        hidden = msgspec.json.decode(self._seal.open(sealed), type=_Sealed, dec_hook=_hide)
        fields = msgspec.json.decode(body)
        keys = hidden.keys if hidden.signing_key is None else (_first_key(fields, hidden.signing_key),)
        return msgspec.convert({**fields, "secret": hidden.secret, "keys": keys}, Subscription)


def _without_secrets(subscription: Subscription) -> dict[str, Any]:
    fields = asdict(subscription)
    del fields["secret"], fields["keys"]
    return fields


def _first_key(fields: dict[str, Any], secret: Secret) -> SigningKey:
    return SigningKey(id=fields["id"], kind=KeyKind.HMAC, secret=secret, created_at=fields["created_at"])


def _reveal(value: Any) -> str:
    """Write a secret down, for the seal and nothing else."""
    assert isinstance(value, Secret)
    return value.reveal()


def _hide(_: type, value: str) -> Secret:
    return Secret(value)


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _decode_all(rows: Sequence[Sequence[Any]], kind: type[T]) -> list[T]:
    return [msgspec.json.decode(row[0], type=kind) for row in rows]
