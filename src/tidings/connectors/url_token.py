"""A secret in the callback URL: the only proof there is where a provider signs nothing."""

import hmac
from urllib.parse import quote

from tidings.model.exchange import Callback
from tidings.model.secrets import Secret

PARAMETER = "token"
SHORTEST = 16
"""Characters; a shorter one could be guessed."""


def with_token(url: str, token: Secret | None) -> str:
    """Give the callback URL with the token in its query; itself without one."""
    return f"{url}?{PARAMETER}={quote(token.reveal(), safe='')}" if token else url


def has_token(callback: Callback, token: Secret | None) -> bool:
    """Whether a callback came to the URL with the token, compared in constant time; never without one."""
    if not token:
        return False
    given = callback.arguments.get(PARAMETER, "").encode("utf-8", "replace")
    return hmac.compare_digest(token.reveal().encode("utf-8", "replace"), given)


def check_token(token: Secret | None) -> None:
    """Raise ValueError where a token could be guessed."""
    if token is not None and len(token.reveal()) < SHORTEST:
        raise ValueError(f"callbackToken has at least {SHORTEST} characters")
