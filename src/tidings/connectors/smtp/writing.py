"""Putting a message into a mail, and saying beforehand what no mail server would take."""

from collections.abc import Generator, Iterable, Iterator, Mapping

from msgspec import Struct

from tidings.connectors.connector import Outgoing
from tidings.connectors.mail.composing import Letter, compose
from tidings.connectors.mail.files import File, file_of, octets_of
from tidings.connectors.mail.headers import OURS, message_id, thread
from tidings.connectors.mail.options import check_mail, options_of
from tidings.connectors.mail.people import address_of, recipients_of, sender_of
from tidings.connectors.mail.words import bare
from tidings.connectors.smtp.addresses import name_of, reply_address, return_path, unsubscribe_address
from tidings.connectors.smtp.settings import Options, SmtpSettings
from tidings.model.errors import FieldError
from tidings.model.exchange import Call, Reply
from tidings.rules.addresses import email as email_address
from tidings.rules.unsubscribing import ONE_CLICK, Unsubscribing, write_token

MOST_RECIPIENTS = 100
"""What every server must take in one transaction (RFC 5321 section 4.5.3.1.8)."""
RESERVED = OURS | {"dkim-signature", "disposition-notification-to", "list-unsubscribe-post"}
"""Headers that clients do not set. They may set List-Unsubscribe, and then there is none of ours."""


class Written(Struct, frozen=True):
    """A mail and its envelope."""

    mail: bytes
    sender: str
    """Who it is from, as its head says."""
    return_path: str
    recipients: tuple[str, ...]
    """As SMTP takes them: the domain in ASCII."""
    reference: str
    utf8: bool
    """Whether an address of it needs SMTPUTF8 (RFC 6531)."""


def check(outgoing: Outgoing, settings: SmtpSettings) -> Iterator[FieldError]:
    """Say what of a message no mail server would take."""
    yield from check_mail(
        outgoing,
        Options,
        "A mail server",
        recipients=MOST_RECIPIENTS,
        reserved=frozenset(),
        headers=RESERVED,
        ascii_only=False,
    )
    yield from _check_addresses("to", (address for _, address in recipients_of(outgoing)))
    if outgoing.sender:
        yield from _check_addresses("sender", (address_of(outgoing.sender),))
    if sum(len(octets_of(media)) for media in outgoing.content.media) * 4 // 3 > settings.largest_message:
        yield FieldError("body", f"The mail server takes at most {settings.largest_message} octets.", "TooLarge")


def _check_addresses(path: str, addresses: Iterable[str]) -> Iterator[FieldError]:
    for address in addresses:
        try:
            email_address(address)
        except ValueError as error:
            yield FieldError(path, str(error))


def write(outgoing: Outgoing, settings: SmtpSettings, links: str) -> Generator[Call, Reply, Written]:
    """Write the mail, fetching what is only named by its URL; `links` is what unsubscribe links begin with."""
    options = options_of(outgoing, Options)
    content, name = outgoing.content, name_of(outgoing)
    files: list[File] = []
    for media in content.media:
        file = yield from file_of(media)
        files.append(file)
    shown, address = sender_of(outgoing, options.sender, settings.sender)
    everybody = tuple(dict.fromkeys(address for _, address in recipients_of(outgoing)))
    reference = message_id(outgoing, settings.domain)
    utf8 = not all(_local(each).isascii() for each in (*everybody, address))
    letter = Letter(
        sender=(shown, with_ascii_domain(address)),
        to=_named(outgoing, "to"),
        cc=_named(outgoing, "cc"),
        subject=content.title,
        text=content.text,
        html=options.html or content.html,
        files=files,
        headers=_headers(outgoing, options, settings),
        message_id=reference,
        written_at=outgoing.now,
        utf8=utf8,
    )
    own = {each.lower() for each in (*content.headers, *options.headers)}
    mail = compose(letter)
    if options.unsubscribe and "list-unsubscribe" not in own:
        mail = _unsubscribing(outgoing, everybody, settings, links) + mail
    return Written(
        mail,
        with_ascii_domain(address),
        return_path(name, settings),
        tuple(with_ascii_domain(each) for each in everybody),
        bare(reference),
        utf8,
    )


def with_ascii_domain(address: str) -> str:
    """Write an address's domain as the domain name system has it (RFC 5890); one that it has no form of stays."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _named(outgoing: Outgoing, kind: str) -> list[str]:
    """List the addresses of one kind, each once."""
    named = (with_ascii_domain(address) for each, address in recipients_of(outgoing) if each == kind)
    return list(dict.fromkeys(named))


def _headers(outgoing: Outgoing, options: Options, settings: SmtpSettings) -> Mapping[str, str]:
    """Write what the head says beside whom it is from and for, and what about."""
    name = name_of(outgoing)
    headers = {
        "Reply-To": options.reply_to or reply_address(name, settings),
        "Feedback-ID": options.feedback_id or f"{_campaign(outgoing, options)}:{outgoing.workspace}:email:tidings",
        "X-Hub-Message-Id": name,
        # Whoever answers a person is one; mail that nobody wrote shall wake no auto-responder (RFC 3834 section 5).
        "Auto-Submitted": "" if outgoing.reply_to else "auto-generated",
        # Programs answer by themselves only where this is the return path (RFC 8098 section 2.1).
        "Disposition-Notification-To": return_path(name, settings) if options.read_receipt else "",
        **thread(outgoing),
    }
    asked = {**outgoing.content.headers, **options.headers}
    named = {each.lower() for each in asked}
    ours = {header: value for header, value in headers.items() if value and header.lower() not in named}
    return {**ours, **asked}


def _campaign(outgoing: Outgoing, options: Options) -> str:
    first = next((tag for tag in (*options.tags, *outgoing.tags) if tag.isascii() and ":" not in tag), "")
    return first if first.isprintable() else ""


def _unsubscribing(outgoing: Outgoing, everybody: tuple[str, ...], settings: SmtpSettings, links: str) -> bytes:
    """Write the headers to unsubscribe by (RFC 2369, RFC 8058), as they must stand: neither encoded nor cut.

    A link says who unsubscribes, so mail to several has none; by mail everybody says it themselves.
    """
    by_mail = f"<mailto:{unsubscribe_address(name_of(outgoing), settings)}?subject=unsubscribe>"
    link = _link(outgoing, everybody, settings, links)
    if not link:
        return f"List-Unsubscribe: {by_mail}\r\n".encode()
    lines = f"List-Unsubscribe: <{link}>,\r\n {by_mail}\r\n"
    if link.startswith("https://"):
        lines += f"List-Unsubscribe-Post: {'='.join(ONE_CLICK)}\r\n"
    return lines.encode()


def _link(outgoing: Outgoing, everybody: tuple[str, ...], settings: SmtpSettings, links: str) -> str:
    if settings.unsubscribe_key is None or len(everybody) > 1:
        return ""
    whose = Unsubscribing(outgoing.workspace, outgoing.message, everybody[0])
    try:
        return f"{links}/{write_token(whose, settings.unsubscribe_key.reveal())}"
    except ValueError:
        return ""


def _local(address: str) -> str:
    return address.rpartition("@")[0]
