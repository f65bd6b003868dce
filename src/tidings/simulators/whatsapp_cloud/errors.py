"""Meta's errors, as answers and as webhooks tell them."""

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

TITLES = {
    33: "Parameter value is not valid",
    100: "Invalid parameter",
    190: "Error validating access token",
    130429: "Rate limit hit",
    130472: "User's number is part of an experiment",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131050: "Unable to deliver the message",
    131051: "Message type unknown",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131057: "Account in maintenance mode",
    132001: "Template name does not exist in the translation",
}

_SERVER_SIDE = frozenset({1, 2, 131000, 131016, 131057})
"""Codes that come with a 5xx; the others with 400, and those of a bad token with 401."""


def told_error(code: int) -> dict[str, Any]:
    """Write an error as a webhook tells it."""
    title = TITLES.get(code, "Error")
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": f"{title}."},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }


def refusal(
    code: int, details: str = "", *, status: int = 0, headers: Mapping[str, str] | None = None, **more: Any
) -> web.Response:
    """Answer with an error; the HTTP status is the usual one of the code where none is given."""
    title = TITLES.get(code, "Error")
    told = {
        "message": f"(#{code}) {title}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details or f"{title}."},
        **more,
        "fbtrace_id": secrets.token_urlsafe(12),
    }
    status = status or (401 if code in (0, 190) else 500 if code in _SERVER_SIDE else 400)
    return web.json_response({"error": told}, status=status, headers=headers)
