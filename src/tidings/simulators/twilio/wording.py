"""What Twilio says and how: which requests it refuses, its message resource, its callbacks' fields, its events."""

import re
import uuid
from collections.abc import Container
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from tidings.rules.encoding import count

VERSION: Final = "2010-04-01"
SOME_NUMBER: Final = "+15005550006"
"""The number that a Messaging Service chooses, and that people write to, where the channel has none."""
REFUSED_RECIPIENTS: Final = {
    "+15005550001": "21211",
    "+15005550002": "21612",
    "+15005550003": "21408",
    "+15005550004": "21610",
    "+15005550009": "21614",
}
REFUSED_SENDERS: Final = {"+15005550001": "21606", "+15005550007": "21606", "+15005550008": "21611"}
LATER_FAILURE: Final = re.compile(r"\+150055([236][0-9]{4})")
"""A recipient whose message is taken, and then undelivered with this code."""

LINK: Final = re.compile(r"https?://\S+")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_UNSENT: Final = frozenset({"queued", "sending", "canceled"})

Fields = dict[str, list[str]]
"""A form; every field with all its values."""


def sid(prefix: str) -> str:
    """Make up an id of a kind."""
    return prefix + uuid.uuid4().hex


def fault(fields: Fields, opted_out: Container[str]) -> str:
    """Find the code to refuse a send request with; empty where it is good."""
    said = {name: values[0] for name, values in fields.items()}
    to, sender, body = (said.get(name, "") for name in ("To", "From", "Body"))
    media, service = fields.get("MediaUrl", []), "MessagingServiceSid" in said
    validity = said.get("ValidityPeriod", "36000")
    named = ":" not in sender and any(character.isalpha() for character in sender)
    tests = (
        (not to, "21604"),
        (to in REFUSED_RECIPIENTS, REFUSED_RECIPIENTS.get(to, "")),
        (not _E164.fullmatch(to.rpartition(":")[2]), "21211"),
        (to in opted_out, "21610"),
        (not sender and not service, "21603"),
        (sender in REFUSED_SENDERS, REFUSED_SENDERS.get(sender, "")),
        (named and len(sender) > 11, "21606"),
        (not (body or media or "ContentSid" in said), "21602"),
        (len(body) > 1600, "21617"),
        (len(media) > 10, "21623"),
        (not all(LINK.fullmatch(url) for url in media), "21620"),
        (not (validity.isdigit() and 1 <= int(validity) <= 36000), "20001"),
        (not LINK.fullmatch(said.get("StatusCallback", "https://any.test")), "21609"),
        ("ShortenUrls" in said and not service, "30114"),
    )
    return next((code for found, code in tests if found), "")


def shorten(text: str, links: dict[str, str]) -> str:
    """Put short links in place of the links of a text, and note them."""

    def short(found: re.Match[str]) -> str:
        made = f"https://go.example.test/{uuid.uuid4().hex[:10]}"
        links[made] = found[0]
        return made

    return LINK.sub(short, text)


def resource(taken: dict[str, Any], account: str) -> dict[str, Any]:
    """Write a message as Twilio does; a Messaging Service counts segments only once it has chosen a sender."""
    uri = f"/{VERSION}/Accounts/{account}/Messages/{taken['id']}"
    segments = 1 if taken["media"] else count(taken["body"]).segments
    created, sent = taken["date_created"], taken["date_sent"]
    return {
        "sid": taken["id"],
        "account_sid": account,
        "api_version": VERSION,
        "to": taken["to"],
        "from": taken["from"],
        "messaging_service_sid": taken["messaging_service_sid"],
        "body": taken["body"],
        "status": taken["status"],
        "num_segments": str(segments if taken["from"] else 0),
        "num_media": str(len(taken["media"])),
        "direction": "outbound-api",
        "error_code": taken["error_code"],
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "date_created": _rfc2822(created),
        "date_sent": _rfc2822(sent) if sent else None,
        "date_updated": _rfc2822(sent or created),
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def told(taken: dict[str, Any], account: str, status: str, code: str) -> dict[str, str]:
    """Move a message to a status, and give the fields of the callback that tells it."""
    now = datetime.now(UTC)
    taken["status"], taken["error_code"] = status, int(code) if code else None
    taken["from"] = taken["from"] or SOME_NUMBER
    if status not in _UNSENT:
        taken["date_sent"] = taken["date_sent"] or int(now.timestamp())
    optional = {
        "ErrorCode": code,
        "MessagingServiceSid": taken["messaging_service_sid"],
        "RawDlrDoneDate": f"{now:%y%m%d%H%M}" if status == "delivered" else "",
    }
    return {
        "AccountSid": account,
        "ApiVersion": VERSION,
        "From": taken["from"],
        "MessageSid": taken["id"],
        "MessageStatus": status,
        "SmsSid": taken["id"],
        "SmsStatus": status,
        "To": taken["to"],
        **{name: value for name, value in optional.items() if value},
    }


def written(message: str, account: str, sender: str, to: str, text: str) -> dict[str, str]:
    """Give the fields of an inbound message without media."""
    return {
        "MessageSid": message,
        "SmsSid": message,
        "SmsMessageSid": message,
        "AccountSid": account,
        "ApiVersion": VERSION,
        "SmsStatus": "received",
        "From": sender,
        "FromCountry": "US" if sender.startswith("+1") else "GB",
        "To": to,
        "Body": text,
        "NumSegments": str(count(text).segments),
        "NumMedia": "0",
    }


def clicked(taken: dict[str, Any], account: str, url: str, user_agent: str) -> dict[str, Any]:
    """Write the CloudEvent of a click on a link, by default the message's first."""
    links = [(short, link) for short, link in taken["links"].items() if url in ("", link)]
    short, link = links[0] if links else ("https://go.example.test/aB3dE5fG7h", url)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "specversion": "1.0",
        "type": "com.twilio.daptbt.link-shortening.link-clicked",
        "source": f"/{VERSION}/Accounts/{account}/Messages/{taken['id']}",
        "id": sid("EZ"),
        "time": now,
        "datacontenttype": "application/json",
        "data": {
            "message_sid": taken["id"],
            "account_sid": account,
            "messaging_service_sid": taken["messaging_service_sid"],
            "to": taken["to"],
            "from": taken["from"],
            "link": link,
            "shortened_link": short,
            "link_create_time": f"{datetime.fromtimestamp(taken['date_created'], UTC):%Y-%m-%dT%H:%M:%SZ}",
            "click_time": now,
            "user_agent": user_agent,
        },
    }


def _rfc2822(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))
