"""Finding connectors: every module of this package, and every package that publishes one."""

import importlib
import inspect
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import tidings.connectors
from tidings.connectors.connector import Connector

ENTRY_POINT = "tidings.connectors"
"""The entry point under which third parties publish connector classes."""


@cache
def connectors() -> dict[str, type[Connector[Any]]]:
    """Every connector by its name; one that is published elsewhere does not replace one of ours."""
    found: dict[str, type[Connector[Any]]] = {}
    for module in pkgutil.iter_modules(tidings.connectors.__path__, "tidings.connectors."):
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and issubclass(kind, Connector) and not inspect.isabstract(kind):
                found[kind.name] = kind
    for entry in entry_points(group=ENTRY_POINT):
        kind = entry.load()
        found.setdefault(kind.name, kind)
    return dict(sorted(found.items()))
