"""What is particular to Vonage; its samples are proven by the suite over every connector."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from vonage_http_client.auth import Auth
from vonage_jwt import JwtClient
from vonage_jwt import verify_signature as verify_by_vonages_own
from vonage_messages.models import Sms
from vonage_sms.requests import SmsMessage

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.vonage import Vonage
from tidings.connectors.vonage.codes import ANSWERS, BY_STATUS, MESSAGES, RECEIPTS
from tidings.connectors.vonage.signature import sign
from tidings.model.content import Content, Media
from tidings.model.errors import BadSignature, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Answer, Call, Callback, Reply
from tidings.model.reports import Inbound, Receipt
from tidings.model.secrets import Secret
from tidings.model.stages import Cause, Reason, Stage

FOLDER = Folder(Vonage, Path(tidings.connectors.__file__).parent / "samples" / "vonage")
SETTINGS = FOLDER.channel.settings
SECRET = "hub-vonage-signature-secret"
LONG_SECRET = "a-signature-secret-of-more-than-32-octets"
TOKEN = "a-long-random-text"
NOW = FOLDER.channel.now
URL = FOLDER.channel.callback_url
FORM = "application/x-www-form-urlencoded"
RECEIPT = {
    "msisdn": "447700900123",
    "to": "HUBTEST",
    "network-code": "23410",
    "messageId": "1A0000003F2B9C11",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2603141509",
    "err-code": "0",
    "api-key": "abcd1234",
    "client-ref": "a&b=c",
    "message-timestamp": "2026-03-14 15:09:26",
    "timestamp": "1773500966",
    "nonce": "b1c2d3e4-0001",
}
METHODS = ("md5", "sha1", "sha256", "sha512")


def connector(**settings: Any) -> Vonage:
    return Vonage(read_settings(Vonage, {**SETTINGS, **settings}), "sms")


def callback(
    fields: dict[str, str], *, url: str = URL, method: str = "POST", received_at: int = NOW, **headers: str
) -> Callback:
    body = urlencode(fields).encode()
    if method == "GET":
        url, body = f"{url}{'&' if '?' in url else '?'}{body.decode()}", b""
    return Callback(
        method=method, url=url, headers={"content-type": FORM, **headers}, body=body, received_at=received_at
    )


def message(body: bytes, token: str, **more: Any) -> Callback:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    given = {"method": "POST", "url": URL, "headers": headers, "body": body, "received_at": NOW, **more}
    return Callback(**given)


def token_for(body: bytes, secret: str = SECRET, **more: Any) -> str:
    claims = {
        "iat": NOW // 1000,
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": SETTINGS["apiKey"],
        **more,
    }
    head, told = ({"alg": "HS256", "typ": "JWT"}, claims)
    signed = ".".join(
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in (head, told)
    )
    digest = hmac.digest(secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def believed(by: Vonage, told: Callback) -> bool:
    try:
        by.verify(told)
    except BadSignature:
        return False
    return True


def outgoing(**given: Any) -> Outgoing:
    whole = {"message": "msg-1", "hop": 0, "workspace": "ws-1", "platform": "sms", "to": "+447700900123", "now": NOW}
    return Outgoing(**{"content": Content(text="Parcel ready"), **whole, **given})


def call(by: Vonage, **given: Any) -> Call:
    return next(by.send(outgoing(**given), report_to=URL))


def form_of(asked: Call) -> dict[str, str]:
    return (
        dict(callback({}).arguments)
        | Callback(method="GET", url=f"{URL}?{asked.body.decode()}", headers={}, body=b"", received_at=0).arguments
    )


def vonages_own(method: Any = "sha256", secret: str = SECRET) -> Any:
    return Auth(api_key="abcd1234", signature_secret=secret, signature_method=method)


# The signature of the SMS API


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("md5hash", "e74b2dc67a433c390bd0d12ea69768ef"),
        ("sha1", "93331FF2B2F1E3693C68FC18A305FBFFA2D3C485"),
        ("sha256", "2A337D886DEF82D7311D8CE1B7C20DBC9C0E11F3413AC6AEF4BBE670E4541E92"),
    ],
)
def test_signature_vectors_are_believed_in_any_case(method: str, signature: str) -> None:
    by = connector(signatureMethod=method)
    for written in (signature.lower(), signature.upper()):
        assert believed(by, callback({**RECEIPT, "sig": written}))
    assert not believed(by, callback({**RECEIPT, "sig": signature, "status": "failed"}))
    assert not believed(connector(signatureMethod="sha512"), callback({**RECEIPT, "sig": signature}))


values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(values.filter(bool), values, max_size=6), st.sampled_from(METHODS))
def test_signature_is_what_vonages_own_library_makes(fields: dict[str, str], method: str) -> None:
    fields = {**fields, "timestamp": "1773500966"}
    fields.pop("sig", None)
    fields.pop("token", None)
    signature = vonages_own(method).sign_params(dict(fields))
    assert sign(fields, Secret(SECRET), method) == signature
    by = connector(signatureMethod=method)
    for way in ("POST", "GET"):
        assert believed(by, callback({**fields, "sig": signature}, method=way))
    as_json = message(
        msgspec.json.encode({**fields, "sig": signature}), "", headers={"content-type": "application/json"}
    )
    assert believed(by, as_json)
    assert vonages_own(method).check_signature({**fields, "sig": signature.upper()})


def test_request_is_signed_as_vonages_own_library_checks_it() -> None:
    asked = form_of(call(connector(apiSecret=None), content=Content(text="a&b=c")))
    assert "api_secret" not in asked
    assert vonages_own().check_signature(asked)


@pytest.mark.parametrize(("seconds", "age", "good"), [(299, 300, True), (301, 300, False), (3000, 3600, True)])
@pytest.mark.parametrize("direction", [1, -1])
def test_signed_callback_is_believed_for_as_long_as_the_channel_says(
    seconds: int, age: int, good: bool, direction: int
) -> None:
    by, received_at = connector(maxCallbackAge=age), NOW + direction * seconds * 1000
    signature = vonages_own().sign_params(dict(RECEIPT))
    assert believed(by, callback({**RECEIPT, "sig": signature}, received_at=received_at)) is good
    assert believed(by, message(b"{}", token_for(b"{}"), received_at=received_at)) is good


@pytest.mark.parametrize("timestamp", ["", "soon", "١", "9" * 12, "-1"])
def test_signed_callback_without_a_sound_time_is_refused(timestamp: str) -> None:
    fields = {**RECEIPT, "timestamp": timestamp}
    assert not believed(connector(), callback({**fields, "sig": sign(fields, Secret(SECRET), "sha256")}))


def test_field_that_cannot_be_written_is_refused() -> None:
    body = b'{"status":"delivered","timestamp":"1773500966","text":"\\ud800","sig":"00"}'
    assert not believed(connector(), message(body, "", headers={"content-type": "application/json"}))


def test_callback_with_a_thousand_fields_is_refused() -> None:
    assert not believed(connector(), callback({f"a{number}": "" for number in range(1001)}))


def test_query_that_cannot_be_written_is_refused() -> None:
    url = f"{URL}?status=\ud800&timestamp=1773500966&sig=00"
    assert not believed(connector(), Callback(method="GET", url=url, headers={}, body=b"", received_at=NOW))


# The tokens of the Messages API


def test_token_of_a_webhook_is_believed_by_us_and_by_vonages_own_library() -> None:
    body = b'{"message_uuid":"a","status":"delivered"}'
    token = token_for(body, LONG_SECRET)
    assert verify_by_vonages_own(token, LONG_SECRET)
    assert believed(connector(signatureSecret=LONG_SECRET), message(body, token))
    assert not believed(connector(signatureSecret=LONG_SECRET), message(body + b" ", token))
    assert not believed(connector(), message(body, token))


def test_token_is_written_in_one_way_only() -> None:
    token = token_for(b"{}")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = token[:-1] + letters[letters.index(token[-1]) ^ 1]
    assert believed(connector(), message(b"{}", token))
    assert not believed(connector(), message(b"{}", spare))


@pytest.mark.parametrize(
    "claims", [{"iat": True}, {"iat": "1773500966"}, {"iat": 1e300}, {"payload_hash": None}, {"payload_hash": 1}]
)
def test_token_with_odd_claims_is_refused(claims: dict[str, Any]) -> None:
    assert not believed(connector(), message(b"{}", token_for(b"{}", **claims)))


def test_token_that_ends_later_is_believed() -> None:
    assert believed(connector(), message(b"{}", token_for(b"{}", exp=NOW // 1000 + 1)))


@pytest.mark.parametrize("head", [b'{"alg":"HS256","crit":["b64"]}', b'{"alg":"none"}', b"[]", b"{", b"\xff"])
def test_token_of_another_kind_is_refused(head: bytes) -> None:
    _, claims, _ = token_for(b"{}").split(".")
    signed = f"{base64.urlsafe_b64encode(head).rstrip(b'=').decode()}.{claims}"
    digest = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), signed.encode(), "sha256")).rstrip(b"=").decode()
    assert not believed(connector(), message(b"{}", f"{signed}.{digest}"))


def test_our_token_has_what_vonages_own_library_claims() -> None:
    by = connector(api="messages")
    told = call(by).headers["authorization"].removeprefix("Bearer ")
    key = load_pem_private_key(SETTINGS["privateKey"].encode(), None).public_key()
    ours = jwt.decode(told, key, algorithms=["RS256"], options={"verify_exp": False})  # type: ignore[arg-type]
    theirs = JwtClient(SETTINGS["applicationId"], SETTINGS["privateKey"]).generate_application_jwt({"iat": ours["iat"]})
    claimed = jwt.decode(theirs, key, algorithms=["RS256"], options={"verify_exp": False})  # type: ignore[arg-type]
    assert ours | {"jti": ""} == claimed | {"jti": ""}
    assert jwt.get_unverified_header(told) == jwt.get_unverified_header(theirs)
    assert 0 <= NOW // 1000 - ours["iat"] < 300


def test_our_token_is_made_again_after_five_minutes() -> None:
    by = connector(api="messages")
    first, same, next_one = (call(by, now=at).headers["authorization"] for at in (NOW, NOW + 1, NOW + 300_000))
    assert first == same
    assert first != next_one


# The token in the URL


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_unsigned_callback_is_believed_at_the_url_with_the_token(method: str) -> None:
    fields = {**RECEIPT, "client-ref": "msg-1:0"}
    by = connector(signatureSecret=None, callbackToken=TOKEN)
    told = callback(fields, url=f"{URL}?token={TOKEN}", method=method)
    assert believed(by, told)
    [receipt] = by.parse(told)
    assert isinstance(receipt, Receipt)
    assert (receipt.stage, receipt.target.message) == (Stage.DELIVERED, "msg-1")
    assert "token" not in msgspec.json.decode(receipt.raw)
    assert not believed(by, callback(fields, url=f"{URL}?token={TOKEN}x", method=method))
    assert not believed(by, callback(fields, method=method))


def test_signature_that_is_wrong_is_not_made_good_by_the_token() -> None:
    url = f"{URL}?token={TOKEN}"
    both = connector(callbackToken=TOKEN)
    assert not believed(both, callback({**RECEIPT, "sig": "00"}, url=url))
    assert not believed(both, message(b"{}", "a.b.c", url=url))
    assert believed(both, callback(RECEIPT, url=url))
    assert believed(connector(signatureSecret=None, callbackToken=TOKEN), message(b"{}", "a.b.c", url=url))


def test_forged_callback_is_refused_and_an_unsigned_one_is_asked_for_again() -> None:
    by = connector()
    assert by.refusal(callback({**RECEIPT, "sig": "00"})).status == 401
    assert by.refusal(message(b"{}", "a.b.c")).status == 401
    assert by.refusal(callback(RECEIPT)).status == 503


def test_request_that_says_nothing_is_greeted_and_any_other_is_not() -> None:
    by = connector()
    assert by.handshake(callback({}, method="GET")) == Answer()
    assert by.handshake(callback({}, url=f"{URL}?token={TOKEN}", method="GET")) == Answer()
    assert by.handshake(callback(RECEIPT, method="GET")) is None
    assert by.handshake(callback(RECEIPT)) is None


# Settings


def elliptic_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"signatureSecret": None}, "to prove callbacks"),
        ({"signatureSecret": ""}, "to prove callbacks"),
        ({"callbackToken": "short"}, "callbackToken"),
        ({"privateKey": None}, "go together"),
        ({"applicationId": ""}, "go together"),
        ({"privateKey": "no key"}, "RSA"),
        ({"privateKey": elliptic_key()}, "RSA"),
        ({"apiSecret": None, "signatureSecret": None, "callbackToken": TOKEN}, "the SMS API needs"),
        ({"api": "messages", "apiSecret": None, "applicationId": "", "privateKey": None}, "the Messages API needs"),
        ({"api": "fax"}, "api"),
        ({"maxCallbackAge": 1}, "maxCallbackAge"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(Refused) as refused:
        connector(**settings)
    assert told in f"{refused.value.errors}"
    assert str(settings.get("privateKey") or "-") not in f"{refused.value.errors}"


def test_sender_of_the_channel() -> None:
    assert connector().sender == "HUBTEST"


# Sending


def test_request_of_the_sms_api_is_one_that_vonages_own_library_would_make() -> None:
    asked = form_of(
        call(
            connector(),
            content=Content(text="Привет"),
            expires_at=NOW + 60_000,
            options={"messageClass": 1, "accountRef": "a", "entityId": "e", "contentId": "c"},
        )
    )
    theirs = SmsMessage(
        to="447700900123",
        from_="HUBTEST",
        text="Привет",
        type="unicode",
        client_ref="msg-1:0",
        status_report_req=True,
        callback=URL,
        ttl=60_000,
        message_class=1,
        account_ref="a",
        entity_id="e",
        content_id="c",
    ).model_dump(by_alias=True, exclude_none=True)
    written = {name: str(int(value) if isinstance(value, bool) else value) for name, value in theirs.items()}
    assert {name: value for name, value in asked.items() if not name.startswith("api_")} == written


def test_request_of_the_messages_api_is_one_that_vonages_own_library_would_make() -> None:
    by = connector(api="messages")
    asked = call(by, expires_at=NOW + 60_000, options={"poolId": "p", "trustedRecipient": True})
    theirs = Sms(
        to="447700900123",
        from_="HUBTEST",
        text="Parcel ready",
        client_ref="msg-1:0",
        ttl=60,
        webhook_url=URL,
        webhook_version="v1",
        trusted_recipient=True,
        sms={"encoding_type": "auto", "pool_id": "p"},
    )
    assert msgspec.json.decode(asked.body) == theirs.model_dump(by_alias=True, exclude_none=True, mode="json")


def test_send_refuses_what_check_refuses() -> None:
    asked = outgoing(content=Content(text="a" * 3201))
    [error] = connector().check(asked)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(asked, report_to=URL))
    assert failed.value.reason == Reason(Cause.INVALID, f"body: {error.message}", "TooLong")


def test_text_that_cannot_be_written_is_refused() -> None:
    [error] = connector().check(outgoing(content=Content(text="\ud800")))
    assert (error.path, error.code) == ("body", "Invalid")


def test_sender_may_stand_in_a_body_of_ones_own() -> None:
    native = Content(native={"sms": msgspec.Raw(b'{"text":"Hi","from":"Shop"}')})
    assert connector(sender="").check(outgoing(content=native)) == ()


# Reading


def test_inbound_text_of_both_apis_says_the_same() -> None:
    said = []
    for name in ("inbound_text", "message_inbound_text"):
        by, told = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
        [inbound] = by.parse(told)
        assert isinstance(inbound, Inbound)
        said.append((inbound.sender, inbound.to, inbound.content, inbound.at, inbound.extra["keyword"]))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.nexmo.com/v3/media/1", True),
        ("https://api.nexmo.com.example.test/v3/media/1", False),
        ("https://cdn.example.test/1", False),
    ],
)
def test_file_of_a_person_is_fetched_with_our_credentials_from_vonage_only(url: str, trusted: bool) -> None:
    asked = next(connector().fetch(Media(url=url), NOW))
    assert (asked.url, asked.follow, "authorization" in asked.headers) == (url, True, trusted)


# The codes

LATER_ANSWERS = {"1", "4", "5", "10", "14", "32"}
CAUSES = {
    Cause.ACCOUNT: ("4 8 9 11 14 15 23 29 32", "50 51", "1060 1070 1080 1120 1140 1160 1242 1420 1476 1480 1481 1484"),
    Cause.INVALID: ("2 3 12 22", "", "1010 1020 1021 1022 1090 1130 1150 1320 1410 1431 1450 1451"),
    Cause.BAD_ADDRESS: ("6 33", "3 12", "1040 1170 1190 1260 1300 1430"),
    Cause.BLOCKED: ("7", "4 14 53", "1050 1280 1483"),
    Cause.FILTERED: ("17", "6 10 13 52 54", "1210 1270 1282 1470 1473 1475 1482 2001"),
    Cause.OPTED_OUT: ("", "9", "1240"),
    Cause.THROTTLED: ("1 10", "16", "1000 1241 1460 1461 1472"),
    Cause.PROVIDER: ("5", "8", "1030 1100 1230 1331"),
    Cause.UNREACHABLE: ("", "2 5 7 11 15", "1180 1200 1220 1250 1251 1290"),
    Cause.UNSUPPORTED: ("", "", "1310 1400 1440"),
    Cause.COUNTRY: ("", "", "1474"),
    Cause.WINDOW: ("", "", "1340"),
    Cause.EXPIRED: ("", "", "1360"),
    Cause.UNKNOWN: ("", "1 99", "1330 1490"),
}


@pytest.mark.parametrize(("place", "table"), [(0, ANSWERS), (1, RECEIPTS), (2, MESSAGES)])
def test_every_code_means_what_its_page_says(place: int, table: dict[str, Any]) -> None:
    expected = {code: cause for cause, codes in CAUSES.items() for code in codes[place].split()}
    assert {code: verdict.cause for code, verdict in table.items()} == expected
    assert all(verdict.text for verdict in table.values())


def test_what_may_pass_later_is_not_for_good() -> None:
    tables = (ANSWERS, RECEIPTS, MESSAGES, BY_STATUS)
    assert [verdict for table in tables for verdict in table.values() if verdict.later and verdict.lasting] == []
    assert {code for code, verdict in ANSWERS.items() if verdict.later} == LATER_ANSWERS
    assert {code for code, verdict in RECEIPTS.items() if not verdict.lasting} == {"2", "7", "8", "15", "16"}


@pytest.mark.parametrize("code", ANSWERS)
def test_answer_with_a_code_is_what_the_table_says(code: str) -> None:
    exchange, verdict = connector().send(outgoing(), report_to=URL), ANSWERS[code]
    next(exchange)
    with pytest.raises((SendFailed, SendDeferred)) as raised:
        exchange.send(Reply(status=200, body=msgspec.json.encode({"messages": [{"status": code}]})))
    reason = Reason(verdict.cause, verdict.text, code, permanent=verdict.lasting)
    error: Any = raised.value
    assert (type(error), error.reason) == (SendDeferred if verdict.later else SendFailed, reason)


@pytest.mark.parametrize(
    ("concat", "is_part"),
    [
        ({"concat-ref": "55", "concat-total": "2", "concat-part": "2"}, True),
        ({"concat-ref": "55", "concat-total": 2, "concat-part": 1}, True),
        ({"concat-ref": "55", "concat-total": "1", "concat-part": "1"}, False),
        ({"concat-ref": "55", "concat-total": "2", "concat-part": "3"}, False),
        ({"concat-ref": "55", "concat-total": "2", "concat-part": "0"}, False),
        ({"concat-ref": "55", "concat-total": "256", "concat-part": "1"}, False),
        ({"concat-ref": "55", "concat-total": "٣", "concat-part": "1"}, False),
        ({"concat-ref": "55", "concat-total": "2", "concat-part": "1", "type": "binary", "data": "00"}, False),
        ({}, False),
    ],
)
def test_what_can_be_no_part_of_a_text_is_told_by_itself(concat: dict[str, Any], *, is_part: bool) -> None:
    said = {"msisdn": "447700900123", "to": "447418340000", "messageId": "0A", "text": "Hi", **concat}
    callback = Callback(
        method="POST",
        url=URL,
        headers={"content-type": "application/json"},
        body=json.dumps(said).encode(),
        received_at=1,
    )
    [inbound] = FOLDER.build().parse(callback)
    assert isinstance(inbound, Inbound)
    assert (inbound.fragment is not None) is is_part
