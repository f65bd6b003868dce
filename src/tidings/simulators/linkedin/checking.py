"""What LinkedIn refuses of a message, and how it says so."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

CODES = {
    400: "INVALID_REQUEST",
    401: "INVALID_ACCESS_TOKEN",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "DUPLICATE",
    422: "UNPROCESSABLE_ENTITY",
    429: "TOO_MANY_REQUESTS",
}
_PERSON = re.compile(r"urn:li:person:[\w-]+")
_FIELDS = {"recipients", "thread", "subject", "body", "messageType", "attachments"}


def refusal(status: int, message: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with an error; the code is the usual one of the status where none is given."""
    told = {"status": status, "code": code or CODES.get(status, "ERROR"), "message": message}
    return web.json_response(told, status=status, headers=headers)


def wrong(message: Any, threads: Collection[str]) -> str:
    """Find what is wrong with a message; empty where nothing is."""
    if not isinstance(message, dict) or not message.keys() <= _FIELDS:
        return "The body is no message"
    if ("recipients" in message) == ("thread" in message):
        return "Either recipients or a thread is needed"
    people = message.get("recipients", ["urn:li:person:x"])
    if not isinstance(people, list) or not people or not all(_PERSON.fullmatch(str(each)) for each in people):
        return "recipients are members"
    if message.get("thread", "") not in ("", *threads):
        return "There is no such thread"
    text = message.get("body")
    if not isinstance(text, str) or not text:
        return "body is needed"
    return "body must not have HTML" if re.search(r"</?[a-z]+[^>]*>", text) else ""
