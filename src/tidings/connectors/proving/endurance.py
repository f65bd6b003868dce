"""Proofs that nothing a provider, or somebody in its name, may say surprises a connector."""

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from tidings.connectors.connector import Connector
from tidings.connectors.proving import spoiling
from tidings.connectors.proving.samples import Folder, Sample, Step
from tidings.connectors.proving.verdict import disprove, is_proven, plain, reports_of
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Callback, Reply
from tidings.model.reports import Unknown
from tidings.rules.times import to_iso

MOST_CALLS = 50
"""Calls after which an exchange that gets nothing but strange replies must have ended."""
LONGEST_WAIT = 10 * 365 * 86_400
"""Seconds; a longer wait is none."""


def prove_signature(sample: Sample) -> None:
    """Prove that a callback with one byte changed of what is signed is refused."""
    connector, callback = sample.received()
    tampered = 0
    for changed in spoiling.with_byte_changed(callback, sample.signed_fields):
        tampered += 1
        if is_proven(connector, changed):
            disprove(
                f"{sample}: it is believed with one byte changed: {changed}. Where the signature does not cover the"
                " body, settings.json names in `signedFields` what it covers."
            )
    if not tampered:
        disprove(f"{sample}: nothing of it is signed.")


def prove_sturdiness(sample: Sample) -> None:
    """Prove that no spoiled version of a callback does more than be refused, be unreadable, or mean other reports."""
    connector, callback = sample.received()
    for spoiled in spoiling.spoiled(callback):
        prove_hostile(connector, spoiled)


def prove_strange_bodies(folder: Folder) -> None:
    """Prove that bodies no provider would write raise nothing undeclared, in its callbacks and in its replies."""
    received = (sample.received() for sample in folder.samples() if sample.kind == "callback")
    kinds = {(callback.method, callback.below, callback.content_type): (own, callback) for own, callback in received}
    for connector, callback in kinds.values():
        for body in spoiling.STRANGE_BODIES:
            prove_hostile(connector, spoiling.with_body(callback, body))
    sends = (sample for sample in folder.samples() if sample.kind == "send")
    by_steps = {len(sample.sending()[2].steps): sample for sample in sends}
    for steps, sample in by_steps.items():
        for index in range(steps):
            for body in spoiling.STRANGE_BODIES:
                for status in (200, 400, 503):
                    _prove_reply(sample, sample.sending()[2].steps[:index], Reply(status=status, body=body))


def prove_hostile(connector: Connector[Any], callback: Callback) -> None:
    """Prove that a callback raises nothing undeclared, and that what it means can be written down."""
    is_proven(connector, callback)
    with contextlib.suppress(BadSignature):
        connector.handshake(callback)
    for report in reports_of(connector, callback) or ():
        msgspec.json.encode(report)
        msgspec.json.decode(report.raw)
        at = None if isinstance(report, Unknown) else report.at
        to_iso(at or 0)
    connector.answer(callback)
    connector.refusal(callback)


def prove_batches(sample: Sample) -> None:
    """Prove that a bad item beside the good ones of a batch loses none of them, and what is no item becomes Unknown."""
    connector, callback = sample.received()
    reports = connector.parse(callback)
    golden = plain(reports)
    for place in _batches(connector, callback, len(reports)):
        for bad, mixed in spoiling.with_bad_item(callback, place):
            told = reports_of(connector, mixed)
            if told is None:
                disprove(f"{sample}: the item {bad} at {place} makes the whole batch unreadable.")
            lost = [report for report in golden if report not in plain(told)]
            if lost:
                disprove(f"{sample}: the item {bad} at {place} loses {lost}.")
            if not isinstance(bad, dict) and _unknown(told) == _unknown(reports):
                disprove(f"{sample}: the item {bad} at {place} disappears.")


def prove_replies(folder: Folder) -> None:
    """Prove that no reply, however strange, raises anything undeclared or keeps an exchange going for ever.

    A reply that several samples give at the same step is spoiled in one of them.
    """
    spoiled: dict[tuple[int, bytes], tuple[Sample, tuple[Step, ...], Reply]] = {}
    for sample in folder.samples():
        if sample.kind == "send":
            _, _, given = sample.sending()
            for index, step in enumerate(given.steps):
                reply = step.reply.reply()
                spoiled[index, reply.body] = sample, given.steps[:index], reply
    for sample, before, reply in spoiled.values():
        for strange in spoiling.strange_replies(reply):
            _prove_reply(sample, before, strange)


def _prove_reply(sample: Sample, before: tuple[Step, ...], reply: Reply) -> None:
    """Run an exchange over the steps before, and then give it nothing but the one reply."""
    exchange = sample.exchange()
    try:
        next(exchange)
        for step in before:
            step.go_on(exchange)
        for _ in range(MOST_CALLS):
            exchange.send(reply)
    except StopIteration as end:
        plain(end.value)
    except SendFailed as failure:
        plain((failure.reason, failure.data))
    except SendDeferred as wait:
        if wait.after is not None and not 0 <= wait.after <= LONGEST_WAIT:
            disprove(f"{sample}: it would wait {wait.after} seconds after {reply}.")
    except NoReply:
        pass
    else:
        disprove(f"{sample}: it goes on calling after {reply}.")


def _batches(connector: Connector[Any], callback: Callback, reports: int) -> Iterator[tuple[Any, ...]]:
    """Find the arrays of a JSON callback whose items are reports: with every item twice there are more reports."""
    document = spoiling.as_json(callback.body)
    for place in spoiling.places(document):
        items = spoiling.at_place(document, place)
        if isinstance(items, list) and items and isinstance(items[0], dict):
            twice = spoiling.with_body(callback, msgspec.json.encode(spoiling.put(document, place, items + items)))
            if len(reports_of(connector, twice) or ()) > reports:
                yield place


def _unknown(reports: list[Any]) -> int:
    return sum(isinstance(report, Unknown) for report in reports)
