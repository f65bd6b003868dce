"""HTTP going out: one client for providers and subscribers, on libcurl's multi interface.

libcurl keeps connections, bounds times and sizes, and costs a quarter of what clients written in Python do. One easy
handle is one request; what comes of it is called back. Every URL passes the address guard (`tidings.wire.guard`), that
of a redirect too.
"""

import asyncio
import select
from collections.abc import Mapping

import pycurl

from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply, T, hold, same_origin
from tidings.wire.guard import Guard, Passage
from tidings.wire.transfer import Done, Result, Transfer

__all__ = ["Done", "Http", "Result"]

LARGEST_REPLY = 64 * 2**20
"""Octets of a provider's reply, media included."""
MOST_REDIRECTS = 5
MOST_IDLE = 256
"""How many handles are kept that do nothing; to make one costs more than to use it again."""

_EVENTS = {
    select.EPOLLIN: pycurl.CSELECT_IN,
    select.EPOLLOUT: pycurl.CSELECT_OUT,
    select.EPOLLIN | select.EPOLLOUT: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
    0: pycurl.CSELECT_ERR,
}
_KNOWN = select.EPOLLIN | select.EPOLLOUT


class Http:
    """The client. It belongs to the event loop that made it."""

    def __init__(self, *, user_agent: str, guard: Guard | None = None, connections: int = 10_000) -> None:
        self._loop = asyncio.get_running_loop()
        self._user_agent = user_agent
        self._guard = guard or Guard()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._ready)
        self._watched: set[int] = set()
        """Sockets that libcurl wants to hear of."""
        self._timer: asyncio.Handle | None = None
        self._idle: list[Transfer] = []
        self._busy: dict[pycurl.Curl, Transfer] = {}
        self._finding: set[asyncio.Task[None]] = set()
        """Requests whose way is not known yet."""

    def request(
        self,
        method: str,
        url: str,
        headers: list[str],
        body: bytes,
        done: Done,
        *,
        timeout: float,
        keep: int = LARGEST_REPLY,
        bound: int = LARGEST_REPLY,
    ) -> None:
        """Make a request; `done` is called with what comes of it, never before this returns. No redirect is followed.

        `timeout` is in seconds for the whole of it; `keep` octets of the reply are kept, one above `bound` is an error.
        """
        transfer = self._idle.pop() if self._idle else Transfer(self._guard)
        transfer.begin(done, keep, bound)
        curl = transfer.curl
        try:
            curl.setopt(pycurl.URL, url)
            if method == "POST" or body:
                curl.setopt(pycurl.POST, 1)
                curl.setopt(pycurl.POSTFIELDS, body)
            else:
                curl.setopt(pycurl.HTTPGET, 1)
            curl.setopt(pycurl.CUSTOMREQUEST, method)
            curl.setopt(pycurl.HTTPHEADER, [*headers, f"User-Agent: {self._user_agent}", "Expect:"])
            curl.setopt(pycurl.TIMEOUT_MS, round(timeout * 1000))
        except (pycurl.error, ValueError, UnicodeError) as error:
            self._turn_away(transfer, "url", str(error))
            return
        passage = self._guard.known(url)
        if passage is not None:
            self._send(transfer, passage)
            return
        finding = self._loop.create_task(self._find_and_send(transfer, url, timeout))
        self._finding.add(finding)
        finding.add_done_callback(self._finding.discard)

    async def _find_and_send(self, transfer: Transfer, url: str, timeout: float) -> None:
        begun = self._loop.time()
        passage = await self._guard.find(url, timeout=timeout)
        transfer.waited = self._loop.time() - begun
        transfer.curl.setopt(pycurl.TIMEOUT_MS, max(1, round((timeout - transfer.waited) * 1000)))
        self._send(transfer, passage)

    def _send(self, transfer: Transfer, passage: Passage) -> None:
        if passage.error:
            self._turn_away(transfer, passage.error, passage.why)
            return
        transfer.pass_by(passage)
        self._busy[transfer.curl] = transfer
        self._multi.add_handle(transfer.curl)

    def _turn_away(self, transfer: Transfer, error: str, why: str) -> None:
        """Say that a request was not made, and why."""
        done, transfer.done = transfer.done, None
        took = round(transfer.waited * 1000)
        self._keep(transfer)
        if done is not None:
            self._loop.call_soon(done, Result(0, took, error=error, why=why, sent=False))

    async def fetch(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        timeout: float,
        follow: bool = False,
    ) -> Result:
        """Make a request and wait for what comes of it; `timeout` is in seconds, redirects included.

        Redirects of a GET are followed where that is wanted. Headers stay with the first origin: any may be a secret.
        """
        until = self._loop.time() + timeout
        result = await self._fetch(method, url, headers, body, timeout)
        if not follow or method != "GET":
            return result
        for _ in range(MOST_REDIRECTS):
            if not result.onward:
                return result
            headers = headers if same_origin(url, result.onward) else {}
            url, left = result.onward, max(0.001, until - self._loop.time())
            result = await self._fetch(method, url, headers, b"", left)
        if not result.onward:
            return result
        return Result(0, result.took_ms, error="redirects", why=f"It was redirected more than {MOST_REDIRECTS} times.")

    async def _fetch(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Result:
        future: asyncio.Future[Result] = self._loop.create_future()

        def done(result: Result) -> None:
            if not future.done():
                future.set_result(result)

        lines = [f"{name}: {value}" for name, value in headers.items()]
        self.request(method, url, lines, body, done, timeout=timeout)
        return await future

    async def why_refused(self, url: str, *, timeout: float) -> str:
        """Say why a URL may not be gone to, as far as that is known within `timeout` seconds; empty where it may.

        A name that cannot be looked up now may be one later, so it is not refused.
        """
        passage = await self._guard.find(url, timeout=timeout)
        return "" if passage.error == "dns" else passage.why

    async def carry(self, exchange: Exchange[T], *, timeout: float = 30.0) -> T:
        """Hold a connector's conversation with its provider; `timeout` seconds for each call."""
        return await hold(exchange, lambda call: self.call(call, timeout=timeout))

    async def call(self, call: Call, *, timeout: float) -> Reply:
        """Make one of its calls; raises NoReply, which knows whether the request went out."""
        result = await self.fetch(call.method, call.url, call.headers, call.body, timeout=timeout, follow=call.follow)
        if result.error:
            raise NoReply(result.why, taken=result.sent, error=result.error)
        return Reply(status=result.status, headers=result.headers, body=result.body)

    async def close(self) -> None:
        """Drop what is under way and close every connection."""
        if self._timer is not None:
            self._timer.cancel()
        for finding in self._finding:
            finding.cancel()
        self._guard.close()
        for curl in tuple(self._busy):
            self._multi.remove_handle(curl)
        self._busy.clear()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        for transfer in self._idle:
            transfer.curl.close()
        self._idle.clear()
        self._multi.close()

    # -- libcurl's sockets and its one timer, on our event loop ---------------------------------------------------
    # The sockets stand in an epoll set of their own, which the event loop watches as one. To have the loop watch each
    # of them would cost a third of what a request costs.

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            # It stays in the epoll set: a kept connection is wanted again soon, and a closed one leaves by itself.
            self._watched.discard(descriptor)
            return
        self._watched.add(descriptor)
        mask = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        try:
            self._epoll.modify(descriptor, mask)
        except FileNotFoundError:
            self._epoll.register(descriptor, mask)

    def _ready(self) -> None:
        """Let libcurl act on every socket that is ready."""
        for descriptor, mask in self._epoll.poll(0):
            if descriptor not in self._watched:
                # A kept connection that the other side has closed; libcurl sees it when it wants it again.
                self._epoll.unregister(descriptor)
                continue
            self._multi.socket_action(descriptor, _EVENTS[mask & _KNOWN])
        self._collect()

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds == 0:
            self._timer = self._loop.call_soon(self._time)
        elif milliseconds > 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._time)

    def _time(self) -> None:
        """Let libcurl act on time: start what was asked for, end what took too long."""
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def _keep(self, transfer: Transfer) -> None:
        """Keep a handle for another request, if there are not enough of them."""
        if len(self._idle) < MOST_IDLE:
            self._idle.append(transfer)
        else:
            transfer.curl.close()

    def _collect(self) -> None:
        while True:
            left, good, bad = self._multi.info_read()
            for curl in good:
                self._finish(curl, 0, "")
            for curl, code, why in bad:
                self._finish(curl, code, why)
            if not left:
                return

    def _finish(self, curl: pycurl.Curl, code: int, why: str) -> None:
        transfer = self._busy.pop(curl)
        self._multi.remove_handle(curl)
        result = transfer.result(code, why)
        done, transfer.done = transfer.done, None
        self._keep(transfer)
        if done is not None:
            done(result)
