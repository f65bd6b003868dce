"""Both vocabularies show which links of a message are tracked, and give the text back as the client wrote it."""

from msgspec import Raw

from tidings.dialects.channels.representations import show_message as as_channels
from tidings.dialects.omnichannel.representations import show_message as as_omnichannel
from tidings.model.content import Content
from tidings.model.links import Tracked, Tracking
from tidings.model.messages import Direction, Life, Message, Route

TEXT = "Look: https://shop.example/track/42"
SHOWN = {"url": "https://shop.example/track/42", "shortUrl": "https://go.example/a2b3c4d5e6", "name": "parcel"}


def tracking(channel: str) -> Tracking:
    link = Tracked("text", 6, 35, "a2b3c4d5e6", SHOWN["url"], SHOWN["name"])
    return Tracking(platform="sms", channel=channel, base="https://go.example/", expires_at=9, links=(link,))


def message(dialect: str, request: bytes, *channels: str) -> Message:
    return Message(
        id="m1",
        workspace="w1",
        direction=Direction.OUTGOING,
        created_at=1,
        dialect=dialect,
        routes=(Route("sms", "c1"),),
        content=Content(text=TEXT),
        request=Raw(request),
        tracking=tuple(map(tracking, channels)),
    )


def test_omnichannel_shows_the_links_of_every_channel() -> None:
    asked = b'{"body":"Look: https://shop.example/track/42","shortenLinks":"on"}'
    shown = as_omnichannel(message("omnichannel", asked, "c1", "c2"), Life("m1"))
    assert (shown["body"], shown["links"]) == (TEXT, [SHOWN, SHOWN])
    assert "links" not in as_omnichannel(message("omnichannel", asked), Life("m1"))


def test_channels_shows_the_links_of_the_channel_asked_for() -> None:
    asked = b'{"body":{"type":"text","text":{"text":"Look: https://shop.example/track/42"}}}'
    told = message("channels", asked, "c1")
    shown = as_channels(told, Life("m1"), channel="c1")
    assert (bytes(shown["body"]), shown["links"]) == (
        b'{"type":"text","text":{"text":"Look: https://shop.example/track/42"}}',
        [SHOWN],
    )
    assert "links" not in as_channels(told, Life("m1"), channel="c2")
