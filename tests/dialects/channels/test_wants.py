"""Who gets which event: filters, and the catch-all rule."""

from itertools import product

import msgspec
import pytest

from dialects.channels.samples import CHANNEL, WORKSPACE, a_subscription, a_telling, an_event, an_outgoing
from tidings.dialects.channels import Channels
from tidings.dialects.dialect import Telling
from tidings.model.events import Event, Fact, Kind
from tidings.model.reports import Deed, Interaction, Target

OTHER = "a65a0983-0000-4000-8000-1d4c0304ebf7"

HERE = ("channelId", CHANNEL)
ELSEWHERE = ("channelId", OTHER)
DELIVERED = ("messageStatus", "delivered")
FAILED = ("messageStatus", "delivery_failed")

channels = Channels()


def gets(event: str, *filters: tuple[str, str], of: Event) -> bool:
    return channels.wants(a_subscription(event, *filters), (), a_telling(of))


def an_interaction(deed: Deed) -> Event:
    return an_event(
        Kind.INTERACTION,
        "whatsapp",
        fact=Fact(interaction=Interaction("k", deed, Target(), msgspec.Raw(b"{}"))),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sms.outbound", True),
        ("pager.inbound", True),
        ("pager.delivered", False),
        ("inbound", False),
        ("", False),
    ],
)
def test_events_are_known_by_name(name: str, expected: bool) -> None:
    """A platform that is not published may be a custom one."""
    assert channels.is_event(name) is expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), True),
        ((HERE,), True),
        ((ELSEWHERE,), False),
        ((DELIVERED,), True),
        ((FAILED,), False),
        ((FAILED, DELIVERED), True),
        ((DELIVERED, FAILED), True),
        ((HERE, DELIVERED), True),
        ((HERE, FAILED), False),
        ((ELSEWHERE, DELIVERED), False),
        ((DELIVERED, ELSEWHERE), False),
        ((HERE, FAILED, DELIVERED), True),
    ],
)
def test_any_value_of_a_key_and_every_key(filters: tuple[tuple[str, str], ...], expected: bool) -> None:
    assert gets("sms.outbound", *filters, of=an_event(Kind.DELIVERED)) is expected


def test_another_event_is_not_wanted() -> None:
    assert not gets("whatsapp.outbound", of=an_event(Kind.DELIVERED))
    assert not gets("sms.inbound", of=an_event(Kind.DELIVERED))
    assert not gets("email.interaction", of=an_event(Kind.READ, "email"))


def test_interactions_are_filtered_by_type_and_a_read_is_one() -> None:
    read, reaction = an_event(Kind.READ, "whatsapp"), an_interaction(Deed.REACTION)
    either = (("interactionType", "reaction"), ("interactionType", "read"))
    assert [
        gets("whatsapp.interaction", *filters, of=event)
        for event, filters in product((read, reaction), ((), either, either[:1], (ELSEWHERE, *either)))
    ] == [True, True, False, False, True, True, True, False]


def test_a_failure_is_filtered_by_when_it_happened() -> None:
    before, after = an_event(Kind.FAILED), an_event(Kind.EXPIRED, fact=Fact(submitted=True))
    unsent = ("messageStatus", "sending_failed")
    assert [gets("sms.outbound", each, of=event) for event in (before, after) for each in (unsent, FAILED)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_message_that_met_no_channel_is_filtered_by_the_one_that_was_meant() -> None:
    event = an_event(Kind.FAILED, "", channel="")
    assert gets("sms.outbound", HERE, of=event)
    assert not channels.wants(a_subscription("sms.outbound", HERE), (), a_telling(event, an_outgoing(routes=())))


class TestCatchAll:
    everything = a_subscription("sms.outbound")

    def gets(self, *siblings: object, catch_all: str = "unclaimed", kind: Kind = Kind.DELIVERED) -> bool:
        workspace = msgspec.structs.replace(WORKSPACE, catch_all=catch_all)
        telling = Telling(an_event(kind), an_outgoing(), workspace)
        return channels.wants(self.everything, (self.everything, *siblings), telling)  # type: ignore[arg-type]

    def test_alone_it_gets_everything(self) -> None:
        assert self.gets()

    def test_it_leaves_out_what_a_filtered_sibling_takes(self) -> None:
        assert not self.gets(a_subscription("sms.outbound", DELIVERED))
        assert self.gets(a_subscription("sms.outbound", DELIVERED), kind=Kind.SENT)
        assert self.gets(a_subscription("sms.outbound", ELSEWHERE, DELIVERED))

    def test_it_shares_with_a_sibling_that_is_not_filtered_not_active_or_of_another_event(self) -> None:
        assert self.gets(a_subscription("sms.outbound"))
        assert self.gets(a_subscription("sms.outbound", DELIVERED, active=False))
        assert self.gets(a_subscription("mms.outbound", DELIVERED))

    def test_the_workspace_may_want_it_to_get_all(self) -> None:
        assert self.gets(a_subscription("sms.outbound", DELIVERED), catch_all="all")

    def test_a_filtered_one_is_not_bound_by_its_siblings(self) -> None:
        telling = a_telling(an_event(Kind.DELIVERED))
        one, other = a_subscription("sms.outbound", HERE), a_subscription("sms.outbound", DELIVERED)
        assert channels.wants(one, (one, other), telling)
        assert channels.wants(other, (one, other), telling)
