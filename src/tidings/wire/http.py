"""HTTP going out: one client for providers and subscribers, on libcurl's multi interface.

libcurl keeps connections, bounds times and sizes, follows no redirect that it is not told to, and costs a quarter of
what clients written in Python do. One easy handle is one request; what comes of it is called back.
"""

import asyncio
import select
from collections.abc import Callable, Mapping

import certifi
import pycurl
from msgspec import Struct

from tidings.model.errors import NoReply
from tidings.model.exchange import Call, Exchange, Reply, T

LARGEST_REPLY = 64 * 2**20
"""Octets of a provider's reply, media included."""

_ERRORS = {
    pycurl.E_COULDNT_RESOLVE_HOST: "dns",
    pycurl.E_COULDNT_CONNECT: "connect",
    pycurl.E_OPERATION_TIMEDOUT: "timeout",
    pycurl.E_SSL_CONNECT_ERROR: "tls",
    pycurl.E_PEER_FAILED_VERIFICATION: "tls",
    pycurl.E_SSL_CERTPROBLEM: "tls",
    pycurl.E_URL_MALFORMAT: "url",
    pycurl.E_UNSUPPORTED_PROTOCOL: "url",
    pycurl.E_WRITE_ERROR: "too-large",
}


_EVENTS = {
    select.EPOLLIN: pycurl.CSELECT_IN,
    select.EPOLLOUT: pycurl.CSELECT_OUT,
    select.EPOLLIN | select.EPOLLOUT: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
    0: pycurl.CSELECT_ERR,
}
_KNOWN = select.EPOLLIN | select.EPOLLOUT


class Result(Struct):
    """What came of a request: a status, or an error where no whole answer came."""

    status: int
    took_ms: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    """Names in lower case; the last of each name."""
    error: str = ""
    """`dns`, `connect`, `tls`, `timeout`, `reset`, `too-large` or `url`."""
    why: str = ""
    sent: bool = True
    """Whether the request may have reached the other side."""


Done = Callable[[Result], None]


class _Request:
    """One easy handle, used again and again."""

    def __init__(self) -> None:
        self.curl = pycurl.Curl()
        self.done: Done | None = None
        self.kept = bytearray()
        self.keep = 0
        self.bound = 0
        self.size = 0
        self.lines: list[bytes] = []
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CAINFO, certifi.where())
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.MAXREDIRS, 5)
        curl.setopt(pycurl.TCP_NODELAY, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self._take)
        curl.setopt(pycurl.HEADERFUNCTION, self.lines.append)

    def _take(self, data: bytes) -> int | None:
        self.size += len(data)
        if self.size > self.bound:
            return 0
        if len(self.kept) < self.keep:
            self.kept += data[: self.keep - len(self.kept)]
        return None

    def result(self, code: int, why: str) -> Result:
        """Say what came of it."""
        curl = self.curl
        took = round(curl.getinfo(pycurl.TOTAL_TIME) * 1000)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if code == 0:
            return Result(status, took, bytes(self.kept), _headers(self.lines))
        error = _ERRORS.get(code, "reset")
        # The head of the request counts from when it was written to the socket.
        return Result(0, took, error=error, why=why, sent=curl.getinfo(pycurl.REQUEST_SIZE) > 0)


class Http:
    """The client. It belongs to the event loop that made it."""

    def __init__(self, *, user_agent: str, connections: int = 10_000) -> None:
        self._loop = asyncio.get_running_loop()
        self._user_agent = user_agent
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._epoll = select.epoll()
        self._loop.add_reader(self._epoll.fileno(), self._ready)
        self._watched: set[int] = set()
        """Sockets that libcurl wants to hear of."""
        self._timer: asyncio.Handle | None = None
        self._idle: list[_Request] = []
        self._busy: dict[pycurl.Curl, _Request] = {}

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
        follow: bool = False,
    ) -> None:
        """Make a request; `done` is called with what comes of it, never before this returns.

        `timeout` is in seconds for the whole of it; `keep` octets of the reply are kept, one above `bound` is an error.
        """
        request = self._idle.pop() if self._idle else _Request()
        request.done, request.keep, request.bound, request.size = done, keep, bound, 0
        request.kept.clear()
        request.lines.clear()
        curl = request.curl
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
            curl.setopt(pycurl.FOLLOWLOCATION, follow)
        except (pycurl.error, ValueError, UnicodeError) as error:
            self._idle.append(request)
            self._loop.call_soon(done, Result(0, 0, error="url", why=str(error), sent=False))
            return
        self._busy[curl] = request
        self._multi.add_handle(curl)

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
        """Make a request and wait for what comes of it."""
        future: asyncio.Future[Result] = self._loop.create_future()

        def done(result: Result) -> None:
            if not future.done():
                future.set_result(result)

        lines = [f"{name}: {value}" for name, value in headers.items()]
        self.request(method, url, lines, body, done, timeout=timeout, follow=follow)
        return await future

    async def carry(self, exchange: Exchange[T], *, timeout: float = 30.0) -> T:
        """Hold a connector's conversation with its provider; `timeout` seconds for each call."""
        try:
            call = next(exchange)
            while True:
                result = await self._call(call, timeout)
                if result.error:
                    call = exchange.throw(NoReply(result.why, taken=result.sent, error=result.error))
                else:
                    call = exchange.send(Reply(status=result.status, headers=result.headers, body=result.body))
        except StopIteration as end:
            value: T = end.value
            return value

    async def _call(self, call: Call, timeout: float) -> Result:
        return await self.fetch(call.method, call.url, call.headers, call.body, timeout=timeout, follow=call.follow)

    async def close(self) -> None:
        """Drop what is under way and close every connection."""
        if self._timer is not None:
            self._timer.cancel()
        for curl in tuple(self._busy):
            self._multi.remove_handle(curl)
        self._busy.clear()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        for request in self._idle:
            request.curl.close()
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
        request = self._busy.pop(curl)
        self._multi.remove_handle(curl)
        result = request.result(code, why)
        done, request.done = request.done, None
        self._idle.append(request)
        if done is not None:
            done(result)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        elif line.startswith(b"HTTP/"):
            headers.clear()
    return headers
