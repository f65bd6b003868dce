"""A webhook's endpoint: what it is proven with, and what it tells."""

import time
from collections.abc import Callable, Mapping, Sequence

from tidings.model.errors import Misconfigured
from tidings.receiver.events import Event
from tidings.receiver.headers import STANDARD, Headers, read_headers
from tidings.receiver.proofs import Comapi, Messagebird, Proof, Request, Standard
from tidings.receiver.reading import read_events
from tidings.rules.signing import TOLERANCE_MS


class Webhook:
    """Proves webhooks and reads them. Make one where the program starts, and use it for every request.

    `keys` are Standard Webhooks keys, `whsec_…` or `whpk_…`; `comapi` are secrets for `X-Comapi-Signature`, and
    `messagebird` signing keys for `messagebird-signature`. One text will do; while a key is being changed, give the old
    one and the new one. Every kind of signature that a key is given for must be there and hold: so nobody gets past
    the stronger by leaving it out.

    `url` is this endpoint's address exactly as the subscription has it. Only `messagebird-signature` needs it; behind
    a proxy it is not what a request says. `tolerance_seconds` is how far a signed time may lie from `now`, which gives
    Unix seconds.
    """

    def __init__(
        self,
        keys: str | Sequence[str] = (),
        *,
        comapi: str | Sequence[str] = (),
        messagebird: str | Sequence[str] = (),
        url: str = "",
        tolerance_seconds: float = TOLERANCE_MS / 1000,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Make the keys ready; raises Misconfigured where there is none, or one is empty or no key."""
        proofs: list[Proof] = []
        self._id_is_signed = bool(keys)
        if keys:
            proofs.append(Standard(_several(keys, "keys")))
        if comapi:
            proofs.append(Comapi(_several(comapi, "comapi")))
        if messagebird:
            proofs.append(Messagebird(_several(messagebird, "messagebird")))
        if not proofs:
            raise Misconfigured("a webhook is proven with keys, comapi or messagebird: give one of them")
        self._proofs = tuple(proofs)
        self._url = url
        self._tolerance_ms = round(tolerance_seconds * 1000)
        self._now = now

    def verify(self, headers: Headers, body: bytes, *, url: str = "") -> None:
        """Return if a request is the hub's; `body` is its bytes as they came, before anybody read JSON from them.

        `url` stands in for the one given at the start, where one endpoint has several. Raises BadSignature with what is
        wrong, and Misconfigured where the URL is needed and nobody gave it.
        """
        self._verify(read_headers(headers), body, url)

    def events(self, headers: Headers, body: bytes, *, url: str = "") -> list[Event]:
        """Verify a request, and read what it tells: one event, or those of a batch in their order.

        Raises as `verify` does, and Unreadable where what was signed is no JSON of the hub's.
        """
        picked = read_headers(headers)
        self._verify(picked, body, url)
        return read_events(body, id=picked[STANDARD[0]] if self._id_is_signed else "")

    def _verify(self, headers: Mapping[str, str], body: bytes, url: str) -> None:
        if not isinstance(body, bytes):
            raise TypeError("the body must be the bytes as they came, neither text nor anything made of it")
        request = Request(
            headers=headers,
            body=body,
            url=url or self._url,
            now_ms=int(self._now() * 1000),
            tolerance_ms=self._tolerance_ms,
        )
        for proof in self._proofs:
            proof.check(request)


def _several(given: str | Sequence[str], name: str) -> list[str]:
    several = [given] if isinstance(given, str) else list(given)
    if not all(several):
        raise Misconfigured(f"{name} holds an empty key, which would prove nothing")
    return several
