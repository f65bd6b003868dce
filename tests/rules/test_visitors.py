import pytest

from tidings.rules.networks import read_networks
from tidings.rules.visitors import address_behind, household_of, network_of

PROXIES = list(read_networks("127.0.0.0/8, 10.0.0.0/8, ::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("9.9.9.9", "", "9.9.9.9"),
        ("9.9.9.9", "8.8.8.8", "9.9.9.9"),
        ("127.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "6.6.6.6, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "8.8.8.8, 10.1.2.3", "8.8.8.8"),
        ("::1", "2001:4860::8888", "2001:4860::8888"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "unknown, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "10.0.0.1," * 50, "127.0.0.1"),
        ("", "8.8.8.8", ""),
        ("127.0.0.1", "::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_only_what_our_own_proxies_say_is_believed(peer: str, forwarded: str, address: str) -> None:
    assert address_behind(peer, forwarded, PROXIES) == address


@pytest.mark.parametrize(
    ("address", "network", "household"),
    [
        ("8.8.4.4", "8.8.4.0/24", "8.8.4.4"),
        ("2001:4860:4860:1:2:3:4:5", "2001:4860:4860::/48", "2001:4860:4860:1::/64"),
        ("::ffff:8.8.4.4", "8.8.4.0/24", "8.8.4.4"),
        ("10.1.2.3", "", ""),
        ("127.0.0.1", "", ""),
        ("fe80::1%eth0", "", ""),
        ("nobody", "", ""),
        ("", "", ""),
    ],
)
def test_whose_an_address_is(address: str, network: str, household: str) -> None:
    assert (network_of(address), household_of(address)) == (network, household)
