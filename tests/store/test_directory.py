"""What is set up is kept, sealed, and read the same by every process."""

import asyncio
from typing import Any

import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace

from support.stores import look_into, opened, read, tables_with, write
from tidings.model.errors import Misconfigured
from tidings.model.secrets import Secret
from tidings.model.subscriptions import Filter, KeyKind, SigningKey, Subscription, Wanted
from tidings.model.workspaces import AccessKey, Channel, Limits, Scope, Workspace
from tidings.store.directory import Directory, hash_of
from tidings.store.sealing import Seal
from tidings.store.store import Store

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
MARK = "between-us-and-nobody-else"

WORKSPACE = Workspace(id="w1", name="Acme", account=7, created_at=1)
KEY = AccessKey(id="k1", workspace="w1", name="Ours", scopes=(Scope.SEND, Scope.READ), created_at=2)
CHANNEL = Channel(
    id="c1",
    workspace="w1",
    name="Our sms",
    platform="sms",
    connector="custom",
    settings={"url": "https://example.com", "token": MARK},
    created_at=3,
    limits=Limits(5, 2.5),
    allowed_countries=("NL",),
    expiry_hours=1.5,
)
SUBSCRIPTION = Subscription(
    id="s1",
    serial=0,
    workspace="w1",
    dialect="channels",
    url="https://example.com/hook",
    wanted=(Wanted("sms.outbound", (Filter("messageStatus", "sent"),)),),
    secret=Secret(MARK),
    keys=(
        SigningKey(id="s1", kind=KeyKind.HMAC, secret=Secret(f"whsec_{MARK}"), created_at=4, expires_at=9000),
        SigningKey(id="key", kind=KeyKind.ED25519, secret=Secret(f"whsk_{MARK}"), created_at=6),
    ),
    created_at=4,
    updated_at=5,
    options={"batch": True},
)


async def directory_of(store: Store, *keys: str) -> Directory:
    directory = Directory(store, Seal(keys or [OLD]))
    await directory.read()
    return directory


async def fill(directory: Directory) -> Subscription:
    await directory.change(lambda: directory.put_workspace(WORKSPACE))
    await directory.change(lambda: directory.put_key(KEY, "tdg_secret"))
    await directory.change(lambda: directory.put_channel(CHANNEL))
    return await directory.change(lambda: directory.put_subscription(SUBSCRIPTION))


async def test_what_is_set_up_is_read_back_whole(store: Store) -> None:
    made = await fill(await directory_of(store))
    directory = await directory_of(store)
    assert made == replace(SUBSCRIPTION, serial=1)
    assert directory.workspaces == {"w1": WORKSPACE}
    assert directory.keys == {hash_of("tdg_secret"): KEY}
    assert directory.channels == {"c1": CHANNEL}
    assert directory.subscriptions == {"s1": made}
    assert directory.scopes_of("tdg_secret") == ("w1", frozenset({Scope.SEND, Scope.READ}))
    assert directory.scopes_of("another") is None
    assert directory.channels_of("w1") == (CHANNEL,)
    assert directory.siblings("w1", "channels") == (made,)
    assert directory.siblings("w1", "omnichannel") == ()


async def test_secrets_are_nowhere_to_be_read(store: Store, database_url: str) -> None:
    directory = await directory_of(store)
    await fill(directory)
    await directory.change(lambda: directory.put_root(f"tdg_root_{MARK}"))
    assert await look_into(database_url, tables_with(MARK)) == set()
    assert await look_into(database_url, tables_with("tdg_secret")) == set()
    if database_url.startswith("sqlite"):
        store.database._open.execute("PRAGMA wal_checkpoint(FULL)")  # type: ignore[attr-defined]
        files = list(store.database.path.parent.glob("tidings.db*"))  # type: ignore[attr-defined]
        assert len(files) >= 3
        assert [each.name for each in files if MARK.encode() in each.read_bytes()] == []
    assert directory.scopes_of(f"tdg_root_{MARK}") == ("", frozenset(Scope))


async def test_a_new_subscription_begins_at_the_end_of_the_log(store: Store) -> None:
    await write(store, "take_positions", count=41)
    directory = await directory_of(store)
    first = await fill(directory)
    again = await directory.change(lambda: directory.put_subscription(replace(first, url="https://example.com/two")))
    other = await directory.change(lambda: directory.put_subscription(replace(SUBSCRIPTION, id="s2")))
    assert (first.serial, again.serial, other.serial) == (1, 1, 2)
    places = [await read(store, "get_cursor", subscription=number) for number in (1, 2)]
    assert places == [[(41, 0, 0, b"")], [(41, 0, 0, b"")]]
    assert [each.url for each in directory.siblings("w1", "channels")] == [
        "https://example.com/two",
        "https://example.com/hook",
    ]


async def test_an_inactive_subscription_is_nobodys_sibling(store: Store) -> None:
    directory = await directory_of(store)
    made = await fill(directory)
    await directory.change(lambda: directory.put_subscription(replace(made, active=False)))
    assert directory.siblings("w1", "channels") == ()


async def test_what_is_taken_away_is_gone(store: Store) -> None:
    directory = await directory_of(store)
    made = await fill(directory)
    await write(
        store,
        "put_held",
        subscription=1,
        position=3,
        message="m",
        tries=1,
        first_at=1,
        due_at=None,
        dead=False,
        number=1,
    )
    await directory.change(lambda: directory.drop_key("w1", "k1"))
    await directory.change(lambda: directory.drop_channel("w1", "c1"))
    await directory.change(lambda: directory.drop_subscription(made))
    assert (directory.keys, directory.channels, directory.subscriptions) == ({}, {}, {})
    assert await read(store, "get_cursor", subscription=1) == []
    assert await read(store, "count_held") == []


@pytest.mark.parametrize("what", ["key", "channel", "subscription"])
async def test_nobody_takes_away_what_is_another_tenants(sqlite_url: str, what: str) -> None:
    async with opened(sqlite_url) as store:
        directory = await directory_of(store)
        made = await fill(directory)
        steps: dict[str, Any] = {
            "key": lambda: directory.drop_key("w2", "k1"),
            "channel": lambda: directory.drop_channel("w2", "c1"),
            "subscription": lambda: directory.drop_subscription(replace(made, workspace="w2", serial=99)),
        }
        await directory.change(steps[what])
        assert (len(directory.keys), len(directory.channels), len(directory.subscriptions)) == (1, 1, 1)


async def test_a_tenant_goes_with_all_that_is_set_up_in_it(store: Store) -> None:
    directory = await directory_of(store)
    await fill(directory)
    await directory.change(lambda: directory.put_workspace(replace(WORKSPACE, id="w2")))
    await directory.change(lambda: directory.drop_workspace("w1"))
    assert list(directory.workspaces) == ["w2"]
    assert (directory.keys, directory.channels, directory.subscriptions) == ({}, {}, {})


async def test_what_was_read_later_is_what_stays(store: Store) -> None:
    """A slow read of an older state must not overwrite a newer one."""
    directory = await directory_of(store)
    reads, database_read = 0, store.database.read

    async def slow_first(transaction: Any) -> Any:
        nonlocal reads
        reads += 1
        slow = reads == 1
        found = await database_read(transaction)
        if slow:
            await asyncio.sleep(0.05)
        return found

    store.database.read = slow_first  # type: ignore[method-assign]
    slow = asyncio.ensure_future(directory.read())
    await asyncio.sleep(0)
    await directory.change(lambda: directory.put_workspace(WORKSPACE))
    await slow
    assert list(directory.workspaces) == ["w1"]


async def test_a_subscription_that_was_written_with_one_key_is_read(store: Store) -> None:
    """As the first version wrote it."""
    body = (
        b'{"id":"s1","serial":1,"workspace":"w1","dialect":"channels","url":"https://example.com/hook",'
        b'"wanted":[{"event":"sms.outbound","filters":[{"key":"messageStatus","value":"sent"}]}],'
        b'"created_at":4,"updated_at":5,"name":"","active":true,"options":{"batch":true},"revision":0}'
    )
    sealed = Seal([OLD]).close(f'{{"secret":"{MARK}","signing_key":"whsec_{MARK}"}}'.encode())
    await write(store, "put_subscription", id="s1", serial=1, workspace="w1", body=body, sealed=sealed)
    directory = await directory_of(store)
    first = SigningKey(id="s1", kind=KeyKind.HMAC, secret=Secret(f"whsec_{MARK}"), created_at=4)
    assert directory.subscriptions == {"s1": replace(SUBSCRIPTION, serial=1, keys=(first,))}
    await directory.change(lambda: directory.change_subscription("s1", lambda each: replace(each, name="New")))
    again = (await directory_of(store)).subscriptions["s1"]
    assert (again.name, again.keys) == ("New", (first,))


async def test_a_change_is_made_to_what_is_on_disk(store: Store) -> None:
    """Two that know the same subscription change it, one after the other."""
    mine = await directory_of(store)
    await fill(mine)
    theirs = await directory_of(store)
    await mine.change(lambda: mine.change_subscription("s1", lambda each: replace(each, keys=each.keys[:1])))
    changed = await theirs.change(lambda: theirs.change_subscription("s1", lambda each: replace(each, name="New")))
    assert changed == replace(SUBSCRIPTION, serial=1, keys=SUBSCRIPTION.keys[:1], name="New")
    assert theirs.subscriptions == {"s1": changed}


async def test_two_processes_change_a_subscription_one_after_the_other(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        mine, theirs = await directory_of(one), await directory_of(two)
        await fill(mine)
        names = [str(number) for number in range(40)]

        async def add(directory: Directory, name: str) -> None:
            await directory.change(
                lambda: directory.change_subscription("s1", lambda each: replace(each, name=f"{each.name},{name}"))
            )

        await asyncio.gather(*(add((mine, theirs)[index % 2], name) for index, name in enumerate(names)))
        await mine.read()
        assert sorted(mine.subscriptions["s1"].name.split(",")[1:]) == sorted(names)


async def test_what_is_gone_cannot_be_changed(store: Store) -> None:
    directory = await directory_of(store)
    made = await fill(directory)
    await directory.change(lambda: directory.drop_subscription(made))
    assert await directory.change(lambda: directory.change_subscription("s1", lambda each: each)) is None
    assert directory.subscriptions == {}


# -- keys of the seal -----------------------------------------------------------------------------------------------


async def test_keys_are_rotated(store: Store) -> None:
    await fill(await directory_of(store, OLD))
    both = await directory_of(store, NEW, OLD)
    assert both.channels == {"c1": CHANNEL}
    assert await both.change(both.reseal) == 2
    assert both.channels == {"c1": CHANNEL}
    new = await directory_of(store, NEW)
    assert new.channels == {"c1": CHANNEL}
    assert new.subscriptions["s1"].secret == Secret(MARK)
    with pytest.raises(Misconfigured, match="fits none of TIDINGS_SECRET_KEYS"):
        await directory_of(store, OLD)


async def test_sealing_again_undoes_no_change_of_another_process(postgres_url: str) -> None:
    async with opened(postgres_url) as one, opened(postgres_url) as two:
        mine, theirs = await directory_of(one, NEW, OLD), await directory_of(two, NEW, OLD)
        await fill(mine)
        await theirs.read()
        changed = replace(CHANNEL, settings={"token": "changed meanwhile"})
        await theirs.change(lambda: theirs.put_channel(changed))
        assert await mine.change(mine.reseal) == 2
        assert mine.channels == {"c1": changed}


async def test_without_the_key_nothing_is_read(store: Store) -> None:
    await fill(await directory_of(store, OLD))
    with pytest.raises(Misconfigured, match="fits none of TIDINGS_SECRET_KEYS"):
        await directory_of(store, NEW)
