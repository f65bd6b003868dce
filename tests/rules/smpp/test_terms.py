"""Where an SMSC is."""

import pytest

from tidings.rules.smpp.terms import place_of


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("smpp://smsc.example.com", ("smsc.example.com", 2775, False)),
        ("smpps://smsc.example.com/", ("smsc.example.com", 3550, True)),
        ("smpp://127.0.0.1:2776", ("127.0.0.1", 2776, False)),
        ("smpps://[::1]:2776", ("::1", 2776, True)),
    ],
)
def test_url_says_where(url: str, place: tuple[str, int, bool]) -> None:
    assert place_of(url) == place


@pytest.mark.parametrize(
    "url", ["", "https://smsc.example.com", "smpp://", "smpp://a:b@c", "smpp://a/b", "smpp://a?b", "smpp://a:99999"]
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|Port|range"):
        place_of(url)
