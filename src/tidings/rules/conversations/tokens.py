"""Tokens: the integrator's, which proves who somebody is, and ours, which a device comes with from then on.

JSON Web Token   RFC 7519; what to beware of: RFC 8725
Keys             RFC 7517 (JSON Web Key), RFC 7518 3.2 (an HMAC key is as long as its hash)
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import jwt
from jwt import PyJWK
from jwt.exceptions import PyJWKError, PyJWTError
from jwt.types import Options
from msgspec import Struct

ALGORITHMS: Final = ("HS256", "RS256", "PS256", "ES256", "EdDSA")
SHORTEST_SECRET: Final = 32
"""Octets of a key for HS256."""
LONGEST_TOKEN: Final = 8192
"""Characters."""
LEEWAY: Final = 60
"""Seconds that the integrator's clock may be wrong."""
NONCE_SECONDS: Final = 300

_UNCHECKED: Final = Options(verify_exp=False, verify_nbf=False, verify_iat=False, verify_sub=False)
"""Times are checked here: nobody below reads a clock. A subject may be of another claim's name."""


class BadToken(Exception):
    """A token proves nothing; `args` says why, in words for whoever made it."""


class Trust(Struct, frozen=True, kw_only=True):
    """What an integrator's tokens must be."""

    algorithm: str
    issuer: str
    audience: str
    id_claim: str = "sub"


class Claim(Struct, frozen=True):
    """What an integrator's token says."""

    profile: str
    nonce: str


def key_id(token: str) -> str:
    """Give the name of the key that a token says it was signed with, empty where it names none; raises BadToken."""
    if len(token) > LONGEST_TOKEN:
        raise BadToken("It is too long.")
    try:
        named = jwt.get_unverified_header(token).get("kid", "")
    except (PyJWTError, ValueError, RecursionError) as error:
        raise BadToken("It is no JSON Web Token.") from error
    return named if isinstance(named, str) else ""


def read_claim(token: str, key: Any, trust: Trust, now: int) -> Claim:
    """Read an integrator's token; raises BadToken. The algorithm is the one agreed on, whatever the token says."""
    claims = _decoded(token, key, trust.algorithm, audience=trust.audience, issuer=trust.issuer)
    _check_times(claims, now)
    profile, nonce = claims.get(trust.id_claim), claims.get("nonce")
    if not isinstance(profile, str) or not profile:
        raise BadToken(f"Its claim {trust.id_claim} names nobody.")
    if not isinstance(nonce, str) or not nonce:
        raise BadToken("It has no nonce.")
    return Claim(profile, nonce)


def _decoded(token: str, key: Any, algorithm: str, *, audience: str, issuer: str | None) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN:
        raise BadToken("It is too long.")
    required = ["exp", "aud", *(["iat", "iss"] if issuer is not None else [])]
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            options=Options(**_UNCHECKED, require=required),
        )
    except (PyJWTError, PyJWKError, ValueError, TypeError, RecursionError) as error:
        raise BadToken(f"It cannot be trusted: {error}") from error
    return claims


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    seconds = now / 1000
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    for name, value in times.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadToken(f"Its claim {name} is no time.")
    if times["exp"] <= seconds - LEEWAY:
        raise BadToken("It has expired.")
    if any(times.get(name, 0) > seconds + LEEWAY for name in ("iat", "nbf")):
        raise BadToken("It is of the future.")


def key_of(jwks: Any, kid: str, algorithm: str) -> Any:
    """Find a key in a JSON Web Key Set by its name; None where there is none that fits the algorithm.

    A token that names no key is signed by the only one there is.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    known = [each for each in keys if isinstance(each, dict)] if isinstance(keys, list) else []
    meant = [each for each in known if not kid or each.get("kid") == kid]
    if not kid and len(meant) > 1:
        return None
    for each in meant:
        # A set that is fetched holds public keys; a symmetric one in it would be everybody's.
        if each.get("kty") == "oct" or each.get("alg", algorithm) != algorithm or each.get("use", "sig") != "sig":
            continue
        try:
            return PyJWK(each, algorithm).key
        except (PyJWTError, PyJWKError, ValueError, TypeError):
            continue
    return None


def public_key(pem: str, algorithm: str) -> Any:
    """Read a public key in PEM; raises ValueError where it is none, or of another kind than the algorithm's."""
    try:
        return jwt.get_algorithm_by_name(algorithm).prepare_key(pem)
    except (PyJWTError, ValueError, TypeError) as error:
        raise ValueError(f"publicKey is no public key for {algorithm}") from error


# -- ours --------------------------------------------------------------------------------------------------------


class Ticket(Struct, frozen=True):
    """What a session's token says."""

    session: str
    profile: str
    expires_at: int


def session_token(ticket: Ticket, workspace: str, key: bytes) -> str:
    """Write the token of a session."""
    claims = {"sub": ticket.profile, "sid": ticket.session, "aud": workspace, "exp": ticket.expires_at // 1000}
    return jwt.encode(claims, key, algorithm="HS256")


def read_ticket(token: str, workspace: str, keys: Sequence[bytes], now: int) -> Ticket:
    """Read the token of a session, signed with any of the hub's keys; raises BadToken."""
    trouble = BadToken("There is no key.")
    for key in keys:
        try:
            claims = _decoded(token, key, "HS256", audience=workspace, issuer=None)
        except BadToken as error:
            trouble = error
            continue
        profile, session, expires = claims.get("sub"), claims.get("sid"), claims["exp"]
        if not (isinstance(profile, str) and isinstance(session, str) and isinstance(expires, int)):
            raise BadToken("It is no token of a session.")
        if expires * 1000 <= now:
            raise BadToken("It has expired.")
        return Ticket(session, profile, expires * 1000)
    raise trouble


def audience_of(token: str) -> str:
    """Read whose door a token is for before it is proven; empty where it does not say, or is no token."""
    try:
        claims = jwt.decode(token, options=Options(verify_signature=False)) if len(token) <= LONGEST_TOKEN else {}
    except (PyJWTError, ValueError, RecursionError):
        return ""
    audience = claims.get("aud")
    return audience if isinstance(audience, str) else ""


def make_nonce(workspace: str, authentication: str, expires_at: int, key: bytes) -> str:
    """Make a nonce that the hub knows again without having kept it; `expires_at` is in milliseconds."""
    text = f"{workspace}\n{authentication}\n{expires_at}".encode()
    proof = urlsafe_b64encode(hmac.digest(key, text, sha256)).rstrip(b"=").decode()
    return f"{expires_at}.{proof}"


def check_nonce(nonce: str, workspace: str, authentication: str, keys: Sequence[bytes], now: int) -> int:
    """Give when a nonce of ours expires, milliseconds; raises BadToken where it is none, or has."""
    expires, _, proof = nonce.partition(".")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 20 and proof.isascii()):
        raise BadToken("Its nonce is none of ours.")
    expected = (make_nonce(workspace, authentication, int(expires), key) for key in keys)
    if not any(hmac.compare_digest(nonce, each) for each in expected):
        raise BadToken("Its nonce is none of ours.")
    if int(expires) <= now:
        raise BadToken("Its nonce has expired.")
    return int(expires)
