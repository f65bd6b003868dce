"""The usual demonstration: a parcel is announced by sms, e-mail, WhatsApp and pager, and all that can come of it."""

import asyncio

from tidings.cli.demo.stage import PACE, Player, Stage
from tidings.cli.demo.story import Act, Chapter, Play
from tidings.simulators.simulator import Fault

PHONE = "+447700900123"
REFUSED_PHONE = "+15005550001"
"""A number that Twilio, and so its simulator, refuses as invalid."""
EMAIL = "ada@example.com"
PATIENCE = 8.0
"""Seconds that the simulated WhatsApp may take to tell of a message."""
STATUSES = 3
"""Callbacks by which the simulated WhatsApp tells sent, delivered and read."""
PAGER_SECONDS = 2
"""How long a message to the pager may take."""

PLAYERS = (
    Player("sms", "twilio"),
    Player("email", "mailgun"),
    Player("whatsapp", "whatsapp-cloud"),
    Player("pager", "custom", {"expiryHours": PAGER_SECONDS / 3600}),
)

EVENTS = (
    "sms.outbound",
    "sms.inbound",
    "email.outbound",
    "whatsapp.outbound",
    "whatsapp.interaction",
    "pager.outbound",
)

CHAPTERS = (
    Chapter(
        "An sms is delivered",
        "sent over one channel, in the channels vocabulary",
        "delivered",
        ("sms delivered",),
        ("message.sentRequest sms", "message.sent sms", "message.delivered sms"),
        ("sms.outbound accepted", "sms.outbound sent", "sms.outbound delivered"),
    ),
    Chapter(
        "An sms is refused, and the same message goes by e-mail",
        "sent by rules, sms then email, in the omnichannel vocabulary",
        "delivered",
        ("sms failed", "email delivered"),
        ("message.sentRequest sms", "message.sent email", "message.delivered email"),
        ("sms.outbound accepted", "email.outbound sent", "email.outbound delivered"),
    ),
    Chapter(
        "A WhatsApp message is read, and reacted to",
        "sent by rules, in the omnichannel vocabulary",
        "read",
        ("whatsapp read",),
        (
            "message.sentRequest whatsApp",
            "message.sent whatsApp",
            "message.delivered whatsApp",
            "message.read whatsApp",
        ),
        (
            "whatsapp.outbound accepted",
            "whatsapp.outbound sent",
            "whatsapp.outbound delivered",
            "whatsapp.interaction read",
            "whatsapp.interaction reaction",
        ),
    ),
    Chapter(
        "Somebody replies to the first sms",
        "comes in by the provider's callback, tied to message 1",
        "delivered",
        (),
        ("message.inbound sms",),
        ("sms.inbound delivered",),
        answers=0,
    ),
    Chapter(
        "A pager never answers: after two seconds the message expires",
        "sent over a channel of one's own, in the channels vocabulary",
        "expired",
        ("pager sent",),
        ("message.sentRequest pager", "message.sent pager", "message.expired pager"),
        ("pager.outbound accepted", "pager.outbound sent", "pager.outbound delivery_failed"),
    ),
)


async def _deliver(stage: Stage) -> str:
    contact = {"identifierKey": "phonenumber", "identifierValue": PHONE}
    text = {"type": "text", "text": {"text": "Your parcel comes between 9 and 10."}}
    return await stage.send_over("sms", {"receiver": {"contacts": [contact]}, "body": text, "reference": "parcel-42"})


async def _fall_back(stage: Stage) -> str:
    return await stage.send_by_rules(
        {
            "to": {"phoneNumber": REFUSED_PHONE, "email": EMAIL},
            "rules": ["sms", "email"],
            "title": "Your parcel",
            "body": "Your parcel comes between 9 and 10.",
            "metadata": {"parcel": 42},
        }
    )


async def _read_and_react(stage: Stage) -> str:
    """The simulated provider tells delivered and read by itself; then the person reacts."""
    message = await stage.send_by_rules({"to": {"phoneNumber": PHONE}, "rules": ["whatsApp"], "body": "Did it come?"})
    provider = stage.simulators["whatsapp"]
    async with asyncio.timeout(PATIENCE):
        # What the hub has answered it has on disk: so the reaction cannot overtake the reading.
        while len(provider.answers) < STATUSES:  # noqa: ASYNC110 - a simulator has no event for it
            await asyncio.sleep(0.01)
    provider.post(provider.act(provider.taken[-1]["id"], "reaction", emoji="👍"), delay=PACE)
    return message


async def _reply(stage: Stage) -> None:
    provider = stage.simulators["sms"]
    provider.post(provider.inbound(PHONE, "Please leave it at the door."))


async def _expire(stage: Stage) -> str:
    stage.simulators["pager"].order(Fault.LOST)
    contact = {"identifierKey": "identifier", "identifierValue": "pager-7"}
    text = {"type": "text", "text": {"text": "Call the depot."}}
    return await stage.send_over("pager", {"receiver": {"contacts": [contact]}, "body": text})


ACTS: tuple[Act, ...] = (_deliver, _fall_back, _read_and_react, _reply, _expire)

PARCEL = Play(PLAYERS, EVENTS, tuple(zip(CHAPTERS, ACTS, strict=True)))
