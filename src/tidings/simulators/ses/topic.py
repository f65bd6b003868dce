"""A stand-in for SNS: one topic, which signs with a certificate of its own making, and one subscription."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tidings.rules.times import to_iso
from tidings.simulators.simulator import Post

CERTIFICATE: Final = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SIGNED: Final = {"Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
TRIAL: Final = "Successfully validated SNS topic for Amazon SES event publishing."


class Topic:
    """One topic. `version` is that of its signatures; `raw` delivers what is published as it is, unsigned."""

    def __init__(self, arn: str, *, version: str = "2", raw: bool = False) -> None:
        self.arn = arn
        self.version = version
        self.raw = raw
        self.origin = ""
        """Where the stand-in listens."""
        self.token = secrets.token_hex(32)
        self.confirmed = False

    @property
    def certificate(self) -> bytes:
        """The certificate that posts are signed with, as PEM."""
        return _certificate()

    def notification(self, url: str, id_: str, message: str) -> Post:
        """Write what is published as a post."""
        if self.raw:
            headers = {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-rawdelivery": "true"}
            return Post(url, message.encode(), headers)
        unsubscribe = {"Action": "Unsubscribe", "SubscriptionArn": f"{self.arn}:6a1c"}
        told = {"Type": "Notification", "MessageId": id_, "Subject": "Amazon SES Email Event Notification"}
        return self._post(url, told | {"Message": message}, UnsubscribeURL=f"{self.origin}/?{urlencode(unsubscribe)}")

    def confirmation(self, url: str) -> Post:
        """Write the request to confirm the subscription."""
        confirm = {"Action": "ConfirmSubscription", "TopicArn": self.arn, "Token": self.token}
        told = {
            "Type": "SubscriptionConfirmation",
            "MessageId": secrets.token_hex(16),
            "Token": self.token,
            "Message": f"You have chosen to subscribe to the topic {self.arn}.",
            "SubscribeURL": f"{self.origin}/?{urlencode(confirm, safe=':')}",
        }
        return self._post(url, told)

    def confirm(self, query: Mapping[str, str]) -> bool:
        """Confirm the subscription, if its token is given back."""
        right = query.get("Token") == self.token and query.get("TopicArn") == self.arn
        self.confirmed = self.confirmed or (query.get("Action") == "ConfirmSubscription" and right)
        return right

    def _post(self, url: str, told: Mapping[str, str], **more: str) -> Post:
        now = to_iso(round(time.time() * 1000))
        body = {**told, "TopicArn": self.arn, "Timestamp": now, "SignatureVersion": self.version}
        lines = "".join(f"{name}\n{body[name]}\n" for name in sorted(SIGNED & body.keys()))
        kind = SHA1() if self.version == "1" else SHA256()  # noqa: S303 - SNS's own choice, by topic
        body["Signature"] = base64.b64encode(_key().sign(lines.encode(), PKCS1v15(), kind)).decode()
        body |= {"SigningCertURL": self.origin + CERTIFICATE, **more}
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": body["Type"],
            "x-amz-sns-message-id": body["MessageId"],
            "x-amz-sns-topic-arn": self.arn,
        }
        return Post(url, json.dumps(body).encode(), headers)


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@cache
def _certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example.test")])
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=1), now + timedelta(days=3650)
    made = x509.CertificateBuilder(name, name, _key().public_key(), x509.random_serial_number(), begin, end)
    return made.sign(_key(), SHA256()).public_bytes(Encoding.PEM)


def trial(url: str, topic: Topic) -> Post:
    """Write what SES publishes when an event destination is set up."""
    return topic.notification(url, secrets.token_hex(16), TRIAL)


def as_text(event: Any) -> str:
    """Write an event as the text that is published."""
    return json.dumps(event, ensure_ascii=False)
