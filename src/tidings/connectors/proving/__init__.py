"""Proving a connector by its folder of samples, which `tidings.connectors.proving.samples` describes.

`prove_connector` proves all there is to prove; it raises `AssertionError` saying what is wrong. A package that
publishes a connector calls it from its own tests.
"""

from pathlib import Path
from typing import Any

from tidings.connectors.connector import Connector
from tidings.connectors.proving.claims import prove_capabilities, prove_secrecy
from tidings.connectors.proving.endurance import (
    prove_batches,
    prove_hostile,
    prove_replies,
    prove_signature,
    prove_strange_bodies,
    prove_sturdiness,
)
from tidings.connectors.proving.meaning import prove_sample
from tidings.connectors.proving.samples import Folder, Sample

__all__ = (
    "Folder",
    "Sample",
    "prove_batches",
    "prove_capabilities",
    "prove_connector",
    "prove_hostile",
    "prove_replies",
    "prove_sample",
    "prove_secrecy",
    "prove_signature",
    "prove_strange_bodies",
    "prove_sturdiness",
)


def prove_connector(connector: type[Connector[Any]], path: Path) -> None:
    """Prove a connector by its folder of samples in every way there is; raises AssertionError."""
    folder = Folder(connector, path)
    for sample in folder.samples():
        prove_sample(sample)
        if sample.kind == "callback":
            prove_signature(sample)
            prove_sturdiness(sample)
            prove_batches(sample)
    prove_replies(folder)
    prove_strange_bodies(folder)
    prove_capabilities(folder)
    prove_secrecy(folder)
