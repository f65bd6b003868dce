"""Mail going out: one SMTP transaction for each call (RFC 6409, RFC 5321), over connections that are kept.

A call `MAIL` to `smtp://host:port` or `smtps://host:port` has the envelope in its headers and the mail as its body:

* `sender`, and `recipients` as a JSON array: the envelope, as SMTP writes addresses;
* `hello`: our name; `starttls`: `yes` or `no`; `authority`: a certificate (PEM) to check the server's by;
* `authorization`: `Basic …` for AUTH PLAIN or LOGIN, `Bearer …` with `user` for XOAUTH2;
* `utf8`: whether addresses need SMTPUTF8; `whole-or-none`: whether nobody is sent anything while one must wait;
* `envelope-id` (xtext), `notify`, `return`: what is asked of delivery status notifications (RFC 3461).

The reply's status is the code that decided it, and its body a JSON object: `code`, `text`, the `step` that it answered
and each recipient's own `code` and `text`. Other calls of the same conversation go over HTTP.
"""

from typing import Any

from tidings.model.exchange import Call, Exchange, Reply, T, hold
from tidings.wire.http import Http
from tidings.wire.reaching import Reach
from tidings.wire.smtp.pool import Pool


class Smtp:
    """The wire of channels whose mail goes out by SMTP."""

    def __init__(self, reach: Reach, http: Http) -> None:
        self._reach = reach
        self._http = http
        self._pools: dict[str, Pool] = {}

    async def open(self, channel: Any, connector: Any) -> None:
        """Connections are made when there is mail."""

    async def close(self, channel: str) -> None:
        """Say goodbye to a channel's mail server."""
        if (pool := self._pools.pop(channel, None)) is not None:
            await pool.close()

    async def carry(self, channel: Any, exchange: Exchange[T], *, timeout: float) -> T:
        """Hold a connector's conversation with a channel's mail server; `timeout` seconds for each call."""
        return await hold(exchange, lambda call: self._answer(channel.id, call, timeout))

    async def _answer(self, channel: str, call: Call, timeout: float) -> Reply:
        if call.method != "MAIL":
            return await self._http.call(call, timeout=timeout)
        pool = self._pools.setdefault(channel, Pool(self._reach))
        return await pool.submit(call, timeout)
