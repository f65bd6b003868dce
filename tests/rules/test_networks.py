"""Which addresses belong to everybody's internet, compared with what the standard library knows of the registries."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.networks import METADATA, Address, is_within, kind_of, plain, read_networks

V4 = st.ip_addresses(v=4)
SPECIAL_V4 = st.sampled_from(
    [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/29",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ]
).flatmap(lambda network: st.ip_addresses(network=network))
V6 = st.one_of(
    st.ip_addresses(v=6),
    st.ip_addresses(network="2000::/3"),
    st.sampled_from(
        [
            "::/96",
            "::ffff:0:0:0/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ]
    ).flatmap(lambda network: st.ip_addresses(network=network)),
)
EXTRA_V4 = [IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24")]
"""Refused though the library says that they are global: two anycast services, and relays that are gone."""


def is_public(address: Address) -> bool:
    return kind_of(address) == ""


@given(st.one_of(V4, SPECIAL_V4))
def test_an_address_of_the_older_protocol_is_public_where_the_registry_says_so(address: IPv4Address) -> None:
    is_global = address.is_global and not address.is_multicast and not address.is_reserved
    assert is_public(address) is (
        is_global and address not in METADATA and not any(address in network for network in EXTRA_V4)
    )


@given(V6)
def test_an_address_of_the_newer_protocol_is_public_only_where_the_registry_says_so(address: IPv6Address) -> None:
    if is_public(address) and address.ipv4_mapped is None and address not in ip_network("64:ff9b::/96"):
        assert address in ip_network("2000::/3")
        assert address.is_global
        assert [address.is_multicast, address.is_reserved, address.is_site_local] == [False, False, False]
        assert address.sixtofour is None
        assert address.teredo is None


@given(st.ip_addresses(network="2400::/6"))
def test_what_has_been_given_out_is_public(address: IPv6Address) -> None:
    assert is_public(address)


@given(st.one_of(V4, SPECIAL_V4))
def test_an_address_within_another_is_judged_as_itself(address: IPv4Address) -> None:
    assert plain(IPv6Address(f"::ffff:{address}")) == address
    for prefix in ("::ffff:", "64:ff9b::"):
        assert kind_of(IPv6Address(prefix + str(address))) == kind_of(address)


@given(st.one_of(V4, SPECIAL_V4), st.integers(0, 2**80 - 1))
def test_no_address_within_another_gets_through_by_another_way(address: IPv4Address, rest: int) -> None:
    number = int(address)
    for within in (
        number,  # compatible
        0xFFFF << 48 | number,  # translated
        0x2002 << 112 | number << 80 | rest,  # 6to4
        0x2001_0000 << 96 | number << 64 | rest % 2**64,  # Teredo, its server
        0x2001_0000 << 96 | rest % 2**32 << 64 | number ^ 0xFFFFFFFF,  # Teredo, its client
        0x0064_FF9B_0001 << 80 | number,  # NAT64 of one's own
    ):
        assert not is_public(IPv6Address(within))


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", ""),
        ("2606:4700::1111", ""),
        ("64:ff9b::8.8.8.8", ""),
        ("::ffff:8.8.8.8", ""),
        ("0.0.0.0", "an unspecified address"),
        ("0.0.0.1", "a reserved address"),
        ("10.255.255.255", "a private address"),
        ("100.127.255.255", "a carrier's shared address"),
        ("127.255.255.255", "a loopback address"),
        ("169.254.0.1", "a link-local address"),
        ("169.254.169.254", "a cloud's metadata address"),
        ("::ffff:169.254.169.254", "a cloud's metadata address"),
        ("64:ff9b::a9fe:a9fe", "a cloud's metadata address"),
        ("168.63.129.16", "a cloud's metadata address"),
        ("168.63.129.17", ""),
        ("239.255.255.255", "a multicast address"),
        ("255.255.255.254", "a reserved address"),
        ("255.255.255.255", "a broadcast address"),
        ("::", "an unspecified address"),
        ("::1", "a loopback address"),
        ("::7f00:1", "a reserved address"),
        ("::ffff:0:127.0.0.1", "a reserved address"),
        ("fd12::1", "a private address"),
        ("fe80::1", "a link-local address"),
        ("2001::1", "a tunnelled address"),
        ("2001:1ff::1", "a reserved address"),
        ("2001:200::1", ""),
        ("2002:808:808::1", "a tunnelled address"),
        ("4000::1", "a reserved address"),
    ],
)
def test_an_address_is_called_what_it_is(address: str, kind: str) -> None:
    assert kind_of(ip_address(address)) == kind


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=3), st.integers(0, 32))
def test_what_is_allowed_is_what_lies_within(address: Address, others: list[Address], bits: int) -> None:
    networks = read_networks(", ".join(f"{ip_network(f'{each}/{bits}', strict=False)}" for each in others))
    assert is_within(address, networks) is (
        any(plain(address) in network for network in networks) and plain(address) not in METADATA
    )


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("169.254.169.254", "0.0.0.0/0", False),
        ("169.254.169.254", "169.254.169.254/31", False),
        ("169.254.169.254", "169.254.0.0/16, 169.254.169.254", True),
        ("::ffff:169.254.169.254", "169.254.169.254/32", True),
        ("fd00:ec2::254", "::/0", False),
        ("fd00:ec2::254", "fd00:ec2::254", True),
        ("::ffff:10.0.0.1", "10.0.0.0/8", True),
        ("64:ff9b::10.0.0.1", "10.0.0.0/8", False),
        ("10.0.0.1", "", False),
    ],
)
def test_what_is_allowed_must_be_meant(address: str, networks: str, within: bool) -> None:
    assert is_within(ip_address(address), read_networks(networks)) is within


def test_networks_are_read_with_spaces_and_empty_places() -> None:
    assert read_networks("") == read_networks(" , ") == ()
    assert read_networks(" 10.0.0.0/8,::1 ,") == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "localhost", "10.0.0.0/8;::1", "10"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text[:4]):
        read_networks(f"::1, {text}")
