"""What people do, written as the updates that Telegram tells of it: their kind, and what they hold."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from tidings.simulators.telegram.bot import Bot
from tidings.simulators.telegram.messages import chat_of, file_of, now, person_of

Told = tuple[str, dict[str, Any]]


class People:
    """Those who have to do with a bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._reactions: dict[tuple[int, int], list[dict[str, str]]] = {}

    def write(self, chat: int, text: str, more: Mapping[str, Any]) -> Told:
        """Somebody writes, or writes anew; whoever does has started the bot."""
        bot, asked = self._bot, dict(more)
        bot.people.add(chat)
        name, edits, connection = asked.pop("name", "Ana"), asked.pop("edits", None), asked.pop("connection", "")
        message: dict[str, Any] = {"from": person_of(asked.pop("person", abs(chat)), name), "chat": chat_of(chat, name)}
        if connection:
            bot.connections.add(connection)
            message["business_connection_id"] = connection
        if answered := asked.pop("reply_to", None):
            message["reply_to_message"] = bot.messages[chat, int(answered)]
        if kind := asked.pop("file", ""):
            octets = base64.b64decode(asked.pop("data", ""))
            file = bot.keep_file(asked.pop("type", ""), octets)
            message |= {kind: file_of(kind, file, len(octets)), **({"caption": text} if text else {})}
        elif text:
            message["text"] = text
        number = int(edits) if edits else bot.next_number(chat)
        edited = {"edit_date": now()} if edits else {}
        message = {"message_id": number, "date": now(), **message, **asked, **edited}
        bot.messages[chat, number] = message
        return f"{'edited_' if edits else ''}{'business_' if connection else ''}message", message

    def do(self, chat: int, number: int, deed: str, more: Mapping[str, Any]) -> Told:
        """Somebody does something with a message; raises ValueError where nobody does that."""
        person = person_of(more.get("person", abs(chat)))
        match deed:
            case "reaction":
                return "message_reaction", self._react(chat, number, person, str(more.get("emoji", "")))
            case "callback_query":
                query = str(secrets.randbits(62))
                self._bot.queries[query] = False
                tapped = {"id": query, "from": person, "chat_instance": "-77", "data": more["data"]}
                return "callback_query", {**tapped, "message": self._bot.messages[chat, number]}
            case "blocked" | "came_back":
                return "my_chat_member", self._turn(chat, person, blocks=deed == "blocked")
            case "deleted":
                gone = {"business_connection_id": more["connection"], "chat": chat_of(chat), "message_ids": [number]}
                return "deleted_business_messages", gone
            case _:
                raise ValueError(f"Nobody does {deed!r} with a message of Telegram's.")

    def _react(self, chat: int, number: int, person: Mapping[str, Any], emoji: str) -> dict[str, Any]:
        before = self._reactions.get((chat, number), [])
        after = [{"type": "emoji", "emoji": emoji}] if emoji else []
        self._reactions[chat, number] = after
        changed = {"chat": chat_of(chat), "message_id": number, "user": person, "date": now()}
        return {**changed, "old_reaction": before, "new_reaction": after}

    def _turn(self, chat: int, person: Mapping[str, Any], *, blocks: bool) -> dict[str, Any]:
        out: dict[str, Any] = {"user": self._bot.user, "status": "kicked", "until_date": 0}
        within: dict[str, Any] = {"user": self._bot.user, "status": "member"}
        old, new = (within, out) if blocks else (out, within)
        (self._bot.blocked.add if blocks else self._bot.blocked.discard)(chat)
        changed = {"chat": chat_of(chat), "from": person, "date": now()}
        return {**changed, "old_chat_member": old, "new_chat_member": new}
