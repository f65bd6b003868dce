"""What is particular to WhatsApp; its samples are proven by the suite over every connector."""

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pywa
from msgspec.structs import replace
from pywa import errors as pywa_errors
from pywa import types as pywa_types

import tidings.connectors
from tidings.connectors.advice import Advice
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.whatsapp_cloud import WhatsAppCloud
from tidings.connectors.whatsapp_cloud.errors import ADVICE, refusal
from tidings.connectors.whatsapp_cloud.people import person
from tidings.connectors.whatsapp_cloud.reading import STAGES
from tidings.model.content import Content
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Callback, Reply
from tidings.model.reports import Deed, Inbound, Interaction, Receipt
from tidings.model.stages import Cause, Reason

FOLDER = Folder(WhatsAppCloud, Path(tidings.connectors.__file__).parent / "samples" / "whatsapp-cloud")
SECRET = "hub-meta-app-secret-01"
VECTOR = b'{"object":"whatsapp_business_account","entry":[]}'
VECTOR_SIGNATURE = "sha256=217c1d47bbddb4154dba0d159289878b7e9e770086aa2bcbc871bc24abfc3b5f"
NOW = FOLDER.channel.now


def connector(**settings: Any) -> WhatsAppCloud:
    return WhatsAppCloud(read_settings(WhatsAppCloud, {**FOLDER.channel.settings, **settings}), "whatsapp")


def callback(body: bytes, signature: str = "", method: str = "POST", query: str = "") -> Callback:
    url = f"{FOLDER.channel.callback_url}{query}"
    headers = {"x-hub-signature-256": signature} if signature else {}
    return Callback(method=method, url=url, headers=headers, body=body, received_at=NOW)


def pywa_client(seen: list[Any]) -> pywa.WhatsApp:
    """The other library, noting every update it understands."""
    client = pywa.WhatsApp(
        phone_id="318620757128766",
        token="t",
        server=None,
        verify_token="v",
        app_secret=SECRET,
        validate_updates=True,
        skip_duplicate_updates=False,
    )
    for listen in (
        client.on_message_status,
        client.on_message,
        client.on_callback_button,
        client.on_callback_selection,
        client.on_flow_completion,
        client.on_user_marketing_preferences,
        client.on_deleted_message,
        client.on_edited_message,
    ):
        listen()(lambda _, update: seen.append(update))
    return client


def test_signature_vector_is_believed_by_us_and_by_pywa() -> None:
    connector().verify(callback(VECTOR, VECTOR_SIGNATURE))
    assert pywa_client([]).webhook_update_validator(VECTOR, VECTOR_SIGNATURE) is None
    assert pywa_client([]).webhook_update_validator(VECTOR + b" ", VECTOR_SIGNATURE) == ("Forbidden", 403)


def test_signature_by_an_empty_secret_is_refused() -> None:
    signature = "sha256=" + hmac.digest(b"", VECTOR, "sha256").hex()
    with pytest.raises(BadSignature):
        connector(appSecret="").verify(callback(VECTOR, signature))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?hub.mode=subscribe&hub.challenge=1",
        "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=other",
        "?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=sample-verify-token",
        "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=%ED%A0%80",
    ],
)
def test_handshake_without_our_token_is_refused(query: str) -> None:
    with pytest.raises(BadSignature):
        connector().handshake(callback(b"", method="GET", query=query))


def test_handshake_with_an_empty_token_of_ours_is_refused() -> None:
    query = "?hub.mode=subscribe&hub.challenge=1&hub.verify_token="
    with pytest.raises(BadSignature):
        connector(verifyToken="").handshake(callback(b"", method="GET", query=query))
    assert connector().refusal(callback(b"", method="GET", query=query)).status == 403


def test_sender_is_the_phone_number_id() -> None:
    assert connector().sender == "318620757128766"


def test_send_refuses_what_check_refuses() -> None:
    outgoing = Outgoing(
        message="m", hop=0, workspace="w", platform="whatsapp", to="nobody", content=Content(text="Hello"), now=NOW
    )
    [error] = connector().check(outgoing)
    with pytest.raises(SendFailed) as failed:
        next(connector().send(outgoing, report_to=""))
    assert failed.value.reason == Reason(Cause.INVALID, f"to: {error.message}")


@pytest.mark.parametrize(
    ("number", "user_id", "known"),
    [
        ("351911111111", None, ("+351911111111", "")),
        ("351911111111", "PT.1", ("+351911111111", "")),
        (None, "PT.1", ("PT.1", "whatsappuserid")),
        ("", "US.ENT.30000000000000000001", ("US.ENT.30000000000000000001", "whatsappuserid")),
        ("PT.1", None, ("PT.1", "whatsappuserid")),
        ("nobody", None, ("", "")),
        ("nobody", "nobody", ("", "")),
        (None, None, ("", "")),
    ],
)
def test_person_is_a_number_or_else_a_user_id(number: str, user_id: str, known: tuple[str, str]) -> None:
    assert person(number, user_id) == known


# Codes

DEFERRED = {
    Cause.ACCOUNT: (0, 3, 10, 190, 200, 299),
    Cause.PROVIDER: (1, 2, 131000, 131016, 135000, 131053, 131057),
    Cause.THROTTLED: (4, 80007, 130429, 131056, 132069, 133016),
    Cause.FILTERED: (131048, 131064),
}
REFUSED = {
    Cause.FILTERED: (131049, 130472),
    Cause.WINDOW: (131047,),
    Cause.UNREACHABLE: (131026,),
    Cause.OPTED_OUT: (131050,),
    Cause.BAD_ADDRESS: (131021, 131030, 131062),
    Cause.INVALID: (131008, 131009, 100, 33, 131052, 137000),
    Cause.UNSUPPORTED: (131051,),
    Cause.COUNTRY: (130497,),
    Cause.ACCOUNT: (131031, 368, 131005, 131042, 131045, 131037),
}
TEMPLATES = (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068)
WAITS = {131056: 6.0, 131057: 60.0, 132069: 3600.0, 133016: 3600.0, 131048: 3600.0, 131064: 3600.0}
CHANNEL_WIDE = {0, 3, 10, 190, 200, 299, 4, 80007, 130429, 131057, 131048, 131064}


def refused(code: int, status: int = 400) -> SendFailed | SendDeferred | NoReply:
    body = msgspec.json.encode({"error": {"message": "m", "code": code, "error_data": {"details": "d"}}})
    return refusal(Reply(status=status, body=body), NOW)


@pytest.mark.parametrize(("cause", "code"), [(cause, code) for cause, codes in DEFERRED.items() for code in codes])
def test_code_that_defers(cause: Cause, code: int) -> None:
    wait = refused(code)
    assert isinstance(wait, SendDeferred)
    assert wait.reason == Reason(cause, "d", str(code), permanent=False)
    assert (wait.after, wait.channel_wide) == (WAITS.get(code), code in CHANNEL_WIDE)


@pytest.mark.parametrize(
    ("cause", "code"),
    [(cause, code) for cause, codes in REFUSED.items() for code in codes]
    + [(Cause.INVALID, code) for code in TEMPLATES],
)
def test_code_that_refuses(cause: Cause, code: int) -> None:
    failure = refused(code)
    assert isinstance(failure, SendFailed)
    assert failure.reason == Reason(cause, "d", str(code), permanent=cause is not Cause.FILTERED)
    assert failure.data is not None
    assert msgspec.json.decode(failure.data)["error"]["code"] == code


def codes_of(kind: type[Any]) -> set[int]:
    return {code for each in kind.__subclasses__() for code in each.__error_codes__ or ()}


@pytest.mark.parametrize(
    ("kind", "as_we_say"),
    [
        (pywa_errors.AuthorizationError, lambda advice: advice.cause is Cause.ACCOUNT and advice.deferred),
        (pywa_errors.ThrottlingError, lambda advice: advice.deferred),
        (pywa_errors.IntegrityError, lambda advice: advice.permanent and not advice.deferred),
        (pywa_errors.SendMessageError, lambda advice: advice.cause is not Cause.UNKNOWN),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_code_pywa_knows_has_our_advice(kind: type[Any], as_we_say: Callable[[Advice], bool]) -> None:
    codes = codes_of(kind)
    assert len(codes) > 2
    assert sorted(code for code in codes if code not in ADVICE or not as_we_say(ADVICE[code])) == []


def test_every_status_pywa_knows_has_a_stage() -> None:
    assert sorted(each.value for each in pywa_types.MessageStatusType if each.value not in STAGES) == ["UNKNOWN"]


# The other library reads the same samples


def understood(name: str) -> tuple[list[Any], list[Any]]:
    """What we and what pywa make of a sample, in which the person has the user id that pywa insists on."""
    ours, sample = Sample(FOLDER, FOLDER.path / f"{name}.http").received()
    notice = msgspec.json.decode(sample.body)
    value = notice["entry"][0]["changes"][0]["value"]
    people = value.setdefault("contacts", [{"profile": {"name": "Ana"}, "wa_id": "351911111111"}])
    for each in people:
        each["user_id"] = "PT.20000000000000000018"
    sample = replace(sample, body=msgspec.json.encode(notice))
    seen: list[Any] = []
    assert pywa_client(seen).webhook_update_handler(sample.body) == ("ok", 200)
    return ours.parse(sample), seen


@pytest.mark.parametrize(
    "name",
    [
        *("sent", "sent_with_a_number_as_expiration", "delivered", "delivered_published", "read", "read_published"),
        *("played", "failed_outside_the_window", "failed_undeliverable", "failed_by_experiment", "failed_for_now"),
    ],
)
def test_status_is_what_pywa_reads(name: str) -> None:
    [receipt, *_], [theirs] = understood(name)
    assert isinstance(receipt, Receipt)
    assert isinstance(theirs, pywa_types.MessageStatus)
    assert receipt.target.reference == theirs.id
    assert receipt.stage == STAGES[theirs.status.value]
    assert receipt.at == theirs.timestamp.timestamp() * 1000
    assert theirs.tracker == (f"{receipt.target.message}:{receipt.target.hop}" if receipt.target.message else None)
    told = (str(theirs.error.code), theirs.error.details) if theirs.error else None
    assert told == ((receipt.reason.code, receipt.reason.text) if receipt.reason else None)


@pytest.mark.parametrize(
    "name",
    [
        *("inbound_text_published", "inbound_answer", "inbound_forwarded", "inbound_image", "inbound_document"),
        *("inbound_video", "inbound_audio", "inbound_voice_note", "inbound_sticker", "inbound_location"),
    ],
)
def test_message_is_what_pywa_reads(name: str) -> None:
    [inbound], [theirs] = understood(name)
    assert isinstance(inbound, Inbound)
    assert isinstance(theirs, pywa_types.Message)
    assert inbound.key == f"inbound:{theirs.id}"
    assert inbound.sender == f"+{theirs.from_user.wa_id}"
    assert inbound.name == theirs.from_user.name
    assert inbound.at == theirs.timestamp.timestamp() * 1000
    assert inbound.content.text == (theirs.text or "")
    assert inbound.extra.get("forwarded", False) == theirs.forwarded
    answered = theirs.reply_to_message.id if theirs.reply_to_message else ""
    assert (inbound.reply_to.reference if inbound.reply_to else "") == answered
    if inbound.content.media:
        assert theirs.media
        [media] = inbound.content.media
        assert (media.reference, media.type) == (theirs.media.id, theirs.media.mime_type)
        assert media.caption == (theirs.caption or "")
    place = theirs.location
    ours = inbound.content.location
    assert (ours and (ours.latitude, ours.longitude, ours.name)) == (
        place and (place.latitude, place.longitude, place.name)
    )


@pytest.mark.parametrize("name", ["inbound_template_quick_reply", "inbound_button_reply", "inbound_list_reply"])
def test_tap_is_what_pywa_reads(name: str) -> None:
    [inbound, click], [theirs] = understood(name)
    assert isinstance(click, Interaction)
    assert click.deed is Deed.CLICKED
    assert (inbound.content.text, click.payload) == (theirs.title, theirs.data)
    assert click.target.reference == theirs.reply_to_message.id


def test_form_is_what_pywa_reads() -> None:
    [inbound, click], [theirs] = understood("inbound_flow_reply")
    assert inbound.content.text == theirs.body
    assert msgspec.json.decode(click.payload) == {**theirs.response, "flow_token": theirs.token}


def test_marketing_wish_is_what_pywa_reads() -> None:
    [stopped], [theirs] = understood("marketing_stopped")
    assert stopped.deed is Deed.UNSUBSCRIBE_REQUEST
    assert theirs.value is pywa_types.MarketingPreference.STOP
    assert stopped.sender == f"+{theirs.from_user.wa_id}"
    assert stopped.at == theirs.timestamp.timestamp() * 1000


def test_revocation_is_what_pywa_reads() -> None:
    [revoked], [theirs] = understood("inbound_revoke")
    assert revoked.deed is Deed.DELETE_REQUEST
    assert revoked.target.reference == theirs.original_message_id
