"""Tellings as golden files write them: an event, its message and its workspace as JSON."""

import types
import typing
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from tidings.dialects.dialect import Telling


def load_telling(path: Path) -> tuple[Telling, dict[str, Any]]:
    """Read a golden file: the telling, and the body that it must become."""
    golden = msgspec.json.decode(path.read_bytes())
    told = golden.pop("told")
    return build(Telling, golden), told


def build(kind: Any, value: Any) -> Any:
    """Build a value of a type from JSON, with `Raw` wherever the type says so."""
    if kind is Raw:
        return Raw(msgspec.json.encode(value))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        kinds = [each for each in arguments if each not in (type(None), UnsetType)]
        return None if value is None else build(kinds[0], value)
    if origin is tuple:
        return tuple(build(arguments[0], each) for each in value)
    if origin is dict:
        return {name: build(arguments[1], each) for name, each in value.items()}
    if isinstance(kind, type) and issubclass(kind, Struct):
        if isinstance(value, list):
            value = dict(zip(kind.__struct_fields__, value, strict=False))
        fields = {each.name: each.type for each in msgspec.structs.fields(kind)}
        return kind(**{name: build(fields[name], each) for name, each in value.items()})
    return msgspec.convert(value, kind)
