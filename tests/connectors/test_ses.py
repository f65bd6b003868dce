"""What is odd about SES, beyond what its samples show; its signatures are judged by other people's programs too."""

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import get_session
from botocore.validate import ParamValidator
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving import Folder, Sample
from tidings.connectors.ses import Ses, signing, sns
from tidings.connectors.ses.sns import Notice
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, FieldError, NoReply, Refused, SendFailed, Unreadable
from tidings.model.exchange import Call, Callback, Reply
from tidings.model.reports import Inbound

NOW = 1773500966000
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:hub-ses-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SAMPLES = Folder(Ses, Path(tidings.connectors.__file__).parent / "samples" / "ses")
CERTIFICATE = (SAMPLES.path / "sns.pem").read_bytes()
KEY = load_pem_private_key((Path(__file__).parent / "sns-signing-key.pem").read_bytes(), None)
EVERY_SAMPLE = SAMPLES.samples()
SENDS = [sample for sample in EVERY_SAMPLE if sample.kind == "send"]


def channel(**more: Any) -> Ses:
    return Ses(read_settings(Ses, SAMPLES.channel.settings | more), "email")


def notice(**more: Any) -> dict[str, Any]:
    """What SNS posts, but for the signature."""
    return {
        "Type": "Notification",
        "MessageId": "11111111-2222-5333-8444-555555555555",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": '{"eventType":"Delivery"}',
        "Timestamp": "2026-03-14T15:09:26.535Z",
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": CERTIFICATE_URL,
        **more,
    }


def signed(told: dict[str, Any], key: Any = KEY) -> dict[str, Any]:
    """The same, truly signed."""
    read = sns.read_notice(json.dumps(told).encode())
    assert read is not None
    kind = SHA1() if read.version == "1" else SHA256()
    return told | {"Signature": base64.b64encode(key.sign(read.signed, padding.PKCS1v15(), kind)).decode()}


def posted(told: dict[str, Any], evidence: bytes = CERTIFICATE) -> Callback:
    headers = {"type": "Type", "id": "MessageId"}
    return Callback(
        method="POST",
        url="https://hub.example.test/callbacks/7",
        headers={
            **{f"x-amz-sns-message-{name}": told[field] for name, field in headers.items()},
            "x-amz-sns-topic-arn": told["TopicArn"],
        },
        body=json.dumps(told).encode(),
        received_at=NOW,
        evidence=evidence,
    )


def certificate(key: Any, begin: datetime, end: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example.test")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


# -- signing ---------------------------------------------------------------------------------------------------------


def test_the_known_vector_is_met() -> None:
    body = {
        "FromEmailAddress": "shop@hub.example",
        "Destination": {"ToAddresses": ["ada@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}},
    }
    call = Call.post("https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", json=body)
    assert hashlib.sha256(call.body).hexdigest() == "1d014433383d9bb04171f73d963238465a1574975b61d5b838a0b9bf4d6249a6"
    headers = signing.signed(call, channel().settings, "ses", NOW).headers
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260314/eu-west-1/ses/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=574f14f380d01f5a642e0cee306c686b42449be15ca74c2f58574fc2d2dc6e3d"
    )


def as_botocore_signs(call: Call, service: str, region: str) -> str:
    """Give the signature that botocore makes for a signed call."""
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIDEXAMPLE", SECRET), service, region)
    headers = {name: value for name, value in call.headers.items() if name != "authorization"}
    request = AWSRequest(call.method, call.url, data=call.body, headers=headers)
    request.context["timestamp"] = call.headers["x-amz-date"]
    request.context["signing"] = {"region": region, "signing_name": service}
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


@pytest.mark.parametrize("sample", SENDS, ids=str)
def test_botocore_signs_every_call_as_we_do(sample: Sample) -> None:
    connector, _, given = sample.sending()
    calls = [step.call for step in given.steps if "authorization" in step.call.headers]
    for call in calls:
        made = Call.post(call.url, json=call.json, **{k.replace("-", "_"): v for k, v in call.headers.items()})
        assert as_botocore_signs(made, "ses", connector.settings.region) in call.headers["authorization"]
    assert calls or given.result.get("failed"), "whatever is sent is signed"


@pytest.mark.parametrize("path", ["/", "/mail/a%20b", "/mail/%C3%BC/~x-y_z.1", "/a%2Fb"])
@pytest.mark.parametrize("service", ["ses", "s3"])
def test_botocore_signs_odd_paths_as_we_do(path: str, service: str) -> None:
    call = signing.signed(
        Call.get(f"http://127.0.0.1:9100{path}", x_b="  2 ", x_a="1"), channel().settings, service, NOW
    )
    assert as_botocore_signs(call, service, "eu-west-1") in call.headers["authorization"]


@pytest.mark.parametrize("sample", SENDS, ids=str)
def test_every_request_is_of_the_shape_that_amazon_publishes(sample: Sample) -> None:
    shape = get_session().get_service_model("sesv2").operation_model("SendEmail").input_shape
    for step in sample.sending()[2].steps:
        if isinstance(step.call.json, dict):
            assert ParamValidator().validate(step.call.json, shape).generate_report() == ""


# -- SNS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "sha1", "sha256"),
    [
        (
            {},
            "0497cb83e58d13d67fad7da00c6eb059ada7db56",
            "de24e5f32c6a16def95d76d036059a12d6cf007f0f86d8472b0ce629a1499886",
        ),
        (
            {
                "Type": "SubscriptionConfirmation",
                "MessageId": "99999999-2222-5333-8444-555555555555",
                "Message": "You have chosen to subscribe to the topic",
                "Token": "2336412f37fb687f5d51e6e2425dacbba",
                "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
                f"&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425dacbba",
                "Timestamp": "2026-03-14T15:00:00.000Z",
            },
            "782df0fe9bfee625d56627c130659abcc6232f16",
            "13aa789c8a48541a06661f93b0947c010809c367d183ad9ae1cd207acd0344d4",
        ),
    ],
)
def test_what_is_signed_has_the_known_digests(told: dict[str, Any], sha1: str, sha256: str) -> None:
    signed_part = msgspec.convert(notice(**told), Notice).signed
    assert hashlib.sha1(signed_part).hexdigest() == sha1
    assert hashlib.sha256(signed_part).hexdigest() == sha256


def as_arithmetic_has_it(told: dict[str, Any]) -> bool:
    """Judge a signature of version 2 with nothing but numbers (RFC 8017 section 8.2.2)."""
    key = x509.load_pem_x509_certificate(CERTIFICATE).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    numbers = key.public_numbers()
    opened = pow(int.from_bytes(base64.b64decode(told["Signature"])), numbers.e, numbers.n)
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    lines = "".join(f"{name}\n{told[name]}\n" for name in names if name in told)
    kind = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(lines.encode()).digest()
    return opened.to_bytes(256) == b"\x00\x01" + b"\xff" * (256 - 3 - len(kind)) + b"\x00" + kind


def test_arithmetic_finds_a_signature_of_version_2_as_good_as_we_do() -> None:
    good = signed(notice())
    assert as_arithmetic_has_it(good)
    channel().verify(posted(good))
    changed = {**good, "Message": '{"eventType":"Bounce"}'}
    assert not as_arithmetic_has_it(changed)
    with pytest.raises(BadSignature):
        channel().verify(posted(changed))


JUDGE = """
import json, sys
from cryptography import x509
from django.conf import settings
settings.configure()
from django_ses.utils import EventMessageVerifier
class Judge(EventMessageVerifier):
    certificate = x509.load_pem_x509_certificate(open(sys.argv[1], "rb").read())
posts = json.load(sys.stdin)
json.dump([bool(Judge(post).is_verified() and Judge(post)._get_cert_url()) for post in posts], sys.stdout)
"""


def as_django_ses_has_it(posts: list[dict[str, Any]]) -> list[bool]:
    """Judge posts with django-ses, which knows signatures of version 1; in a process of its own, as it wants one."""
    command = [sys.executable, "-c", JUDGE, str(SAMPLES.path / "sns.pem")]
    judged = subprocess.run(command, input=json.dumps(posts), capture_output=True, text=True, timeout=60, check=True)
    verdicts: list[bool] = json.loads(judged.stdout)
    return verdicts


def test_django_ses_believes_what_we_believe() -> None:
    def told(**more: Any) -> dict[str, Any]:
        return signed(notice(SignatureVersion="1", **more))

    good = told()
    without_subject = notice(SignatureVersion="1")
    del without_subject["Subject"]
    subscription = told(Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://sns.eu-west-1.amazonaws.com/")
    host = "sns.eu-west-1.amazonaws.com"
    posts = [
        good,
        signed(without_subject),
        subscription,
        {**good, "Message": "{}"},
        {**good, "Subject": "Another"},
        {**good, "MessageId": "another"},
        {**subscription, "Token": "another"},
        told(Type="Advertisement") if "Advertisement" in sns._SIGNED else {**good, "Type": "Advertisement"},
        *(
            told(SigningCertURL=url)
            for url in (
                f"http://{host}/SimpleNotificationService-1.pem",
                f"https://{host}.evil.example/SimpleNotificationService-1.pem",
                f"https://{host}@evil.example/SimpleNotificationService-1.pem",
                f"https://{host}/another.pem",
                "https://evil.example/SimpleNotificationService-1.pem",
            )
        ),
    ]

    def believed(told: dict[str, Any]) -> bool:
        try:
            channel().verify(posted(told))
        except BadSignature:
            return False
        return True

    verdicts = as_django_ses_has_it(posts)
    assert verdicts == [True] * 3 + [False] * 10
    assert [believed(post) for post in posts] == verdicts


def test_the_samples_are_signed_with_the_key_beside_them() -> None:
    told = json.loads((SAMPLES.path / "delivered.http").read_bytes().partition(b"\n\n")[2])
    assert signed(told) == told


JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: rsa.generate_private_key(65537, 1024), "none of SNS's"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "none of SNS's"),
    ],
)
def test_a_certificate_with_another_kind_of_key_proves_nothing(make: Callable[[], Any], why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        channel().verify(posted(signed(notice()), certificate(make(), JANUARY, APRIL)))


def test_a_certificate_proves_nothing_before_its_time() -> None:
    with pytest.raises(BadSignature, match="not valid now"):
        channel().verify(posted(signed(notice()), certificate(KEY, datetime(2026, 3, 15, tzinfo=UTC), APRIL)))
    channel().verify(posted(signed(notice()), certificate(KEY, JANUARY, APRIL)))


def test_the_certificate_is_asked_for_where_sns_keeps_it_and_nowhere_else() -> None:
    assert channel().evidence(posted(notice())) == Call.get(CERTIFICATE_URL)
    stand_in = "http://127.0.0.1:9100/SimpleNotificationService-1.pem"
    with pytest.raises(BadSignature):
        channel().evidence(posted(notice(SigningCertURL=stand_in)))
    with_stand_in = channel(baseUrl="http://127.0.0.1:9100/")
    for url in (stand_in, CERTIFICATE_URL):
        assert with_stand_in.evidence(posted(notice(SigningCertURL=url))) == Call.get(url)
    china = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem"
    chinese = notice(TopicArn=channel().settings.topics[1], SigningCertURL=china)
    assert channel().evidence(posted(chinese)) == Call.get(china)
    for url in (china.replace(".com.cn", ".com"), CERTIFICATE_URL):
        with pytest.raises(BadSignature):
            channel().evidence(posted({**chinese, "SigningCertURL": url}))


def confirmed(told: dict[str, Any], **settings: Any) -> Call | None:
    exchange = channel(**settings).acknowledge(posted(told))
    if exchange is None:
        return None
    call = next(exchange)
    with pytest.raises(StopIteration):
        exchange.send(Reply(status=200))
    return call


def test_a_subscription_is_confirmed_at_sns_and_nowhere_else() -> None:
    path = f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"

    def told(url: str | None, kind: str = "SubscriptionConfirmation") -> dict[str, Any]:
        return notice(Type=kind, Token="abc", SubscribeURL=url)

    host = "https://sns.eu-west-1.amazonaws.com"
    assert confirmed(told(host + path)) == Call.get(host + path)
    assert confirmed(told("http://127.0.0.1:1" + path), baseUrl="http://127.0.0.1:1") is not None
    for url in (
        None,
        "",
        path,
        f"https://evil.example{path}",
        f"{host}.evil.example{path}",
        f"https://sns.us-east-1.amazonaws.com{path}",
        f"{host}/?Action=Unsubscribe&TopicArn={TOPIC}",
        f"{host}{path}\r\nX: y",
        f"{host}{path}{'x' * 2000}",
    ):
        assert confirmed(told(url)) is None
    assert confirmed(told(host + path, "UnsubscribeConfirmation")) is None
    assert channel().acknowledge(msgspec.structs.replace(posted(notice()), body=b"{}")) is None


def test_what_is_no_post_is_unreadable_and_refused_for_now() -> None:
    callback = msgspec.structs.replace(posted(notice()), body=b'{"eventType":"Delivery"}')
    with pytest.raises(Unreadable):
        channel().parse(callback)
    assert channel().refusal(callback).status == 503, "the certificate may be had the next time"


# -- mails in a bucket -----------------------------------------------------------------------------------------------


def stored(**action: Any) -> Callback:
    """The notice of a mail that a rule has put into a bucket."""
    told = json.loads((SAMPLES.path / "inbound_in_a_bucket.http").read_bytes().partition(b"\n\n")[2])
    event = json.loads(told["Message"])
    event["receipt"]["action"] |= action
    return posted(told | {"Message": json.dumps(event)})


MAIL = b"From: Ada <ada@example.com>\r\nSubject: Re: Your order\r\n\r\nThanks, it came!\r\n"
WITH_BUCKET = {"inboxBucket": "hub-inbox"}


def test_a_mail_is_got_from_the_bucket() -> None:
    connector = channel(**WITH_BUCKET)
    exchange = connector.complete(stored())
    assert exchange is not None
    call = next(exchange)
    assert (call.method, call.url) == ("GET", "https://s3.eu-west-1.amazonaws.com/hub-inbox/mail/d6iit%20obk")
    assert as_botocore_signs(call, "s3", "eu-west-1") in call.headers["authorization"]
    with pytest.raises(StopIteration) as end:
        exchange.send(Reply(status=200, body=MAIL))
    (inbound,) = connector.parse(end.value.value)
    assert isinstance(inbound, Inbound)
    assert inbound.content == Content(title="Re: Your order", text="Thanks, it came!")
    assert b"Thanks" not in bytes(inbound.raw), "what is kept beside the mail is not the mail again"


def test_a_mail_that_cannot_be_got_is_told_of_all_the_same() -> None:
    connector, callback = channel(**WITH_BUCKET), stored()
    for trouble in (Reply(status=403), Reply(status=200, body=b"x" * (40 * 2**20 + 1)), None):
        exchange = connector.complete(callback)
        assert exchange is not None
        next(exchange)
        with pytest.raises(StopIteration) as end:
            if trouble is None:
                exchange.throw(NoReply("no answer", taken=True))
            else:
                exchange.send(trouble)
        assert end.value.value is callback
    (inbound,) = connector.parse(callback)
    assert isinstance(inbound, Inbound)
    assert inbound.content == Content(title="Re: Your order")
    assert inbound.extra["mailAt"] == "s3://hub-inbox/mail/d6iit obk"


def test_only_the_channels_own_bucket_is_looked_into() -> None:
    assert channel().complete(stored()) is None
    assert channel(**WITH_BUCKET).complete(stored(bucketName="another")) is None
    assert channel(**WITH_BUCKET).complete(stored(objectKey="")) is None
    for told in (
        notice(),
        notice(Message="no JSON"),
        notice(Message='{"mail":7}'),
        notice(Type="SubscriptionConfirmation"),
    ):
        assert channel(**WITH_BUCKET).complete(posted(told)) is None
    assert channel(**WITH_BUCKET).complete(msgspec.structs.replace(posted(notice()), body=b"")) is None


# -- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "arn:aws:sqs:eu-west-1:123456789012:a",
        f"{TOPIC}.fifo",
        "arn:aws:sns:eu.evil/x:123456789012:a",
        "arn:aws:sns:eu-west-1:1:a",
    ],
)
def test_a_topic_must_be_one(topic: str) -> None:
    with pytest.raises(Refused):
        channel(topics=[topic])
    with pytest.raises(Refused):
        channel(topics=[])


def test_what_check_would_refuse_is_not_sent() -> None:
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="ada", content=Content(text="x"), now=0)
    with pytest.raises(SendFailed, match="'ada' is no e-mail address"):
        next(channel().send(outgoing, report_to=""))


def test_huge_message_is_refused_beforehand() -> None:
    content = Content(text="x", media=(Media(type="text/plain", data="x" * (31 * 2**20)),))
    outgoing = Outgoing(message="m", hop=0, workspace="w", platform="email", to="a@b.example", content=content, now=0)
    assert channel().check(outgoing) == (FieldError("body", "SES takes at most 40 MB.", "TooLarge"),)


def test_channel_says_who_it_sends_as() -> None:
    assert channel().sender == "shop@hub.example"
