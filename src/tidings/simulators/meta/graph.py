"""The Graph API's errors, and the signature of its webhooks."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tidings.simulators.simulator import Post

TITLES = {
    1: "An unknown error has occurred",
    2: "Service temporarily unavailable",
    4: "Application request limit reached",
    10: "Application does not have permission for this action",
    100: "Invalid parameter",
    190: "Invalid OAuth access token",
    368: "The action attempted has been deemed abusive or is otherwise disallowed",
    551: "This person isn't available right now",
    613: "Calls to this API have exceeded the rate limit",
    10900: "Activity already replied to",
}

_SERVER_SIDE = frozenset({1, 2, 1200})
"""Codes that come with a 5xx; the others with 400, and that of a bad token with 401."""

NO_OBJECT = (100, 33)
NO_PERSON = (100, 2018001)
BLOCKED = (551, 1545041)
OUTSIDE_WINDOW = (10, 2018278)
OUTSIDE_WINDOW_ON_INSTAGRAM = (10, 2534022)


def refusal(
    code: int, subcode: int = 0, text: str = "", *, status: int = 0, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with an error; the HTTP status is the usual one of the code where none is given."""
    told: dict[str, Any] = {
        "message": f"(#{code}) {text or TITLES.get(code, 'Error')}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": secrets.token_urlsafe(12),
    }
    if subcode:
        told["error_subcode"] = subcode
    status = status or (401 if code == 190 else 500 if code in _SERVER_SIDE else 400)
    return web.json_response({"error": told}, status=status, headers=headers)


def coded(code: str) -> web.Response:
    """Answer with an error that is written as its code, or as code and subcode, `10/2018278`."""
    number, _, below = code.partition("/")
    return refusal(int(number or 1), int(below or 0))


def signed(url: str, notice: Mapping[str, Any], app_secret: str) -> Post:
    """Write a webhook down, and sign it; what is not ASCII is escaped, as Meta does."""
    body = json.dumps(notice, separators=(",", ":")).encode()
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return Post(url, body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"})
