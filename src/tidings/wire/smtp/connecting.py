"""Connecting to a mail server: TLS, and logging in."""

import binascii
import ssl
from base64 import b64decode
from typing import Final
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPResponseException

from tidings.model.exchange import Call
from tidings.wire.reaching import Reach
from tidings.wire.smtp.answers import Refusal, sound

_PORTS: Final = {"smtp": 587, "smtps": 465}


def likeness(call: Call) -> tuple[str, ...]:
    """Say what connection a call needs: one that was made for another call with the same will do."""
    names = ("hello", "starttls", "authority", "authorization", "user")
    return (call.url, *(call.headers.get(name, "") for name in names))


async def connected(reach: Reach, call: Call) -> SMTP:
    """Connect, turn to TLS, and log in; raises Refusal where the server says no."""
    url, headers = urlsplit(call.url), call.headers
    implicit, host = url.scheme == "smtps", url.hostname or ""
    encrypted = implicit or headers.get("starttls") != "no"
    port = url.port or _PORTS[url.scheme]
    context = _context(headers.get("authority", "")) if encrypted else None
    made = await reach.connect(f"[{host}]" if ":" in host else host, port, encrypted=encrypted)
    smtp = SMTP(
        hostname=host,
        port=None,
        sock=made,
        use_tls=implicit,
        start_tls=encrypted and not implicit,
        tls_context=context,
        local_hostname=headers.get("hello") or "localhost",
        timeout=None,
    )
    try:
        await smtp.connect()
        await smtp.ehlo()
    except SMTPResponseException as error:
        made.close()
        raise Refusal(error.code, sound(str(error.message)), "greeting") from error
    except BaseException:
        made.close()
        raise
    try:
        await _log_in(smtp, headers.get("authorization", ""), headers.get("user", ""))
    except SMTPResponseException as error:
        smtp.close()
        raise Refusal(error.code, sound(str(error.message)), "auth") from error
    except BaseException:
        smtp.close()
        raise
    return smtp


async def _log_in(smtp: SMTP, authorization: str, user: str) -> None:
    kind, _, credentials = authorization.partition(" ")
    if not kind:
        return
    if not smtp.supports_extension("auth"):
        raise Refusal(530, "The mail server lets nobody log in.", "auth")
    if kind == "Bearer":
        await smtp.auth_xoauth2(user, credentials)
        return
    try:
        name, _, password = b64decode(credentials).decode().partition(":")
    except (binascii.Error, UnicodeError) as error:
        raise Refusal(535, "The credentials cannot be read.", "auth") from error
    await smtp.login(name, password)


def _context(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise Refusal(454, "The authority's certificate cannot be read.", "greeting") from error
