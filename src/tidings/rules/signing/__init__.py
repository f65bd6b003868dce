"""Signatures on what we tell: Standard Webhooks 1.0, and those of the two published vocabularies."""

from tidings.rules.signing.keys import key_from, public_key, read_key
from tidings.rules.signing.published import hmac_sha1_hex, messagebird
from tidings.rules.signing.standard import TOLERANCE_MS, Signer, sign_standard, verify_standard

__all__ = [
    "TOLERANCE_MS",
    "Signer",
    "hmac_sha1_hex",
    "key_from",
    "messagebird",
    "public_key",
    "read_key",
    "sign_standard",
    "verify_standard",
]
