"""What Telegram knows of a bot: its chats, their messages, its files."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidings.simulators.telegram.answers import WORDS, Wrong
from tidings.simulators.telegram.checking import FILES
from tidings.simulators.telegram.messages import chat_of, contents_of, now
from tidings.simulators.telegram.parameters import Parameters

_MEGABYTE = 2**20
FIRST = 4711
"""The number of a chat's first message."""


class Bot:
    """A bot, by its user id; `people` have started it."""

    def __init__(self, number: int, people: Iterable[int]) -> None:
        self.user = {"id": number, "is_bot": True, "first_name": "Shop", "username": "shopbot"}
        self.people = set(people)
        self.blocked: set[int] = set()
        """People who have blocked it."""
        self.moved: dict[int, int] = {}
        """Groups that have become supergroups."""
        self.names: dict[str, int] = {}
        """Public chats by their names."""
        self.connections: set[str] = set()
        """Business accounts that it serves."""
        self.queries: dict[str, bool] = {}
        """Taps, and whether they were answered."""
        self.files: dict[str, tuple[str, bytes]] = {}
        """Files by their ids: type and octets."""
        self.messages: dict[tuple[int, int], dict[str, Any]] = {}
        """Every message there is, by chat and number."""
        self._numbers: dict[int, int] = {}

    def chat(self, given: Parameters) -> int:
        """Find the chat that a call is for; raises Wrong where the bot may not speak there."""
        asked = given["chat_id"]
        chat = self.names.get(asked.removeprefix("@"), 0) if isinstance(asked, str) else int(asked)
        if chat in self.moved:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Wrong(text, migrate_to_chat_id=self.moved[chat])
        if chat not in self.people and chat not in self.names.values():
            raise Wrong(WORDS[400])
        if chat in self.blocked:
            raise Wrong(WORDS[403], 403)
        connection = given.get("business_connection_id")
        if connection and connection not in self.connections:
            raise Wrong("Bad Request: BUSINESS_CONNECTION_INVALID")
        return chat

    def message(self, given: Parameters, missing: str) -> dict[str, Any]:
        """Find the message that a call is about; raises Wrong, saying what is missing."""
        found = self.messages.get((self.chat(given), given["message_id"]))
        if found is None:
            raise Wrong(f"Bad Request: {missing}")
        return found

    def check_answered(self, chat: int, given: Parameters) -> None:
        """Raise Wrong where what is answered is not there, and must be."""
        answered = given.get("reply_parameters")
        if not answered or answered.get("allow_sending_without_reply"):
            return
        if (answered.get("chat_id", chat), answered["message_id"]) not in self.messages:
            raise Wrong("Bad Request: message to be replied not found")

    def files_of(self, given: Parameters) -> list[dict[str, str]]:
        """Name the file of each message, by its kind; one that was sent along is kept. Raises Wrong."""
        if (items := given.get("media")) is not None:
            return [{item["type"]: self._file(item["type"], item["media"], given)} for item in items]
        kinds = [kind for kind in FILES if kind in given.values or kind in given.files]
        return [{kind: self._file(kind, given.get(kind, f"attach://{kind}"), given) for kind in kinds}]

    def keep_file(self, kind: str, octets: bytes) -> str:
        """Keep a file; gives its id."""
        file = secrets.token_urlsafe(24)
        self.files[file] = (kind or "application/octet-stream", octets)
        return file

    def say(self, chat: int, given: Parameters, files: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        """Write the message of a call, or the messages of an album, one for each of its files."""
        items = given.get("media") or [given.values]
        album = {"media_group_id": str(secrets.randbits(62))} if "media" in given.values else {}
        made = []
        for item, kinds in zip(items, files, strict=True):
            number = self.next_number(chat)
            said = contents_of(Parameters(item, {}), kinds)
            message = {"message_id": number, "date": now(), "chat": chat_of(chat), "from": self.user, **said, **album}
            if connection := given.get("business_connection_id"):
                message["business_connection_id"] = connection
            self.messages[chat, number] = message
            made.append(message)
        return made

    def next_number(self, chat: int) -> int:
        """Number a message of a chat."""
        self._numbers[chat] = self._numbers.get(chat, FIRST - 1) + 1
        return self._numbers[chat]

    def _file(self, kind: str, value: str, given: Parameters) -> str:
        if value.startswith("attach://"):
            told = given.files.get(value.removeprefix("attach://"))
            if told is None:
                raise Wrong("Bad Request: there is no file in the request")
            if len(told[1]) > (10 if kind == "photo" else 50) * _MEGABYTE:
                raise Wrong(WORDS[413], 413)
            return self.keep_file(*told)
        if value.startswith(("http://", "https://")):
            return self.keep_file("", b"")
        if value not in self.files:
            raise Wrong("Bad Request: wrong file identifier/HTTP URL specified")
        return value
