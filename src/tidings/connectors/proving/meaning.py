"""Proofs that a sample means what it says."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET

from tidings.connectors.proving.samples import Refusing, Sample, Step, WrittenCall
from tidings.connectors.proving.verdict import disprove, is_proven, plain, reports_of, same
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed
from tidings.model.exchange import Call, Exchange, Sent
from tidings.model.stages import Reason


def prove_sample(sample: Sample) -> None:
    """Prove that a sample means what it says."""
    _PROOFS[sample.kind](sample)


def _prove_send(sample: Sample) -> None:
    connector, outgoing, given = sample.sending()
    same([], plain(connector.check(outgoing)), f"{sample}: what check says")
    exchange = connector.send(outgoing, report_to=sample.folder.channel.callback_url)
    expected = {kind: _with_reason(told) for kind, told in given.result.items()}
    same(expected, _outcome(exchange, given.steps, sample), sample)


def _prove_refusal(sample: Sample) -> None:
    given = msgspec.json.decode(sample.path.read_bytes(), type=Refusing)
    connector = sample.folder.build(given.platform, given.settings)
    same(given.errors, plain(connector.check(sample.outgoing(given.outgoing, given.platform))), sample)


def _prove_callback(sample: Sample) -> None:
    connector, callback = sample.received()
    same(None, plain(connector.handshake(callback)), f"{sample}: handshake")
    asks = connector.evidence(callback) is not None
    same(bool(callback.evidence), asks, f"{sample}: whether it needs evidence")
    connector.verify(callback)
    same(sample.golden, plain(connector.parse(callback)), sample)


def _prove_handshake(sample: Sample) -> None:
    connector, callback = sample.received()
    answer = connector.handshake(callback)
    if answer is None:
        disprove(f"{sample}: it is not answered.")
    same(sample.golden, {"status": answer.status, "body": answer.body.decode()}, sample)


def _prove_unreadable(sample: Sample) -> None:
    connector, callback = sample.received()
    reports = reports_of(connector, callback)
    if reports is not None:
        disprove(f"{sample}: it is read as {reports}.")


def _prove_forged(sample: Sample) -> None:
    connector, callback = sample.received()
    try:
        answer = connector.handshake(callback)
    except BadSignature:
        return
    if answer is not None or is_proven(connector, callback):
        disprove(f"{sample}: a forged callback is believed.")


_PROOFS = {
    "send": _prove_send,
    "refuse": _prove_refusal,
    "callback": _prove_callback,
    "handshake": _prove_handshake,
    "unreadable": _prove_unreadable,
    "forged": _prove_forged,
}


def _with_reason(told: dict[str, Any]) -> dict[str, Any]:
    """Write a result's reason as it is encoded; samples may name its fields instead."""
    reason = told.get("reason")
    return {**told, "reason": plain(Reason(**reason))} if isinstance(reason, dict) else told


def _outcome(exchange: Exchange[Sent], steps: tuple[Step, ...], sample: Sample) -> dict[str, Any]:
    """Run an exchange over its steps; give what came of it as samples write it."""
    left = list(steps)
    try:
        call = next(exchange)
        while True:
            if not left:
                disprove(f"{sample}: one call more than the steps: {call.method} {call.url}")
            step = left.pop(0)
            same(plain(step.call), plain(_written(call, step.call)), sample)
            call = step.go_on(exchange)
    except StopIteration as end:
        outcome = {"sent": plain(end.value)}
    except SendFailed as failure:
        outcome = {"failed": {"reason": plain(failure.reason), "data": plain(failure.data)}}
    except SendDeferred as wait:
        reason = plain(wait.reason)
        outcome = {"deferred": {"reason": reason, "after": wait.after, "channel_wide": wait.channel_wide}}
    except NoReply as silence:
        outcome = {"no_reply": {"why": silence.why, "taken": silence.taken}}
    same([], [plain(step.call) for step in left], f"{sample}: calls not made")
    return outcome


def _written(call: Call, like: WrittenCall) -> WrittenCall:
    """Write a call down, its body in the form that the sample has chosen."""
    headers = {name.lower(): value for name, value in call.headers.items()}
    written = WrittenCall(method=call.method, url=call.url, headers=headers, follow=call.follow)
    if like.form is not UNSET:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True)
        return msgspec.structs.replace(written, form=pairs)
    if like.json is not UNSET:
        return msgspec.structs.replace(written, json=msgspec.json.decode(call.body))
    if like.octets is not UNSET:
        return msgspec.structs.replace(written, octets=call.body)
    return msgspec.structs.replace(written, body=UNSET if like.body is UNSET and not call.body else call.body.decode())
