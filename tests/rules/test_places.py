"""URLs read strictly, and places judged without a network."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.documents import ROOT
from tidings.rules.networks import read_networks
from tidings.rules.places import BLOCKED_PORTS, LONGEST, Bounds, NotAllowed, Place, place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://example.com", Place("https", "example.com", 443)),
        ("https://example.com?token=1", Place("https", "example.com", 443)),
        ("HTTP://Example.COM:8080/a/b?c=@d#e", Place("http", "example.com", 8080)),
        ("https://xn--bcher-kva.example/", Place("https", "xn--bcher-kva.example", 443)),
        ("https://a_b.example-c.com:065/", Place("https", "a_b.example-c.com", 65)),
        ("https://4.example/", Place("https", "4.example", 443)),
        ("https://0xa.de/", Place("https", "0xa.de", 443)),
        ("https://8.8.8.8/", Place("https", "8.8.8.8", 443, IPv4Address("8.8.8.8"))),
        ("https://[2A00::1]:1/", Place("https", "2a00::1", 1, IPv6Address("2a00::1"))),
    ],
)
def test_a_url_says_where_it_leads(url: str, place: Place) -> None:
    assert place_of(url) == place


@pytest.mark.parametrize(
    ("url", "code", "why"),
    [
        ("", "url", "begins with https://"),
        ("example.com", "url", "begins with https://"),
        ("ftp://example.com/", "url", "begins with https://"),
        ("https://me@example.com/", "url", "no user or password"),
        ("https://example.com/é", "url", "xn--"),
        ("https://example.com\\x", "url", "backslashes"),
        ("https://example.com:x/", "url", "names its host"),
        ("https://example.com#a@b", "url", "names its host"),
        ("https://example.com:65536/", "url", "65535"),
        ("https://example.com:0/", "url", "65535"),
        ("https://[::x]/", "url", "names its host"),
        ("https://[1::2::3]/", "url", "no IPv6 address"),
        ("https://[1.2.3.4]/", "url", "no IPv6 address"),
        ("https://example.com./", "url", "no name"),
        ("https://127.1/", "refused-address", "four decimal numbers"),
        ("https://x" + "a" * LONGEST, "url", str(LONGEST)),
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused_with_a_reason(url: str, code: str, why: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        place_of(url)
    assert refused.value.code == code
    assert why in refused.value.why


@given(st.text() | st.from_regex(r"https?://[ -~]*", fullmatch=True))
@example("http://good@bad")
def test_whatever_is_read_is_read_alike_by_others(url: str) -> None:
    """Python's own reading and the pattern of RFC 3986 stand for other programs."""
    try:
        place = place_of(url)
    except NotAllowed:
        return
    parts = urlsplit(url)
    assert parts.username is None
    assert (parts.scheme, parts.port or {"http": 80, "https": 443}[place.scheme]) == (place.scheme, place.port)
    assert parts.hostname is not None
    assert place.address == ip_address(parts.hostname) if place.address else place.host == parts.hostname


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("router", True),
        ("printer.local", True),
        ("metadata.google.internal", True),
        ("nas.home.arpa", True),
        ("example.com", False),
        ("internal.example.com", False),
        ("home.arpa.example", False),
        ("127.0.0.1", False),
    ],
)
def test_a_local_name_is_known(host: str, is_local: bool) -> None:
    assert place_of(f"https://{host}/").is_local is is_local


def judged(bounds: Bounds, url: str, *addresses: str) -> str:
    place = place_of(url)
    try:
        bounds.judge(place)
        bounds.judge_addresses(place, map(ip_address, addresses))
    except NotAllowed as refused:
        return refused.why
    return ""


HERE = Bounds(read_networks("127.0.0.0/8"))


@pytest.mark.parametrize(
    ("bounds", "url", "addresses", "why"),
    [
        (Bounds(), "https://example.com/", ("8.8.8.8",), ""),
        (Bounds(), "http://example.com/", (), "must begin with https://"),
        (Bounds(http=True), "http://example.com/", ("8.8.8.8",), ""),
        (Bounds(http=True), "http://example.com/", ("8.8.8.8", "10.0.0.1"), "leads to a private address"),
        (Bounds(), "https://10.0.0.1/", (), "10.0.0.1 is a private address"),
        (Bounds(), "https://localhost/", (), "is a local name"),
        (HERE, "http://localhost/", ("127.0.0.1",), ""),
        (HERE, "http://localhost/", ("127.0.0.1", "::1"), "leads to a loopback address"),
        (HERE, "https://router/", ("8.8.8.8",), "leads out of the networks"),
        (HERE, "http://example.com/", ("127.0.0.1",), ""),
        (HERE, "http://example.com/", ("127.0.0.1", "8.8.8.8"), "must begin with https://"),
        (HERE, "http://127.0.0.1/", (), ""),
        (HERE, "http://127.0.0.1:25/", (), "Port 25 belongs to SMTP"),
    ],
)
def test_a_place_is_judged_by_all_of_its_addresses(
    bounds: Bounds, url: str, addresses: tuple[str, ...], why: str
) -> None:
    told = judged(bounds, url, *addresses)
    assert (why in told) if why else told == ""


def test_who_is_refused_is_told_what_can_be_done() -> None:
    assert "TIDINGS_ALLOW_NETWORKS" in judged(Bounds(), "https://10.0.0.1/")


@pytest.mark.parametrize(("port", "protocol"), BLOCKED_PORTS.items())
def test_ports_of_other_protocols_are_refused_everywhere(port: int, protocol: str) -> None:
    for host in ("example.com", "127.0.0.1"):
        assert judged(HERE, f"https://{host}:{port}/") == f"Port {port} belongs to {protocol}, not to HTTP."


@pytest.mark.parametrize("port", [80, 443, 8080, 8443, 9200, 65535])
def test_other_ports_are_not(port: int) -> None:
    assert judged(Bounds(), f"https://example.com:{port}/") == ""


def test_a_connection_is_let_where_an_address_is_public_or_allowed() -> None:
    assert [HERE.lets_connect(ip_address(each)) for each in ("8.8.8.8", "127.0.0.9", "10.0.0.1", "::1")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_blocked_ports_are_those_that_the_documents_name() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    listed = re.search(r"ports that belong to other protocols: ([\d,–\s]+);", text)
    assert listed is not None
    spans = [[int(port) for port in each.split("–")] for each in listed[1].split(",")]
    assert {port for span in spans for port in range(span[0], span[-1] + 1)} == BLOCKED_PORTS.keys()
