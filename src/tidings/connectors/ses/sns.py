"""How a post is known to be SNS's, and the topic to be ours.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html

The body is JSON with a signature over some of its fields, made with a certificate that the body names. So where that
may be is the first thing to be sure of; the topic is the second, since anybody can have one.
"""

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from msgspec import Struct, field

from tidings.connectors.ses.settings import SesSettings
from tidings.model.errors import BadSignature
from tidings.model.exchange import Call, Callback
from tidings.rules.times import from_iso

MINUTE = 60_000
"""Milliseconds."""
OLDEST = 60 * MINUTE
"""SNS repeats a post for an hour at the most, under the first one's time."""
AHEAD = 15 * MINUTE
SHORTEST_KEY = 2048
"""Bits."""

NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""The fields that are signed, in their order; one that is missing is left out."""
_HASHES: dict[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - SNS's own choice, by topic
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
_CONFIRMATION = re.compile(r"/\?Action=ConfirmSubscription&[!-~]{1,2000}")


class Notice(Struct, frozen=True):
    """A post of SNS's."""

    type: str = field(name="Type")
    id: str = field(name="MessageId")
    topic: str = field(name="TopicArn")
    message: str = field(name="Message")
    timestamp: str = field(name="Timestamp")
    version: str = field(name="SignatureVersion")
    signature: str = field(name="Signature")
    certificate_url: str = field(name="SigningCertURL")
    subject: str | None = field(name="Subject", default=None)
    token: str | None = field(name="Token", default=None)
    subscribe_url: str | None = field(name="SubscribeURL", default=None)

    @property
    def signed(self) -> bytes:
        """What is signed: names and values, each on a line of its own."""
        values = {
            "Message": self.message,
            "MessageId": self.id,
            "Subject": self.subject,
            "SubscribeURL": self.subscribe_url,
            "Timestamp": self.timestamp,
            "Token": self.token,
            "TopicArn": self.topic,
            "Type": self.type,
        }
        lines = [(name, values[name]) for name in _SIGNED[self.type]]
        return "".join(f"{name}\n{value}\n" for name, value in lines if value is not None).encode()


def read_notice(body: bytes) -> Notice | None:
    """Read a post; None where it is none of SNS's, or the message itself, as raw delivery posts it: unsigned."""
    try:
        return msgspec.json.decode(body, type=Notice)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def evidence(callback: Callback, settings: SesSettings) -> Call:
    """Ask for the certificate that a post is signed with; raises BadSignature where it is no post that may be ours."""
    return Call.get(_checked(callback, settings).certificate_url)


def verify(callback: Callback, settings: SesSettings) -> None:
    """Return if one of our topics sent it lately, signed with SNS's certificate; raises BadSignature."""
    notice = _checked(callback, settings)
    key = _key_of(callback.evidence, callback.received_at)
    signature = _base64(notice.signature)
    try:
        key.verify(signature, notice.signed, PKCS1v15(), _HASHES[notice.version])
    except InvalidSignature as error:
        raise BadSignature("The certificate's key did not sign this.") from error


def confirmation(notice: Notice, settings: SesSettings) -> Call | None:
    """The call that confirms a subscription; None where there is none to confirm, or not at SNS."""
    url = notice.subscribe_url or ""
    if notice.type != SUBSCRIPTION or not _is_at(url, _CONFIRMATION, notice.topic, settings):
        return None
    return Call.get(url)


def _checked(callback: Callback, settings: SesSettings) -> Notice:
    """Give a post that may be SNS's, by all but its signature; raises BadSignature."""
    notice = read_notice(callback.body)
    if notice is None:
        raise BadSignature("It is no signed post of SNS's; raw message delivery must be off.")
    headers = {"type": notice.type, "id": notice.id, "topic": notice.topic}
    for name, value in headers.items():
        header = {"topic": "topic-arn"}.get(name, f"message-{name}")
        if callback.headers.get(f"x-amz-sns-{header}") != value:
            raise BadSignature(f"x-amz-sns-{header} does not say what the body says.")
    if notice.topic not in settings.topics:
        raise BadSignature("The topic is none of the channel's.")
    if notice.type not in _SIGNED or notice.version not in _HASHES:
        raise BadSignature("SNS has no such type of post, or no such version of signatures.")
    if not _is_at(notice.certificate_url, _CERTIFICATE, notice.topic, settings):
        raise BadSignature("The certificate is not where SNS keeps those of the topic's region.")
    try:
        sent_at = from_iso(notice.timestamp)
    except ValueError as error:
        raise BadSignature("It says no time.") from error
    if not callback.received_at - OLDEST <= sent_at <= callback.received_at + AHEAD:
        raise BadSignature("It was sent too long ago, or in the future.")
    return notice


def _is_at(url: str, path: re.Pattern[str], topic: str, settings: SesSettings) -> bool:
    """Whether a URL is exactly at SNS, letter by letter: what is not taken apart cannot be misread."""
    return any(
        url.startswith(origin) and path.fullmatch(url.removeprefix(origin)) for origin in settings.sns_origins(topic)
    )


def _base64(text: str) -> bytes:
    try:
        octets = b64decode(text, validate=True)
    except ValueError as error:
        raise BadSignature("The signature is no base64.") from error
    if b64encode(octets).decode() != text:
        raise BadSignature("The signature is not written as SNS writes it.")
    return octets


def _key_of(pem: bytes, now: int) -> RSAPublicKey:
    """Take the key out of a certificate that is valid now; raises BadSignature."""
    try:
        certificate, key = _read(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSignature("The certificate cannot be read.") from error
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise BadSignature("The certificate is not valid now.")
    if not isinstance(key, RSAPublicKey) or key.key_size < SHORTEST_KEY:
        raise BadSignature("The certificate's key is none of SNS's.")
    return key


@lru_cache(maxsize=16)
def _read(pem: bytes) -> tuple[x509.Certificate, object]:
    certificate = x509.load_pem_x509_certificate(pem)
    return certificate, certificate.public_key()
