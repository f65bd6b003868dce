"""Visitors of the example page: nobody vouches for them but the hub, and each keeps what they wrote to themselves.

The hub signs what the integrator's own server would. To be the same person the next time a visitor shows a keepsake,
signed with a key of its own: it opens nothing else, and no integrator's token is one.
"""

import hmac
from hashlib import sha256
from typing import Final

import jwt
from jwt.exceptions import PyJWTError

from tidings.rules.conversations.tokens import LONGEST_TOKEN, Trust

ALGORITHM: Final = "HS256"
"""The only one that the hub has a key for."""
ANONYMOUS: Final = "anon_"
"""Begins the profile of whoever is nobody."""
GOOD_FOR: Final = 60
"""Seconds that a token may be used for: it is used at once."""
KEPT_FOR: Final = 30 * 86_400
"""Seconds that a visitor is known again."""
_PURPOSE: Final = b"tidings: visitors of the example page"


def vouch(profile: str, nonce: str, trust: Trust, secret: str, now: int) -> str:
    """Sign that a visitor is a profile, as the integrator's server would; `now` is in milliseconds."""
    seconds = now // 1000
    claims = {"iss": trust.issuer, "aud": trust.audience, "nonce": nonce, "iat": seconds, "exp": seconds + GOOD_FOR}
    return jwt.encode({**claims, trust.id_claim: profile}, secret, algorithm=ALGORITHM)


def keepsake(profile: str, workspace: str, secret: str, now: int) -> str:
    """Give a visitor what they are known by the next time."""
    claims = {"sub": profile, "aud": workspace, "exp": now // 1000 + KEPT_FOR}
    return jwt.encode(claims, _key(secret), algorithm=ALGORITHM)


def visitor_of(token: str, workspace: str, secret: str, now: int) -> str:
    """Say whose keepsake it is; empty where it is none of ours, of another workspace's, or too old."""
    if len(token) > LONGEST_TOKEN:
        return ""
    try:
        claims = jwt.decode(
            token,
            _key(secret),
            algorithms=[ALGORITHM],
            audience=workspace,
            # Time is told by whoever asks, not by the machine.
            options={"require": ["exp", "aud", "sub"], "verify_exp": False},
        )
    except (PyJWTError, ValueError, RecursionError):
        return ""
    profile = str(claims["sub"])
    return profile if claims["exp"] > now // 1000 and profile.startswith(ANONYMOUS) else ""


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE, sha256)
