"""Who comes to a door: the address behind reverse proxies, and the network it belongs to."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

from tidings.rules.networks import Address, Network

MOST_PROXIES: Final = 20
"""Addresses of an X-Forwarded-For that are looked at."""


def address_behind(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Give the address of whoever asks: the last one in X-Forwarded-For that no proxy of ours has.

    `peer` is who is connected, and is believed where it is none of the `trusted` proxies; so is the nearest proxy of
    ours where what it says is no address.
    """
    address = peer
    for hop in reversed(forwarded.split(",")[-MOST_PROXIES:]):
        known = _read(address)
        if known is None or not any(known in network for network in trusted):
            break
        before = _read(hop.strip())
        if before is None:
            break
        address = str(before)
    return address


@lru_cache(4096)
def network_of(address: str) -> str:
    """Name the network of a visitor's address, IPv4 /24 or IPv6 /48; empty where it is not of everybody's internet.

    An address of one's own network is a proxy's, perhaps, and then everybody's.
    """
    known = _read(address)
    if known is None or not known.is_global:
        return ""
    return str(ip_network((known, 24 if isinstance(known, IPv4Address) else 48), strict=False))


@lru_cache(4096)
def household_of(address: str) -> str:
    """Name what one visitor has: an IPv4 address, an IPv6 /64; empty where it is not of everybody's internet."""
    known = _read(address)
    if known is None or not known.is_global:
        return ""
    return str(known) if isinstance(known, IPv4Address) else str(ip_network((known, 64), strict=False))


def _read(text: str) -> Address | None:
    """Read an address; IPv4 within IPv6 is what it holds. None where it is none."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped
