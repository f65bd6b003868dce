"""Addresses of the internet protocol: which of them belong to everybody's internet, and what the others are.

The lists follow the registries of special-purpose addresses (IANA, RFC 6890 and later) and of addresses for carrying
one protocol in the other.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

METADATA: Final = frozenset(
    ip_address(each)
    for each in (
        "169.254.169.254",  # nearly every cloud
        "169.254.170.2",  # Amazon's containers
        "169.254.170.23",  # Amazon's pods
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle's older machines
        "168.63.129.16",  # Azure: an address of everybody's internet by its looks
        "fd00:ec2::254",  # Amazon
        "fd00:ec2::23",  # Amazon's pods
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
    )
)
"""Where clouds tell a machine its secrets. Who lets private networks in has not thought of these, so they are let in
only by a network of that one address."""

_SPECIAL: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/32", "an unspecified address"),
        ("0.0.0.0/8", "a reserved address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a relay between protocols"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "a broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
        ("2001::/32", "a tunnelled address"),
        ("2001:2::/48", "an address for benchmarks"),
        ("2001::/23", "a reserved address"),
        ("2001:db8::/32", "an address for documentation"),
        ("2002::/16", "a tunnelled address"),
        ("3fff::/20", "an address for documentation"),
    )
)
"""The first that fits says what an address is."""

_GLOBAL: Final = IPv6Network("2000::/3")
"""All that has been given out of the newer protocol's addresses; what lies outside is special, by name or not."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""The prefix by which a network without the older protocol reaches its addresses, RFC 6052."""


def kind_of(address: Address) -> str:
    """Say what an address is that does not belong to everybody's internet, with its article; empty where it does."""
    address = plain(address)
    if address in METADATA:
        return "a cloud's metadata address"
    if isinstance(address, IPv6Address) and address in _NAT64:
        return kind_of(_last_octets(address))
    for network, kind in _SPECIAL:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return "a reserved address"
    return ""


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of the networks; one of METADATA only where the network is that address alone."""
    address = plain(address)
    within = (network for network in networks if address in network)
    return any(network.num_addresses == 1 or address not in METADATA for network in within)


def plain(address: Address) -> Address:
    """Give the older protocol's address that is written as one of the newer's (`::ffff:192.0.2.1`): it is the same."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def read_networks(text: str) -> tuple[Network, ...]:
    """Read networks that are separated by commas, as `10.0.0.0/8, ::1/128`; an address alone is a network of itself.

    Raises ValueError that names the one that is none.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def _last_octets(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
