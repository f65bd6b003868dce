"""Answers of TikTok's API: HTTP 200 whatever happens, and a code that says what did."""

import secrets
from typing import Any

from aiohttp import web

WORDS = {
    0: "OK",
    40001: "You don't have permission to perform this action.",
    40002: "There is a problem with the parameters of the request.",
    40007: "The object does not exist.",
    40064: "Your message was blocked due to messaging restrictions.",
    40100: "Too many requests.",
    40103: "The refresh token is expired or was used.",
    40105: "Access token is incorrect or has been revoked.",
    40908: "The file format is not supported.",
    51065: "System error.",
}


class Wrong(Exception):
    """A call that is refused."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def answer(self) -> web.Response:
        """The refusal."""
        return answer(self.code, text=self.text)


def answer(code: int, data: Any = None, *, text: str = "") -> web.Response:
    """Answer a call."""
    told = {"code": code, "message": text or WORDS.get(code, "Error"), "request_id": secrets.token_hex(12)}
    return web.json_response({**told, "data": data or {}})


def done(**data: Any) -> web.Response:
    """Answer a call that was done."""
    return answer(0, data)
