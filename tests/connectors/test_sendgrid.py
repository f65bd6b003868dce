"""What is odd about SendGrid, beyond what its samples show; its signatures are judged by its own library too."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec.structs import replace
from sendgrid.helpers.eventwebhook import EventWebhook

import tidings.connectors
from tidings.connectors.connector import Connector, Outgoing, read_settings
from tidings.connectors.proving import Folder, Sample
from tidings.connectors.sendgrid import SendGrid
from tidings.connectors.sendgrid.proof import SIGNATURE, TIMESTAMP
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, FieldError, Refused, SendFailed
from tidings.model.exchange import Callback
from tidings.model.reports import Inbound, Interaction
from tidings.simulators.sendgrid import KEY

SAMPLES = Folder(SendGrid, Path(tidings.connectors.__file__).parent / "samples" / "sendgrid")
SIGNED = [
    sample
    for sample in SAMPLES.samples()
    if sample.path.suffix == ".http" and SIGNATURE in sample.received()[1].headers and "time" not in sample.path.stem
]
ANOTHER = ec.generate_private_key(ec.SECP256R1())


def channel(**more: Any) -> SendGrid:
    return SendGrid(read_settings(SendGrid, SAMPLES.channel.settings | more), "email")


def written(key: Any) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def signed(body: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> Callback:
    timestamp = "1773500970"
    signature = base64.b64encode(key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    return Callback(
        method="POST",
        url="https://hub.example.test/callbacks/7",
        headers={"content-type": "application/json", SIGNATURE: signature, TIMESTAMP: timestamp},
        body=body,
        received_at=1773500970000,
    )


def believed(connector: Connector[Any], callback: Callback) -> bool:
    try:
        connector.verify(callback)
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize("sample", SIGNED, ids=str)
def test_sendgrids_own_library_believes_what_we_believe(sample: Sample) -> None:
    connector, callback = sample.received()
    theirs = EventWebhook(connector.settings.public_key)
    shown = callback.headers[SIGNATURE], callback.headers[TIMESTAMP]
    # Judged at the time of the signature: their library knows of no age.
    now = replace(callback, received_at=int(shown[1]) * 1000)
    for changed in (now, replace(now, body=now.body + b" "), replace(now, body=now.body.rstrip())):
        try:
            verdict = theirs.verify_signature(changed.body.decode("utf-8", "surrogateescape"), *shown)
        except (ValueError, UnicodeEncodeError):
            continue  # no base64, or a body that is no text, which their library cannot judge
        assert believed(connector, changed) is verdict


def test_either_key_will_do() -> None:
    events = signed(b"[]\r\n", ANOTHER)
    assert not believed(channel(), events)
    assert believed(channel(secondPublicKey=written(ANOTHER)), events)
    assert believed(channel(secondPublicKey=written(ANOTHER)), signed(b"[]\r\n"))


@pytest.mark.parametrize(
    "key",
    [
        "A" * 100,
        written(ec.generate_private_key(ec.SECP384R1())),
        written(rsa.generate_private_key(65537, 2048)),
        written(KEY)[:-4],
    ],
)
@pytest.mark.parametrize("name", ["publicKey", "secondPublicKey"])
def test_a_verification_key_must_be_one(key: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        channel(**{name: key})
    assert name[1:] in str(refused.value.errors)


@pytest.mark.parametrize(
    "changed", [{"sender": "Shop"}, {"sender": "shöp@hub.example"}, {"replyTo": "A <a@b.example>"}, {"replyTo": "a"}]
)
def test_the_channels_own_addresses_must_be_some(changed: dict[str, str]) -> None:
    with pytest.raises(Refused, match="settings"):
        channel(**changed)


def test_without_a_login_only_signed_mails_are_believed() -> None:
    connector, callback = Sample(SAMPLES, SAMPLES.path / "inbound.http").received()
    assert believed(connector, callback)
    assert not believed(channel(inboundLogin=None), callback)
    assert not believed(
        channel(inboundLogin=""), replace(callback, headers={**callback.headers, "authorization": "Basic "})
    )
    _, proven = Sample(SAMPLES, SAMPLES.path / "inbound_signed.http").received()
    assert believed(channel(inboundLogin=None), proven)
    assert not believed(channel(), replace(proven, body=proven.body + b"\r\n"))


def test_a_login_proves_no_events() -> None:
    _, callback = Sample(SAMPLES, SAMPLES.path / "inbound.http").received()
    headers = {**callback.headers, "content-type": "application/json"}
    assert not believed(channel(), replace(callback, headers=headers, body=b"[]"))


def test_the_same_mail_to_two_of_ours_is_two() -> None:
    connector, callback = Sample(SAMPLES, SAMPLES.path / "inbound.http").received()
    other = replace(callback, body=callback.body.replace(b'"to":["reply', b'"to":["other'))
    keys = {report.key for each in (callback, other) for report in connector.parse(each) if isinstance(report, Inbound)}
    assert len(keys) == 2


def test_clicks_of_mails_without_ids_are_told_apart_by_person() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
    click = {"event": "click", "timestamp": 1773500966, "useragent": agent}
    clicks = [{**click, "email": f"{who}@b.example", "url": f"https://s.example/{n}"} for who in "ab" for n in range(2)]
    reports = channel().parse(signed(msgspec.json.encode(clicks)))
    assert [each.prefetched for each in reports if isinstance(each, Interaction)] == [False] * 4


def test_what_check_would_refuse_is_not_sent() -> None:
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="ada", content=Content(text="x"), now=0)
    with pytest.raises(SendFailed, match="'ada' is no e-mail address"):
        next(channel().send(outgoing, report_to=""))


def test_huge_message_is_refused_beforehand() -> None:
    content = Content(title="x", text="x", media=(Media(type="text/plain", data="x" * (23 * 2**20)),))
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    assert channel().check(outgoing) == (FieldError("body", "SendGrid takes at most 30 MB.", "TooLarge"),)


def test_channel_says_who_it_sends_as() -> None:
    assert channel().sender == "shop@hub.example"
