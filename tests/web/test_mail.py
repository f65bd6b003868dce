"""The mail door: who may bring mail, and when it is told that it was taken."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.hub import Running, running
from support.waiting import until
from tidings.connectors.smtp.addresses import return_path
from tidings.model.errors import Misconfigured
from tidings.web import mail

SETTINGS = {
    "baseUrl": "smtp://127.0.0.1:9",
    "starttls": False,
    "sender": "shop@hub.example",
    "domain": "hub.example",
    "inbox": "replies@hub.example",
    "returnPathKey": "a-return-path-key",
}
INBOX = "replies@hub.example"
MAIL = "From: ada@example.com\r\nMessage-ID: <{}@example.com>\r\n\r\nHi\r\n.\r\n"


class Dialogue:
    """Somebody who speaks with the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def hear(self) -> str:
        """Hear one answer, however many lines it has."""
        async with asyncio.timeout(10):
            while True:
                line = (await self.reader.readline()).decode()
                if line[3:4] != "-":
                    return line.strip()

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def bring(self, *recipients: str, number: int = 1, hello: str = "LHLO x", mail: str = MAIL) -> list[str]:
        """Bring a mail; gives what was said to each step."""
        said = [await self.say(hello), await self.say("MAIL FROM:<ada@example.com>")]
        said += [await self.say(f"RCPT TO:<{each}>") for each in recipients]
        said.append(await self.say("DATA"))
        self.writer.write(mail.format(number).encode())
        return [*said, await self.hear()]


@asynccontextmanager
async def door(tmp_path: Path, **settings: Any) -> AsyncIterator[tuple[Running, str]]:
    async with running(tmp_path, mail_port=0, **settings) as hub:
        workspace, _ = await hub.workspace()
        await hub.channel(workspace, "email", "smtp", SETTINGS)
        yield hub, workspace


@asynccontextmanager
async def speaking(hub: Running) -> AsyncIterator[Dialogue]:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.hub.mail.port or 0)
    try:
        dialogue = Dialogue(reader, writer)
        assert (await dialogue.hear()).startswith("220")
        yield dialogue
    finally:
        writer.close()
        await until(lambda: not hub.hub.mail._sessions)


async def inbounds(hub: Running, workspace: str) -> Sequence[Any]:
    events = await hub.ask("GET", f"/workspaces/{workspace}/events?types=inbound")
    found: Sequence[Any] = events["results"]
    return found


async def test_a_mail_is_on_disk_when_it_is_told_to_be_taken(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, workspace), speaking(hub) as dialogue:
        assert (await dialogue.bring(INBOX))[-1] == mail.TAKEN
        assert len(await inbounds(hub, workspace)) == 1
        # What is brought again, because the answer was lost, say, is the same mail.
        assert (await dialogue.bring(INBOX))[-1] == mail.TAKEN
        assert len(await inbounds(hub, workspace)) == 1


@pytest.mark.parametrize(
    "recipient", ["somebody@elsewhere.example", "postmaster@hub.example", "bounce+x.aaaaaaaa@hub.example", "nobody"]
)
async def test_mail_for_anybody_else_is_refused(tmp_path: Path, recipient: str) -> None:
    async with door(tmp_path) as (hub, _), speaking(hub) as dialogue:
        await dialogue.say("LHLO x")
        await dialogue.say("MAIL FROM:<>")
        assert (await dialogue.say(f"RCPT TO:<{recipient}>")).startswith("5")
        assert (await dialogue.say("DATA")).startswith("503")


async def test_each_recipient_is_answered_for_themselves(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, _), speaking(hub) as dialogue:
        channel = next(iter(hub.world.directory.channels.values()))
        path = return_path("msg-1", hub.world.connector(channel).settings)
        said = await dialogue.bring(INBOX, path)
        assert [said[-1], await dialogue.hear()] == [mail.TAKEN, mail.TAKEN]
        assert (await dialogue.say("QUIT")).startswith("221")


async def test_a_mail_that_cannot_be_kept_is_to_be_brought_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with door(tmp_path) as (hub, workspace), speaking(hub) as dialogue:
        put = hub.world.store.put

        def full(*_: Any) -> Any:
            raise OSError("the disk is full")

        monkeypatch.setattr(hub.world.store, "put", full)
        assert (await dialogue.bring(INBOX))[-1] == mail.TROUBLE
        monkeypatch.setattr(hub.world.store, "put", put)
        assert (await dialogue.bring(INBOX))[-1] == mail.TAKEN
        assert len(await inbounds(hub, workspace)) == 1


async def test_a_mail_that_is_too_large_is_refused_for_each_recipient(tmp_path: Path) -> None:
    async with door(tmp_path, max_mail=65_536) as (hub, workspace), speaking(hub) as dialogue:
        channel = next(iter(hub.world.directory.channels.values()))
        path = return_path("msg-1", hub.world.connector(channel).settings)
        large = "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * 1000 + ".\r\n"
        said = await dialogue.bring(INBOX, path, mail=large)
        assert said[-1].startswith("552")
        assert (await dialogue.hear()).startswith("552")
        assert await inbounds(hub, workspace) == []


async def test_too_many_recipients_are_to_be_brought_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_RECIPIENTS", 1)
    async with door(tmp_path) as (hub, _), speaking(hub) as dialogue:
        said = await dialogue.bring(INBOX, INBOX)
        assert said[3] == mail.TOO_MANY
        assert said[-1] == mail.TAKEN


async def test_too_many_visitors_are_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "MOST_SESSIONS", 1)
    async with door(tmp_path) as (hub, _):
        async with speaking(hub):
            reader, writer = await asyncio.open_connection("127.0.0.1", hub.hub.mail.port or 0)
            assert (await reader.read()).startswith(b"421")
            writer.close()
        async with speaking(hub) as dialogue:
            assert (await dialogue.bring(INBOX))[-1] == mail.TAKEN


async def test_over_smtp_the_gravest_outcome_is_that_of_all(tmp_path: Path) -> None:
    async with door(tmp_path, mail_protocol="smtp") as (hub, workspace), speaking(hub) as dialogue:
        assert (await dialogue.bring(INBOX, INBOX, hello="EHLO x"))[-1] == mail.TAKEN
        assert len(await inbounds(hub, workspace)) == 1
        assert (await dialogue.say("LHLO x")).startswith("500")


async def test_a_channel_that_goes_meanwhile_takes_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, workspace), speaking(hub) as dialogue:
        for line in ("LHLO x", "MAIL FROM:<a@example.com>", f"RCPT TO:<{INBOX}>", "DATA"):
            await dialogue.say(line)
        channel = next(iter(hub.world.directory.channels))
        await hub.ask("DELETE", f"/workspaces/{workspace}/channels/{channel}", expect=204)
        dialogue.writer.write(b"Hi\r\n.\r\n")
        assert await dialogue.hear() == mail.NOBODY


async def test_the_oldest_channel_has_an_inbox_that_several_claim(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, workspace), speaking(hub) as dialogue:
        other, _ = await hub.workspace()
        await hub.channel(other, "email", "smtp", {**SETTINGS, "returnPathKey": "another-key"})
        await dialogue.bring(INBOX)
        assert len(await inbounds(hub, workspace)) == 1
        assert await inbounds(hub, other) == []


async def test_whoever_is_connected_when_the_hub_stops_hears_no_promise(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.hub.mail.port or 0)
        assert (await reader.readline()).startswith(b"220")
        await hub.hub.mail.close()
        with pytest.raises(ConnectionError):
            assert await reader.read() == b"", "it was closed"
            raise ConnectionResetError
        writer.close()


async def test_a_port_that_is_taken_is_the_operators_to_mend(tmp_path: Path) -> None:
    async with door(tmp_path) as (hub, _):
        port = hub.hub.mail.port
        with pytest.raises(Misconfigured, match="TIDINGS_MAIL_PORT"):
            async with running(tmp_path / "other", mail_port=port):
                pass


async def test_without_a_port_there_is_no_door(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        assert hub.hub.mail.port is None
