"""Answers of the Bot API, and the words of its errors."""

from typing import Any

from aiohttp import web

WORDS = {
    400: "Bad Request: chat not found",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    413: "Request Entity Too Large",
    429: "Too Many Requests: retry after 1",
    500: "Internal Server Error",
}
"""What an error says that is ordered by its code alone."""


class Wrong(Exception):
    """A call that is refused."""

    def __init__(self, text: str, code: int = 400, **parameters: int) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.parameters = parameters

    @property
    def answer(self) -> web.Response:
        """The refusal."""
        return refused(self.code, self.text, **self.parameters)


def done(result: Any, description: str = "") -> web.Response:
    """Answer a call that was done."""
    described = {"description": description} if description else {}
    return web.json_response({"ok": True, "result": result, **described})


def refused(code: int, text: str = "", **parameters: int) -> web.Response:
    """Refuse a call; the HTTP status is the code."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": text or WORDS.get(code, "Error")}
    if parameters:
        body["parameters"] = parameters
    return web.json_response(body, status=code)
