"""Whom we do not write to: what is heard of an address is kept with the fact, and keeps the next message from it."""

import asyncio
import sqlite3
from collections.abc import Sequence
from itertools import permutations
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.flows import PHONE, RAW, Flow, Tiny, flowing
from support.receiver import Receiver
from support.waiting import until
from tidings.connectors.connector import Capabilities, Outgoing
from tidings.flow.erase import redact
from tidings.flow.facts import MessageFact, NotSubmitted, Submitted, Told
from tidings.flow.look import NEWEST
from tidings.flow.parked import parked_in
from tidings.flow.suppressions import FIRST, Asked, add, lift, listed
from tidings.flow.sweep import sweep_old
from tidings.model.content import Content
from tidings.model.drafts import Addressee
from tidings.model.exchange import Call, Exchange, Piece, Sent
from tidings.model.messages import Life, Route
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target
from tidings.model.stages import Cause, Reason, Stage
from tidings.model.suppressions import SUPPRESSING, Cited, Ground, Source, Suppression
from tidings.rules.suppression import SUPPRESSED, suppression_id
from tidings.store.log import decode_life

EVERY = (*SUPPRESSING, Ground.OPTED_IN)
UNKNOWN = Reason(Cause.BAD_ADDRESS, "Unknown subscriber.", "30005")
DAY = 86_400_000


async def standing(flow: Flow) -> list[Suppression]:
    """What stands, by address."""
    return await flow.world.store.read(listed("w1", Asked(EVERY), FIRST, 100))


async def grounds(flow: Flow) -> set[tuple[str, str, str]]:
    """Where each address is not written to, and on which ground."""
    return {(each.platform, each.address, each.ground.value) for each in await standing(flow)}


async def heard(flow: Flow, report: Report, channel: str = "nobody's") -> None:
    await flow.world.record(Told(flow.as_channel(channel), report))


def stop(key: str = "s", *, at: int | None = None, sender: str = PHONE, message: str = "") -> Interaction:
    return Interaction(key, Deed.UNSUBSCRIBE_REQUEST, Target(message=message), RAW, at, sender=sender)


def wrote(text: str, *, key: str = "", at: int | None = None, sender: str = PHONE) -> Inbound:
    return Inbound(key or text, sender, RAW, content=Content(text=text), at=at)


def failed(message: str, reason: Reason = UNKNOWN, *, at: int | None = None, recipient: str = "") -> Receipt:
    return Receipt(Target(message=message, recipient=recipient), Stage.FAILED, RAW, at, reason)


async def life_of(flow: Flow, message: str) -> Life:
    (row,) = await flow.stored("with_lives", messages=[message])
    return decode_life(row[2])


def entry(ground: Ground = Ground.UNSUBSCRIBED, **more: Any) -> Suppression:
    given: dict[str, Any] = {"workspace": "w1", "platform": "sms", "address": PHONE, "ground": ground, "at": 5}
    return Suppression(**{**given, **more})


async def added(flow: Flow, *entries: Suppression) -> set[str]:
    return await flow.world.store.write(lambda: add("w1", entries))


async def lifted(flow: Flow, one: Suppression) -> bool:
    now = flow.clock.now()
    return await flow.world.store.write(lambda: lift("w1", suppression_id(one), EVERY, now, Cited(by="root")))


# -- what is heard ----------------------------------------------------------------------------------------------------


async def test_a_failing_receipt_suppresses_with_what_it_said(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        flow.clock.move(60_000)
        await heard(flow, failed(message, at=flow.clock.now() - 5))
        (kept,) = await standing(flow)
        assert kept == entry(
            Ground.BOUNCED,
            at=flow.clock.now() - 5,
            cited=Cited(message, "nobody's", Source.PROVIDER, "Unknown subscriber.", "30005"),
        )


async def test_an_unsubscription_is_kept_also_where_it_is_about_no_message(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await heard(flow, stop())
        (kept,) = await standing(flow)
        assert (kept.at, kept.cited) == (flow.clock.now(), Cited("", "nobody's", Source.PERSON))
        theirs = await flow.inbound("k1", "+31687654321")
        await heard(flow, failed(theirs))
        await heard(flow, stop("s2", message=theirs, sender="+31687654321"))
        assert await grounds(flow) == {("sms", each, "unsubscribed") for each in (PHONE, "+31687654321")}


async def test_a_complaint_suppresses_the_address_that_the_message_went_to(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        complaint = Interaction("c", Deed.REPORTED_AS_SPAM, Target(message=message), RAW, details="abuse")
        await heard(flow, complaint)
        assert await grounds(flow) == {("sms", PHONE, "complained")}
        (kept,) = await standing(flow)
        assert (kept.cited.message, kept.cited.text) == (message, "abuse")


async def test_what_says_nothing_of_the_address_suppresses_nobody(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent()
        prefetched = Interaction("p", Deed.UNSUBSCRIBE_REQUEST, Target(message=message), RAW, prefetched=True)
        reports: Sequence[Report] = (
            failed(message, Reason(Cause.UNREACHABLE)),
            Receipt(Target(message=message), Stage.DELIVERED, RAW, reason=UNKNOWN),
            Receipt(Target(message="unknown"), Stage.FAILED, RAW, reason=UNKNOWN),
            prefetched,
            Interaction("o", Deed.CLICKED, Target(message=message), RAW, sender=PHONE),
            stop("x", sender="no number"),
            wrote("Please stop that"),
        )
        for report in reports:
            await heard(flow, report)
        assert await grounds(flow) == set()


async def test_stop_and_start_by_their_words(database_url: str) -> None:
    async with flowing(database_url) as flow:
        await heard(flow, wrote("Stop"))
        assert await grounds(flow) == {("sms", PHONE, "unsubscribed")}
        flow.clock.move(1)
        await heard(flow, wrote("yes"))
        assert await grounds(flow) == set()
        flow.clock.move(1)
        await heard(flow, wrote("START"))
        assert await grounds(flow) == {("sms", PHONE, "opted-in")}
        flow.clock.move(1)
        await heard(flow, wrote("STOP", key="again"))
        assert await grounds(flow) == {("sms", PHONE, "unsubscribed")}


async def test_start_does_not_undo_a_complaint(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.sent()
        await heard(flow, Interaction("c", Deed.REPORTED_AS_SPAM, Target(message=message), RAW))
        flow.clock.move(1)
        await heard(flow, wrote("START"))
        assert await grounds(flow) == {("sms", PHONE, "complained"), ("sms", PHONE, "opted-in")}


async def test_a_refusal_that_names_the_person_suppresses_and_our_own_does_not(database_url: str) -> None:
    async with flowing(database_url) as flow:
        for reason in (Reason(Cause.OPTED_OUT, code=SUPPRESSED), Reason(Cause.BAD_ADDRESS, code="21211")):
            message = await flow.accepted()
            await flow.world.record(NotSubmitted(message, 0, reason))
        assert await grounds(flow) == set()
        message = await flow.accepted()
        await flow.world.record(NotSubmitted(message, 0, Reason(Cause.OPTED_OUT, code="21610")))
        assert await grounds(flow) == {("sms", PHONE, "unsubscribed")}


class TinyMail(Tiny):
    """The same for several at once: it takes each recipient, or refuses one, as the answer says."""

    name = "tiny-mail"
    capabilities: ClassVar[dict[str, Capabilities]] = {
        "email": Capabilities(sends=frozenset({"text"}), several_recipients=True)
    }

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        people = [address for _, address in outgoing.recipients]
        reply = yield Call.post(self.settings.url, json={"to": outgoing.to, "people": people})
        assert reply.ok
        pieces = (Piece(f"ref {each}", each) for each in people)
        refused = Reason(Cause.BAD_ADDRESS, "Nobody here.", "5.1.1")
        return Sent(
            pieces=tuple(Piece("", each.recipient, refused) if "nobody" in each.recipient else each for each in pieces),
            answer=RAW,
        )


def mail(*people: str, **types: str) -> tuple[Addressee, ...]:
    return tuple(
        Addressee(addresses={"emailaddress": f"{each}@example.com"}, type=types.get(each, "to")) for each in people
    )


async def test_of_several_recipients_only_those_who_are_named_are_meant(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        flow.world.connectors = {**flow.world.connectors, "tiny-mail": TinyMail}
        await flow.channel(provider.url, platform="email", connector="tiny-mail")
        message = await flow.take(flow.draft(Route("email"), to=mail("Ann", "nobody", "cy", "di")))
        await until_sent(flow, message)
        assert await grounds(flow) == {("email", "nobody@example.com", "hard-bounced")}
        bounced = Reason(Cause.BOUNCED, "Gone.", "General")
        for recipient in ("ann@example.com", ""):
            await heard(flow, failed(message, bounced, recipient=recipient), "c1")
        await heard(flow, stop("x", message=message, sender="CY@example.com"), "c1")
        assert await grounds(flow) == {
            ("email", "ann@example.com", "hard-bounced"),
            ("email", "cy@example.com", "unsubscribed"),
            ("email", "nobody@example.com", "hard-bounced"),
        }
        texted = Addressee(addresses={"phonenumber": PHONE})
        again = await flow.take(flow.draft(Route("email"), to=(*mail("Ann", "cy", "Di", "Ed", Ed="cc"), texted)))
        await until_sent(flow, again)
        assert provider.got[1].json == {"to": "Di@example.com", "people": ["Di@example.com", "Ed@example.com"]}
        (hop,) = (await life_of(flow, again)).hops
        assert {part.recipient: part.reason and part.reason.cause for part in hop.parts} == {
            "Di@example.com": None,
            "Ed@example.com": None,
            "Ann@example.com": Cause.BAD_ADDRESS,
            "cy@example.com": Cause.OPTED_OUT,
        }


async def test_a_mail_whose_every_addressee_is_suppressed_goes_to_no_copy_either(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        flow.world.connectors = {**flow.world.connectors, "tiny-mail": TinyMail}
        await flow.channel(provider.url, platform="email", connector="tiny-mail")
        await added(flow, entry(platform="email", address="ann@example.com"))
        message = await flow.take(flow.draft(Route("email"), to=mail("ann", "bob", bob="cc")))
        assert (await life_of(flow, message)).stage is Stage.FAILED
        assert provider.got == []


async def until_sent(flow: Flow, message: str) -> None:
    while (await life_of(flow, message)).stage < Stage.SENT:
        await asyncio.sleep(0.005)


# -- order and repetition ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("timed", [True, False])
async def test_a_report_that_comes_again_after_somebody_was_taken_off_changes_nothing(
    database_url: str, timed: bool
) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        report = failed(message, at=flow.clock.now() if timed else None)
        flow.clock.move(1000)
        await heard(flow, report)
        (kept,) = await standing(flow)
        assert await lifted(flow, kept)
        await heard(flow, report)
        assert await standing(flow) == []
        flow.clock.move(1000)
        await heard(flow, failed(await flow.sent()))
        assert len(await standing(flow)) == 1


async def test_a_time_to_come_outweighs_nothing_that_is_said_later(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await heard(flow, stop(at=flow.clock.now() + 10**12))
        flow.clock.move(1)
        await heard(flow, wrote("START"))
        assert await grounds(flow) == {("sms", PHONE, "opted-in")}


async def test_a_parked_report_that_finds_its_message_is_no_newer_word(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        said = Interaction("s", Deed.UNSUBSCRIBE_REQUEST, Target(reference="later"), RAW, sender=PHONE)
        message = await flow.accepted()
        flow.clock.move(1)
        await heard(flow, said)
        flow.clock.move(1)
        await heard(flow, wrote("START"))
        await flow.world.record(Submitted(message, 0, Sent(pieces=(Piece("later"),), answer=RAW)))
        assert await grounds(flow) == {("sms", PHONE, "opted-in")}


async def test_a_parked_report_that_is_told_again_is_no_newer_word(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await heard(flow, stop())
        (parked,) = await flow.world.store.read(parked_in("w1", NEWEST, 10))
        flow.clock.move(1)
        await heard(flow, wrote("START"))
        flow.clock.move(1)
        assert parked.waiting.report is not None
        await flow.world.record(Told(flow.as_channel("nobody's"), parked.waiting.report, parked=parked.id))
        assert await grounds(flow) == {("sms", PHONE, "opted-in")}


def orders(flow: Flow, message: str) -> list[Report]:
    """Reports whose order must not matter: each says when it happened."""
    now = flow.clock.now()
    return [
        stop("s1", at=now - 50, message=message),
        stop("s2", at=now - 30),
        wrote("START", key="w1", at=now - 40),
        wrote("yes", key="w2", at=now - 20),
        failed(message, at=now - 45),
        failed(message, Reason(Cause.OPTED_OUT, code="21610"), at=now - 10),
    ]


async def rows(flow: Flow) -> list[Any]:
    """Everything that is known, also what stands no longer."""
    known: list[Any] = []
    for stands in (True, False):
        known += await flow.stored("suppressions_of", workspace="w1", addresses=[PHONE], stands=stands)
    # New messages of the same person have ids of their own.
    return [row[:7] for row in known]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), twice=st.lists(st.integers(0, 5), max_size=3), together=st.booleans())
def test_reports_end_in_the_same_whatever_order_they_come_in(
    sqlite_url: str, order: list[int], twice: list[int], together: bool
) -> None:
    asyncio.run(_told_in(f"{sqlite_url}-{hash((*order, *twice, together))}", order + twice, together))


async def _told_in(url: str, order: list[int], together: bool) -> None:
    async with flowing(url) as flow:
        flow.clock.move(1000)
        message = await flow.sent()
        reports = orders(flow, message)
        told = [heard(flow, reports[index]) for index in order]
        if together:
            await asyncio.gather(*told)
        else:
            for each in told:
                await each
        assert await grounds(flow) == {("sms", PHONE, "unsubscribed"), ("sms", PHONE, "hard-bounced")}
        ats = {row[4]: (row[5], flow.clock.now() - row[6]) for row in await rows(flow)}
        assert {name: (bool(stands), ago) for name, (stands, ago) in ats.items()} == {
            "unsubscribed": (True, 10),
            "opted-in": (False, 10),
            "hard-bounced": (True, 45),
        }


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_message_that_is_known_late_changes_nothing_of_it(sqlite_url: str, order: tuple[int, ...]) -> None:
    async with flowing(sqlite_url) as flow:
        message = await flow.accepted()
        at = flow.clock.now()
        flow.clock.move(10)
        said = Interaction("s", Deed.UNSUBSCRIBE_REQUEST, Target(reference="r"), RAW, at, sender=PHONE)
        facts: list[MessageFact] = [
            Told(flow.as_channel("nobody's"), said),
            Submitted(message, 0, Sent(pieces=(Piece("r"),), answer=RAW)),
            Told(flow.as_channel("nobody's"), failed(message, Reason(Cause.COMPLAINED))),
        ]
        for index in order:
            await flow.world.record(facts[index])
        found = {each.ground: (each.at, each.cited.message) for each in await standing(flow)}
        assert found == {Ground.UNSUBSCRIBED: (at, message), Ground.COMPLAINED: (at, message)}


# -- what it keeps from whom ------------------------------------------------------------------------------------------


async def test_a_suppressed_hop_is_refused_and_the_next_one_goes(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        await flow.channel(provider.url)
        await flow.channel(provider.url, id_="c2", platform="whatsapp")
        await heard(flow, stop(), "c1")
        message = await flow.take(flow.draft(Route("sms"), Route("whatsapp")))
        (got,) = await provider.wait_for(1)
        assert got.json["tag"] == f"{message}:1"
        first, second = (await life_of(flow, message)).hops
        assert first.reason == Reason(
            Cause.OPTED_OUT, "The recipient has unsubscribed from messages on sms.", SUPPRESSED
        )
        assert (first.stage, first.submitted, second.platform) == (Stage.FAILED, False, "whatsapp")


async def test_a_message_that_has_no_other_hop_fails_and_says_why_in_both_vocabularies(database_url: str) -> None:
    async with Receiver() as receiver, flowing(database_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.subscribe(receiver.url, "sms.outbound", dialect="channels", id_="s2")
        await flow.channel()
        await heard(flow, stop(), "c1")
        await flow.take(flow.draft())
        told = [got.json for got in await receiver.wait_for(3)]
        text = "The recipient has unsubscribed from messages on sms."
        (failure,) = [each["payload"] for each in told if each.get("name") == "message.failed"]
        assert failure["details"]["channelStatus"]["sms"]["details"] == {"reason": text}
        (status,) = [each["payload"] for each in told if each["payload"].get("status") == "sending_failed"]
        assert (status["reason"], status["failure"]) == (
            text,
            {"code": "opted-out", "source": {"name": "sms", "code": SUPPRESSED}},
        )


async def test_a_transactional_message_goes_to_whoever_unsubscribed(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        await flow.channel(provider.url)
        await added(flow, entry())
        await flow.take(flow.draft(transactional=True))
        await provider.wait_for(1)
        await added(flow, entry(Ground.COMPLAINED))
        message = await flow.take(flow.draft(transactional=True))
        reason = (await life_of(flow, message)).reason
        assert reason is not None
        assert reason.cause is Cause.COMPLAINED


async def test_an_opt_in_is_needed_where_it_is_required(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        await flow.channel(provider.url)
        message = await flow.take(flow.draft(require_opt_in=True))
        reason = (await life_of(flow, message)).reason
        assert reason is not None
        assert reason.text == "The recipient has not opted in to messages on sms."
        await added(flow, entry(Ground.OPTED_IN))
        await flow.take(flow.draft(require_opt_in=True))
        await provider.wait_for(1)
        await added(flow, entry())
        assert await grounds(flow) == {("sms", PHONE, "unsubscribed")}


async def test_one_channel_can_be_left_and_another_kept(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        await flow.channel(provider.url, id_="c2")
        await added(flow, entry(channel="c1"))
        message = await flow.take(flow.draft(Route("sms", "c1"), Route("sms", "c2")))
        (got,) = await provider.wait_for(1)
        assert got.json["tag"] == f"{message}:1"


async def test_whoever_leaves_one_account_has_not_left_another(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        for channel in ("c1", "c2"):
            await flow.channel(provider.url, id_=channel, platform="facebook")
        person = Addressee(addresses={"facebookuserid": "77"})
        await heard(flow, stop(sender="77"), "c1")
        assert [(each.channel, each.platform) for each in await standing(flow)] == [("c1", "facebook")]
        message = await flow.take(flow.draft(Route("facebook", "c1"), Route("facebook", "c2"), to=(person,)))
        (got,) = await provider.wait_for(1)
        assert got.json["tag"] == f"{message}:1"


async def test_other_tenants_suppressions_keep_nothing_from_anybody(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        theirs = entry(workspace="w2")
        await flow.world.store.write(lambda: add("w2", [theirs]))
        await flow.take(flow.draft())
        await provider.wait_for(1)
        assert not await lifted(flow, theirs)
        assert await standing(flow) == []


async def test_a_hop_that_waited_is_screened_again(database_url: str) -> None:
    async with Receiver(lambda _: 503) as provider, flowing(database_url) as flow:
        await flow.channel(provider.url)
        message = await flow.take(flow.draft())
        await provider.wait_for(1)
        await until_put_off(flow, message)
        await heard(flow, stop(), "c1")
        flow.clock.move(DAY // 24)
        await until_failed(flow, message)
        reason = (await life_of(flow, message)).reason
        assert reason is not None
        assert reason.code == SUPPRESSED
        assert len(provider.got) == 1


async def test_a_hop_that_cannot_be_screened_is_put_off_and_goes_later(sqlite_url: str) -> None:
    async with Receiver(lambda _: 503 if len(provider.got) == 1 else 200) as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url)
        message = await flow.take(flow.draft())
        await until_put_off(flow, message)
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as another:
            another.execute("ALTER TABLE suppression RENAME TO hidden")
            flow.clock.move(DAY // 24)
            await until_put_off(flow, message, 2)
            another.execute("ALTER TABLE hidden RENAME TO suppression")
        another.close()
        assert len(provider.got) == 1
        flow.clock.move(DAY // 24)
        await provider.wait_for(2)


async def until_put_off(flow: Flow, message: str, tries: int = 1) -> None:
    while (await life_of(flow, message)).hops[0].tries < tries:
        await asyncio.sleep(0.005)


async def until_failed(flow: Flow, message: str) -> None:
    while (await life_of(flow, message)).stage is not Stage.FAILED:
        await asyncio.sleep(0.005)


async def test_two_processes_know_the_same(postgres_url: str) -> None:
    async with Receiver() as provider, flowing(postgres_url) as one, flowing(postgres_url) as other:
        await one.channel(provider.url)
        await until(lambda: "c1" in other.world.directory.channels)
        message = await one.sent()
        reports = orders(one, message)
        await asyncio.gather(*(heard(flow, each, "nobody's") for each in reports for flow in (one, other)))
        assert (
            await grounds(one)
            == await grounds(other)
            == {
                ("sms", PHONE, "unsubscribed"),
                ("sms", PHONE, "hard-bounced"),
            }
        )
        refused = await other.take(other.draft())
        reason = (await life_of(one, refused)).reason
        assert reason is not None
        assert reason.cause is Cause.BAD_ADDRESS


# -- how long it is kept ----------------------------------------------------------------------------------------------


async def test_it_outlives_redaction_retention_and_a_restart(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.sent()
        await heard(flow, failed(message))
        await heard(flow, wrote("STOP", sender="+31687654321"))
        flow.clock.move(1)
        await heard(flow, wrote("START", sender="+31687654321"))
        assert await redact(flow.world, "w1", message)
        flow.clock.move(400 * DAY)
        await sweep_old(flow.world)
        clock = flow.clock
    async with flowing(database_url, clock=clock) as flow:
        assert await grounds(flow) == {("sms", PHONE, "hard-bounced"), ("sms", "+31687654321", "opted-in")}
        gone = await flow.stored("suppressions_of", workspace="w1", addresses=["+31687654321"], stands=False)
        assert gone == []


async def test_it_goes_with_its_workspace(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await added(flow, entry())
        directory = flow.world.directory
        await directory.change(lambda: directory.drop_workspace("w1"))
        assert await standing(flow) == []


async def test_what_is_added_again_stays_as_it_was_and_what_was_lifted_comes_back(database_url: str) -> None:
    async with flowing(database_url) as flow:
        one = entry(cited=Cited(text="first"))
        assert await added(flow, one) == set()
        assert await added(flow, entry(at=9, cited=Cited(text="second"))) == {suppression_id(one)}
        (kept,) = await standing(flow)
        assert kept.cited.text == "first"
        assert await lifted(flow, one)
        assert not await lifted(flow, one)
        assert await added(flow, one) == set()
        assert len(await standing(flow)) == 1
