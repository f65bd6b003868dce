"""The delivery log finds what is asked for, and nothing else, a page at a time."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from support.clock import MovedClock
from support.flows import Flow, flowing
from support.stores import put
from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Dialect
from tidings.dialects.omnichannel import Omnichannel
from tidings.flow import deliveries
from tidings.flow.attempts import MOST_HEADERS, decode_headers, encode_headers
from tidings.flow.deliveries import SUCCESS, Asked, Place, attempts_about, attempts_like
from tidings.model.subscriptions import Attempt, Fault, Verdict, error_of, fault_of
from tidings.wire import transfer

WIRE = ("", "dns", "connect", "tls", "timeout", "reset", "too-large", "url", "refused-address", "render")
"""Every error that an attempt may have."""
NOW = MovedClock().now()
"""What is much older than that is forgotten while a test looks at it."""


def attempt(**more: Any) -> Attempt:
    given = {"subscription": 1, "position": 1, "number": 1, "at": 5, "took_ms": 3, "status": 204}
    return Attempt(**{**given, "verdict": Verdict.DONE, **more})


async def written(flow: Flow, attempts: Iterable[Attempt]) -> None:
    rows = [
        (
            each.subscription,
            each.position,
            each.number,
            each.at,
            each.took_ms,
            each.status,
            each.verdict.value,
            each.error,
            each.response,
            encode_headers(each.headers),
        )
        for each in attempts
    ]
    await flow.world.store.write(put("put_attempt", *rows))


def made_up(chance: random.Random, positions: Sequence[int], number: int) -> list[Attempt]:
    """Make attempts up, many of them in the same millisecond."""
    made = {}
    for _ in range(number):
        error = chance.choice(WIRE) if chance.random() < 0.4 else ""
        status = 0 if error else chance.choice((200, 204, 204, 204, 400, 500, 503))
        verdict = Verdict.DONE if status in SUCCESS else chance.choice((Verdict.RETRY, Verdict.REFUSED))
        key = chance.randrange(1, 4), chance.choice(positions), chance.randrange(1, 4)
        made[key] = attempt(
            subscription=key[0],
            position=key[1],
            number=key[2],
            at=NOW + chance.randrange(40),
            status=status,
            verdict=verdict,
            error=error,
            response=bytes(key),
            headers={"x-key": str(key)},
        )
    return list(made.values())


def wanted(chance: random.Random) -> Asked:
    """Ask for something or other."""

    def perhaps(values: Sequence[Any]) -> Any:
        return chance.choice(values) if chance.random() < 0.4 else None

    since, until = sorted((NOW + chance.randrange(42), NOW + chance.randrange(42)))
    bounded = chance.random() < 0.5
    return Asked(
        subscriptions=chance.choice(((1, 2, 3), (2,), (1, 3), ())),
        verdict=perhaps(list(Verdict)),
        fault=perhaps(list(Fault)),
        status=perhaps((200, 204, 400, 503, 999)),
        since=since if bounded else 0,
        until=until if bounded else deliveries.FOR_EVER,
        limit=chance.randrange(1, 9),
    )


def expected(attempts: Iterable[Attempt], asked: Asked) -> list[Attempt]:
    """Say what a log without any index would give."""
    found = [
        each
        for each in attempts
        if each.subscription in asked.subscriptions
        and asked.verdict in (None, each.verdict)
        and asked.fault in (None, each.fault)
        and asked.status in (None, each.status)
        and asked.since <= each.at < asked.until
    ]
    return sorted(found, key=lambda each: (each.at, each.subscription, each.position, each.number), reverse=True)


async def every_page(flow: Flow, asked: Asked, positions: Sequence[int] | None = None) -> list[Attempt]:
    """Read page after page."""
    found: list[Attempt] = []
    place: Place | None = asked.before
    while place is not None:
        asking = Asked(**{**{name: getattr(asked, name) for name in asked.__struct_fields__}, "before": place})
        step = attempts_like(asking) if positions is None else attempts_about(asking, positions)
        page = await flow.world.store.read(step)
        assert len(page.tried) <= asked.limit
        assert page.following is None or page.following < place
        found += [each.attempt for each in page.tried]
        place = page.following
    return found


async def events(flow: Flow, number: int) -> list[int]:
    """Write so many events; gives their positions."""
    positions: list[int] = []
    while len(positions) < number:
        message = await flow.sent()
        positions += [row[0] for row in await flow.stored("events_of", message=message)]
    return positions[:number]


@pytest.mark.parametrize("look", [3, 10_000])
async def test_every_page_together_is_what_was_asked_for(
    database_url: str, look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few are looked at in one go."""
    monkeypatch.setattr(deliveries, "LOOKED_AT", look)
    monkeypatch.setattr(deliveries, "LEAST_LOOKED_AT", 1)
    chance = random.Random(look)
    async with flowing(database_url) as flow:
        for number in range(1, 4):
            # Of a subscription that is no more nothing is kept.
            await flow.subscribe("http://127.0.0.1:9", id_=f"s{number}", active=False)
        positions = await events(flow, 20)
        attempts = made_up(chance, positions, 150)
        await written(flow, attempts)
        found_any = 0
        for _ in range(60):
            asked = wanted(chance)
            right = expected(attempts, asked)
            assert await every_page(flow, asked) == right
            some = chance.sample(positions, 5)
            assert await every_page(flow, asked, some) == [each for each in right if each.position in some]
            found_any += bool(right)
        assert found_any > 20


async def test_an_attempt_whose_event_is_gone_is_left_out(database_url: str) -> None:
    async with flowing(database_url) as flow:
        (position,) = await events(flow, 1)
        await written(flow, [attempt(position=position), attempt(position=position + 10**6)])
        asked = Asked(subscriptions=(1,), limit=9)
        assert [each.position for each in await every_page(flow, asked)] == [position]


# -- classes of failure ---------------------------------------------------------------------------------------------


def test_every_error_of_the_wire_has_a_class_of_its_own() -> None:
    classes = {error: fault_of(error) for error in WIRE}
    assert set(classes.values()) == set(Fault)
    assert {fault: error_of(fault) for fault in Fault} == {fault: error for error, fault in classes.items()}
    assert set(transfer._ERRORS.values()) - {"redirects"} <= set(WIRE)


def test_an_error_that_nobody_knows_broke_the_connection_off() -> None:
    assert fault_of("something-new") is Fault.RESET


@pytest.mark.parametrize(
    ("status", "error", "verdict", "fault"),
    [
        (204, "", Verdict.DONE, None),
        (500, "", Verdict.RETRY, Fault.STATUS),
        (400, "", Verdict.REFUSED, Fault.STATUS),
        (0, "connect", Verdict.RETRY, Fault.REFUSED),
        (0, "timeout", Verdict.RETRY, Fault.TIMEOUT),
    ],
)
def test_only_what_failed_has_a_class(status: int, error: str, verdict: Verdict, fault: Fault | None) -> None:
    assert attempt(status=status, error=error, verdict=verdict).fault is fault


@pytest.mark.parametrize("dialect", [Omnichannel(), Channels()], ids=lambda dialect: dialect.name)
def test_in_every_vocabulary_the_same_statuses_mean_success(dialect: Dialect) -> None:
    """The log looks for other statuses among the failures alone."""
    assert {status for status in range(1000) if dialect.judge(status) is Verdict.DONE} == set(SUCCESS)


# -- headers ----------------------------------------------------------------------------------------------------------


def test_headers_are_kept_as_they_came() -> None:
    headers = {"content-type": "text/plain", "server": "nginx", "x-odd": "\x00é\u2028"}
    assert decode_headers(encode_headers(headers)) == headers
    assert (encode_headers({}), decode_headers(b"")) == (b"", {})


def test_what_lets_somebody_in_is_not_kept() -> None:
    assert decode_headers(encode_headers({"set-cookie": "session=secret", "server": "nginx"})) == {"server": "nginx"}


@pytest.mark.parametrize("length", [0, 1, MOST_HEADERS - 20, MOST_HEADERS, 10 * MOST_HEADERS])
def test_headers_never_take_more_than_their_room(length: int) -> None:
    headers = {"first": "1", "long": "é\x01" * (length // 2), **{f"x-{n}": "v" * 100 for n in range(60)}, "last": "1"}
    kept = encode_headers(headers)
    assert len(kept) <= MOST_HEADERS
    assert decode_headers(kept).items() <= headers.items()
    assert "first" in decode_headers(kept)
    assert len(kept) > MOST_HEADERS - 200
