"""Callbacks that are proven by a name and a password in their URL (HTTP Basic, RFC 7617), or a secret in a header."""

import hmac
from base64 import b64encode

from tidings.model.exchange import Callback
from tidings.model.secrets import Secret


def basic(login: str) -> str:
    """Write credentials, `user:password`, as they stand in the header."""
    return f"Basic {b64encode(login.encode()).decode()}"


def is_shown(callback: Callback, header: str, value: str) -> bool:
    """Whether a callback has exactly this in a header; in constant time."""
    given = callback.headers.get(header.lower(), "")
    return hmac.compare_digest(given.encode("utf-8", "replace"), value.encode())


def has_secret(callback: Callback, header: str, secret: Secret | None) -> bool:
    """Whether a callback brings a secret in a header; nobody has one that is not set."""
    return secret is not None and bool(secret.reveal()) and is_shown(callback, header, secret.reveal())


def is_logged_in(callback: Callback, login: Secret | None) -> bool:
    """Whether a callback comes with these credentials; nobody has those that are not set."""
    return login is not None and bool(login.reveal()) and is_shown(callback, "authorization", basic(login.reveal()))
