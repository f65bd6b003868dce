from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tidings.model.content import Content, Media, Template
from tidings.model.events import Fact, Tried
from tidings.model.messages import Correlation, Direction, Hop, Life, Message, Part, Plan, Recipient, Route
from tidings.model.reports import Deed, Interaction, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.rules.redaction import redact_fact, redact_life, redact_message, redact_report

SECRET = Raw(b'{"text":"between us"}')
REASON = Reason(Cause.BLOCKED, "Blocked by the recipient", "470")


def test_a_message_keeps_who_and_when_but_not_what() -> None:
    kept: dict[str, Any] = {
        "id": "m1",
        "workspace": "w1",
        "direction": Direction.INCOMING,
        "created_at": 5,
        "dialect": "omnichannel",
        "recipients": (Recipient("c1", {"phonenumber": "+447123123123"}, country="GB"),),
        "routes": (Route("sms"),),
        "sender": "+447234234234",
        "reference": "order 7",
        "metadata": Raw(b'{"order":7}'),
        "tags": ("summer",),
        "reply_to": "m0",
        "conversation": "v1",
        "expires_at": 9,
        "track_links": "on",
        "campaign": True,
        "channel": "ch1",
        "platform": "sms",
        "platform_reference": "SM1",
        "correlation": Correlation("m0", Raw(b"{}")),
    }
    said: dict[str, Any] = {
        "sender_name": "Ada",
        "content": Content(
            title="t",
            text="between us",
            media=(Media(url="https://a.example/b"),),
            template=Template("x"),
            native={"sms": SECRET},
        ),
        "options": {"email": {"subject": "between us"}},
        "request": SECRET,
        "extra": {"name": "Ada"},
        "raw": SECRET,
    }
    assert redact_message(Message(**kept, **said)) == Message(**kept, redacted=True)


def test_redacting_twice_is_redacting_once() -> None:
    message = redact_message(Message(id="m1", workspace="w1", direction=Direction.OUTGOING, created_at=5, raw=SECRET))
    assert redact_message(message) == message


def test_a_life_keeps_its_stages_and_reasons() -> None:
    parts = (Part("SM1", stage=Stage.FAILED, reason=REASON),)
    hop = Hop(0, "sms", "ch1", "+447123123123", Stage.FAILED, parts=parts, reason=REASON, data=SECRET)
    bare = Hop(0, "sms", "ch1", "+447123123123", Stage.FAILED, parts=parts, reason=REASON)
    life = Life("m1", 3, Stage.FAILED, hops=(hop, hop), plans=(Plan("sms", "c1", data=SECRET),))
    emptied = Life("m1", 3, Stage.FAILED, hops=(bare, bare), plans=(Plan("sms", "c1"),))
    assert redact_life(life) == emptied


def test_a_fact_keeps_its_reasons_but_no_words_of_the_provider() -> None:
    fact = Fact(
        sender="+1",
        references=("SM1",),
        units=2,
        reason=REASON,
        submitted=True,
        answer=SECRET,
        raw=SECRET,
        tried=(Tried("sms", REASON, 7, True, SECRET), Tried("rcs", REASON, 8)),
        implied=True,
        late=True,
    )
    assert redact_fact(fact) == Fact(
        sender="+1",
        references=("SM1",),
        units=2,
        reason=REASON,
        submitted=True,
        tried=(Tried("sms", REASON, 7, True), Tried("rcs", REASON, 8)),
        implied=True,
        late=True,
    )


def test_an_interaction_keeps_that_it_was_done_but_not_with_what() -> None:
    target = Target(message="m1")
    interaction = Interaction(
        "k", Deed.CLICKED, target, SECRET, 7,
        url="https://a.example/between-us", link_name="between us", payload="p", emoji="❤", action="react",
        prefetched=True, user_agent="Firefox", details="between us", sender="+447123123123",
    )  # fmt: skip
    assert redact_fact(Fact(interaction=interaction)).interaction == Interaction(
        "", Deed.CLICKED, target, Raw(b"{}"), 7, action="react", prefetched=True, sender="+447123123123",
    )  # fmt: skip


MARK = "between-us"
KEPT = {"deed", "target", "at", "action", "prefetched", "sender"}
"""Who did what, and when. Everything else of an interaction is what was said; so is all that is ever added to it."""


@given(
    deed=st.sampled_from(Deed),
    action=st.sampled_from(["", "react", "unreact"]),
    at=st.none() | st.integers(0, 2**50),
    prefetched=st.booleans(),
    said=st.dictionaries(st.sampled_from(sorted(set(Interaction.__struct_fields__) - KEPT - {"raw"})), st.text()),
)
def test_nothing_that_was_said_is_left_of_an_interaction(
    deed: Deed, action: str, at: int | None, prefetched: bool, said: dict[str, str]
) -> None:
    told: dict[str, Any] = {name: MARK + text for name, text in said.items()}
    given: dict[str, Any] = {"deed": deed, "target": Target("m1"), "at": at, "prefetched": prefetched}
    told = {"key": MARK, "raw": Raw(msgspec.json.encode({"said": MARK})), **told, **given, "action": action}
    interaction = Interaction(**told, sender="+447123123123")
    for emptied in (redact_fact(Fact(interaction=interaction, raw=SECRET)), redact_report(interaction)):
        assert MARK.encode() not in msgspec.json.encode(emptied)
    left = redact_report(interaction)
    assert {name: getattr(left, name) for name in KEPT} == {name: getattr(interaction, name) for name in KEPT}
