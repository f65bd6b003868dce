"""Proofs of what a connector claims of itself: what it can do, and that it keeps its secrets."""

from collections.abc import Iterator
from typing import Any

from tidings.connectors.connector import Connector
from tidings.connectors.proving.samples import Folder, Sample
from tidings.connectors.proving.verdict import same
from tidings.model.content import KINDS
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed, Unreadable
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report
from tidings.model.secrets import Secret
from tidings.model.stages import Stage

WORDS = (
    {"receipts", "reads", "inbound", "handshake"} | {f"sends {kind}" for kind in KINDS} | {f"tells {d}" for d in Deed}
)
"""Every claim there is."""


def prove_capabilities(folder: Folder) -> None:
    """Prove that every declared capability has a sample, and that no sample shows one that is not declared."""
    connector = folder.connector
    declared = _declared(connector)
    shown = {claim for sample in folder.samples() for claim in _shown_by(sample)}
    same([], sorted(declared - WORDS), f"{connector.name}: declared, but no such word")
    same([], sorted(declared - shown), f"{connector.name}: declared without a sample")
    same([], sorted(shown - declared), f"{connector.name}: in a sample, but not declared")
    unable = sorted(set(connector.platforms) - set(connector.capabilities))
    same([], unable, f"{connector.name}: platforms without capabilities")


def prove_secrecy(folder: Folder) -> None:
    """Prove that no secret shows in the connector, its settings, or an error it raises."""
    connectors = [folder.build(), *(sample.connector() for sample in folder.samples())]
    hidden = {secret for connector in connectors for secret in _secrets(connector.settings)}
    hidden |= {credentials for sample in folder.samples() for credentials in _credentials(sample)}
    shown = [text for connector in connectors for text in _texts(connector)]
    shown += [text for sample in folder.samples() for text in _errors(sample)]
    leaks = [text for text in shown if any(secret in text for secret in hidden)]
    same([], leaks, f"{folder.connector.name}: a secret shows")


def _declared(connector: type[Connector[Any]]) -> set[str]:
    every = list(connector.capabilities.values())
    declared = {f"sends {kind}" for able in every for kind in able.sends}
    declared |= {f"tells {deed}" for able in every for deed in able.interactions}
    declared |= {name for name in ("receipts", "reads", "inbound") if any(getattr(able, name) for able in every)}
    return declared if connector.handshake is Connector.handshake else declared | {"handshake"}


def _shown_by(sample: Sample) -> Iterator[str]:
    """Name the capabilities that a sample shows."""
    match sample.kind:
        case "send":
            _, outgoing, _ = sample.sending()
            native = outgoing.platform in outgoing.content.native
            yield from {"sends native"} if native else {f"sends {kind}" for kind in outgoing.content.kinds - {"native"}}
        case "handshake":
            yield "handshake"
        case "callback":
            connector, callback = sample.received()
            for report in connector.parse(callback):
                yield from _shown(report)
        case _:
            return


def _shown(report: Report) -> Iterator[str]:
    match report:
        case Receipt(stage=Stage.SENT):
            return  # Of a message that is sent, nothing is said of its delivery.
        case Receipt(stage=stage):
            yield "reads" if stage is Stage.READ else "receipts"
        case Interaction(deed=deed):
            yield f"tells {deed}"
        case Inbound():
            yield "inbound"
        case _:
            return


def _secrets(value: Any) -> Iterator[str]:
    """Reveal every secret in a settings struct, a list or a value."""
    if isinstance(value, Secret):
        yield from filter(None, [value.reveal()])
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets(each)
    elif hasattr(value, "__struct_fields__"):
        for name in value.__struct_fields__:
            yield from _secrets(getattr(value, name))


def _credentials(sample: Sample) -> Iterator[str]:
    """Give what a sample's calls authorise themselves with, which is as secret as what it is made of."""
    if sample.kind == "send":
        _, _, given = sample.sending()
        yield from filter(None, (step.call.headers.get("authorization") for step in given.steps))


def _texts(connector: Connector[Any]) -> tuple[str, ...]:
    return repr(connector), str(connector), repr(vars(connector)), repr(connector.settings), str(connector.settings)


def _errors(sample: Sample) -> Iterator[str]:
    """Give all that the errors say which a sample raises."""
    try:
        if sample.kind == "send":
            _, _, given = sample.sending()
            exchange, steps = sample.exchange(), iter(given.steps)
            next(exchange)
            while True:  # until the exchange ends, or the steps do
                next(steps).go_on(exchange)
        elif sample.path.suffix == ".http":
            connector, callback = sample.received()
            connector.handshake(callback)
            connector.verify(callback)
            connector.parse(callback)
    except StopIteration:
        return
    except (SendFailed, SendDeferred, NoReply, BadSignature, Unreadable) as error:
        yield f"{error!r} {error} {vars(error)}"
        data = getattr(error, "data", None)
        if data is not None:
            yield bytes(data).decode()
