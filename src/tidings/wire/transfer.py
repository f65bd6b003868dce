"""One request on libcurl: its handle, and what came of it."""

import socket
from collections.abc import Callable, Mapping

import certifi
import pycurl
from msgspec import Struct

from tidings.wire.guard import Guard, Passage

FORGOTTEN_AFTER = 120
"""Seconds after which libcurl forgets the addresses it was told; longer than the guard thinks that it has them."""
BUFFER = 16 * 2**10
"""Octets, the least that libcurl allows. A request stays in one until its answer comes, and by itself libcurl takes
64 KiB: too much where thousands of endpoints hang."""

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
_NO_SOCKET: int = pycurl.SOCKET_BAD


class Result(Struct):
    """What came of a request: a status, or an error where no whole answer came."""

    status: int
    took_ms: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    """Names in lower case; the last of each name."""
    error: str = ""
    """`dns`, `connect`, `tls`, `timeout`, `reset`, `too-large`, `redirects`, `url` or `refused-address`."""
    why: str = ""
    sent: bool = True
    """Whether the request may have reached the other side."""
    onward: str = ""
    """Where a redirect leads, as a whole URL."""


Done = Callable[[Result], None]


class Transfer:
    """One easy handle, used again and again."""

    def __init__(self, guard: Guard) -> None:
        self.curl = pycurl.Curl()
        self.done: Done | None = None
        self.passage = Passage()
        self.waited = 0.0
        """Seconds before libcurl had it, while a name was looked up."""
        self.kept = bytearray()
        self.keep = 0
        self.bound = 0
        self.size = 0
        self.lines: list[bytes] = []
        self._guard = guard
        self._refused = False
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.CAINFO, certifi.where())
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        # A proxy would look names up for us. Where none is named, libcurl takes one from the environment.
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, FORGOTTEN_AFTER)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self._open)
        curl.setopt(pycurl.UPLOAD_BUFFERSIZE, BUFFER)
        curl.setopt(pycurl.TCP_NODELAY, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self._take)
        curl.setopt(pycurl.HEADERFUNCTION, self.lines.append)

    def begin(self, done: Done, keep: int, bound: int) -> None:
        """Be ready for another request."""
        self.done, self.keep, self.bound = done, keep, bound
        self.size, self.waited, self._refused = 0, 0.0, False
        self.kept.clear()
        self.lines.clear()

    def pass_by(self, passage: Passage) -> None:
        """Go by a way that the guard has found."""
        self.passage = passage
        if not passage.is_pinned:
            self.curl.setopt(pycurl.RESOLVE, passage.pin)

    def result(self, code: int, why: str) -> Result:
        """Say what came of it."""
        curl = self.curl
        took = round((curl.getinfo(pycurl.TOTAL_TIME) + self.waited) * 1000)
        if code == 0:
            # Once a request has come through, libcurl has taken the addresses in.
            self.passage.is_pinned = True
            status = curl.getinfo(pycurl.RESPONSE_CODE)
            onward = _onward(curl) if 300 <= status < 400 else ""
            return Result(status, took, bytes(self.kept), _headers(self.lines), onward=onward)
        if self._refused and code == pycurl.E_COULDNT_CONNECT:
            return Result(0, took, error="refused-address", why="The address is not allowed.", sent=False)
        # The head of the request counts from when it was written to the socket.
        sent = curl.getinfo(pycurl.REQUEST_SIZE) > 0
        return Result(0, took, error=_ERRORS.get(code, "reset"), why=why, sent=sent)

    def _take(self, data: bytes) -> int | None:
        self.size += len(data)
        if self.size > self.bound:
            return 0
        if len(self.kept) < self.keep:
            self.kept += data[: self.keep - len(self.kept)]
        return None

    def _open(self, _purpose: int, peer: "pycurl.CurlSockAddr") -> "_Lent | int":
        """Give libcurl a socket for an address it is about to connect to, if it may."""
        address = peer.addr[0] if peer.family in (socket.AF_INET, socket.AF_INET6) else ""
        if not self._guard.lets_connect(address):
            self._refused = True
            return _NO_SOCKET
        try:
            return _Lent(socket.socket(peer.family, peer.socktype, peer.protocol))
        except OSError:  # too many are open
            return _NO_SOCKET


class _Lent:
    """A socket of which libcurl gets a duplicate as soon as we have handed it over; ours is closed at once then.

    Were it open longer, the epoll set would keep hearing of a connection that libcurl has closed.
    """

    def __init__(self, lent: socket.socket) -> None:
        self._lent = lent
        self.fileno = lent.fileno

    def __del__(self) -> None:
        self._lent.close()


def _onward(curl: pycurl.Curl) -> str:
    return (curl.getinfo_raw(pycurl.REDIRECT_URL) or b"").decode("latin-1").partition("#")[0]


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        elif line.startswith(b"HTTP/"):
            headers.clear()
    return headers
