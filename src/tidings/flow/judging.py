"""Judging an endpoint's answer: what it means for the events, for the endpoint, and for the log of attempts."""

from tidings.dialects.dialect import Dialect
from tidings.flow.endpoint import Endpoint
from tidings.flow.following import Told
from tidings.flow.gathering import Gathering
from tidings.flow.journal import Journal
from tidings.flow.lanes import Bundle
from tidings.flow.measured import EndpointTally, is_timed
from tidings.flow.posting import RENDER
from tidings.flow.resuming import made_of
from tidings.flow.world import World
from tidings.model.exchange import retry_after
from tidings.model.subscriptions import Attempt, Verdict
from tidings.rules.endpoint import Failure
from tidings.wire.http import Result


class Judge:
    """Judges the answers to one subscription's webhooks."""

    def __init__(
        self,
        world: World,
        dialect: Dialect,
        endpoint: Endpoint,
        gathering: Gathering,
        journal: Journal,
        tally: EndpointTally,
    ) -> None:
        self._world = world
        self._dialect = dialect
        self._endpoint = endpoint
        self._gathering = gathering
        self._journal = journal
        self._tally = tally
        self.probing = False
        """Whether what comes back next is the probe of an endpoint that fails."""
        self.made: dict[int, int] = {}
        """How many attempts were made of events that are not decided, by position, where there were any."""

        self._rewound_to = 0
        """Up to here everything was told before, and is told again."""

    def resume(self, made: dict[int, int], rewound_to: int) -> None:
        """Go on with the attempts that an earlier reader made; up to a position it had told everything before."""
        self.made, self._rewound_to = made, rewound_to

    async def prepare(self, told: Told) -> None:
        """Find how often events were told before, so that their attempts are numbered on."""
        again = [event.position for event, _ in told if event.position <= self._rewound_to]
        if again:
            self.made |= await self._world.store.read(made_of(self._journal.serial, again))

    def number(self, bundle: Bundle) -> int:
        """The number of the next attempt to tell a bundle: that of the event with the most."""
        return 1 + max(self.made.get(each.event.position, 0) for each in bundle)

    def judge(self, bundle: Bundle, at: int, result: Result) -> Verdict:
        """Say what an answer means, and note it."""
        verdict = Verdict.RETRY if result.error else self._dialect.judge(result.status)
        if verdict is not Verdict.RETRY:
            self._endpoint.answered()
        elif result.error != RENDER:
            now = self._world.clock.now()
            failure = Failure(
                position=bundle[0].event.position,
                at=now,
                status=result.status,
                asked=retry_after(result.headers, now),
                probe=self.probing,
            )
            self._endpoint.failed(failure)
        self.probing = False
        if verdict is Verdict.REFUSED and len(bundle) > 1:
            # One of them is meant; which one shows when they go in smaller bundles.
            verdict = Verdict.RETRY
        self._gathering.answered(bundle, verdict)
        for telling in bundle:
            self._note(telling.event.position, at, result, verdict, shown=telling is bundle[0])
        self._world.counts.add("deliveries", verdict.value, len(bundle))
        self._tally.tried(verdict, result, len(bundle))
        if is_timed(result):
            self._world.measured.deliveries.add(result.took_ms / 1000)
        return verdict

    def _note(self, position: int, at: int, result: Result, verdict: Verdict, *, shown: bool) -> None:
        number = self.made.get(position, 0) + 1
        if verdict is Verdict.RETRY:
            self.made[position] = number
        self._journal.tried(
            Attempt(
                subscription=self._journal.serial,
                position=position,
                number=number,
                at=at,
                took_ms=result.took_ms,
                status=result.status,
                verdict=verdict,
                error=result.error,
                # Of a bundle the answer is kept once.
                response=result.body if shown else b"",
                headers=result.headers if shown else {},
            )
        )
