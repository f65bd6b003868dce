"""The simulated mail server: strict in what it takes, and all that comes back by mail."""

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from support.certified import Certified
from support.waiting import until
from tidings.simulators.simulator import Fault, Order
from tidings.simulators.smtp import Smtp, hand_in

SETTINGS = {"inbox": "replies@hub.example", "complaints": "fbl@hub.example"}
ADA = "ada@example.com"
PATH = "bounce+msg-1.abcdefgh@hub.example"


class Door:
    """A mail door that is not the hub's, and keeps what is brought."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.answers: list[str] = []
        """What is said to the next mails, before they are taken."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.mails.append((envelope.rcpt_tos[0], mail))
        return "250 OK"

    @property
    def actions(self) -> list[str]:
        """What the reports among them say."""
        return [_field(mail, "action") for _, mail in self.mails]


def _field(mail: EmailMessage, name: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == "text/plain" and name in part:
            return str(part[name])
    return ""


class Standing:
    """A simulator at work, and the door that its mail goes to."""

    def __init__(self, simulator: Smtp, door: Door) -> None:
        self.simulator = simulator
        self.door = door

    async def send(self, *recipients: str, **more: Any) -> tuple[int, str]:
        """Hand in a mail by the standard library's client; gives the decisive answer."""
        return await asyncio.to_thread(self._send, recipients or (ADA,), more)

    def _send(self, recipients: tuple[str, ...], more: dict[str, Any]) -> tuple[int, str]:
        place = urlsplit(self.simulator.base_url)
        head = {"From": "shop@hub.example", "To": ADA, "Subject": "Parcel", "Date": "Sat, 14 Mar 2026 15:09:26 +0000"}
        head |= {"Message-ID": "<msg-1.0@hub.example>", "Reply-To": "replies@hub.example"}
        head |= more.get("head", {})
        lines = [f"{name}: {value}" for name, value in head.items() if value]
        mail = "\r\n".join([*lines, "", more.get("body", "It comes."), ""]).encode()
        options = more.get("options", ["NOTIFY=SUCCESS,FAILURE,DELAY"])
        try:
            with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=10) as client:
                client.ehlo("hub.example")
                if "login" in more:
                    client.login(*more["login"])
                if "token" in more:
                    client.docmd("AUTH", f"XOAUTH2 {more['token']}")
                client.sendmail(PATH, list(recipients), mail, more.get("mail_options", ["ENVID=msg-1"]), options)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            return code, text.decode()
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            return error.smtp_code, said.decode() if isinstance(said, bytes) else said
        except smtplib.SMTPServerDisconnected:
            return 0, ""
        return 250, ""


@asynccontextmanager
async def standing(settings: dict[str, Any] | None = None, **more: Any) -> AsyncIterator[Standing]:
    door, sessions = Door(), []

    def session() -> LMTP:
        sessions.append(LMTP(door, loop=asyncio.get_running_loop(), hostname="hub", enable_SMTPUTF8=True))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    given = {**SETTINGS, **(settings or {}), "mailDoor": f"127.0.0.1:{server.sockets[0].getsockname()[1]}"}
    simulator = Smtp(given, pace=0, retry_seconds=(0.01, 0.01), **more)
    await simulator.start()
    try:
        yield Standing(simulator, door)
        await simulator.settle()
    finally:
        await simulator.stop()
        server.close()
        for each in sessions:
            if isinstance(each.transport, asyncio.Transport):
                each.transport.abort()
        await asyncio.sleep(0.01)


async def test_a_mail_is_taken_and_reported_as_delivered_where_that_is_asked() -> None:
    async with standing() as stand:
        assert (await stand.send())[0] == 250
        (taken,) = stand.simulator.taken
        assert (taken["recipients"], taken["return_path"], taken["envelope_id"]) == ([ADA], PATH, "msg-1")
        assert taken["text"].strip() == "It comes."
        await stand.simulator.settle()
        ((to, report),) = stand.door.mails
        assert to == PATH
        assert report.get_content_type() == "multipart/report"
        assert stand.door.actions == ["delivered"]
        assert (await stand.send(options=["NOTIFY=FAILURE"]))[0] == 250
        await stand.simulator.settle()
        assert len(stand.door.mails) == 1


@pytest.mark.parametrize(
    ("who", "actions"),
    [
        ("full", ["failed"]),
        ("expire", ["delayed", "failed"]),
        ("delay", ["delayed", "delivered"]),
        ("relay", ["relayed"]),
        ("late-bounce", ["delivered", "failed"]),
        ("bounce-5.1.1", ["failed"]),
        ("bounce-5.7.1-exchange", ["failed"]),
    ],
)
async def test_the_local_part_says_what_becomes_of_a_mail(who: str, actions: list[str]) -> None:
    async with standing() as stand:
        await stand.send(f"{who}@example.com")
        await stand.simulator.settle()
        assert stand.door.actions == actions


async def test_some_servers_report_in_words_alone() -> None:
    async with standing() as stand:
        await stand.send("bounce-5.1.1-plain@example.com")
        await stand.simulator.settle()
        ((_, mail),) = stand.door.mails
        assert mail.get_content_type() == "text/plain"
        assert "550 5.1.1" in mail.get_content()


@pytest.mark.parametrize(
    ("who", "to", "kind"),
    [
        ("complain", "fbl@hub.example", "multipart/report"),
        ("complain-redacted", "fbl@hub.example", "multipart/report"),
        ("not-spam", "fbl@hub.example", "multipart/report"),
        ("read", PATH, "multipart/report"),
        ("away", PATH, "text/plain"),
        ("unsub-mail", "unsub@hub.example", "text/plain"),
    ],
)
async def test_people_and_their_programs_do_things_with_mail(who: str, to: str, kind: str) -> None:
    head = {"To": f"{who}@example.com", "List-Unsubscribe": "<mailto:unsub@hub.example?subject=x>"}
    async with standing() as stand:
        await stand.send(f"{who}@example.com", head=head)
        await stand.simulator.settle()
        came_to, mail = stand.door.mails[-1]
        assert (came_to, mail.get_content_type()) == (to, kind)
        named = f"Original-Rcpt-To: <{who}@example.com>" in mail.as_string()
        assert named == (who in ("complain", "not-spam"))


async def test_links_are_clicked_over_http_in_both_encodings_and_followed_by_scanners() -> None:
    async with standing() as stand:
        url = "http://127.0.0.1:9/u/token"
        for who in ("unsub", "unsub-multipart", "scan"):
            await stand.send(f"{who}@example.com", head={"List-Unsubscribe": f"<{url}>"}, options=["NOTIFY=FAILURE"])
        taken = stand.simulator.taken
        posts = [callback() for each in taken for callback in stand.simulator.act(each["id"], "scans")]
        assert {(post.url, post.method) for post in posts} == {(url, "GET")}
        clicks = [stand.simulator.act(taken[0]["id"], "unsubscribes", kind=kind)[0]() for kind in ("", "multipart")]
        assert [click.headers["Content-Type"].partition(";")[0] for click in clicks] == [
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ]
        with pytest.raises(ValueError, match="Nobody does"):
            stand.simulator.act(taken[0]["id"], "burns")[0]()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"head": {"Message-ID": ""}}, 550),
        ({"head": {"Bcc": "eve@example.com"}}, 550),
        ({"body": "x" * 999}, 550),
        ({"head": {"Subject": "Grüße"}}, 554),
        ({"head": {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Unsubscribe": "<mailto:x@y.z>"}}, 550),
        ({"options": ["ORCPT=rfc822;a=b"]}, 501),
        ({"mail_options": ["ENVID=a=b"]}, 501),
    ],
    ids=["no id", "bcc", "long line", "letters", "one-click without a link", "orcpt", "envid"],
)
async def test_what_a_careful_server_refuses_is_refused(more: dict[str, Any], code: int) -> None:
    async with standing() as stand:
        assert (await stand.send(**more))[0] == code
        assert stand.simulator.taken == []


async def test_people_may_be_refused_or_asked_to_wait() -> None:
    async with standing() as stand:
        assert (await stand.send("refuse-5.1.1@example.com"))[0] == 550
        assert [(await stand.send("defer-2@example.com"))[0] for _ in range(3)] == [451, 451, 250]
        everybody = tuple(f"p{number}@example.com" for number in range(101))
        assert (await stand.send(*everybody))[0] == 250
        assert len(stand.simulator.taken[-1]["recipients"]) == 100
        assert (await stand.send("slow@example.com"))[0] == 250
        again = {"head": {"Message-ID": "<msg-2.0@hub.example>"}}
        assert [(await stand.send("drop-after-dot@example.com", **again))[0] for _ in range(2)] == [0, 250]


async def test_addresses_in_other_letters_need_the_extension() -> None:
    async with standing() as stand:
        place = urlsplit(stand.simulator.base_url)

        def offer(*options: str) -> int:
            with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=10) as client:
                client.ehlo("hub.example")
                client.command_encoding = "utf-8"
                client.docmd("MAIL", " ".join([f"FROM:<{PATH}>", *options]))
                return client.docmd("RCPT", "TO:<jürgen@example.com>")[0]

        assert await asyncio.to_thread(offer) in (500, 501, 553)
        assert await asyncio.to_thread(offer, "BODY=8BITMIME SMTPUTF8") == 250


async def test_with_a_certificate_nothing_is_taken_without_tls(tmp_path: Path) -> None:
    certified = Certified(tmp_path)
    async with standing(tls=certified.context) as stand:
        assert (await stand.send())[0] == 530
        place = urlsplit(stand.simulator.base_url)

        def encrypted() -> int:
            with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=10) as client:
                client.starttls(context=ssl.create_default_context(cadata=certified.pem))
                client.ehlo("hub.example")
                return client.docmd("MAIL", f"FROM:<{PATH}>")[0]

        assert await asyncio.to_thread(encrypted) == 250


async def test_an_extension_may_be_missing() -> None:
    async with standing(missing=("DSN", "SMTPUTF8", "SIZE")) as stand:
        place = urlsplit(stand.simulator.base_url)

        def features() -> dict[str, str]:
            with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=10) as client:
                client.ehlo("hub.example")
                return dict(client.esmtp_features)

        told = await asyncio.to_thread(features)
        assert {"dsn", "smtputf8", "size"}.isdisjoint(told)
        assert "enhancedstatuscodes" in told


async def test_only_whoever_logs_in_sends() -> None:
    async with standing({"user": "shop", "password": "a-password", "accessToken": "a-token"}) as stand:
        assert (await stand.send())[0] == 530
        assert (await stand.send(login=("shop", "wrong")))[0] == 535
        assert (await stand.send(login=("shop", "a-password")))[0] == 250
        good = "dXNlcj1zaG9wAWF1dGg9QmVhcmVyIGEtdG9rZW4BAQ=="
        assert (await stand.send(token=good))[0] == 250
        assert (await stand.send(token="dXNlcj1zaG9wAWF1dGg9QmVhcmVyIG5vbmUBAQ=="))[0] == 530


@pytest.mark.parametrize(
    ("fault", "code", "reports"),
    [
        ("refused", 550, 0),
        ("throttled", 421, 0),
        ("error", 451, 0),
        ("dropped", 0, 0),
        ("vanished", 0, 1),
        ("duplicate", 250, 2),
        ("early", 250, 1),
        ("late", 250, 1),
        ("lost", 250, 0),
    ],
)
async def test_faults_happen_to_the_next_mail_alone(fault: str, code: int, reports: int) -> None:
    async with standing() as stand:
        stand.simulator.order(fault)
        assert (await stand.send())[0] == code
        await stand.simulator.settle()
        assert len(stand.door.mails) == reports
        assert (await stand.send())[0] == 250


async def test_a_mail_may_be_refused_in_chosen_words_and_an_answer_may_come_late() -> None:
    async with standing() as stand:
        stand.simulator.order(Order(Fault.REFUSED, "552 5.3.4"), Order(Fault.HANGING, seconds=0.05), "reordered")
        assert await stand.send() == (552, "5.3.4 Refused")
        assert (await stand.send())[0] == 250
        await stand.simulator.settle()
        await stand.send("delay@example.com")
        await stand.simulator.settle()
        assert stand.door.actions == ["delivered", "delivered", "delayed"]


async def test_what_is_not_taken_is_brought_again() -> None:
    async with standing() as stand:
        stand.door.answers = ["451 4.3.0 later"]
        await stand.send()
        await stand.simulator.settle()
        assert stand.simulator.answers == [503, 200]
        assert stand.door.actions == ["delivered"]
        stand.simulator.mail_door = "127.0.0.1:9"
        await stand.send()
        await stand.simulator.settle()
        assert stand.simulator.answers[2:] == [0, 0, 0]


async def test_what_the_door_refuses_is_said_at_once() -> None:
    async with standing() as stand:
        stand.door.answers = ["550 5.1.1 nobody"]
        assert await hand_in(stand.simulator.mail_door, "", PATH, b"x\r\n.\r\n") == 550


async def test_a_person_answers_the_newest_mail_or_writes_anew() -> None:
    async with standing() as stand:
        callbacks: list[Callable[[], Any]] = stand.simulator.inbound(ADA, "Hello?")
        assert callbacks[0]().url == "lmtp:replies@hub.example"
        await stand.send(head={"Reply-To": "replies+x@hub.example"}, options=["NOTIFY=FAILURE"])
        stand.simulator.post(stand.simulator.inbound(ADA, "At nine."))
        stand.simulator.post(stand.simulator.inbound(ADA, "Hi", to="desk@hub.example", headers={"X-A": "1"}))
        await stand.simulator.settle()
        answers = dict(stand.door.mails)
        assert answers["replies+x@hub.example"]["In-Reply-To"] == "<msg-1.0@hub.example>"
        assert (answers["desk@hub.example"]["In-Reply-To"], answers["desk@hub.example"]["X-A"]) == (None, "1")


async def test_it_is_steered_over_http_while_it_speaks_smtp() -> None:
    async with standing() as stand, aiohttp.ClientSession() as http:
        assert stand.simulator.base_url.startswith("smtp://")
        url = f"{stand.simulator.steering_url}/_simulator"
        async with http.post(f"{url}/inbound", json={"from": ADA, "text": "Hi"}) as answer:
            assert answer.status == 202
        await until(lambda: len(stand.door.mails) == 1)
        assert stand.simulator.refusal("550").status == 400
