"""What the Inbound Parse posts of a mail that somebody wrote: taken apart, or raw."""

import json
import secrets
from collections.abc import Mapping, Sequence
from email.header import Header
from typing import Any

from tidings.simulators.mail.mails import Written


def form_of(mail: Written, text: str, more: Mapping[str, Any]) -> tuple[str, bytes]:
    """Write a post: its content type and its body. `how` is `parsed` or `raw`; `charset` that of the texts."""
    charset = str(more.get("charset", "utf-8"))
    envelope = json.dumps({"to": [mail.to], "from": mail.sender})
    fields = {"to": mail.to, "from": mail.headers["From"], "subject": mail.subject, "envelope": envelope}
    fields |= {"sender_ip": "192.0.2.9", "SPF": "pass", "dkim": "{@example.com : pass}", "spam_score": "0.1"}
    pairs = [(name, value.encode()) for name, value in fields.items()]
    files: list[tuple[str, str, str, bytes]] = []
    if more.get("how") == "raw":
        pairs.append(("email", mail.raw))
    else:
        charsets = dict.fromkeys(("to", "from", "subject"), "UTF-8") | {"text": charset, "html": charset}
        head = "".join(f"{name}: {Header(value).encode()}\n" for name, value in mail.headers.items())
        pairs += [
            ("headers", head.encode()),
            ("text", text.encode(charset)),
            ("charsets", json.dumps(charsets).encode()),
        ]
        pairs += [("html", str(more["html"]).encode(charset))] if "html" in more else []
        files = [(f"attachment{n}", *file) for n, file in enumerate(mail.files, 1)]
        described = {field: {"filename": name, "type": kind} for field, name, kind, _ in files}
        pairs += [("attachments", str(len(files)).encode()), ("attachment-info", json.dumps(described).encode())]
    return _multipart(pairs, files)


def _multipart(pairs: Sequence[tuple[str, bytes]], files: Sequence[tuple[str, str, str, bytes]]) -> tuple[str, bytes]:
    boundary = secrets.token_hex(16)
    parts = [f'name="{name}"\r\n\r\n'.encode() + value for name, value in pairs]
    for name, file, kind, data in files:
        parts.append(f'name="{name}"; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + data)
    body = b"".join(f"--{boundary}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n" for part in parts)
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()
