"""Whether a webhook is Infobip's: by an HMAC, by Basic authentication, or by the secret in its URL.

Security  https://www.infobip.com/docs/cpaas-x/subscriptions-management

What is asked for with a message comes unsigned, so the secret in the URL is all the proof there is. A subscription's
notification profile may ask for one of the others.
"""

import hmac
from base64 import b64encode

from tidings.connectors.infobip.settings import InfobipSettings
from tidings.connectors.url_token import has_token
from tidings.model.errors import BadSignature
from tidings.model.exchange import Callback
from tidings.model.secrets import Secret


def verify(callback: Callback, settings: InfobipSettings) -> None:
    """Return if one of the proofs that the channel knows is right; raise BadSignature if none is."""
    if settings.hmac_secret and _is_signed(callback, settings, settings.hmac_secret):
        return
    if settings.webhook_password and _is_authorized(callback, settings.webhook_user, settings.webhook_password):
        return
    if not has_token(callback, settings.callback_token):
        raise BadSignature("neither an HMAC, nor a password, nor the URL's token proves it")


def _is_signed(callback: Callback, settings: InfobipSettings, secret: Secret) -> bool:
    digest = hmac.digest(secret.reveal().encode(), callback.body, settings.hmac_algorithm)
    given = callback.headers.get(settings.hmac_header.lower(), "")
    # An older signature of Infobip's stands behind its algorithm's name and is in capitals: `SHA1=0A…`.
    given = given.partition("=")[2] if given.lower().startswith(f"{settings.hmac_algorithm}=") else given
    if settings.hmac_encoding == "hex":
        due, given = digest.hex(), given.lower()
    else:
        due = b64encode(digest).decode()
    return hmac.compare_digest(due.encode(), given.encode("utf-8", "replace"))


def _is_authorized(callback: Callback, user: str, password: Secret) -> bool:
    due = f"Basic {b64encode(f'{user}:{password.reveal()}'.encode()).decode()}"
    return hmac.compare_digest(due.encode(), callback.headers.get("authorization", "").encode("utf-8", "replace"))
