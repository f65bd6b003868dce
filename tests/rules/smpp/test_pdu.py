"""The octets of SMPP."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.rules.smpp.pdu import (
    Address,
    Login,
    Malformed,
    Message,
    Pdu,
    read_id,
    read_length,
    read_login,
    read_message,
    read_pdu,
    write_data,
    write_id,
    write_login,
    write_message,
    write_tlvs,
)
from tidings.rules.smpp.words import Command, Tag

SUBMIT = bytes.fromhex(
    "00000038000000040000000000000002000500485542000101343437373030393030313233000000000000010000000863616605201b6535"
)
BIND = bytes.fromhex("0000002600000009000000000000000168756265736d65007333637265747077000034000000")
BOUND = bytes.fromhex("0000001d80000009000000000000000153494d534d5343000210000134")

NAMES = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=20)
OCTETS = st.integers(0, 255)
ADDRESSES = st.builds(Address, NAMES, OCTETS, OCTETS)
TLVS = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=4)


def test_submission_is_written_as_the_published_one() -> None:
    pdu = read_pdu(SUBMIT)
    message = read_message(pdu)
    assert (message.source, message.destination) == (Address("HUB", 5, 0), Address("447700900123", 1, 1))
    assert (message.registered_delivery, message.content) == (1, b"caf\x05 \x1be5")
    assert Pdu(Command.SUBMIT_SM, 0, 2, write_message(message)).octets() == SUBMIT


def test_bind_is_written_as_the_published_one() -> None:
    login = Login(system_id="hubesme", password="s3cretpw")
    assert Pdu(Command.BIND_TRANSCEIVER, 0, 1, write_login(login)).octets() == BIND
    assert read_login(read_pdu(BIND).body) == login
    assert "s3cretpw" not in repr(login)


def test_response_to_a_bind_is_written_as_the_published_one() -> None:
    body = write_id("SIMSMSC") + write_tlvs({Tag.INTERFACE_VERSION: b"\x34"})
    assert Pdu(0x80000009, 0, 1, body).octets() == BOUND


def test_id_without_its_nul_is_read() -> None:
    assert [read_id(each) for each in (b"1A2B\0", b"1A2B", b"")] == ["1A2B", "1A2B", ""]


@given(st.builds(Message, source=ADDRESSES, destination=ADDRESSES, short_message=st.binary(max_size=254), tlvs=TLVS))
def test_message_is_read_as_it_was_written(message: Message) -> None:
    assert read_message(Pdu(Command.DELIVER_SM, body=write_message(message))) == message


@given(st.builds(Message, source=ADDRESSES, destination=ADDRESSES, data_coding=OCTETS, esm_class=OCTETS, tlvs=TLVS))
def test_data_is_read_as_it_was_written(message: Message) -> None:
    assert read_message(Pdu(Command.DATA_SM, body=write_data(message))) == message


@given(st.binary(max_size=300), st.sampled_from([Command.SUBMIT_SM, Command.DATA_SM]))
def test_any_octets_are_a_message_or_malformed(octets: bytes, command: Command) -> None:
    message = None
    with contextlib.suppress(Malformed):
        message = read_message(Pdu(command, body=octets))
    assert message is None or len(message.content) <= len(octets)


@pytest.mark.parametrize("octets", [b"", SUBMIT[:15], SUBMIT[:-1], SUBMIT + b"\0"])
def test_octets_that_are_not_one_pdu_are_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed):
        read_pdu(octets)


@pytest.mark.parametrize("length", [0, 15, 65_537, 0xFFFFFFFF])
def test_length_that_cannot_be_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        read_length(length.to_bytes(4, "big"))
    assert read_length((16).to_bytes(4, "big")) == 16
    assert read_length((65_536).to_bytes(4, "big")) == 65_536


def test_optional_parameter_that_is_cut_off_is_left_out() -> None:
    body = write_message(Message(short_message=b"Hello")) + write_tlvs({Tag.STATE: b"\2"}) + b"\4\x24\0\5ab"
    assert read_message(Pdu(Command.DELIVER_SM, body=body)).tlvs == {Tag.STATE: b"\2"}
