"""Signing requests to AWS: Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from tidings.connectors.ses.settings import SesSettings
from tidings.model.exchange import Call

ALGORITHM = "AWS4-HMAC-SHA256"


def signed(call: Call, settings: SesSettings, service: str, now: int) -> Call:
    """Sign a call that has no query; `now` is in milliseconds, and good for a quarter of an hour."""
    stamp = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{settings.region}/{service}/aws4_request"
    parts = urlsplit(call.url)
    payload = sha256(call.body).hexdigest()
    headers = {**call.headers, "host": parts.netloc, "x-amz-date": stamp}
    if service == "s3":
        headers["x-amz-content-sha256"] = payload
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    # The path as it is sent; every service but S3 encodes it once more.
    path = (parts.path or "/") if service == "s3" else quote(parts.path or "/")
    request = "\n".join((call.method, path, "", lines, names, payload))
    to_sign = "\n".join((ALGORITHM, stamp, scope, sha256(request.encode()).hexdigest()))
    signature = hmac.digest(_key(settings, scope), to_sign.encode(), "sha256").hex()
    # The client writes the host itself, out of the URL.
    del headers["host"]
    credential = f"{settings.access_key_id}/{scope}"
    proof = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return replace(call, headers={**headers, "authorization": proof})


def _key(settings: SesSettings, scope: str) -> bytes:
    """Derive the key that is good for one day, region and service."""
    key = b"AWS4" + settings.secret_access_key.reveal().encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
