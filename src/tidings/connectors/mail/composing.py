"""Writing a mail (RFC 5322, RFC 2045): text and HTML as alternatives, pictures shown in place, files attached.

The same letter is the same octets whenever it is written: nothing in it comes from a clock or from chance.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from msgspec import Struct

from tidings.connectors.mail.files import File
from tidings.connectors.mail.folding import STANDING
from tidings.connectors.mail.people import with_name
from tidings.rules.uploads import ANY_TYPE

POLICY = SMTP.clone(cte_type="7bit", header_factory=STANDING)
"""Not every mail server on the way takes more than ASCII, and signatures break where one of them rewrites the rest."""


class Letter(Struct, frozen=True, kw_only=True):
    """All that a mail says."""

    sender: tuple[str, str]
    """Name, or none, and address."""
    to: Sequence[str]
    cc: Sequence[str] = ()
    subject: str
    text: str = ""
    html: str = ""
    files: Sequence[File] = ()
    headers: Mapping[str, str] = {}
    message_id: str
    written_at: int
    """Milliseconds."""
    utf8: bool = False
    """Whether its head is written in UTF-8 (RFC 6532), as an address in other letters before its @ needs it."""


def compose(letter: Letter) -> bytes:
    """Write a letter as a mail. Who gets a blind copy stands nowhere in it."""
    mail = EmailMessage(POLICY.clone(utf8=letter.utf8))
    mail["From"] = _sound(with_name(*letter.sender))
    mail["To"] = ", ".join(letter.to)
    if letter.cc:
        mail["Cc"] = ", ".join(letter.cc)
    mail["Subject"] = _sound(letter.subject)
    mail["Date"] = format_datetime(datetime.fromtimestamp(letter.written_at / 1000, UTC))
    mail["Message-ID"] = letter.message_id
    for name, value in letter.headers.items():
        mail[name] = _sound(value)
    _write_body(mail, letter)
    _set_boundaries(mail, letter)
    return mail.as_bytes()


def _write_body(mail: EmailMessage, letter: Letter) -> None:
    if letter.text or not letter.html:
        mail.set_content(_sound(letter.text))
    if letter.html and letter.text:
        mail.add_alternative(_sound(letter.html), subtype="html")
    elif letter.html:
        mail.set_content(_sound(letter.html), subtype="html")
    shown = [file for file in letter.files if file.is_shown_in(letter.html)]
    if shown:
        page = mail.get_body(("html",))
        assert isinstance(page, EmailMessage), "what is shown is shown in a page"
        for file in shown:
            main, _, sub = _type_of(file).partition("/")
            page.add_related(
                file.data, main, sub, disposition="inline", filename=_sound(file.name), cid=f"<{_sound(file.name)}>"
            )
    for file in letter.files:
        if file not in shown:
            main, _, sub = _type_of(file).partition("/")
            mail.add_attachment(file.data, main, sub, filename=_sound(file.name))


def _type_of(file: File) -> str:
    """Give a file's MIME type; a mail or a form within the mail stays a file, which may be encoded as it must be."""
    return ANY_TYPE if file.type.startswith(("message/", "multipart/")) else file.type


def _set_boundaries(mail: EmailMessage, letter: Letter) -> None:
    """Set what keeps the parts apart: made of all of them, so that it stands in none."""
    digest = sha256()
    texts = [letter.message_id, letter.subject, letter.text, letter.html, *(file.name for file in letter.files)]
    for piece in (*(text.encode("utf-8", "replace") for text in texts), *(file.data for file in letter.files)):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"tidings-{number}-{digest.hexdigest()[:40]}")


def _sound(text: str) -> str:
    """Give a text as it can be encoded: no half of a character, as JSON may hold one, and no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
