"""What SES refuses of a request: its signature, and what is wrong with a mail."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

MAILBOX: Final = re.compile(r"[^\s@<>,;:\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
LARGEST: Final = 40 * 2**20
KINDS: Final = {"Simple", "Raw", "Template"}
_PROOF: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def wrong_with_signature(request: web.Request, body: bytes, settings: Mapping[str, Any], service: str) -> str:
    """Say what is wrong with a request's Signature Version 4, by the name of the exception; empty if nothing is."""
    found = _PROOF.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        return "MissingAuthenticationTokenException"
    key_id, day, region, named, names, given = found.groups()
    if key_id != settings["accessKeyId"]:
        return "UnrecognizedClientException"
    stamp = request.headers.get("X-Amz-Date", "")
    if (region, named) != (settings["region"], service) or not stamp.startswith(day) or "host" not in names.split(";"):
        return "InvalidSignatureException"
    path = request.raw_path.partition("?")[0]
    lines = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names.split(";")]
    digest = hashlib.sha256(body).hexdigest()
    canonical = [request.method, path if service == "s3" else quote(path), "", *lines, "", names, digest]
    hashed = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = f"AWS4{settings['secretAccessKey']}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/{service}/aws4_request\n{hashed}"
    due = hmac.new(key, text.encode(), "sha256").hexdigest()
    return "" if hmac.compare_digest(due, given) else "SignatureDoesNotMatch"


def wrong_with(sent: Mapping[str, Any], verified: str) -> tuple[str, str]:
    """Say why a mail is refused, as an exception and its text; both are empty where it is not."""
    people = recipients(sent)
    if not 0 < len(people) <= 50:
        return "BadRequestException", "Recipient count exceeds 50, or there is none."
    if not all(person.isascii() and MAILBOX.fullmatch(person) for person in people):
        return "BadRequestException", "Illegal address"
    sender = parseaddr(str(sent.get("FromEmailAddress", "")))[1]
    if not sender.isascii() or sender.rpartition("@")[2].lower() != verified:
        why = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
        return "MessageRejected", why + sender
    if wrong := _wrong_tags(sent.get("EmailTags", [])):
        return "BadRequestException", wrong
    return _wrong_content(sent.get("Content"))


def recipients(sent: Mapping[str, Any]) -> list[str]:
    """List everybody on the envelope."""
    destination = sent.get("Destination", {})
    return [each for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for each in destination.get(kind, [])]


def _wrong_tags(tags: Sequence[Mapping[str, str]]) -> str:
    if len({tag["Name"] for tag in tags}) != len(tags):
        return "Duplicate tag names."
    sound = all(TAG.fullmatch(tag[name]) for tag in tags for name in ("Name", "Value"))
    return "" if sound else "Tags hold letters, digits, underscores and hyphens only."


def _wrong_content(content: Any) -> tuple[str, str]:
    if not isinstance(content, dict) or len(KINDS & content.keys()) != 1:
        return "BadRequestException", "Exactly one of Simple, Raw and Template must be given."
    if "Template" in content:
        name = content["Template"].get("TemplateName") or content["Template"].get("TemplateArn")
        return ("NotFoundException", "Template missing does not exist.") if name in {None, "missing"} else ("", "")
    if "Simple" in content:
        return ("", "") if content["Simple"].get("Body") else ("BadRequestException", "Body is missing.")
    try:
        raw = base64.b64decode(content["Raw"]["Data"], validate=True)
    except (KeyError, binascii.Error):
        return "BadRequestException", "Raw.Data is no base64."
    if len(raw) > LARGEST:
        return "BadRequestException", "Message length is more than 41943040 bytes long."
    mail = message_from_bytes(raw)
    if not mail["From"] or mail.defects or not raw.isascii() or b"\r\n\r\n" not in raw:
        return "BadRequestException", "The mail is not as RFC 5322 has it."
    return "", ""
