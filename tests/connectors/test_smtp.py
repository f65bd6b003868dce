"""What is particular to e-mail by SMTP: signatures, what comes by which door, and reports that are broken."""

import base64
import email
import email.policy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dkim
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving import prove_hostile
from tidings.connectors.smtp import Smtp
from tidings.connectors.smtp.addresses import read_address, reply_address, return_path, tag_of
from tidings.connectors.smtp.parts import LARGEST
from tidings.connectors.smtp.sending import PATIENT_TRIES
from tidings.connectors.smtp.tables import WAITS
from tidings.model.content import Content
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed, Unreadable
from tidings.model.exchange import Call, Callback, Reply, Sent
from tidings.model.reports import Inbound, Receipt, Unknown
from tidings.model.stages import Cause, Stage

SAMPLES = Path(__file__).parents[2] / "src/tidings/connectors/samples/smtp"
SETTINGS: Mapping[str, Any] = json.loads((SAMPLES / "settings.json").read_text())["settings"]
NOW = 1_773_500_966_000
NAME = "msg_01J9ZK3Q"
PATH = f"bounce+{NAME}.xz36fbkn@hub.example"


def connector(**more: Any) -> Smtp:
    return Smtp(read_settings(Smtp, {**SETTINGS, **more}), "email")


def outgoing(**more: Any) -> Outgoing:
    given: dict[str, Any] = {
        "message": NAME,
        "hop": 0,
        "workspace": "acme",
        "platform": "email",
        "to": "ada@example.com",
        "content": Content(title="Your  parcel", text="It comes.\n\n  Soon.  \n\n"),
        "now": NOW,
    }
    return Outgoing(**{**given, **more})


def mail(body: bytes, to: str = PATH, sender: str = "") -> Callback:
    headers = {"rcpt-to": to, "mail-from": sender}
    return Callback(method="LMTP", url="door:mail", headers=headers, body=body, received_at=NOW)


def first_call(smtp: Smtp, sent: Outgoing | None = None, report_to: str = "https://hub.example/callbacks/7") -> Call:
    return next(smtp.send(sent or outgoing(), report_to=report_to))


def answered(smtp: Smtp, status: int, said: Any, **more: Any) -> Sent:
    exchange = smtp.send(outgoing(**more), report_to="")
    next(exchange)
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=status, body=json.dumps(said).encode()))
    sent: Sent = end.value.value
    return sent


# -- DKIM, judged by a library that is not ours ---------------------------------------------------------------------


def _pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


def _record(key: Any) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(raw)
    raw = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(raw)


@pytest.mark.parametrize(
    "key", [generate_private_key(65537, 2048), Ed25519PrivateKey.generate()], ids=["rsa", "ed25519"]
)
def test_a_signature_is_good_for_another_library_and_covers_the_unsubscribe_headers(key: Any) -> None:
    smtp = connector(dkimDomain="hub.example", dkimSelector="s1", dkimKey=_pem(key))
    signed = first_call(smtp).body

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"s1._domainkey.hub.example."
        return _record(key)

    assert dkim.verify(signed, dnsfunc=look_up)
    tampered = signed.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: no")
    assert tampered != signed
    assert not dkim.verify(tampered, dnsfunc=look_up)
    assert not dkim.verify(signed.replace(b"It comes.", b"It goes."), dnsfunc=look_up)
    assert not dkim.verify(b"From: eve@example.com\r\n" + signed, dnsfunc=look_up)
    assert b"h=from:\r\n\tfrom:" in signed, "that there is one author is signed too"


def test_a_mail_is_the_same_octets_whenever_it_is_signed_by_the_same_key() -> None:
    smtp = connector(dkimDomain="hub.example", dkimSelector="s1", dkimKey=_pem(generate_private_key(65537, 2048)))
    assert first_call(smtp).body == first_call(smtp).body


@pytest.mark.parametrize("key", ["no key", _pem(elliptic_key(SECP256R1()))], ids=["none", "another kind"])
def test_a_key_that_cannot_sign_holds_the_channel_until_somebody_mends_it(key: str) -> None:
    smtp = connector(dkimDomain="hub.example", dkimSelector="s1", dkimKey=key)
    with pytest.raises(SendDeferred) as wait:
        first_call(smtp)
    assert (wait.value.reason.cause, wait.value.channel_wide) == (Cause.ACCOUNT, True)


# -- addresses ------------------------------------------------------------------------------------------------------


def test_the_return_path_is_as_it_was_published() -> None:
    assert tag_of(NAME, "hub-verp-key-0001") == "xz36fbkn"
    assert return_path(NAME, connector().settings) == PATH


def test_an_address_is_known_again_in_any_case_but_that_of_its_name() -> None:
    settings = connector().settings
    assert read_address(PATH.upper().replace(NAME.upper(), NAME), settings) is not None
    assert read_address(PATH.lower(), settings) is None
    assert reply_address(NAME, connector(inbox="").settings) == ""


def test_the_local_part_fits_where_the_message_id_is_as_long_as_ours_are() -> None:
    path = return_path("0198c2f4-5b1e-7c3a-9f2d-3b6a7c8d9e0f.12", connector().settings)
    assert len(path.partition("@")[0]) <= 64


# -- doors ----------------------------------------------------------------------------------------------------------


def test_what_comes_over_http_is_refused_whatever_it_says_of_itself() -> None:
    for url in ("https://hub.example/callbacks/7", "http://door:80/"):
        forged = msgspec.structs.replace(mail(b"x"), url=url)
        assert not connector().claims(forged)
        with pytest.raises(BadSignature):
            connector().verify(forged)


def test_mail_for_nobody_cannot_be_read() -> None:
    with pytest.raises(Unreadable):
        connector().parse(mail(b"x", "nobody@hub.example"))


def test_without_an_unsubscribe_key_no_link_is_believed() -> None:
    token = {"unsubscribe-token": "djF8YWNtZXxtc2dfMDFKOVpLM1F8YWRhQGV4YW1wbGUuY29t.-H9jmuR2wes7_B4i0IhHZQ"}
    click = Callback(method="POST", url="door:unsubscribe", headers=token, body=b"", received_at=NOW)
    assert connector().claims(click)
    assert not connector(unsubscribeKey=None).claims(click)


def test_unsubscribe_links_lead_to_the_hub_itself_where_nothing_else_is_set() -> None:
    call = first_call(connector(unsubscribeUrl=""), report_to="https://tidings.example/callbacks/7")
    assert b"List-Unsubscribe: <https://tidings.example/u/djF8" in call.body


def test_a_link_that_is_not_encrypted_is_no_one_click_link() -> None:
    call = first_call(connector(unsubscribeUrl=""), report_to="http://127.0.0.1:8080/callbacks/7")
    assert b"<http://127.0.0.1:8080/u/" in call.body
    assert b"List-Unsubscribe-Post" not in call.body


def test_a_link_that_would_be_too_long_is_left_out() -> None:
    call = first_call(connector(), outgoing(workspace="w" * 700))
    assert b"List-Unsubscribe: <mailto:" in call.body


# -- sending --------------------------------------------------------------------------------------------------------


def test_without_delivery_reports_sent_is_the_last_word() -> None:
    assert connector().able.receipts
    assert not connector(deliveryReports=False).able.receipts
    assert first_call(connector(deliveryReports=False)).headers["notify"] == "FAILURE,DELAY"
    assert connector().sender == "shop@hub.example"


@pytest.mark.parametrize(("tries", "after"), [(0, 60), (1, 300), (2, 900), (3, 3600), (9, 3600)])
def test_a_mail_that_was_not_taken_is_offered_again_ever_more_rarely(tries: int, after: float) -> None:
    exchange = connector().send(outgoing(tries=tries), report_to="")
    next(exchange)
    with pytest.raises(SendDeferred) as wait:
        exchange.throw(NoReply("refused", taken=False))
    assert wait.value.after == after
    assert after in WAITS


def test_those_who_can_only_be_reached_later_hold_the_others_up_for_a_while() -> None:
    assert first_call(connector(), outgoing(tries=PATIENT_TRIES - 1)).headers["whole-or-none"] == "yes"
    assert first_call(connector(), outgoing(tries=PATIENT_TRIES)).headers["whole-or-none"] == "no"


def test_a_recipient_of_whom_the_server_said_nothing_was_taken() -> None:
    sent = answered(connector(), 250, {"code": 250, "text": "Ok", "step": "message"})
    assert [piece.recipient for piece in sent.pieces] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("code", "text", "step", "cause"),
    [
        (550, "no", "rcpt", Cause.BOUNCED),
        (552, "too much", "message", Cause.INVALID),
        (550, "5.1.8 bad sender", "mail", Cause.ACCOUNT),
        (530, "5.7.0 log in first", "mail", Cause.ACCOUNT),
        (555, "", "mail", Cause.BOUNCED),
    ],
)
def test_a_refusal_for_good_says_why(code: int, text: str, step: str, cause: Cause) -> None:
    with pytest.raises(SendFailed) as failure:
        answered(connector(), code, {"code": code, "text": text, "step": step})
    assert failure.value.reason.cause is cause
    assert failure.value.reason.text


@pytest.mark.parametrize(
    ("code", "step", "cause", "channel_wide"),
    [
        (554, "greeting", Cause.PROVIDER, True),
        (451, "rcpt", Cause.UNREACHABLE, False),
        (451, "message", Cause.PROVIDER, False),
        (452, "mail", Cause.THROTTLED, False),
        (421, "mail", Cause.THROTTLED, True),
        (454, "auth", Cause.THROTTLED, True),
    ],
)
def test_a_refusal_that_passes_says_whom_it_concerns(code: int, step: str, cause: Cause, channel_wide: bool) -> None:
    with pytest.raises(SendDeferred) as wait:
        answered(connector(), code, {"code": code, "text": "", "step": step})
    assert (wait.value.reason.cause, wait.value.channel_wide) == (cause, channel_wide)


def test_a_sender_must_be_an_address() -> None:
    (error,) = connector().check(outgoing(sender="the shop"))
    assert error.path == "sender"
    assert connector().check(outgoing(sender="News <news@hub.example>")) == ()


def test_a_domain_that_has_no_ascii_form_stays_as_it_is() -> None:
    host = "x" * 64 + ".example"
    assert f"<shop@{host}>".encode() in first_call(connector(sender=f"Shop <shop@{host}>")).body


def test_ids_longer_than_a_line_stand_as_they_are() -> None:
    answered_id = "x" * 90 + "@mail.example.com"
    asked = {"feedbackId": "f" * 90, "readReceipt": True}
    written = first_call(connector(), outgoing(reply_to=answered_id, options=asked)).body
    lines = written.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert f"In-Reply-To: <{answered_id}>" in lines
    assert f"Feedback-ID: {'f' * 90}" in lines
    assert f"Disposition-Notification-To: {PATH}" in lines


def test_a_long_header_is_folded_between_its_words_and_encoded_only_where_it_must_be() -> None:
    written = {"X-Long": "word " * 40, "X-Other": "слово " * 20 + "конец"}
    smtp = connector()
    raw = first_call(smtp, outgoing(options={"headers": written})).body
    head = email.message_from_bytes(raw, policy=email.policy.default)
    assert (head["X-Long"], head["X-Other"]) == (written["X-Long"].strip(), written["X-Other"].strip())
    assert all(len(line) < 80 for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[3:])


# -- access tokens --------------------------------------------------------------------------------------------------

OAUTH = {
    "user": "shop",
    "accessToken": "old",
    "tokenUrl": "https://login.example/token",
    "clientId": "us",
    "clientSecret": "a-secret",
    "refreshToken": "for-more",
}


def test_a_token_is_renewed_when_it_ends_or_is_refused() -> None:
    assert connector().renewal(NOW, refused=True) is None
    assert connector(**OAUTH).renewal(NOW, refused=False) is None
    assert connector(**OAUTH, tokenEnds=NOW + 3_600_000).renewal(NOW, refused=False) is None
    assert connector(**OAUTH, tokenEnds=NOW + 1000).renewal(NOW, refused=False) is not None
    assert connector(**{**OAUTH, "accessToken": None}).renewal(NOW, refused=False) is not None
    exchange = connector(**OAUTH).renewal(NOW, refused=True)
    assert exchange is not None
    asked = next(exchange)
    assert asked.url == "https://login.example/token"
    form = b"grant_type=refresh_token&refresh_token=for-more&client_id=us&client_secret=a-secret"
    assert asked.body == form
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b'{"access_token":"new","expires_in":3600,"refresh_token":"next"}'))
    assert end.value.value == {"accessToken": "new", "tokenEnds": NOW + 3_600_000, "refreshToken": "next"}


def test_a_token_without_an_end_is_used_until_it_is_refused() -> None:
    exchange = connector(**{**OAUTH, "clientId": "", "clientSecret": None}).renewal(NOW, refused=True)
    assert exchange is not None
    assert next(exchange).body == b"grant_type=refresh_token&refresh_token=for-more"
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=b'{"access_token":"new"}'))
    assert end.value.value == {"accessToken": "new", "tokenEnds": 0}


@pytest.mark.parametrize("reply", [Reply(status=400, body=b"{}"), Reply(status=200, body=b'{"access_token":""}')])
def test_no_new_token_holds_the_channel(reply: Reply) -> None:
    exchange = connector(**OAUTH).renewal(NOW, refused=True)
    assert exchange is not None
    next(exchange)
    with pytest.raises(SendDeferred) as wait:
        exchange.send(reply)
    assert (wait.value.reason.cause, wait.value.channel_wide) == (Cause.ACCOUNT, True)


# -- mail that is broken, huge or deep ------------------------------------------------------------------------------


def nested(depth: int) -> bytes:
    """Write a mail with parts within parts."""
    lines = []
    for level in range(depth):
        lines += [f"Content-Type: multipart/mixed; boundary=b{level}", "", f"--b{level}"]
    return "\r\n".join(["From: MAILER-DAEMON@x.example", *lines, "", "550 5.1.1", ""]).encode()


def test_a_huge_report_is_not_looked_into() -> None:
    body = (SAMPLES / "dsn_failed.http").read_bytes().partition(b"\n\n")[2] + b"x" * LARGEST
    (report,) = connector().parse(mail(body))
    assert not isinstance(report, Receipt) or report.stage is not Stage.DELIVERED


@pytest.mark.parametrize("depth", [30, 300, 3000])
def test_parts_within_parts_without_end_are_no_trouble(depth: int) -> None:
    for to in (PATH, "replies@hub.example", "fbl@hub.example"):
        assert connector().parse(mail(nested(depth), to, "a@example.com"))


def test_a_large_answer_is_kept_by_its_beginning() -> None:
    body = b"From: ada@example.com\r\nMessage-ID: <1@x.example>\r\n\r\n" + b"long " * 100_000
    (inbound,) = connector().parse(mail(body, "replies@hub.example", "ada@example.com"))
    assert isinstance(inbound, Inbound)
    kept = msgspec.json.decode(inbound.raw)
    assert kept["octets"] == len(body)
    assert len(kept["mail"]) == 256 * 1024


def test_a_date_in_the_future_is_not_believed() -> None:
    body = b"From: ada@example.com\r\nDate: Sat, 14 Mar 2099 15:09:20 +0000\r\n\r\nHi"
    (inbound,) = connector().parse(mail(body, "replies@hub.example", "ada@example.com"))
    assert isinstance(inbound, Inbound)
    assert inbound.at == NOW


def test_an_escape_that_stands_for_no_letter_is_left_out() -> None:
    fields = (
        b"Reporting-MTA: dns; x\n\nFinal-Recipient: utf-8; a\\x{D800}b@example.com\nAction: failed\nStatus: 5.0.0\n"
    )
    head = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/global-delivery-status\n\n"
    (receipt,) = connector().parse(mail(head + fields + b"--b--\n"))
    assert isinstance(receipt, Receipt)
    assert receipt.target.recipient == "ab@example.com"


FIELDS = st.sampled_from(
    [
        *("Final-Recipient: rfc822; ada@example.com", "Original-Recipient: utf-8; \\x{FFFFFF}@x", "Action: failed"),
        *("Action: \ud800", "Status: 5.1.1", "Status: 9.9.9.9", "Diagnostic-Code: smtp;", " folded", "", "\x00: \x00"),
        *("Last-Attempt-Date: yesterday", "Arrival-Date: Fri, 31 Feb 9999 99:99:99 +9999", ": nothing", "no colon"),
        *("Feedback-Type: abuse", "Original-Mail-From: <bounce+x.y@hub.example>", "Disposition: ;;;displayed/x"),
        *("Original-Rcpt-To: <\u00fc@\u00fc>", "Will-Retry-Until: \t", "Action: délayed", "Status: 4.4.7"),
    ]
)
KINDS = st.sampled_from(
    [
        *("message/delivery-status", "message/global-delivery-status", "message/feedback-report", "message/rfc822"),
        *("message/disposition-notification", "text/rfc822-headers", "text/plain; charset=klingon", "multipart/mixed"),
        *("message/global", "message/partial", "message/external-body", "text/html\nContent-Transfer-Encoding: base64"),
    ]
)
TO = st.sampled_from([PATH, f"unsub+{NAME}.xz36fbkn@hub.example", "replies@hub.example", "fbl@hub.example"])


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(parts=st.lists(st.tuples(KINDS, st.lists(FIELDS | st.text(max_size=30), max_size=8)), max_size=5), to=TO)
def test_no_report_however_broken_is_more_than_unknown(parts: list[tuple[str, list[str]]], to: str) -> None:
    body = "Content-Type: multipart/report; boundary=b\n\n"
    body += "".join(f"--b\nContent-Type: {kind}\n\n" + "\n".join(lines) + "\n" for kind, lines in parts)
    callback = mail(body.encode("utf-8", "surrogatepass"), to)
    prove_hostile(connector(), callback)
    assert connector().parse(callback)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(data=st.data(), to=TO)
def test_no_real_report_with_octets_changed_is_more_than_unknown(data: st.DataObject, to: str) -> None:
    path = data.draw(st.sampled_from(sorted(SAMPLES.glob("[dbcr]*.http"))))
    body = bytearray(path.read_bytes().partition(b"\n\n")[2])
    for place, octet in data.draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=12)):
        body[place] = octet
    prove_hostile(connector(), mail(bytes(body), to))
    assert connector().parse(mail(bytes(body), to))


def test_a_part_that_cannot_be_decoded_says_nothing() -> None:
    head = b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: x-uuencode\n\n"
    (report,) = connector().parse(mail(head + b"begin 644 x\n#\xff\xff\nend\n"))
    assert isinstance(report, Unknown)


def test_an_unknown_report_keeps_the_mail() -> None:
    (report,) = connector().parse(mail(b"From: x@example.com\r\n\r\nHello\x00", sender="x@example.com"))
    assert isinstance(report, Unknown)
    assert "Hello" in msgspec.json.decode(report.raw)["mail"]
