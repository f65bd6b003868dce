"""The simulated SMSC is as strict as a real one, and does what its script says. The ESME here is bare octets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from support.waiting import until
from tidings.rules.smpp.pdu import (
    Address,
    Login,
    Message,
    Pdu,
    read_id,
    read_message,
    write_id,
    write_login,
    write_message,
)
from tidings.rules.smpp.receipts import read_receipt
from tidings.rules.smpp.words import RESPONSE, Command, Status
from tidings.simulators.smpp import Smsc
from tidings.wire.smpp.link import Link

SETTINGS = {"systemId": "hubesme", "password": "s3cretpw", "sender": "60777"}
LOGIN = Login(system_id="hubesme", password="s3cretpw")


class Esme:
    """Bare octets with an SMSC; deliveries are answered with `status`."""

    def __init__(self) -> None:
        self.heard: list[Pdu] = []
        self.status = Status.OK
        self.ended = ""
        self.link = Link(self._take, self._end)

    def _take(self, pdu: Pdu) -> None:
        self.heard.append(pdu)
        if pdu.command in (Command.DELIVER_SM, Command.DATA_SM):
            self.link.answer(pdu, self.status, write_id(""))

    def _end(self, why: str) -> None:
        self.ended = why

    async def ask(self, command: int, body: bytes = b"", sequence: int = 1) -> Pdu:
        self.link.send(Pdu(command, 0, sequence, body))
        await until(lambda: self.answers(sequence), what=f"{self.heard}")
        return self.answers(sequence)[0]

    def answers(self, sequence: int) -> list[Pdu]:
        return [each for each in self.heard if each.command & RESPONSE and each.sequence == sequence]

    def delivered(self) -> list[Message]:
        return [read_message(each) for each in self.heard if each.command in (Command.DELIVER_SM, Command.DATA_SM)]


@asynccontextmanager
async def visiting(
    login: Login | None = LOGIN, command: Command = Command.BIND_TRANSCEIVER, **more: Any
) -> AsyncIterator[tuple[Smsc, Esme]]:
    smsc = Smsc(SETTINGS, pace=0.001, retry_seconds=(0.01, 0.02), **more)
    await smsc.start()
    try:
        yield smsc, await visitor(smsc, login, command)
    finally:
        await smsc.stop()


async def visitor(smsc: Smsc, login: Login | None = LOGIN, command: Command = Command.BIND_TRANSCEIVER) -> Esme:
    esme = Esme()
    port = int(smsc.smsc_url.rpartition(":")[2])
    await asyncio.get_running_loop().create_connection(lambda: esme.link, "127.0.0.1", port)
    if login is not None:
        await esme.ask(command, write_login(login), 99)
    return esme


def submit(to: str = "447700900100", text: bytes = b"Hello", **more: Any) -> bytes:
    return write_message(
        Message(source=Address("60777"), destination=Address(to), registered_delivery=1, short_message=text, **more)
    )


@pytest.mark.parametrize(
    ("login", "status"),
    [
        (LOGIN, Status.OK),
        (Login(system_id="another", password="s3cretpw"), Status.BAD_SYSTEM_ID),
        (Login(system_id="hubesme", password="another"), Status.BAD_PASSWORD),
    ],
)
async def test_bind_is_granted_to_whom_it_knows(login: Login, status: int) -> None:
    async with visiting(login) as (smsc, esme):
        assert esme.answers(99)[0].status == status
        assert smsc.binds == (status == Status.OK)


async def test_bind_is_refused_that_is_one_too_many_or_the_second_or_unreadable() -> None:
    async with visiting(most_binds=1) as (smsc, esme):
        assert (await esme.ask(Command.BIND_TRANSCEIVER, write_login(LOGIN))).status == Status.ALREADY_BOUND
        assert (await visitor(smsc)).answers(99)[0].status == Status.BIND_FAILED
        stranger = await visitor(smsc, None)
        assert (await stranger.ask(Command.BIND_RECEIVER, b"no end")).status == Status.BAD_LENGTH


@pytest.mark.parametrize("login", [None, LOGIN])
async def test_only_a_bound_transmitter_submits(login: Login | None) -> None:
    async with visiting(login, Command.BIND_RECEIVER) as (smsc, esme):
        assert (await esme.ask(Command.SUBMIT_SM, submit())).status == Status.NOT_BOUND_FOR_THAT
        assert smsc.taken == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (submit(), Status.OK),
        (submit(to="ann"), Status.BAD_DESTINATION),
        (submit(to="+447700900100"), Status.BAD_DESTINATION),
        (submit(text=b"a" * 161), Status.BAD_MESSAGE_LENGTH),
        (submit(text=b"a" * 141, data_coding=8), Status.BAD_MESSAGE_LENGTH),
        (submit(text=b""), Status.BAD_MESSAGE_LENGTH),
        (submit(validity="tomorrow"), 0x62),
        (b"no end", Status.BAD_LENGTH),
    ],
)
async def test_submission_is_refused_for_what_it_is(body: bytes, status: int) -> None:
    async with visiting() as (smsc, esme):
        assert (await esme.ask(Command.SUBMIT_SM, body)).status == status
        assert len(smsc.taken) == (status == Status.OK)


@pytest.mark.parametrize(
    ("ending", "states"),
    [
        ("01", ["DELIVRD"]),
        ("02", ["UNDELIV"]),
        ("03", ["EXPIRED"]),
        ("04", ["REJECTD"]),
        ("08", ["DELIVRD"]),
        ("09", ["DELIVRD"]),
        ("10", ["DELIVRD"]),
        ("12", ["DELIVRD", "DELIVRD"]),
        ("14", ["DELIVRD"]),
    ],
)
async def test_recipients_last_digits_say_what_becomes_of_it(ending: str, states: list[str]) -> None:
    async with visiting() as (smsc, esme):
        message_id = read_id((await esme.ask(Command.SUBMIT_SM, submit(to=f"4477009001{ending}"))).body)
        await smsc.settle()
        notices = [read_receipt(each) for each in esme.delivered()]
        assert [(each.message_id, each.state) for each in notices] == [(message_id, state) for state in states]
        assert {len(each.short_message) > 0 for each in esme.delivered()} == {ending not in ("08", "10")}


async def test_throttled_three_times_then_taken() -> None:
    async with visiting() as (_, esme):
        statuses = [(await esme.ask(Command.SUBMIT_SM, submit(to="447700900105"), n)).status for n in range(1, 5)]
        assert statuses == [Status.THROTTLED] * 3 + [Status.OK]


async def test_no_response_is_given() -> None:
    async with visiting() as (smsc, esme):
        esme.link.send(Pdu(Command.SUBMIT_SM, 0, 5, submit(to="447700900106")))
        await until(esme.delivered)
        await smsc.settle()
        assert esme.answers(5) == []


@pytest.mark.parametrize(("ending", "order"), [("07", ""), ("00", "early")])
async def test_receipt_comes_before_the_response(ending: str, order: str) -> None:
    async with visiting() as (smsc, esme):
        if order:
            smsc.order(order)
        await esme.ask(Command.SUBMIT_SM, submit(to=f"4477009001{ending}"))
        kinds = [each.command for each in esme.heard if each.sequence != 99]
        assert kinds == [Command.DELIVER_SM, Command.SUBMIT_SM | RESPONSE]


async def test_line_breaks_within_a_receipt_which_comes_again_over_the_next() -> None:
    async with visiting() as (smsc, esme):
        await esme.ask(Command.SUBMIT_SM, submit(to="447700900113"))
        await until(lambda: esme.ended)
        assert esme.delivered() == []
        again = await visitor(smsc)
        await smsc.settle()
        assert len(again.delivered()) == 1


async def test_delivery_that_is_not_taken_comes_again() -> None:
    async with visiting() as (smsc, esme):
        esme.status = Status.TEMPORARY
        smsc.post(smsc.inbound("+447700900123", "Hello"))
        await until(esme.delivered)
        esme.status = Status.OK
        await smsc.settle()
        assert smsc.answers == [500, 200]


async def test_more_than_it_takes_at_once_is_throttled() -> None:
    async with visiting(window=2) as (_, esme):
        statuses = [(await esme.ask(Command.SUBMIT_SM, submit(), number)).status for number in range(1, 4)]
        assert statuses == [Status.OK, Status.OK, Status.THROTTLED]


@pytest.mark.parametrize(
    ("fault", "status"), [("throttled", Status.THROTTLED), ("error", Status.SYSTEM_ERROR), ("refused", 0x45)]
)
async def test_ordered_fault_refuses(fault: str, status: int) -> None:
    async with visiting() as (smsc, esme):
        smsc.order(fault)
        assert (await esme.ask(Command.SUBMIT_SM, submit())).status == status
        assert smsc.taken == []


@pytest.mark.parametrize(("fault", "taken"), [("dropped", 0), ("vanished", 1)])
async def test_ordered_fault_breaks_the_line(fault: str, taken: int) -> None:
    async with visiting() as (smsc, esme):
        smsc.order(fault)
        esme.link.send(Pdu(Command.SUBMIT_SM, 0, 5, submit()))
        await until(lambda: esme.ended)
        assert len(smsc.taken) == taken


async def test_what_is_no_request_of_an_esme_is_nacked() -> None:
    async with visiting() as (_, esme):
        assert (await esme.ask(Command.SUBMIT_MULTI)).command == Command.GENERIC_NACK


async def test_leaving_is_answered_and_the_line_closed() -> None:
    async with visiting() as (_, esme):
        assert (await esme.ask(Command.UNBIND)).status == Status.OK
        await until(lambda: esme.ended)


async def test_engineer_steers_it_by_http() -> None:
    async with visiting() as (smsc, esme), aiohttp.ClientSession() as http:
        message_id = read_id((await esme.ask(Command.SUBMIT_SM, submit())).body)
        await smsc.settle()
        steered = [
            ("link", {"do": "oversize"}, 200),
            ("link", {"do": "nothing"}, 400),
            ("link", {"do": "speak"}, 200),
            ("inbound", {"from": "+447700900123", "text": "Hi", "ucs2": True}, 202),
            ("act", {"message": message_id, "deed": "undelivered", "error": "001"}, 202),
        ]
        for place, body, status in steered[1:]:
            async with http.post(f"{smsc.base_url}/_simulator/{place}", json=body) as answer:
                assert answer.status == status
        await smsc.settle()
        assert [each.data_coding for each in esme.delivered()] == [0, 8, 0]
        assert read_receipt(esme.delivered()[-1]).error == "001"
        assert smsc.channel_settings["baseUrl"].startswith("smpp://")
        async with http.post(f"{smsc.base_url}/_simulator/link", json=steered[0][1]) as answer:
            assert answer.status == 200
        await until(lambda: esme.ended)
