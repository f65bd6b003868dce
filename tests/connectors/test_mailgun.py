"""What is odd about Mailgun, beyond what its samples show."""

import hmac
import json
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.mailgun import Mailgun
from tidings.connectors.mailgun.inbound import is_mailguns
from tidings.connectors.mailgun.tables import Trouble, refusal
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, FieldError
from tidings.model.exchange import Callback
from tidings.model.reports import Inbound, Receipt, Target
from tidings.model.stages import Cause, Reason, Stage

KEY = "key-hub-webhook-signing-0001"
TIMESTAMP = "1773500966"
TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef01"
SIGNATURE = "89f5a85d14ad49c3bcd8e4c3c83f94c1644ca1e0b8d3b681e1b0724ce68d21cf"
PROOF = [("timestamp", TIMESTAMP), ("token", TOKEN), ("signature", SIGNATURE)]
URLENCODED = "application/x-www-form-urlencoded"


def channel(**more: Any) -> Mailgun:
    settings = {"apiKey": "key-1", "signingKey": KEY, "domain": "mail.hub.example", "sender": "Shop <shop@hub.example>"}
    return Mailgun(read_settings(Mailgun, settings | more), "email")


def posted(body: bytes, content_type: str, below: str = "") -> Callback:
    url = f"https://hub.example.test/callbacks/7{below and '/'}{below}"
    headers = {"content-type": content_type}
    return Callback(method="POST", url=url, headers=headers, body=body, received_at=1773500966000, below=below)


def event(proof: dict[str, Any]) -> Callback:
    return posted(json.dumps({"signature": proof, "event-data": {"event": "stored"}}).encode(), "application/json")


def form(*pairs: tuple[str, str], below: str = "") -> Callback:
    return posted(urlencode(pairs).encode(), URLENCODED, below)


def test_the_published_vector_verifies() -> None:
    channel().verify(event({"timestamp": TIMESTAMP, "token": TOKEN, "signature": SIGNATURE}))
    channel().verify(event({"timestamp": int(TIMESTAMP), "token": TOKEN, "signature": SIGNATURE}))
    channel().verify(form(*PROOF))


def test_either_signing_key_will_do() -> None:
    proof = {"timestamp": TIMESTAMP, "token": TOKEN, "signature": SIGNATURE}
    channel(signingKey="the-next-key", secondSigningKey=KEY).verify(event(proof))
    with pytest.raises(BadSignature):
        channel(signingKey="the-next-key", secondSigningKey="the-last-key").verify(event(proof))


def test_primary_account_may_have_signed_for_its_sub_account() -> None:
    proof = {"timestamp": TIMESTAMP, "token": TOKEN, "signature": "0" * 64, "parent-signature": SIGNATURE}
    channel().verify(event(proof))
    channel().verify(form(("timestamp", TIMESTAMP), ("token", TOKEN), ("parent-signature", SIGNATURE)))


@pytest.mark.parametrize(
    "proof",
    [
        {"timestamp": "", "token": TOKEN, "signature": SIGNATURE},
        {"timestamp": "17735009660", "token": TOKEN[1:], "signature": SIGNATURE},
        {"timestamp": TIMESTAMP[:-1], "token": TIMESTAMP[-1] + TOKEN, "signature": SIGNATURE},
        {"timestamp": "１７７３５００９６６", "token": TOKEN, "signature": SIGNATURE},
        {"timestamp": "9" * 13, "token": TOKEN, "signature": SIGNATURE},
        {"timestamp": TIMESTAMP, "token": TOKEN, "signature": SIGNATURE.upper()},
        {"timestamp": TIMESTAMP, "token": TOKEN, "signature": "é"},
        {"timestamp": TIMESTAMP, "token": TOKEN},
        {},
    ],
)
def test_what_only_resembles_a_proof_is_refused(proof: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        channel().verify(event(proof))


@pytest.mark.parametrize("digits", [9, 11])
def test_timestamp_and_token_cannot_be_cut_elsewhere(digits: int) -> None:
    both = TIMESTAMP + TOKEN
    callback = event({"timestamp": both[:digits], "token": both[digits:], "signature": SIGNATURE})
    with pytest.raises(BadSignature):
        channel().verify(msgspec.structs.replace(callback, received_at=int(both[:digits]) * 1000))


def test_of_repeated_fields_the_first_counts_but_of_the_proof_the_last() -> None:
    callback = form(
        ("recipient", "ada@example.com"),
        ("event", "delivered"),
        ("timestamp", "1"),
        ("token", "a variable"),
        ("signature", "another"),
        ("recipient", "eve@example.com"),
        ("event", "dropped"),
        *PROOF,
    )
    channel().verify(callback)
    raw = {"recipient": "ada@example.com", "event": "delivered", **dict(PROOF)}
    assert channel().parse(callback) == [
        Receipt(
            Target(recipient="ada@example.com"),
            Stage.DELIVERED,
            msgspec.Raw(msgspec.json.encode(raw)),
            at=1773500966000,
            key=f"receipt:{TOKEN}",
        )
    ]


def test_the_published_legacy_example_is_kept_field_by_field() -> None:
    posted_fields = {
        "Message-Id": "<20170912101441.61901.BF1018B9ABE26D26@stage-mail.example>",
        "X-Mailgun-Sid": "WyIxYmFhNSJd",
        "attachment-count": "1",
        "body-plain": "",
        "code": "606",
        "comapi-apiSpaceId": "ff42e8af-5fc3-40d4-a38c-034535c0a385",
        "comapi-messageId": "929e38e7-5fed-4aab-865b-824e1fb32457",
        "description": "Not delivering to unsubscribed address",
        "domain": "mail.example",
        "event": "dropped",
        "message-headers": '[["Subject", "Your order has been dispatched"]]',
        "reason": "hardfail",
        "recipient": "ada@example.com",
        "signature": "6490861634ab4b1586aaaed755d776684ca76413e42022976b6b18e0cc2c5a23",
        "timestamp": "1505211288",
        "token": "2ea3b6ebe4575acfc8f0f6aab61b9f04f0240e46098fc93ff5",
    }
    (report,) = channel(variablePrefix="comapi").parse(form(*posted_fields.items()))
    assert isinstance(report, Receipt)
    assert msgspec.json.decode(report.raw) == posted_fields
    assert report.target == Target(
        message="929e38e7-5fed-4aab-865b-824e1fb32457",
        reference="20170912101441.61901.BF1018B9ABE26D26@stage-mail.example",
        recipient="ada@example.com",
    )
    assert (report.stage, report.at) == (Stage.FAILED, 1505211288000)
    assert report.reason == Reason(Cause.OPTED_OUT, "Not delivering to unsubscribed address", "606", permanent=True)


CAUSES = [
    (Trouble(word="generic", code="498"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="generic", code="499"), Stage.EXPIRED, Cause.EXPIRED, False),
    (Trouble(word="generic", code="499", permanent=False), Stage.PROCESSING, Cause.UNREACHABLE, False),
    (Trouble(word="hardfail", code="605"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="hardfail", code="606"), Stage.FAILED, Cause.OPTED_OUT, True),
    (Trouble(word="hardfail", code="607"), Stage.FAILED, Cause.COMPLAINED, True),
    (Trouble(word="hardfail", code="602"), Stage.FAILED, Cause.BOUNCED, True),
    (Trouble(word="suppress-bounce"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="suppress-complaint"), Stage.FAILED, Cause.COMPLAINED, True),
    (Trouble(word="suppress-unsubscribe"), Stage.FAILED, Cause.OPTED_OUT, True),
    (Trouble(word="espblock", code="550"), Stage.FAILED, Cause.BLOCKED, True),
    (Trouble(word="blacklisted", code="550"), Stage.FAILED, Cause.FILTERED, True),
    (Trouble(word="greylisted", code="450"), Stage.FAILED, Cause.UNREACHABLE, False),
    (Trouble(word="old"), Stage.EXPIRED, Cause.EXPIRED, False),
    (Trouble(word="bounce", code="550", enhanced="5.1.1"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="bounce", code="550", enhanced="5.1.10"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="bounce", code="550", enhanced="5.1.8"), Stage.FAILED, Cause.ACCOUNT, True),
    (Trouble(word="bounce", code="550", enhanced="5.2.1"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="bounce", code="552", enhanced="5.2.2"), Stage.FAILED, Cause.UNREACHABLE, False),
    (Trouble(word="bounce", code="552", enhanced="5.3.4"), Stage.FAILED, Cause.INVALID, True),
    (Trouble(word="bounce", code="550", enhanced="5.4.4"), Stage.FAILED, Cause.UNREACHABLE, False),
    (Trouble(word="bounce", code="550", enhanced="5.4.7"), Stage.EXPIRED, Cause.EXPIRED, False),
    (Trouble(word="bounce", code="550", enhanced="5.7.26"), Stage.FAILED, Cause.BLOCKED, True),
    (Trouble(word="bounce", code="550", text="550-5.1.1 No such user"), Stage.FAILED, Cause.BAD_ADDRESS, True),
    (Trouble(word="bounce", code="550", text="from 5.1.1.9 refused"), Stage.FAILED, Cause.BOUNCED, True),
    (Trouble(word="bounce"), Stage.FAILED, Cause.BOUNCED, True),
    (Trouble(word="generic", code="554"), Stage.FAILED, Cause.BOUNCED, True),
    (Trouble(word="generic", code="421"), Stage.FAILED, Cause.UNREACHABLE, False),
    (Trouble(word="unknown"), Stage.FAILED, Cause.UNKNOWN, True),
    (Trouble(), Stage.FAILED, Cause.UNKNOWN, True),
]


@pytest.mark.parametrize(("trouble", "stage", "cause", "permanent"), CAUSES)
def test_trouble_has_a_cause(trouble: Trouble, stage: Stage, cause: Cause, permanent: bool) -> None:
    assert trouble.outcome == (stage, Reason(cause, trouble.text, trouble.code, permanent=permanent))


@pytest.mark.parametrize(
    ("status", "cause", "later", "channel_wide"),
    [(400, Cause.INVALID, False, False), (502, Cause.PROVIDER, True, False), (429, Cause.THROTTLED, True, True)],
)
def test_http_status_says_what_to_do(status: int, cause: Cause, later: bool, channel_wide: bool) -> None:
    found = refusal(status)
    assert (found.cause, found.later, found.channel_wide) == (cause, later, channel_wide)


def test_url_of_an_attachment_must_be_mailguns() -> None:
    settings = channel(baseUrl="http://localhost:8025").settings
    urls = {
        "https://storage.eu.mailgun.net/v3/a": True,
        "http://storage.mailgun.net/v3/a": False,
        "https://mailgun.net.evil.example/": False,
        "https://evil.example/?storage.mailgun.net": False,
        "http://localhost:8025/stored": True,
        "http://[broken": False,
        "": False,
    }
    assert {url: is_mailguns(url, settings) for url in urls} == urls


def test_plus_tag_and_envelope_stand_in_for_thread_and_author() -> None:
    fields = [("recipient", "shop+msg-1@mail.hub.example"), ("sender", "ada@example.com"), ("body-plain", "Hi\0")]
    (report,) = channel().parse(form(*fields, *PROOF, below="inbound"))
    assert report == Inbound(
        f"inbound:{TOKEN}",
        "ada@example.com",
        msgspec.Raw(msgspec.json.encode(dict([*fields, *PROOF]))),
        to="shop+msg-1@mail.hub.example",
        content=Content(text="Hi"),
        at=1773500966000,
        reply_to=Target(message="msg-1"),
        extra={"envelopeSender": "ada@example.com"},
    )


def test_huge_message_is_refused_beforehand() -> None:
    content = Content(text="x", media=(Media(type="text/plain", data="x" * (25 * 2**20)),))
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    assert channel().check(outgoing) == (FieldError("body", "Mailgun takes at most 25 MB.", "TooLarge"),)


def test_media_without_a_type_is_octets() -> None:
    content = Content(text="x", media=(Media(data="eA==", type="no type"),))
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    call = next(channel().send(outgoing, report_to=""))
    head = b'name="attachment"; filename="attachment"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n'
    assert head in call.body


def test_channel_says_who_it_sends_as() -> None:
    assert channel().sender == "shop@hub.example"


def test_signature_is_of_timestamp_then_token() -> None:
    assert hmac.new(KEY.encode(), (TIMESTAMP + TOKEN).encode(), "sha256").hexdigest() == SIGNATURE
