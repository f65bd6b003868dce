"""Posting: a bundle of events is rendered, signed and sent to the subscription's endpoint."""

import asyncio
import hashlib
from collections.abc import Callable

import structlog

from tidings.dialects.dialect import Delivery, Dialect
from tidings.flow.delivery import headers_of, signer_of
from tidings.flow.lanes import Bundle
from tidings.flow.traces import UNSPANNED
from tidings.flow.world import World
from tidings.model.subscriptions import Subscription
from tidings.wire.http import Result

log = structlog.get_logger()

KEPT = 8192
"""Octets of an endpoint's answer that are kept."""
LARGEST_ANSWER = 2**20
"""Octets an endpoint may answer."""
GONE = 410
"""The status that disables a subscription."""
RENDER = "render"
"""The error of what we could not write: our own fault, and not the endpoint's."""

Posted = Callable[[Bundle, int, Result], None]
"""Called with a bundle, when it was posted, and what came of it."""


class Poster:
    """Tells one subscription's endpoint."""

    def __init__(self, world: World, subscription: Subscription, dialect: Dialect) -> None:
        self._world = world
        self._dialect = dialect
        self.change(subscription)

    def change(self, subscription: Subscription) -> None:
        """Use other settings from the next attempt on."""
        self._subscription = subscription
        self._signer = signer_of(subscription)
        self.batching = self._dialect.batching(subscription)

    def post(self, bundle: Bundle, number: int, done: Posted, *, replay: str = "") -> None:
        """Post a bundle for the `number`th time; `done` hears what came of it, never before this returns.

        `replay` is the id of the replay that it belongs to: who has seen it before may want it once more all the same.
        """
        at = self._world.clock.now()
        subscription = self._subscription
        try:
            delivery = Delivery(self._id_of(bundle), at // 1000, subscription.url, self._body(bundle))
            headers = headers_of(self._dialect, subscription, self._signer, delivery, number)
            if replay:
                headers.append(f"tidings-replay: {replay}")
        except Exception as error:
            # Our own fault: the event is kept and tried again, by a better version perhaps.
            log.exception("an event cannot be told", subscription=subscription.id, id=bundle[0].event.id)
            result = Result(0, 0, error=RENDER, why=str(error), sent=False)
            asyncio.get_running_loop().call_soon(done, bundle, at, result)
            return
        span = UNSPANNED
        if self._world.traces.is_on:
            span = self._world.traces.attempt(subscription, [telling.event for telling in bundle], number)
            headers += [f"{name}: {value}" for name, value in span.headers.items()]

        def answered(result: Result) -> None:
            span.end(status=result.status, error=result.error)
            if result.status == GONE:
                self._world.disable(subscription, "gone")
            done(bundle, at, result)

        self._world.http.request(
            "POST",
            subscription.url,
            headers,
            delivery.body,
            answered,
            timeout=self._world.settings.webhook_timeout,
            keep=KEPT,
            bound=LARGEST_ANSWER,
        )

    def _body(self, bundle: Bundle) -> bytes:
        render = self._dialect.render
        if self.batching is None:
            return render(bundle[0])
        return b"[" + b",".join(render(telling) for telling in bundle) + b"]"

    @staticmethod
    def _id_of(bundle: Bundle) -> str:
        """Name a webhook: by its event, or by all of its events, so that the same ones have the same name again."""
        if len(bundle) == 1:
            return bundle[0].event.id
        return "batch-" + hashlib.sha256(",".join(telling.event.id for telling in bundle).encode()).hexdigest()[:32]
