"""The methods that send nothing: updates and webhooks, files, taps, and what is done with messages that are there."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from tidings.simulators.telegram.answers import WORDS, Wrong, done
from tidings.simulators.telegram.bot import Bot
from tidings.simulators.telegram.checking import check_markup, check_secret, check_text
from tidings.simulators.telegram.parameters import Parameters
from tidings.simulators.telegram.posting import Updates

_PORTS = (None, 80, 88, 443, 8443)
_DELETABLE_SECONDS = 48 * 3600

Method = Callable[[Parameters], Awaitable[web.Response]]


class Methods:
    """The methods of one bot, by their names in lower case."""

    def __init__(self, bot: Bot, updates: Updates) -> None:
        self._bot = bot
        self._updates = updates
        self.shown: list[Mapping[str, Any]] = []
        """What was shown or marked: the parameters of `sendChatAction` and `readBusinessMessage`."""
        self.reactions: dict[tuple[int, int], list[Any]] = {}
        """The bot's own, by chat and number of the message."""
        self.by_name: dict[str, Method] = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "getfile": self._get_file,
            "answercallbackquery": self._answer_query,
            "setmessagereaction": self._react,
            "editmessagetext": self._edit,
            "deletemessage": self._delete,
            "sendchataction": self._show,
            "readbusinessmessage": self._show,
        }

    async def _get_me(self, given: Parameters) -> web.Response:
        able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return done({**self._bot.user, **able})

    async def _get_updates(self, given: Parameters) -> web.Response:
        updates = self._updates
        if updates.pushes:
            raise Wrong(WORDS[409], 409)
        if (allowed := given.get("allowed_updates")) is not None:
            updates.allowed = tuple(allowed)
        offset, limit, timeout = (int(given.get(name, usual)) for name, usual in _ASKED)
        return done(await updates.asked(offset, limit, timeout))

    async def _set_webhook(self, given: Parameters) -> web.Response:
        url, updates = str(given.get("url", "")), self._updates
        where = urlsplit(url)
        if url and where.hostname not in ("127.0.0.1", "localhost"):
            if where.scheme != "https":
                raise Wrong("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
            if where.port not in _PORTS:
                raise Wrong("Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        secret = str(given.get("secret_token", ""))
        check_secret(secret)
        updates.url, updates.secret, updates.polled = url, secret, False
        if (allowed := given.get("allowed_updates")) is not None:
            updates.allowed = tuple(allowed)
        if given.get("drop_pending_updates"):
            updates.waiting.clear()
        return done(result=True, description="Webhook was set")

    async def _delete_webhook(self, given: Parameters) -> web.Response:
        return await self._set_webhook(Parameters({**given.values, "url": ""}, {}))

    async def _get_webhook_info(self, given: Parameters) -> web.Response:
        updates = self._updates
        told = {"url": updates.url, "has_custom_certificate": False, "pending_update_count": len(updates.waiting)}
        return done({**told, "max_connections": 40, "allowed_updates": list(updates.allowed)})

    async def _get_file(self, given: Parameters) -> web.Response:
        file = given["file_id"]
        known = self._bot.files.get(file)
        if known is None:
            raise Wrong("Bad Request: invalid file_id")
        if len(known[1]) > 20 * 2**20:
            raise Wrong("Bad Request: file is too big")
        path = f"documents/{file}"
        return done({"file_id": file, "file_unique_id": file[-8:], "file_size": len(known[1]), "file_path": path})

    async def _answer_query(self, given: Parameters) -> web.Response:
        query = given["callback_query_id"]
        if query not in self._bot.queries:
            raise Wrong("Bad Request: query is too old and response timeout expired or query ID is invalid")
        self._bot.queries[query] = True
        return done(result=True)

    async def _react(self, given: Parameters) -> web.Response:
        message = self._bot.message(given, "message to react not found")
        self.reactions[message["chat"]["id"], message["message_id"]] = given.get("reaction", [])
        return done(result=True)

    async def _edit(self, given: Parameters) -> web.Response:
        message = self._bot.message(given, "message to edit not found")
        if message["from"] != self._bot.user:
            raise Wrong("Bad Request: message can't be edited")
        check_text(given, "text", 4096, "Bad Request: message is too long")
        check_markup(given.get("reply_markup") or {})
        if message.get("text") == given["text"]:
            raise Wrong(
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        message |= {"text": given["text"], "edit_date": int(time.time())}
        return done(message)

    async def _delete(self, given: Parameters) -> web.Response:
        message = self._bot.message(given, "message to delete not found")
        if time.time() - message["date"] > _DELETABLE_SECONDS:
            raise Wrong("Bad Request: message can't be deleted for everyone")
        del self._bot.messages[message["chat"]["id"], message["message_id"]]
        return done(result=True)

    async def _show(self, given: Parameters) -> web.Response:
        self._bot.chat(given)
        if "action" not in given.values:
            self._bot.message(given, "message not found")
        self.shown.append(given.values)
        return done(result=True)


_ASKED = (("offset", 0), ("limit", 100), ("timeout", 0))
