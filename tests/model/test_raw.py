"""JSON kept as it came survives being written down and read again, and so does its absence."""

import importlib
import inspect
import pkgutil
from typing import Any

import msgspec
import pytest
from msgspec import Raw, Struct

import tidings.model
from tidings.model.content import Content
from tidings.model.conversations import Said, Session
from tidings.model.drafts import Addressee, Draft
from tidings.model.events import Fact, Tried
from tidings.model.messages import Correlation, Direction, Hop, Message, Plan
from tidings.model.raw import OptionalRaw
from tidings.model.stages import Cause, Reason

REASON = Reason(Cause.BLOCKED)
SAID = Said(
    id="m",
    workspace="w",
    conversation="c",
    number=1,
    author="ann",
    sent_by="session:ann",
    sent_at=5,
    scope="a2p",
    direction="inbound",
    parts=(),
)
WITHOUT: list[Struct] = [
    Draft(dialect="channels", to=(Addressee(),), routes=(), content=Content()),
    Tried("sms", REASON, 5),
    Fact(),
    Correlation("m"),
    Message(id="m", workspace="w", direction=Direction.OUTGOING, created_at=5),
    Plan("sms"),
    SAID,
    Session(id="s", workspace="w", profile="p", device="d", created_at=5, expires_at=6),
    Hop(0, "sms", "c", "+441"),
]
"""One of every struct that has such a field, with nothing in it."""


def optional_fields(kind: type[Struct]) -> list[str]:
    """Name the fields of a struct that hold JSON or nothing."""
    return [field.name for field in msgspec.structs.fields(kind) if field.type is OptionalRaw and field.default is None]


def test_every_struct_that_has_such_a_field_is_thought_of() -> None:
    modules = [
        importlib.import_module(f"tidings.model.{each.name}") for each in pkgutil.iter_modules(tidings.model.__path__)
    ]
    kinds = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Struct) and optional_fields(kind)
    }
    assert {type(each) for each in WITHOUT} == kinds
    assert all(kind.__struct_config__.omit_defaults for kind in kinds)


@pytest.mark.parametrize("value", WITHOUT, ids=lambda value: type(value).__name__)
def test_absence_is_left_out_and_comes_back(value: Struct) -> None:
    written = msgspec.json.encode(value)
    assert not set(optional_fields(type(value))) & set(msgspec.json.decode(written))
    assert msgspec.json.decode(written, type=type(value)) == value


@pytest.mark.parametrize(
    "raw", [b"{}", b"null", b'{ "a" : 1.50 }', b'"\\u0000"', '["ü"]'.encode(), b"[" * 100 + b"]" * 100]
)
@pytest.mark.parametrize("value", WITHOUT, ids=lambda value: type(value).__name__)
def test_what_is_there_comes_back_as_it_was(value: Struct, raw: bytes) -> None:
    kept: Any = {name: Raw(raw) for name in optional_fields(type(value))}
    filled = msgspec.structs.replace(value, **kept)
    again = msgspec.json.decode(msgspec.json.encode(filled), type=type(value))
    assert again == filled
    assert {name: bytes(getattr(again, name)) for name in kept} == dict.fromkeys(kept, raw)
