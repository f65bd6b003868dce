"""Setting a channel up in a story whose provider is none of those that every story has."""

from collections.abc import Mapping
from typing import Any, TypeVar

from support.stories import PACE, RETRY_SECONDS, Story
from tidings.simulators.simulator import Simulator

S = TypeVar("S", bound=Simulator)


async def attach(story: Story, kind: type[S], platform: str, settings: Mapping[str, Any], **more: Any) -> S:
    """Set up a channel with its simulated provider, made with `more`."""
    simulator = kind(dict(settings), **{"pace": PACE, "retry_seconds": RETRY_SECONDS, **more})
    url = await simulator.start()
    story.simulators.append(simulator)
    given = {**settings, "baseUrl": url}
    channel = await story.at_work.channel(story.workspace, platform, kind.name, given)
    simulator.callback_url = channel["callbackUrl"]
    story.channels[kind.name] = channel
    return simulator
