"""Subscribers that fail and hang beside one that does not."""

from collections import Counter, defaultdict
from pathlib import Path

from support.receiver import Got
from support.stories import telling
from support.subscriber import Subscriber

MESSAGES = 12
EVENTS = 4 * MESSAGES
LIFE = ["message.sentRequest", "message.sent", "message.delivered", "message.read"]


async def test_a_flaky_and_a_hanging_subscriber_delay_nobody_else(tmp_path: Path) -> None:
    tries: Counter[str] = Counter()
    unlucky: set[str] = set()

    def fail_twice(got: Got) -> int:
        """Fail every fifth event twice: often enough to hold its message up, too seldom to stand for the endpoint."""
        if got.id not in tries and not len(tries) % 5:
            unlucky.add(got.id)
        tries[got.id] += 1
        return 500 if got.id in unlucky and tries[got.id] <= 2 else 204

    async with telling(tmp_path, webhook_timeout=4.0) as story:
        await story.channel("whatsapp-cloud")
        at_work, workspace, now = story.at_work, story.workspace, story.clock.now
        flaky = Subscriber(at_work, workspace, now, fail_twice)
        hanging = Subscriber(at_work, workspace, now, lambda _: 0)
        healthy = story.subscriber
        async with flaky.receiver, hanging.receiver:
            await flaky.want()
            await hanging.want()
            messages = [
                await story.send({"phoneNumber": f"4477009000{number:02}"}, "whatsApp") for number in range(MESSAGES)
            ]
            await healthy.receiver.wait_for(EVENTS)
            assert hanging.taken == []
            assert {got.headers["tidings-attempt"] for got in hanging.receiver.got} == {"1"}, "it was waited for"
            assert len(flaky.taken) < EVENTS

            hanging.answer = lambda _: 204
            everyone = (healthy, flaky, hanging)
            await story.clock.skip_until(lambda: all(len(each.taken) >= EVENTS for each in everyone), most=2000)
            await story.quiet()
            for each in everyone:
                assert _lives(each) == dict.fromkeys(messages, LIFE)
                each.check()
            assert {id_ for id_, number in tries.items() if number == 3} == unlucky
            assert set(tries.values()) == {1, 3}


def _lives(subscriber: Subscriber) -> dict[str, list[str]]:
    """What a subscriber took of each message, in the order it took it."""
    lives: dict[str, list[str]] = defaultdict(list)
    for got in subscriber.taken:
        event = got.json
        lives[event["payload"]["id"]].append(event["name"])
    return dict(lives)
