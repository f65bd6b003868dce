"""What is particular to Messenger; its samples are proven by the suite over every connector."""

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pywa

import tidings.connectors
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.messenger import Messenger
from tidings.connectors.meta.errors import GraphError
from tidings.connectors.meta.messaging.codes import CODES, SUBCODES, advise, refusal
from tidings.connectors.meta.messaging.receipts import tag_of
from tidings.connectors.meta.proof import app_proof
from tidings.connectors.proving.samples import Folder
from tidings.model.content import Content
from tidings.model.errors import BadSignature, Misconfigured, NoReply, Refused, SendDeferred, SendFailed
from tidings.model.exchange import Callback, Reply
from tidings.model.secrets import Secret
from tidings.model.stages import Cause, Reason

FOLDER = Folder(Messenger, Path(tidings.connectors.__file__).parent / "samples" / "messenger")
SECRET = "hub-meta-app-secret-01"
NOW = FOLDER.channel.now

VECTORS = {
    b'{"object":"page","entry":[{"id":"100200300","time":1760000000123,"messaging":[]}]}': (
        "sha256=7e0fb571c31b09b3ae0a397f1de795fbce9394693dff0faca4b7bc1acadbd174"
    ),
    b'{"object":"page","t":"caf\\u00e9"}': "sha256=78370a6b3cf46b47f30a5a4a9f67318cd693515993295f334b7b07ed9ffa81f3",
    '{"object":"page","t":"café"}'.encode(): "sha256=67c53a7cb2e3c01f016450dfa98d73984c7bec2b44d44c5dd54d634447051e4f",
    b'{"object":"instagram","entry":[]}': "sha256=852c9141bd31e0b1ae4fe10d2f3752d2dbc2dc6e7e3bb7883bca5523fdb34bcf",
}
"""Bodies, of which Meta writes the second where others would write the third, and their signatures."""


def connector(**settings: Any) -> Messenger:
    return Messenger(read_settings(Messenger, {**FOLDER.channel.settings, **settings}), "facebook")


def callback(body: bytes, signature: str) -> Callback:
    headers = {"x-hub-signature-256": signature}
    return Callback(method="POST", url=FOLDER.channel.callback_url, headers=headers, body=body, received_at=NOW)


def outgoing(**more: Any) -> Outgoing:
    given = {"to": "7300000000001924", "content": Content(text="Hello"), **more}
    return Outgoing(message="m", hop=0, workspace="w", platform="facebook", now=NOW, **given)


@pytest.mark.parametrize(("body", "signature"), VECTORS.items())
def test_signature_vector_is_believed_by_us_and_by_pywa(body: bytes, signature: str) -> None:
    theirs = pywa.WhatsApp(phone_id="1", token="t", server=None, verify_token="v", app_secret=SECRET)
    connector().verify(callback(body, signature))
    assert theirs.webhook_update_validator(body, signature) is None
    others = [each for each in VECTORS.values() if each != signature]
    for wrong in others:
        with pytest.raises(BadSignature):
            connector().verify(callback(body, wrong))
        assert theirs.webhook_update_validator(body, wrong) == ("Forbidden", 403)


def test_signature_by_an_empty_secret_is_refused() -> None:
    body = next(iter(VECTORS))
    signature = "sha256=" + hmac.digest(b"", body, "sha256").hex()
    with pytest.raises(BadSignature):
        connector(appSecret="").verify(callback(body, signature))


def test_proof_of_the_app_secret_is_as_meta_makes_it() -> None:
    proof = app_proof(Secret(SECRET), Secret("EAAB-example-token"))
    assert proof == "d9374e36255b4bba332bd0154e3d1319421ba2624b13709b290ab1087b5eedab"


def test_sender_is_the_page() -> None:
    assert connector().sender == "220000000000118"


def test_without_echoes_nobody_says_when_a_message_went() -> None:
    assert (connector().able.unechoed, connector(echoes=False).able.unechoed) == (False, True)
    assert connector(echoes=False).able.windowed


@pytest.mark.parametrize("settings", [{"pageId": "my page"}, {"windowHours": -1}, {"version": "25"}])
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises((Refused, Misconfigured)):
        connector(**settings)


def test_send_refuses_what_check_refuses() -> None:
    asked = outgoing(to="nobody")
    [error] = connector().check(asked)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(asked, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


@pytest.mark.parametrize(("index", "count", "tag"), [(0, 1, "m:0"), (0, 3, "m:0/0"), (1, 3, "m:0/1"), (2, 3, "m:0")])
def test_tag_tells_the_last_part_from_those_before_it(index: int, count: int, tag: str) -> None:
    assert tag_of("m:0", index, count) == tag


# Codes

DEFERRED = {
    Cause.PROVIDER: ((1, 0), (2, 0), (1200, 0)),
    Cause.THROTTLED: ((4, 0), (4, 2018022), (613, 0), (80006, 0)),
    Cause.ACCOUNT: ((190, 0), (190, 463)),
}
REFUSED = {
    Cause.FILTERED: ((4, 2018354), (9, 2018352)),
    Cause.WINDOW: ((10, 2018065), (10, 2018278), (10, 2534022)),
    Cause.ACCOUNT: ((3, 0), (10, 0), (10, 2018108), (200, 0), (299, 0), (368, 0), (9, 2207051)),
    Cause.BAD_ADDRESS: ((100, 2018001), (100, 2534014)),
    Cause.INVALID: ((33, 0), (100, 0), (100, 2018047), (10900, 0)),
    Cause.BLOCKED: ((551, 0), (551, 1545041)),
    Cause.UNKNOWN: ((4711, 0),),
}


def refused(code: int, subcode: int = 0, tries: int = 0) -> SendFailed | SendDeferred | NoReply:
    error = {"message": "m", "code": code, "error_subcode": subcode}
    return refusal(Reply(status=400, body=msgspec.json.encode({"error": error})), NOW, tries)


@pytest.mark.parametrize(("cause", "code"), [(cause, code) for cause, codes in DEFERRED.items() for code in codes])
def test_code_that_defers(cause: Cause, code: tuple[int, int]) -> None:
    wait = refused(*code)
    assert isinstance(wait, SendDeferred)
    assert wait.reason == Reason(cause, "m", str(code[0]), permanent=False)
    assert (wait.channel_wide, wait.stale) == (cause is not Cause.PROVIDER, cause is Cause.ACCOUNT)


@pytest.mark.parametrize(("cause", "code"), [(cause, code) for cause, codes in REFUSED.items() for code in codes])
def test_code_that_refuses(cause: Cause, code: tuple[int, int]) -> None:
    failure = refused(*code)
    assert isinstance(failure, SendFailed)
    assert failure.reason == Reason(cause, "m", str(code[0]), permanent=cause is not Cause.FILTERED)
    assert failure.data is not None


def test_every_code_of_the_tables_is_tried() -> None:
    tried = {code for codes in (*DEFERRED.values(), *REFUSED.values()) for code in codes}
    assert set(SUBCODES) <= tried
    assert {code for code in CODES if not 200 < code < 299} <= {code for code, _ in tried}
    assert advise(GraphError(4711)) is None


@pytest.mark.parametrize("tries", range(5))
def test_trouble_that_may_be_a_block_is_given_up_after_three_tries(tries: int) -> None:
    assert isinstance(refused(2, tries=tries), SendDeferred if tries < 3 else SendFailed)
    assert isinstance(refused(613, tries=tries), SendDeferred), "too many at once are never too many for good"
