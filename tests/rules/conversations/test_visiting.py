"""Visitors of the example page: vouched for by the hub, and known again by what they keep."""

import jwt
import pytest

from tidings.rules.conversations.tokens import Trust, read_claim
from tidings.rules.conversations.visiting import KEPT_FOR, keepsake, visitor_of, vouch

SECRET = "a-secret-of-at-least-thirty-two-octets"
NOW = 1_760_000_000_000
TRUST = Trust(algorithm="HS256", issuer="https://shop.example/", audience="app", id_claim="userId")


def test_what_is_vouched_for_is_what_an_integrator_would_sign() -> None:
    claim = read_claim(vouch("anon_1", "n-0001", TRUST, SECRET, NOW), SECRET, TRUST, NOW)
    assert (claim.profile, claim.nonce) == ("anon_1", "n-0001")


@pytest.mark.parametrize(("after", "known"), [(0, "anon_1"), (KEPT_FOR - 1, "anon_1"), (KEPT_FOR, "")])
def test_a_visitor_is_known_again_for_a_month(after: int, known: str) -> None:
    assert visitor_of(keepsake("anon_1", "w", SECRET, NOW), "w", SECRET, NOW + after * 1000) == known


def test_a_keepsake_counts_in_its_own_workspace_and_for_nobody_but_visitors() -> None:
    kept = keepsake("anon_1", "w", SECRET, NOW)
    forged = [
        (kept, "other", SECRET),
        (kept, "w", SECRET + "."),
        (keepsake("TEAM\\Us", "w", SECRET, NOW), "w", SECRET),
        (jwt.encode({"sub": "anon_1", "aud": "w", "exp": 2**40}, SECRET, algorithm="HS256"), "w", SECRET),
        (jwt.encode({"sub": "anon_1", "aud": "w", "exp": 2**40}, "", algorithm="none"), "w", SECRET),
        (vouch("anon_1", "n", TRUST, SECRET, NOW), "app", SECRET),
        ("", "w", SECRET),
        ("a.b.c", "w", SECRET),
        ("a" * 10_000, "w", SECRET),
    ]
    assert [visitor_of(*each, NOW) for each in forged] == [""] * len(forged)
