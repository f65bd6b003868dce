"""Where a URL leads, and whether the hub may go there: its address guard, as far as that needs no network.

A URL is read strictly. What two programs could read differently is refused, so that what is judged here is what is
connected to in the end.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from tidings.model.errors import TidingsError
from tidings.rules.networks import Address, Network, is_within, kind_of

LONGEST: Final = 8192
"""Characters of a URL."""
LARGEST_PORT: Final = 65_535

BLOCKED_PORTS: Final = {
    **dict.fromkeys((20, 21), "FTP"),
    22: "SSH",
    23: "Telnet",
    **dict.fromkeys((25, 465, 587, 2525), "SMTP"),
    53: "DNS",
    **dict.fromkeys((110, 995), "POP3"),
    **dict.fromkeys((119, 563), "NNTP"),
    **dict.fromkeys((143, 993), "IMAP"),
    **dict.fromkeys((389, 636), "LDAP"),
    445: "SMB",
    514: "remote shells",
    515: "printers",
    6379: "Redis",
    **dict.fromkeys((*range(6665, 6670), 6697), "IRC"),
    11211: "memcached",
}
"""Where other protocols listen, most of which take lines of text for commands, those of an HTTP request too. Browsers
refuse such ports for the same reason (https://fetch.spec.whatwg.org/#port-blocking)."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<authority>(?:\[(?P<literal>[0-9a-f:.]+)\]|(?P<host>[a-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?)"
    r"(?:[/?].*)?",
    re.ASCII | re.IGNORECASE,
)
_FORBIDDEN: Final = re.compile(r"[^\x21-\x5b\x5d-\x7e]")
"""Spaces, control characters, what is not ASCII, and the backslash, which some programs take for a slash."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_LONGEST_NAME: Final = 253
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
"""A last label that makes programs take a name for an address (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
_LOCAL_ENDS: Final = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan"}
)
"""Last labels of names that are never everybody's (RFC 6761, RFC 6762, and what networks commonly use)."""
_HOME: Final = ".home.arpa"
"""Names of a household, RFC 8375."""
_HOW_TO_ALLOW: Final = "whoever runs the hub can allow networks of their own with TIDINGS_ALLOW_NETWORKS"


class NotAllowed(TidingsError):
    """The hub does not go there; `code` is `url` where it cannot be read at all, else `refused-address`."""

    def __init__(self, why: str, code: str = "refused-address") -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class Place(Struct, frozen=True):
    """Where a URL leads, as far as it says."""

    scheme: str
    host: str
    """A name in lower case, or an address without brackets."""
    port: int
    address: Address | None = None
    """The address that stands in the URL; None where a name does."""

    @property
    def is_local(self) -> bool:
        """Whether its name is never a name of everybody's internet: without a dot, or ending as such names do."""
        if self.address is not None:
            return False
        last = self.host.rpartition(".")[2]
        return last == self.host or last in _LOCAL_ENDS or self.host.endswith(_HOME)


class Bounds(Struct, frozen=True):
    """How far the hub goes: public addresses by https, and what whoever runs it allows beside."""

    networks: tuple[Network, ...] = ()
    http: bool = False
    """Whether plain http may go to public addresses; to the networks it may always."""

    def judge(self, place: Place) -> None:
        """Judge a place as far as that can be done without looking its name up; raises NotAllowed."""
        if protocol := BLOCKED_PORTS.get(place.port):
            raise NotAllowed(f"Port {place.port} belongs to {protocol}, not to HTTP.")
        if place.address is not None:
            self.judge_addresses(place, [place.address])
        elif not self.networks:
            if place.is_local:
                raise NotAllowed(f"{place.host} is a local name; {_HOW_TO_ALLOW}.")
            self._judge_scheme(place)

    def judge_addresses(self, place: Place, addresses: Iterable[Address]) -> None:
        """Judge all addresses that a place has; raises NotAllowed where any of them is not allowed.

        The address itself is not told: it could be an answer of a name server that only the hub can ask.
        """
        for address in addresses:
            if is_within(address, self.networks):
                continue
            if kind := kind_of(address):
                leads = "is" if place.address is not None else "leads to"
                raise NotAllowed(f"{place.host} {leads} {kind}; {_HOW_TO_ALLOW}.")
            if place.is_local:
                raise NotAllowed(f"{place.host} is a local name, but leads out of the networks that are allowed.")
            self._judge_scheme(place)

    def lets_connect(self, address: Address) -> bool:
        """Whether a connection to an address may be made, whatever the name is."""
        return not kind_of(address) or is_within(address, self.networks)

    def _judge_scheme(self, place: Place) -> None:
        if place.scheme != "https" and not self.http:
            raise NotAllowed("The URL must begin with https://; plain http is not allowed here.")


def place_of(url: str) -> Place:
    """Say where a URL leads; raises NotAllowed where it is no http or https URL, or could be read in two ways."""
    if len(url) > LONGEST:
        raise NotAllowed(f"A URL has at most {LONGEST} characters.", "url")
    if _FORBIDDEN.search(url):
        raise NotAllowed(
            "A URL is written in printable ASCII without spaces and backslashes; other characters are percent-encoded, "
            "and a name in other letters is written as xn--….",
            "url",
        )
    found = _URL.fullmatch(url)
    if found is None:
        raise NotAllowed(_why_unreadable(url), "url")
    scheme = found["scheme"].lower()
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port <= LARGEST_PORT:
        raise NotAllowed(f"A port is between 1 and {LARGEST_PORT}.", "url")
    if found["literal"]:
        return _place_of_literal(scheme, found["literal"], port)
    return _place_of_name(scheme, found["host"].lower(), port)


def _why_unreadable(url: str) -> str:
    scheme, colon, rest = url.partition("://")
    if not colon or scheme.lower() not in _DEFAULT_PORTS:
        return "A URL begins with https:// (or http://, where that is allowed)."
    if "@" in re.split("[/?#]", rest, maxsplit=1)[0]:
        return "A URL has no user or password before its host."
    return "A URL names its host by letters, digits, dots and hyphens, or by its address; a slash begins what follows."


def _place_of_literal(scheme: str, text: str, port: int) -> Place:
    try:
        address = ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != 6:
        raise NotAllowed("What stands in brackets is no IPv6 address.", "url")
    return Place(scheme, str(address), port, address)


def _place_of_name(scheme: str, host: str, port: int) -> Place:
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return Place(scheme, host, port, ip_address(host))
        except ValueError:
            raise NotAllowed("An IPv4 address is written as four decimal numbers without leading zeros.") from None
    if len(host) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise NotAllowed("The host is no name: parts of 1 to 63 letters, digits and hyphens, with dots between.", "url")
    return Place(scheme, host, port)
