"""The wire that mail goes out by, against mail servers that are not ours: aiosmtpd, whole and with faults."""

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from support.certified import Certified
from support.names import LOOPBACK, Names
from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply
from tidings.rules.networks import read_networks
from tidings.rules.places import Bounds
from tidings.wire.guard import Guard
from tidings.wire.http import Http
from tidings.wire.reaching import Reach
from tidings.wire.smtp import Smtp
from tidings.wire.smtp import pool as wire

CHANNEL = SimpleNamespace(id="channel-1")
MAIL = b"Subject: Hi\r\n\r\n.\r\n..dots\r\nend"
OWN = Bounds(read_networks(LOOPBACK))


class Taking:
    """An aiosmtpd handler that keeps what it takes; `rcpt` and `data` decide."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.sessions: list[Session] = []
        self.connections = 0
        self.rcpt: Callable[[str], str] = lambda _: ""
        self.data: Callable[[SMTP], Awaitable[str]] | None = None

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.rcpt(address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self.data(server) if self.data else "250 2.0.0 Ok: queued as 1"
        if answer.startswith("250"):
            self.mails.append(envelope)
            self.sessions.append(session)
        return answer


@asynccontextmanager
async def listening(handler: Taking, *, tls: ssl.SSLContext | None = None, **more: Any) -> AsyncIterator[int]:
    """Run a mail server; `tls` is for connections that begin with it."""

    made: list[SMTP] = []

    def connection() -> SMTP:
        handler.connections += 1
        made.append(SMTP(handler, loop=asyncio.get_running_loop(), hostname="mx.example", **more))
        return made[-1]

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in made:
            if isinstance(each.transport, asyncio.Transport):
                each.transport.abort()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def wired(bounds: Bounds = OWN) -> AsyncIterator[Smtp]:
    http = Http(user_agent="test", guard=Guard(bounds, Names()))
    made = Smtp(Reach(bounds, Names()), http)
    try:
        yield made
    finally:
        await made.close(CHANNEL.id)
        await http.close()


def call(port: int, *recipients: str, scheme: str = "smtp", host: str = "127.0.0.1", **headers: str) -> Call:
    given = {"sender": "bounce@hub.example", "hello": "hub.example", "starttls": "no", "whole-or-none": "yes"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    everybody = json.dumps(recipients or ("ada@example.com",))
    return Call(
        method="MAIL", url=f"{scheme}://{host}:{port}", headers={**given, "recipients": everybody, **named}, body=MAIL
    )


def one(asked: Call) -> Exchange[Reply]:
    return (yield asked)


async def submit(made: Smtp, asked: Call, timeout: float = 5.0) -> tuple[int, Any]:
    reply = await made.carry(CHANNEL, one(asked), timeout=timeout)
    return reply.status, json.loads(reply.body)


async def silence(made: Smtp, asked: Call, timeout: float = 5.0) -> NoReply:
    with pytest.raises(NoReply) as told:
        await submit(made, asked, timeout)
    return told.value


@pytest.fixture
def certified(tmp_path: Path) -> Certified:
    return Certified(tmp_path)


# -- mail that is taken ---------------------------------------------------------------------------------------------


async def test_a_mail_is_taken_octet_by_octet() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        status, said = await submit(made, call(port))
        assert (status, said["step"], said["text"]) == (250, "message", "2.0.0 Ok: queued as 1")
        assert said["recipients"] == {"ada@example.com": {"code": 250, "text": "2.1.5 OK"}}
    (taken,) = handler.mails
    assert taken.original_content == MAIL + b"\r\n"
    assert (taken.mail_from, taken.rcpt_tos) == ("bounce@hub.example", ["ada@example.com"])


async def test_mails_share_a_connection_until_the_server_closes_it() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        for _ in range(3):
            assert (await submit(made, call(port)))[0] == 250
        assert handler.connections == 1

        async def close(server: SMTP) -> str:
            assert server.transport is not None
            asyncio.get_running_loop().call_later(0.05, server.transport.close)
            return "250 Ok"

        handler.data = close
        await submit(made, call(port))
        await asyncio.sleep(0.1)
        handler.data = None
        assert (await submit(made, call(port)))[0] == 250
        assert handler.connections == 2


async def test_another_login_needs_another_connection() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        await submit(made, call(port))
        await submit(made, call(port, hello="other.example"))
    assert handler.connections == 2
    assert [session.host_name for session in handler.sessions] == ["hub.example", "other.example"]


async def test_many_mails_at_once_go_over_a_bounded_number_of_connections() -> None:
    handler = Taking()

    async def slowly(_: SMTP) -> str:
        await asyncio.sleep(0.01)
        return "250 Ok"

    handler.data = slowly
    async with listening(handler) as port, wired() as made:
        outcomes = await asyncio.gather(*(submit(made, call(port)) for _ in range(60)))
    assert {status for status, _ in outcomes} == {250}
    assert handler.connections <= wire.CONNECTIONS


async def test_a_connection_is_given_up_when_nobody_needs_it_or_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "IDLE", 0.02)
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        await submit(made, call(port))
        await asyncio.sleep(0.1)
        await submit(made, call(port))
        assert handler.connections == 2
        monkeypatch.setattr(wire, "MAILS", 1)
        await submit(made, call(port))
        await submit(made, call(port))
    assert handler.connections == 4


async def test_other_calls_of_a_conversation_go_over_http() -> None:
    async with wired() as made:
        with pytest.raises(NoReply) as told:
            await made.carry(CHANNEL, one(Call.get("http://127.0.0.1:9/file")), timeout=2)
        assert told.value.error == "connect"


# -- mail that is refused -------------------------------------------------------------------------------------------


async def test_each_recipient_has_their_own_answer() -> None:
    handler = Taking()
    handler.rcpt = lambda address: "550 5.1.1 unknown" if "bob" in address else ""
    async with listening(handler) as port, wired() as made:
        status, said = await submit(made, call(port, "ada@example.com", "bob@example.com"))
    assert status == 250
    assert said["recipients"]["bob@example.com"] == {"code": 550, "text": "5.1.1 unknown"}
    assert handler.mails[0].rcpt_tos == ["ada@example.com"]


async def test_nobody_is_sent_anything_while_one_must_wait_unless_that_is_asked() -> None:
    handler = Taking()
    handler.rcpt = lambda address: "451 4.7.1 later" if "bob" in address else ""
    async with listening(handler) as port, wired() as made:
        both = ("ada@example.com", "bob@example.com")
        status, said = await submit(made, call(port, *both))
        assert (status, said["step"], len(handler.mails)) == (451, "rcpt", 0)
        status, _ = await submit(made, call(port, *both, whole_or_none="no"))
        assert (status, len(handler.mails)) == (250, 1)
        assert handler.connections == 1


async def test_where_all_are_refused_the_one_who_can_wait_decides() -> None:
    handler = Taking()
    handler.rcpt = lambda address: "451 4.2.0 later" if "bob" in address else "550 5.1.1 unknown"
    async with listening(handler) as port, wired() as made:
        both = ("ada@example.com", "bob@example.com")
        assert (await submit(made, call(port, *both, whole_or_none="no")))[0] == 451
        assert (await submit(made, call(port)))[0] == 550


async def test_a_mail_that_is_refused_after_its_last_dot_was_not_taken() -> None:
    handler = Taking()

    async def refuse(_: SMTP) -> str:
        return "554 5.7.1 spam"

    handler.data = refuse
    async with listening(handler) as port, wired() as made:
        status, said = await submit(made, call(port))
        assert (status, said["step"], said["text"]) == (554, "message", "5.7.1 spam")


async def test_addresses_in_other_letters_need_a_server_that_takes_them() -> None:
    handler = Taking()
    asked = {"utf8": "yes", "notify": "SUCCESS"}
    async with listening(handler, enable_SMTPUTF8=True) as port, wired() as made:
        assert (await submit(made, call(port, "jürgen@example.com", **asked)))[0] == 250
    assert handler.mails[0].rcpt_tos == ["jürgen@example.com"]
    async with listening(handler) as port, wired() as made:
        status, said = await submit(made, call(port, "jürgen@example.com", **asked))
        assert (status, said["step"]) == (553, "mail")


# -- connections that fail ------------------------------------------------------------------------------------------


async def test_where_nobody_listens_nothing_is_taken() -> None:
    async with wired() as made:
        told = await silence(made, call(9))
    assert (told.taken, told.error) == (False, "connect")


async def test_a_connection_that_breaks_before_the_mail_was_said_has_taken_nothing() -> None:
    handler = Taking()

    class Breaking(SMTP):
        async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.abort()

    def made_so() -> SMTP:
        return Breaking(handler, loop=asyncio.get_running_loop(), hostname="mx.example")

    server = await asyncio.get_running_loop().create_server(made_so, "127.0.0.1", 0)
    async with wired() as made:
        told = await silence(made, call(server.sockets[0].getsockname()[1]))
    server.close()
    assert told.taken is False


async def test_a_connection_that_breaks_after_the_last_dot_may_have_taken_it() -> None:
    handler = Taking()

    async def vanish(server: SMTP) -> str:
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()
        return "250 Ok"

    handler.data = vanish
    async with listening(handler) as port, wired() as made:
        told = await silence(made, call(port))
    assert (told.taken, told.error) == (True, "reset")


async def test_a_server_that_says_nothing_after_the_last_dot_may_have_taken_it() -> None:
    handler = Taking()

    async def sleep(_: SMTP) -> str:
        await asyncio.sleep(30)
        return "250 Ok"

    handler.data = sleep
    async with listening(handler) as port, wired() as made:
        told = await silence(made, call(port), timeout=0.3)
    assert (told.taken, told.error) == (True, "timeout")


@asynccontextmanager
async def saying(*lines: bytes) -> AsyncIterator[int]:
    """Run a server that says these lines, one to each thing it hears, and then goes."""
    speaking: list[asyncio.Task[None]] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in lines:
            writer.write(line + b"\r\n")
            await reader.readline()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaking.append(asyncio.get_running_loop().create_task(speak(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*speaking, return_exceptions=True)


async def test_a_server_that_does_not_want_us_says_so_in_its_greeting() -> None:
    async with saying(b"554 5.3.2 no service") as port, wired() as made:
        status, said = await submit(made, call(port))
        assert (status, said["step"]) == (554, "greeting")


async def test_a_server_that_closes_when_it_hears_of_a_mail_has_taken_nothing() -> None:
    async with saying(b"220 hi", b"250 hi", b"421 4.3.2 closing") as port, wired() as made:
        status, said = await submit(made, call(port))
        assert (status, said["text"]) == (421, "4.3.2 closing")


async def test_a_server_that_goes_when_it_hears_of_a_mail_has_taken_nothing() -> None:
    async with saying(b"220 hi", b"250 hi") as port, wired() as made:
        status, said = await submit(made, call(port))
        assert (status, said["step"]) == (421, "greeting")


async def test_what_is_no_smtp_takes_nothing() -> None:
    async with saying(b"HTTP/1.1 400 Bad Request") as port, wired() as made:
        with pytest.raises((NoReply, AssertionError)) as told:
            status, _ = await submit(made, call(port))
            assert status == 250
        assert not isinstance(told.value, NoReply) or not told.value.taken


async def test_control_characters_never_get_into_a_command() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        with pytest.raises(ValueError, match="control character"):
            await submit(made, call(port, "ada@example.com>\r\nRCPT TO:<eve@example.com"))
    assert handler.mails == []


# -- TLS and logins -------------------------------------------------------------------------------------------------


def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"shop", b"a-password"), handled=False)


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


async def test_starttls_comes_before_the_login(certified: Certified) -> None:
    handler = Taking()
    more: dict[str, Any] = {"tls_context": certified.context, "require_starttls": True, "authenticator": known}
    async with listening(handler, auth_required=True, **more) as port, wired() as made:
        asked = {"starttls": "yes", "authority": certified.pem}
        assert (await submit(made, call(port, **asked, authorization=basic("shop:a-password"))))[0] == 250
        assert handler.sessions[0].ssl is not None
        status, said = await submit(made, call(port, **asked, authorization=basic("shop:wrong")))
        assert (status, said["step"]) == (535, "auth")


async def test_tls_may_come_first(certified: Certified) -> None:
    handler = Taking()
    async with listening(handler, tls=certified.context) as port, wired() as made:
        assert (await submit(made, call(port, scheme="smtps", authority=certified.pem)))[0] == 250
        told = await silence(made, call(port, scheme="smtps"))
        assert (told.taken, told.error) == (False, "tls")


async def test_a_server_without_starttls_hears_nothing() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        told = await silence(made, call(port, starttls="yes"))
    assert (told.taken, told.error) == (False, "tls")
    assert handler.mails == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(certified: Certified) -> None:
    handler = Taking()
    async with listening(handler, tls_context=certified.context) as port, wired() as made:
        told = await silence(made, call(port, starttls="yes"))
        assert (told.taken, told.error) == (False, "tls")
        status, said = await submit(made, call(port, starttls="yes", authority="no certificate"))
        assert (status, said["step"]) == (454, "greeting")


async def test_a_server_where_nobody_can_log_in_refuses() -> None:
    handler = Taking()
    async with listening(handler) as port, wired() as made:
        status, said = await submit(made, call(port, authorization=basic("shop:a-password")))
        assert (status, said["step"]) == (530, "auth")


async def test_credentials_that_cannot_be_read_are_refused() -> None:
    handler = Taking()
    async with listening(handler, authenticator=known, auth_require_tls=False) as port, wired() as made:
        status, said = await submit(made, call(port, authorization="Basic /w=="))
        assert (status, said["step"]) == (535, "auth")


# -- the address guard ----------------------------------------------------------------------------------------------


async def test_the_hub_goes_to_no_network_that_is_not_allowed() -> None:
    handler = Taking()
    async with listening(handler) as port, wired(Bounds()) as made:
        for host in ("127.0.0.1", "localhost", "[::1]"):
            told = await silence(made, call(port, host=host, starttls="yes"))
            assert (told.taken, told.error) == (False, "refused-address")
    assert handler.connections == 0


async def test_mail_that_is_not_encrypted_stays_in_networks_of_ones_own() -> None:
    reach = Reach(OWN, Names())
    with pytest.raises(Exception, match="must be encrypted"):
        await reach.addresses("192.0.43.8", 25, encrypted=False)
    assert await Reach(Bounds(OWN.networks, http=True)).addresses("192.0.43.8", 25, encrypted=False)
    assert await reach.addresses("192.0.43.8", 25, encrypted=True)


async def test_a_name_that_leads_nowhere_is_no_server() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        return []

    with pytest.raises(OSError, match="has no address"):
        await Reach(OWN, nowhere).addresses("mail.example.com", 25, encrypted=True)

    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("not found")

    with pytest.raises(OSError, match="cannot be looked up"):
        await Reach(OWN, unknown).connect("mail.example.com", 25, encrypted=True)


async def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    async def both(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    handler = Taking()
    async with listening(handler) as port:
        made = await Reach(OWN, both).connect("mail.example.com", port, encrypted=True)
        assert made.getpeername()[0] == "127.0.0.1"
        made.close()
