"""Carrying a connector's exchange over real sockets, for tests of connectors against simulators."""

import contextlib
from typing import TypeVar

import aiohttp

from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply

T = TypeVar("T")


async def carry(exchange: Exchange[T], *, session: aiohttp.ClientSession | None = None) -> T:
    """Make every call of an exchange and give what it returns; NoReply is thrown into it where no answer comes."""
    async with contextlib.AsyncExitStack() as stack:
        if session is None:
            timeout = aiohttp.ClientTimeout(total=5)
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        try:
            call = next(exchange)
            while True:
                try:
                    reply = await _make(call, session)
                except NoReply as silence:
                    call = exchange.throw(silence)
                else:
                    call = exchange.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result


async def _make(call: Call, session: aiohttp.ClientSession) -> Reply:
    try:
        async with session.request(
            call.method, call.url, data=call.body or None, headers=dict(call.headers), allow_redirects=call.follow
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(status=response.status, headers=headers, body=await response.read())
    except aiohttp.ClientConnectorError as error:
        raise NoReply(str(error), taken=False, error="connect") from error
    except TimeoutError as error:
        raise NoReply("no answer in time", taken=True, error="timeout") from error
    except aiohttp.ClientError as error:
        raise NoReply(str(error), taken=True, error="reset") from error
