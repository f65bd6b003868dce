"""Writing what routes post: forms, and raw mails in them."""

import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from tidings.simulators.simulator import Post


def as_mime(headers: Mapping[str, str], text: str) -> str:
    """Write a plain mail."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return "\r\n".join([*lines, "", text, ""])


def as_form(
    url: str,
    pairs: Sequence[tuple[str, str]],
    files: Sequence[tuple[str, str, bytes]] = (),
    *,
    multipart: bool = False,
) -> Post:
    """Write a form: as multipart where it has files or is asked to."""
    if not files and not multipart:
        return Post(url, urlencode(pairs).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    boundary = secrets.token_hex(16)
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in pairs]
    for number, (name, kind, data) in enumerate(files, 1):
        head = f'name="attachment-{number}"; filename="{name}"\r\nContent-Type: {kind or "application/octet-stream"}'
        parts.append(head.encode() + b"\r\n\r\n" + data)
    body = b"".join(f"--{boundary}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n" for part in parts)
    return Post(
        url, body + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
