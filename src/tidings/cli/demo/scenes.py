"""The play of a single platform, whichever it is: somebody writes, a message goes out, something is done with it."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from tidings.cli.demo.platforms import Shown
from tidings.cli.demo.stage import Player, Stage
from tidings.cli.demo.story import Act, Chapter, Play
from tidings.connectors.registry import connectors
from tidings.model import stages
from tidings.model.platforms import Platform, platform
from tidings.simulators.simulator import Demonstration, Simulator

TEXT: Mapping[str, Any] = {
    "type": "text",
    "text": {"text": "Your parcel comes between 9 and 10.", "metadata": {"subject": "Your parcel"}},
}
"""What is sent; where there are subjects, it has one."""
PATIENCE = 8.0
"""Seconds that a message may take to be sent."""
LOOK_EVERY = 0.02
"""Seconds between two looks at how it stands."""

WORDS: Mapping[str, tuple[str, str]] = {
    "accepted": ("message.sentRequest", "outbound accepted"),
    "sent": ("message.sent", "outbound sent"),
    "delivered": ("message.delivered", "outbound delivered"),
    "read": ("message.read", "interaction read"),
    "clicked": ("interaction.click", "interaction clicked"),
    "inbound": ("message.inbound", "inbound delivered"),
}
"""What each vocabulary calls what the log says; of other deeds only the channels vocabulary tells."""
UNTOLD = frozenset({("email", "read")})
"""What the channels vocabulary does not tell on a platform: that a mail was read is told as its opening."""
STAGES = {stage.word: stage for stage in stages.SUCCESS}


def play_of(shown: Shown) -> Play:
    """Make the play of a platform; whoever must write before they are written to does so at its beginning."""
    about, place = shown.demonstration, platform(shown.platform)
    scenes: list[tuple[Chapter, Act]] = []
    if about.writes_first:
        first = _incoming(place, "Somebody writes: only now may they be written to")
        scenes.append((first, _writing(place, about, "Where is my parcel?")))
    scenes.append((_outgoing(shown, place), _sending(place, about)))
    reply = _incoming(place, "They write", answers=len(scenes) - 1)
    scenes.append((reply, _writing(place, about, "Please leave it at the door.")))
    events = tuple(f"{place.channels}.{family}" for family in ("outbound", "inbound", "interaction"))
    return Play((Player(shown.platform, shown.connector),), events, tuple(scenes), f" {place.omnichannel}")


def _incoming(place: Platform, title: str, answers: int | None = None) -> Chapter:
    tied = "" if answers is None else f", tied to message {answers + 1}"
    omnichannel, channels = _told(place, "inbound")
    return Chapter(
        title,
        f"comes in by the provider's callback{tied}",
        "delivered",
        (),
        omnichannel,
        channels,
        answers,
        ("inbound",),
    )


def _outgoing(shown: Shown, place: Platform) -> Chapter:
    """What must come of the message; where its provider tells of no delivery, the person's answer proves it."""
    about = shown.demonstration
    stage = max(STAGES[word] for word in about.told if word in STAGES)
    proof = () if stage >= stages.Stage.DELIVERED else ("delivered",)
    stage = max(stage, stages.Stage.DELIVERED)
    omnichannel, channels = _told(place, *about.told, *(["inbound"] if about.speaks else []), *proof)
    then = f"; then the person: {about.deed}" if about.deed else ""
    return Chapter(
        title=f"A message goes out by {connectors()[shown.connector].label}",
        how=f"sent over one channel, in the channels vocabulary{then}",
        stage=stage.word,
        hops=(f"{place.name} {stage.word}",),
        omnichannel=omnichannel,
        channels=channels,
        log=(*about.told, *proof),
        later=sum(map(len, _told(place, *proof))),
    )


def _told(place: Platform, *log: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What each vocabulary makes of what the log says."""
    words = [(word, *WORDS.get(word, ("", f"interaction {word}"))) for word in log]
    omnichannel = tuple(f"{event} {place.omnichannel}" for _, event, _ in words if event)
    channels = tuple(f"{place.channels}.{event}" for word, _, event in words if (place.name, word) not in UNTOLD)
    return omnichannel, channels


def _writing(place: Platform, about: Demonstration, text: str) -> Act:
    async def write(stage: Stage) -> None:
        provider = stage.simulators[place.name]
        provider.post(provider.inbound(about.address, text, **about.writes))

    return write


def _sending(place: Platform, about: Demonstration) -> Act:
    async def send(stage: Stage) -> str:
        contact = {"identifierKey": place.identifier, "identifierValue": about.address}
        body = {"receiver": {"contacts": [contact]}, "body": about.body or TEXT}
        message, provider = await stage.send_over(place.name, body), stage.simulators[place.name]
        if about.deed and await _is_reported(stage, provider, message):
            provider.post(provider.act(provider.taken[-1]["id"], about.deed, **about.more))
        return message

    return send


async def _is_reported(stage: Stage, provider: Simulator, message: str) -> bool:
    """Wait until the provider told all that it tells by itself, which no deed shall overtake; False if it took nothing.

    What the hub has answered it has on disk.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while (await stage.life(message))["stage"] in ("accepted", "processing"):  # noqa: ASYNC110 - over the API
                await asyncio.sleep(LOOK_EVERY)
    await provider.settle()
    return bool(provider.taken)
