"""Connections to servers that speak something else than HTTP, behind the same address guard.

A host is judged as a URL's is (`tidings.rules.places`), its name is looked up once, all of its addresses are judged,
and one of them is connected to.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from tidings.rules.networks import Address, is_within
from tidings.rules.places import Bounds, NotAllowed, Place, place_of
from tidings.wire.resolver import Resolver, SystemResolver


class Reach:
    """Connects to where the hub may go."""

    def __init__(self, bounds: Bounds, resolver: Resolver | None = None) -> None:
        self._bounds = bounds
        self._resolver = resolver or SystemResolver()

    async def connect(self, host: str, port: int, *, encrypted: bool) -> socket.socket:
        """Connect to a host, the first of its addresses that answers; what is not encrypted stays in own networks.

        Raises NotAllowed where the hub does not go there, else OSError.
        """
        trouble: OSError = OSError(f"{host} has no address")
        for address in await self.addresses(host, port, encrypted=encrypted):
            try:
                return await _connected(address, port)
            except OSError as error:
                trouble = error
        raise trouble

    async def addresses(self, host: str, port: int, *, encrypted: bool) -> Sequence[Address]:
        """Find the addresses of a host, all of them judged; raises NotAllowed, or OSError where it has none."""
        place = place_of(f"https://{host}:{port}/")
        found = [place.address] if place.address is not None else await self._look_up(place)
        self._bounds.judge_addresses(place, found)
        if (
            not encrypted
            and not self._bounds.http
            and not all(is_within(each, self._bounds.networks) for each in found)
        ):
            raise NotAllowed(f"What goes to {place.host} must be encrypted: it is in no network of one's own.")
        return found

    async def _look_up(self, place: Place) -> list[Address]:
        try:
            found: list[Address] = [ip_address(each) for each in await self._resolver(place.host, place.port)]
        except (OSError, ValueError) as error:
            raise OSError(f"{place.host} cannot be looked up: {error}") from error
        if not found:
            raise OSError(f"{place.host} has no address")
        return found


async def _connected(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made
