"""A bind, seen from the other end of the line."""

import asyncio
import contextlib
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from support.waiting import until
from tidings.model.errors import NoReply
from tidings.model.secrets import Secret
from tidings.rules.networks import read_networks
from tidings.rules.places import Bounds
from tidings.rules.smpp.pdu import Message, Pdu, write_id, write_message
from tidings.rules.smpp.terms import Terms
from tidings.rules.smpp.words import RESPONSE, Command, Status
from tidings.simulators.smpp.visitor import Visitor
from tidings.wire.reaching import Reach
from tidings.wire.smpp import Bind
from tidings.wire.smpp.dialling import Dialler
from tidings.wire.smpp.link import Link
from tidings.wire.smpp.repeats import Repeats

HELLO = Pdu(Command.SUBMIT_SM, body=write_message(Message(short_message=b"Hello")))
LOOPBACK = Bounds(read_networks("127.0.0.0/8"))
TERMS = Terms(
    url="", system_id="hubesme", password=Secret("s3cretpw"), per_second=1000.0, first_wait=0.01, response_seconds=2.0
)


class Hub:
    """Whose bind it is."""

    def __init__(self) -> None:
        self.delivered: list[bytes] = []
        self.why = ""
        self.times_bound = 0
        self.is_slow = False
        self.written = asyncio.Event()

    async def deliver(self, octets: bytes) -> int:
        self.delivered.append(octets)
        if self.is_slow:
            await self.written.wait()
        return Status.OK

    def refused(self, why: str) -> None:
        self.why = why

    def bound(self) -> None:
        self.times_bound += 1


class Smsc:
    """The other end: it takes every bind, keeps what it is asked, and answers as `answer` says."""

    def __init__(self, answer: Callable[[Visitor, Pdu], None] | None = None) -> None:
        self.asked: list[Pdu] = []
        self.visitors: list[Visitor] = []
        self.url = ""
        self._answer = answer

    def visited(self) -> Link:
        self.visitors.append(Visitor(self._take, lambda _: None))
        return self.visitors[-1].link

    def _take(self, visitor: Visitor, pdu: Pdu) -> None:
        self.asked.append(pdu)
        if self._answer is not None and pdu.command == Command.SUBMIT_SM:
            self._answer(visitor, pdu)
        else:
            visitor.link.answer(pdu, body=write_id("7"))

    def of(self, command: int) -> list[Pdu]:
        return [each for each in self.asked if each.command == command]


@asynccontextmanager
async def bound(
    answer: Callable[[Visitor, Pdu], None] | None = None,
    *,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    reach: Reach | None = None,
    **more: Any,
) -> AsyncIterator[tuple[Smsc, Hub, Bind]]:
    """Bind to an SMSC."""
    smsc, hub = Smsc(answer), Hub()
    ours, theirs = tls or (None, None)
    server = await asyncio.get_running_loop().create_server(smsc.visited, "127.0.0.1", 0, ssl=theirs)
    scheme = "smpps" if tls else "smpp"
    smsc.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    dial = Dialler(reach or Reach(LOOPBACK), tls=ours)
    bind = Bind(replace(TERMS, url=smsc.url, **more), hub, dial, lambda: 0.5)
    bind.start()
    try:
        yield smsc, hub, bind
    finally:
        await bind.stop()
        server.close()


async def test_length_that_cannot_be_is_nacked_and_the_line_is_closed_and_made_again() -> None:
    async with bound() as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        smsc.visitors[0].link.send_octets((1 << 24).to_bytes(4, "big") + bytes(8) + (77).to_bytes(4, "big"))
        await until(lambda: hub.times_bound == 2)
        assert not smsc.visitors[0].link.is_open


async def test_what_a_link_cannot_read_it_says_so() -> None:
    said: list[bytes] = []

    class Transport(asyncio.Transport):
        def write(self, data: Any) -> None:
            said.append(data)

        def is_closing(self) -> bool:
            return False

        def close(self) -> None:
            said.append(b"closed")

    taken: list[Pdu] = []
    link = Link(taken.append, lambda _: None)
    link.connection_made(Transport())
    octets = Pdu(Command.ENQUIRE_LINK, sequence=5).octets()
    link.data_received(octets + octets + octets[:3])
    link.data_received(octets[3:])
    assert taken == [Pdu(Command.ENQUIRE_LINK, sequence=5)] * 3
    link.data_received(octets[:3] + b"\x0f" + octets[4:])
    assert said == [Pdu(Command.GENERIC_NACK, Status.BAD_LENGTH, 5).octets(), b"closed"]


async def test_pdu_that_begins_and_does_not_end_drops_the_line() -> None:
    async with bound(pdu_seconds=0.05) as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        smsc.visitors[0].link.send_octets(Pdu(Command.ENQUIRE_LINK).octets()[:9])
        await until(lambda: hub.times_bound == 2)


async def test_no_more_is_under_way_than_the_window_holds() -> None:
    held: list[tuple[Visitor, Pdu]] = []
    async with bound(lambda visitor, pdu: held.append((visitor, pdu)), window=3) as (smsc, _, bind):
        submits = [asyncio.create_task(bind.submit(HELLO, 5.0)) for _ in range(8)]
        for taken in (3, 6, 8):
            await until(lambda taken=taken: len(smsc.of(Command.SUBMIT_SM)) == taken)  # type: ignore[misc]
            await asyncio.sleep(0.02)
            assert len(smsc.of(Command.SUBMIT_SM)) == taken
            while held:
                visitor, pdu = held.pop(0)
                visitor.link.answer(pdu, body=write_id("7"))
        assert [answer.status for answer in await asyncio.gather(*submits)] == [0] * 8
        assert len({pdu.sequence for pdu in smsc.of(Command.SUBMIT_SM)}) == 8


async def test_throttled_submission_goes_again_before_those_that_wait() -> None:
    statuses = iter([Status.THROTTLED])

    def answer(visitor: Visitor, pdu: Pdu) -> None:
        visitor.link.answer(pdu, next(statuses, Status.OK), write_id("7"))

    async with bound(answer, window=1) as (smsc, _, bind):
        texts = [Pdu(Command.SUBMIT_SM, body=write_message(Message(short_message=each))) for each in (b"1", b"2")]
        await asyncio.gather(*(bind.submit(each, 10.0) for each in texts))
        assert [pdu.body[-1:] for pdu in smsc.of(Command.SUBMIT_SM)] == [b"1", b"1", b"2"]


async def test_throttled_submission_that_cannot_wait_is_given_back() -> None:
    async with bound(lambda visitor, pdu: _answer(visitor, pdu, Status.QUEUE_FULL)) as (_, hub, bind):
        await until(lambda: hub.times_bound == 1)
        assert (await bind.submit(HELLO, 0.5)).status == Status.QUEUE_FULL


def _answer(visitor: Visitor, pdu: Pdu, status: int) -> None:
    visitor.link.answer(pdu, status)


async def test_what_was_written_when_the_line_broke_may_have_been_taken() -> None:
    async with bound(lambda visitor, _: visitor.link.abort("cut")) as (_, _, bind):
        with pytest.raises(NoReply) as silence:
            await bind.submit(HELLO, 5.0)
        assert silence.value.taken


async def test_what_was_never_answered_may_have_been_taken() -> None:
    async with bound(lambda _, __: None, response_seconds=0.05) as (_, _, bind):
        with pytest.raises(NoReply) as silence:
            await bind.submit(HELLO, 5.0)
        assert (silence.value.taken, silence.value.error) == (True, "timeout")


async def test_what_was_never_written_was_not_taken() -> None:
    hub = Hub()
    bind = Bind(replace(TERMS, url="smpp://127.0.0.1:1"), hub, Dialler(Reach(LOOPBACK)), lambda: 0.5)
    bind.start()
    with pytest.raises(NoReply) as silence:
        await bind.submit(HELLO, 0.05)
    assert not silence.value.taken
    waiting = asyncio.create_task(bind.submit(HELLO, 5.0))
    await asyncio.sleep(0)
    await bind.stop()
    with pytest.raises(NoReply) as silence:
        await waiting
    assert not silence.value.taken


async def test_nack_is_an_answer() -> None:
    def nack(visitor: Visitor, pdu: Pdu) -> None:
        visitor.link.send(Pdu(Command.GENERIC_NACK, Status.BAD_COMMAND, pdu.sequence))

    async with bound(nack) as (_, _, bind):
        assert (await bind.submit(HELLO, 5.0)).status == Status.BAD_COMMAND


async def test_answer_to_nothing_changes_nothing() -> None:
    async with bound() as (smsc, hub, bind):
        await until(lambda: hub.times_bound == 1)
        smsc.visitors[0].link.send(Pdu(Command.SUBMIT_SM | RESPONSE, sequence=4711, body=b"9\0"))
        assert (await bind.submit(HELLO, 5.0)).body == b"7\0"


async def test_requests_of_the_smsc_are_answered_as_they_must_be() -> None:
    async with bound() as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        visitor = smsc.visitors[0]
        delivery = Pdu(Command.DELIVER_SM, body=write_message(Message(short_message=b"Hi")))
        answers = [await visitor.ask(each) for each in (Pdu(Command.ENQUIRE_LINK), delivery, Pdu(Command.QUERY_SM))]
        said = [(each.command, each.status, each.body) for each in answers if each is not None]
        assert said == [
            (Command.ENQUIRE_LINK | RESPONSE, 0, b""),
            (Command.DELIVER_SM | RESPONSE, 0, b"\0"),
            (Command.GENERIC_NACK, Status.BAD_COMMAND, b""),
        ]
        visitor.link.send(Pdu(Command.ALERT_NOTIFICATION, sequence=9))
        assert [each[16:] for each in hub.delivered] == [delivery.body]


async def test_many_deliveries_at_once_are_each_answered() -> None:
    async with bound() as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        delivery = Pdu(Command.DELIVER_SM, body=write_message(Message(short_message=b"Hi")))
        answers = await asyncio.gather(*(smsc.visitors[0].ask(delivery) for _ in range(1500)))
        assert [answer.status for answer in answers if answer is not None] == [0] * 1500
        assert len(hub.delivered) == 1500


async def test_delivery_whose_answer_was_lost_with_the_line_is_taken_once() -> None:
    async with bound() as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        delivery = Pdu(Command.DELIVER_SM, body=write_message(Message(short_message=b"yes")))
        assert await smsc.visitors[0].ask(delivery) is not None
        smsc.visitors[0].link.abort("The line is cut.")
        await until(lambda: hub.times_bound == 2)
        for number in range(2):
            answer = await smsc.visitors[-1].ask(delivery)
            assert answer is not None
            assert answer.status == Status.OK
            # The first is the one that came before; the next is meant again.
            assert len(hub.delivered) == 1 + number


async def test_delivery_that_is_written_down_as_the_line_breaks_is_taken_once() -> None:
    async with bound() as (smsc, hub, _):
        await until(lambda: hub.times_bound == 1)
        hub.is_slow = True
        delivery = Pdu(Command.DELIVER_SM, 0, 7, write_message(Message(short_message=b"yes")))
        smsc.visitors[0].link.send(delivery)
        await until(lambda: hub.delivered)
        smsc.visitors[0].link.abort("The line is cut.")
        await until(lambda: hub.times_bound == 2)
        hub.written.set()
        await asyncio.sleep(0)
        assert await smsc.visitors[-1].ask(delivery) is not None
        assert len(hub.delivered) == 1


@pytest.mark.parametrize(
    ("lost_after", "again_after", "is_one"), [(1.0, 1.0, True), (6.0, 1.0, False), (1.0, 3601.0, False)]
)
def test_only_what_was_answered_lately_and_comes_soon_is_the_same(
    lost_after: float, again_after: float, *, is_one: bool
) -> None:
    now = 0.0
    repeats = Repeats(lambda: now)
    repeats.taken(b"yes", repeats.line)
    now += lost_after
    repeats.broke()
    now += again_after
    assert repeats.is_one(b"no") is False
    assert repeats.is_one(b"yes") is is_one
    assert repeats.is_one(b"yes") is False


async def test_stopping_lets_what_is_under_way_end_and_unbinds() -> None:
    held: list[tuple[Visitor, Pdu]] = []
    async with bound(lambda visitor, pdu: held.append((visitor, pdu))) as (smsc, _, bind):
        submit = asyncio.create_task(bind.submit(HELLO, 5.0))
        await until(lambda: held)
        stopping = asyncio.create_task(bind.stop())
        await asyncio.sleep(0.02)
        assert not smsc.of(Command.UNBIND)
        held[0][0].link.answer(held[0][1], body=write_id("7"))
        await stopping
        assert (await submit).status == Status.OK
        assert len(smsc.of(Command.UNBIND)) == 1


@pytest.mark.parametrize(("allowed", "why"), [("", "TIDINGS_ALLOW_NETWORKS"), ("10.0.0.0/8", "TIDINGS_ALLOW_NETWORKS")])
async def test_bind_goes_only_where_the_hub_may_go(allowed: str, why: str) -> None:
    with pytest.raises(NoReply, match=why) as silence:
        await Dialler(Reach(Bounds(read_networks(allowed))))(
            replace(TERMS, url="smpp://127.0.0.1:2775"), lambda: Link(lambda _: None, lambda _: None)
        )
    assert (silence.value.taken, silence.value.error) == (False, "refused-address")


async def test_bind_by_tls_trusts_only_whom_it_knows(tmp_path: Path) -> None:
    ours, theirs = _contexts(tmp_path)
    async with bound(tls=(ours, theirs)) as (_, hub, bind):
        assert (await bind.submit(HELLO, 5.0)).status == Status.OK
        assert hub.times_bound == 1
    async with bound(tls=(ssl.create_default_context(), theirs)) as (_, hub, bind):
        with pytest.raises(NoReply):
            await bind.submit(HELLO, 0.2)
        assert hub.times_bound == 0


def test_bind_works_on_the_loop_that_hubs_run_on() -> None:
    async def submit() -> int:
        async with bound() as (smsc, _, bind):
            answer = await bind.submit(HELLO, 5.0)
            with contextlib.suppress(NoReply):
                smsc.visitors[0].link.abort("cut")
                await bind.submit(HELLO, 5.0)
            return answer.status

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(submit()) == Status.OK


def _contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make what both ends of TLS need, with a certificate for loopback that only ours believes."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "smsc.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    ours = ssl.create_default_context(cafile=str(file))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(file)
    return ours, theirs
