"""What Mailgun refuses of a send request."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from email.utils import getaddresses, parsedate_to_datetime

MAILBOX = re.compile(r"[^\s@<>,;:\"\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
SWITCHES = {"yes", "no", "true", "false"}
TRACKING = {"o:tracking", "o:tracking-opens", "o:tracking-clicks"}
SWITCHED = {*TRACKING, "o:tracking-pixel-location-top", "o:dkim", "o:require-tls", "o:skip-verification"}


def addresses(values: Sequence[str]) -> list[str]:
    """List the addresses in fields that hold one or several, with names or without."""
    return [address for _, address in getaddresses(values)]


def wrong_with(fields: Mapping[str, list[str]], files: Sequence[str], *, mime: bool) -> str:
    """Say why the request is refused, in Mailgun's manner; empty where it is not."""
    needed = ("to",) if mime else ("from", "to")
    for name in ("from", "to", "cc", "bcc"):
        named = addresses(fields.get(name, []))
        if (name in needed and not named) or not all(MAILBOX.fullmatch(address) for address in named):
            return f"'{name}' parameter is not a valid address. please check documentation"
    if mime and list(files) != ["message"]:
        return "Need exactly one 'message' file"
    if not mime and not {"text", "html", "amp-html", "template"} & fields.keys():
        return "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
    if set(files) - {"attachment", "inline", "message"}:
        return "Files are 'attachment' or 'inline'"
    if len(fields.get("o:tag", [])) > 3 or any(len(tag) > 128 or not tag.isascii() for tag in fields.get("o:tag", [])):
        return "At most 3 tags of at most 128 ASCII characters"
    return _wrong_options(fields)


def _wrong_options(fields: Mapping[str, list[str]]) -> str:
    for name in SWITCHED & fields.keys():
        if fields[name][0] not in SWITCHES | ({"htmlonly"} if name in TRACKING else set()):
            return f"Invalid value of '{name}'"
    prefixed = [(name, value) for name, values in fields.items() if name[1:2] == ":" for value in values]
    if sum(len(value.encode()) for _, value in prefixed) > 16 * 1024:
        return "Total size of o:, h:, v: and t: parameters must not exceed 16 KB"
    within = fields.get("o:deliver-within", ["24h"])[0]
    if not re.fullmatch(r"(?=\d)(\d{1,2}h)?(\d{1,2}m)?", within):
        return "Invalid value of 'o:deliver-within'"
    try:
        for name in ("recipient-variables", "t:variables"):
            json.loads(fields.get(name, ["{}"])[0])
        delivery = parsedate_to_datetime(fields["o:deliverytime"][0]) if "o:deliverytime" in fields else None
    except ValueError:
        return "A date or JSON parameter cannot be read"
    late = delivery is not None and delivery.timestamp() > time.time() + 3 * 86_400
    return "'o:deliverytime' is more than 3 days ahead" if late else ""
