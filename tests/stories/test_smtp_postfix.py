"""E-mail by a real mail server: Postfix takes our mail, and its own reports come back by the mail door."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from smtplib import SMTP
from typing import Any

import pytest

from support.postfix import HUB, Postfix, postfix, why_not
from support.stories import Story, telling
from support.waiting import until

SETTINGS: Mapping[str, Any] = {
    "starttls": False,
    "sender": f"Shop <shop@{HUB}>",
    "domain": HUB,
    "inbox": f"replies@{HUB}",
    "returnPathKey": "a-return-path-key",
    "unsubscribeKey": "an-unsubscribe-key",
    "unsubscribeUrl": f"https://{HUB}/u",
    "deliveryReports": True,
}

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "Postfix is there")


@asynccontextmanager
async def mailing(tmp_path: Path) -> AsyncIterator[tuple[Story, Postfix]]:
    """Run a hub whose mail goes by Postfix, and comes back from it."""
    async with telling(tmp_path, "email", mail_port=0) as story:
        door = story.at_work.hub.mail.port
        assert door is not None
        with postfix(door) as server:
            settings = {**SETTINGS, "baseUrl": f"smtp://127.0.0.1:{server.port}"}
            channel = await story.at_work.channel(story.workspace, "email", "smtp", settings)
            story.channels["smtp"] = channel
            yield story, server


async def stage(story: Story, message: str, stage: str) -> Any:
    """Wait until a message has come to a stage; gives its life."""
    life: Any = None
    for _ in range(200):
        life = await story.life(message)
        if life["stage"] == stage:
            return life
        await asyncio.sleep(0.05)
    raise AssertionError(f"It is {life['stage']}, not {stage}: {life}")


async def test_postfix_delivers_and_says_so(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, server):
        message = await story.send({"email": "ada@people.example"}, "email", title="Parcel", body="It comes.")
        await stage(story, message, "delivered")
        mail = message_from_bytes(server.mailbox[0], policy=policy.default)
        assert mail["Return-Path"].startswith(f"<bounce+{message}.")
        assert mail["Message-ID"] == f"<{message}.0@{HUB}>"
        assert mail.get_content().strip() == "It comes."
        await story.hears(
            {
                "omnichannel": ["message.sentRequest", "message.sent", "message.delivered"],
                "email.outbound": ["accepted", "sent", "delivered"],
            }
        )


async def test_postfix_knows_no_such_user_and_says_so(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, _):
        message = await story.send({"email": "nobody@people.example"}, "email", body="Hello")
        life = await stage(story, message, "failed")
        assert life["reason"]["cause"] == "bad-address"
        assert life["reason"]["code"] == "5.1.1"
        assert "unknown user" in life["reason"]["text"]
        failed = await story.hears_of("message.failed")
        assert failed["payload"]["details"]["channelStatus"]["email"]["Action"] == "failed"


async def test_what_ada_answers_comes_in_and_is_tied_to_the_mail(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, server):
        message = await story.send({"email": "ada@people.example"}, "email", title="Parcel", body="When?")
        await until(lambda: bool(server.mailbox))
        mail = message_from_bytes(server.mailbox[0], policy=policy.default)
        answer = (
            f"From: Ada <ada@people.example>\r\nTo: {mail['Reply-To']}\r\nSubject: Re: Parcel\r\n"
            f"Message-ID: <1@people.example>\r\nIn-Reply-To: {mail['Message-ID']}\r\n\r\nAt nine.\r\n"
        )
        await asyncio.to_thread(hand_in, server.port, "ada@people.example", str(mail["Reply-To"]), answer)
        inbound = await story.hears_of("message.inbound")
        assert inbound["payload"]["correlation"]["messageId"] == message
        assert inbound["payload"]["body"] == "At nine."
        await stage(story, message, "delivered")


async def test_nobody_can_have_the_hub_pass_mail_on(tmp_path: Path) -> None:
    async with mailing(tmp_path) as (story, _):
        refused = await asyncio.to_thread(offer, story.at_work.hub.mail.port, "somebody@elsewhere.example")
        assert refused.startswith(b"5.1.1")


def hand_in(port: int, sender: str, recipient: str, mail: str) -> None:
    with SMTP("127.0.0.1", port, timeout=10) as server:
        server.sendmail(sender, [recipient], mail)


def offer(port: int | None, recipient: str) -> bytes:
    """Offer the door a mail over LMTP; gives what it says to the recipient."""
    with SMTP("127.0.0.1", port or 0, timeout=10) as server:
        server.docmd("LHLO", "elsewhere.example")
        server.docmd("MAIL", "FROM:<x@elsewhere.example>")
        return server.docmd("RCPT", f"TO:<{recipient}>")[1]
