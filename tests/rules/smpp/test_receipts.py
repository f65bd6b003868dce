"""What receipts say, in all the ways that they say it."""

from datetime import UTC

import pytest

from tidings.rules.smpp.pdu import Message
from tidings.rules.smpp.receipts import Notice, is_receipt, moment_of, read_receipt
from tidings.rules.smpp.words import RECEIPT, UDHI, Tag

NOW = 1_773_500_966_000


def said(text: str, **tlvs: bytes) -> Notice:
    named: dict[int, bytes] = {Tag[name]: value for name, value in tlvs.items()}
    return read_receipt(Message(esm_class=RECEIPT, short_message=text.encode("latin-1"), tlvs=named))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (
            "id:7 sub:001 dlvrd:001 submit date:2603141508 done date:2603141509 stat:DELIVRD err:000 text:x",
            "7 DELIVRD 000",
        ),
        ("ID:7 STAT:delivrd ERR:12", "7 DELIVRD 12"),
        ("stat:UNDELIV id:7", "7 UNDELIV "),
        ("id: 7 stat: EXPIRED err: ", "7 EXPIRED "),
        ("id:7 err: stat:DELIVRD", "7 DELIVRD "),
        ("id:7 stat:DELIVRD err:0x1F", "7 DELIVRD 0x1F"),
        ("id:7 stat:DELIVERED\0", "7 DELIVRD "),
        ("id:7 stat:DELIVRD text:id:8 stat:UNDELIV err:9", "7 DELIVRD "),
        ("id:7 text:stat:UNDELIV", "7  "),
        ("id:a-b stat:FAILED", "a-b UNDELIV "),
    ],
)
def test_text_is_read_however_it_is_written(text: str, meant: str) -> None:
    notice = said(text)
    assert f"{notice.message_id} {notice.state} {notice.error}" == meant


def test_parameters_come_before_the_text() -> None:
    notice = said("id:7 stat:UNDELIV", RECEIPTED_ID=b"8\0", STATE=b"\2", ADDITIONAL_STATUS=b"fine\0")
    assert (notice.message_id, notice.state, notice.text) == ("8", "DELIVRD", "fine")


def test_network_error_is_written_as_in_texts() -> None:
    assert said("id:7", NETWORK_ERROR=b"\3\0\6").error == "006"
    assert said("id:7", NETWORK_ERROR=b"\3\0\0").error == ""
    assert said("id:7", NETWORK_ERROR=b"\3").error == ""


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (Message(esm_class=0x04), True),
        (Message(esm_class=0x08), True),
        (Message(esm_class=0x10), True),
        (Message(esm_class=0x20), True),
        (Message(esm_class=0x24), False),
        (Message(tlvs={Tag.RECEIPTED_ID: b"7\0"}), True),
        (Message(tlvs={Tag.STATE: b"\2"}), True),
        (Message(short_message=b"id:7 stat:DELIVRD"), True),
        (Message(short_message=b"my id:7 stat:DELIVRD"), False),
        (Message(short_message=b"id:7 stat:DELIVRD", esm_class=UDHI), False),
        (Message(short_message=b"id card? text:stat:"), False),
    ],
)
def test_receipt_is_known_also_where_the_smsc_forgot_to_say_so(message: Message, told: bool) -> None:
    assert is_receipt(message) is told


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("2603141509", 1_773_500_940_000),
        ("260314150926", 1_773_500_966_000),
        ("202603141509", 1_773_500_940_000),
        ("20260314150926", 1_773_500_966_000),
        ("201506201641", 1_434_818_460_000),
        ("2603151508", 1_773_587_280_000),
        ("2604141509", None),
        ("9999999999", None),
        ("٢٦٠٣١٤١٥٠٩", None),
        ("260314", None),
        ("", None),
    ],
)
def test_date_is_read_in_every_length(date: str, moment: int | None) -> None:
    assert moment_of(date, UTC, NOW) == moment
