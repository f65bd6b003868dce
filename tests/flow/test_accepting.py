"""A draft becomes a message, with every hop it may take thought of before it is taken."""

import asyncio
from typing import Any

import pytest

from support.flows import PHONE, Flow, flowing
from support.receiver import Receiver
from tidings.flow.accept import accept, prepare, unsendable
from tidings.flow.erase import delete
from tidings.flow.facts import Promise
from tidings.model.content import Content, Media
from tidings.model.drafts import Addressee
from tidings.model.errors import FieldError, Refused
from tidings.model.messages import Recipient, Route
from tidings.model.stages import Cause, Stage
from tidings.model.workspaces import Limits, Workspace
from tidings.rules.contacts import contact_id
from tidings.store.log import decode_life, decode_message

HOUR = 3_600_000


async def refusal(flow: Flow, draft: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        await prepare(flow.world, flow.workspace, draft)
    return refused.value


# -- people -----------------------------------------------------------------------------------------------------------


async def test_a_person_is_made_on_first_use_and_found_again(database_url: str) -> None:
    async with flowing(database_url) as flow:
        contact = contact_id("w1", "phonenumber", PHONE)
        for _ in range(2):
            message = await flow.take(flow.draft(to=(Addressee(addresses={"phonenumber": "0031 6 1234-5678"}),)))
            rows = await flow.stored("with_lives", messages=[message])
            assert decode_message(rows[0][1]).recipients == (Recipient(contact, {"phonenumber": PHONE}, country="NL"),)
        assert await flow.stored("get_contact", id=contact) == [("w1", "phonenumber", PHONE, flow.clock.now())]
        by_id = await prepare(flow.world, flow.workspace, flow.draft(to=(Addressee(contact),)))
        assert by_id.message.recipients == (Recipient(contact, {"phonenumber": PHONE}, country="NL"),)
        (known,) = by_id.contacts
        assert (known.id, known.key, known.value) == (contact, "phonenumber", PHONE)


async def test_a_person_who_is_forgotten_meanwhile_is_there_again(database_url: str) -> None:
    async with flowing(database_url) as flow:
        message = await flow.take(flow.draft())
        contact = contact_id("w1", "phonenumber", PHONE)
        again = await prepare(flow.world, flow.workspace, flow.draft(to=(Addressee(contact),)))
        assert await delete(flow.world, "w1", message)
        assert await flow.stored("get_contact", id=contact) == []
        await accept(flow.world, [again])
        assert await flow.stored("get_contact", id=contact) == [("w1", "phonenumber", PHONE, flow.clock.now())]


async def test_further_addresses_of_a_known_person_are_written_as_we_keep_them(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.take(flow.draft())
        contact = contact_id("w1", "phonenumber", PHONE)
        given = Addressee(contact, {"emailaddress": " Ann@Example.COM "})
        taking = await prepare(flow.world, flow.workspace, flow.draft(to=(given,)))
        addresses = taking.message.recipients[0].addresses
        assert addresses["phonenumber"] == PHONE
        assert addresses["emailaddress"].strip() == addresses["emailaddress"]
        bad = Addressee(contact, {"emailaddress": "no address"})
        assert (await refusal(flow, flow.draft(to=(bad,)))).errors[0].path == "to[0].emailaddress"


async def test_nobody_is_found_in_another_workspace(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.take(flow.draft())
        contact = contact_id("w1", "phonenumber", PHONE)
        other = Workspace(id="w2", name="Other", account=8, created_at=1)
        with pytest.raises(Refused) as refused:
            await prepare(flow.world, other, flow.draft(to=(Addressee(contact),)))
        assert refused.value.errors == (FieldError("to[0].id", f"There is no contact {contact}.", "unknown"),)
        taking = await prepare(flow.world, other, flow.draft(to=(Addressee(contact, {"phonenumber": PHONE}),)))
        assert taking.message.recipients[0].contact == contact_id("w2", "phonenumber", PHONE)


async def test_every_address_that_is_none_is_named(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        wrong = Addressee(addresses={"phonenumber": "12", "emailaddress": "nobody"})
        error = await refusal(flow, flow.draft(to=(Addressee(addresses={"phonenumber": PHONE}), wrong)))
        assert [each.path for each in error.errors] == ["to[1].phonenumber", "to[1].emailaddress"]
        assert await flow.stored("last_position") == [(0,)]


# -- content ----------------------------------------------------------------------------------------------------------


async def test_placeholders_are_filled_in_everywhere(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        content = Content(title="For {{profile.name}}", text="Hi {{ profile.name }}!", html="<b>{{profile.name}}</b>")
        taking = await prepare(flow.world, flow.workspace, flow.draft(content=content, profile={"name": "Ann"}))
        assert taking.message.content == Content(title="For Ann", text="Hi Ann!", html="<b>Ann</b>")
        error = await refusal(flow, flow.draft(content=content))
        assert [(each.path, each.code) for each in error.errors] == [("body", "unknown")]


async def test_a_text_is_written_in_the_letters_of_an_sms_where_that_is_wished(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        for options, text in (({}, "“Hi” – Ann"), ({"unicodeConversion": True}, '"Hi" - Ann')):
            draft = flow.draft(text="“Hi” – Ann", options={"sms": options})
            taking = await prepare(flow.world, flow.workspace, draft)
            assert taking.message.content.text == text


# -- what forbids a hop -----------------------------------------------------------------------------------------------


async def test_a_country_that_is_not_allowed_makes_the_request_invalid(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.channel(allowed_countries=("US", "CA"))
        message = await flow.take(flow.draft(to=(Addressee(addresses={"phonenumber": "+48500000000"}),)))
        (got,) = await receiver.wait_for(1)
        assert (got.json["name"], got.json["revision"]) == ("message.failed", 1)
        assert got.json["payload"]["id"] == message
        assert got.json["payload"]["details"] == {
            "channelStatus": {},
            "reason": "Invalid request:\r\n1) Not allowed to send message to 48500000000 (PL) for sms channel. "
            "Allowed country codes are: US,CA (paramName: phoneNumberCountryCode)",
        }


async def test_a_country_that_is_allowed_passes(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url, allowed_countries=("NL",))
        await flow.take(flow.draft())
        await provider.wait_for(1)


async def test_only_a_phone_number_has_a_country(sqlite_url: str) -> None:
    async with Receiver() as provider, flowing(sqlite_url) as flow:
        await flow.channel(provider.url, platform="facebook", allowed_countries=("US",))
        draft = flow.draft(Route("facebook"), to=(Addressee(addresses={"facebookuserid": "77"}),))
        await flow.take(draft)
        await provider.wait_for(1)
        assert provider.got[0].json["to"] == "77"


async def test_a_text_that_needs_more_letters_than_allowed_fails_in_the_published_words(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        await flow.channel()
        message = await flow.take(flow.draft(text="Привет", options={"sms": {"allowUnicode": False}}))
        (got,) = await receiver.wait_for(1)
        body = got.json
        assert (body["name"], body["revision"]) == ("message.failed", 2)
        details = body["payload"]["details"]
        assert details["reason"] == "The message failed because it could not be sent to any of the configured channels."
        del details["channelStatus"]["sms"]["updatedOn"]
        assert details["channelStatus"] == {
            "sms": {
                "status": "failed",
                "details": {
                    "reason": "SMS channel returned a status of unsuccessful",
                    "data": {
                        "to": PHONE[1:],
                        "successful": False,
                        "clientRef": message,
                        "segmentCount": 0,
                        "validationFailures": [
                            {
                                "property": "body",
                                "failureCode": "UnicodeBodyRejected",
                                "details": "body field is not valid. "
                                "Unicode content is not allowed when PreventUnicode is true.",
                            }
                        ],
                    },
                },
            }
        }


async def test_unicode_is_refused_only_where_it_is_and_only_when_asked(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        for text, options in (("Hello", {"allowUnicode": False}), ("Привет", {"allowUnicode": True}), ("Привет", {})):
            taking = await prepare(flow.world, flow.workspace, flow.draft(text=text, options={"sms": options}))
            assert taking.plans[0].refusal is None


async def test_content_that_the_provider_cannot_send_is_refused_with_its_failures(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        draft = flow.draft(content=Content(text="See", media=(Media("image/png", "https://example.com/a.png"),)))
        taking = await prepare(flow.world, flow.workspace, draft)
        (plan,) = taking.plans
        assert plan.refusal is not None
        assert (plan.refusal.cause, plan.refusal.code) == (Cause.UNSUPPORTED, "body")
        assert plan.data is not None
        assert b"validationFailures" in bytes(plan.data)
        assert [each.path for each in unsendable(taking)] == ["body"]


@pytest.mark.parametrize(
    ("route", "cause"),
    [
        (Route("whatsapp"), Cause.NO_CHANNEL),
        (Route("sms", "no-such-channel"), Cause.NO_CHANNEL),
        (Route("email"), Cause.BAD_ADDRESS),
        (Route("mms"), Cause.ACCOUNT),
    ],
)
async def test_a_route_that_leads_nowhere_says_why(sqlite_url: str, route: Route, cause: Cause) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(id_="c2", platform="email")
        await flow.channel(id_="c3", platform="mms", connector="never-installed")
        taking = await prepare(flow.world, flow.workspace, flow.draft(route))
        (plan,) = taking.plans
        assert plan.refusal is not None
        assert plan.refusal.cause is cause


async def test_several_recipients_are_refused_where_the_platform_takes_one(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel()
        people = tuple(Addressee(addresses={"phonenumber": number}) for number in (PHONE, "+31687654321"))
        taking = await prepare(flow.world, flow.workspace, flow.draft(to=people))
        assert [each.code for each in unsendable(taking)] == ["invalid"]


async def test_a_message_without_any_way_fails_at_once(sqlite_url: str) -> None:
    async with Receiver() as receiver, flowing(sqlite_url) as flow:
        await flow.subscribe(receiver.url)
        message = await flow.take(flow.draft(Route("whatsapp"), Route("rcs")))
        (got,) = await receiver.wait_for(1)
        assert (got.json["name"], got.json["payload"]["id"]) == ("message.failed", message)


async def test_the_oldest_channel_of_a_platform_is_taken_where_none_is_named(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        for number in (2, 1):
            await flow.channel(id_=f"c{number}")
        named = await prepare(flow.world, flow.workspace, flow.draft(Route("sms", "c2")))
        unnamed = await prepare(flow.world, flow.workspace, flow.draft(Route("sms")))
        assert [taking.plans[0].channel for taking in (named, unnamed)] == ["c2", "c1"]


# -- how long ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "asked", "hours"),
    [({}, None, 48), ({"expiry_hours": 1.5}, None, 1.5), ({"expiry_hours": 10**6}, None, 720), ({}, 2, 2)],
)
async def test_a_message_waits_as_long_as_it_may(
    sqlite_url: str, channel: dict[str, Any], asked: int | None, hours: float
) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(**channel)
        now = flow.clock.now()
        draft = flow.draft(expires_at=None if asked is None else now + asked * HOUR)
        taking = await prepare(flow.world, flow.workspace, draft)
        assert taking.begun.life.expires_at == taking.message.expires_at == now + hours * HOUR


async def test_the_longest_of_several_windows_counts(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        await flow.channel(id_="c1", expiry_hours=2)
        await flow.channel(id_="c2", platform="whatsapp", expiry_hours=5)
        taking = await prepare(flow.world, flow.workspace, flow.draft(Route("sms"), Route("whatsapp")))
        assert taking.begun.life.expires_at == flow.clock.now() + 5 * HOUR


# -- taking -----------------------------------------------------------------------------------------------------------


async def test_a_batch_is_taken_together(database_url: str) -> None:
    async with Receiver() as provider, flowing(database_url) as flow:
        await flow.channel(provider.url, limits=Limits(rate_per_second=1000))
        takings = [await prepare(flow.world, flow.workspace, flow.draft(text=f"{number}")) for number in range(120)]
        assert await accept(flow.world, takings) is None
        await provider.wait_for(120)
        assert {got.json["text"] for got in provider.got} == {f"{number}" for number in range(120)}
        assert flow.world.counts.all()["messages", "accepted"] == 120


async def test_a_batch_of_which_one_cannot_be_written_is_not_taken_at_all(sqlite_url: str) -> None:
    async with flowing(sqlite_url) as flow:
        takings = [await prepare(flow.world, flow.workspace, flow.draft()) for _ in range(3)]
        takings[1] = takings[0]
        with pytest.raises(Exception, match="UNIQUE"):
            await accept(flow.world, takings)
        assert await flow.stored("with_lives", messages=[each.message.id for each in takings]) == []
        assert await flow.stored("last_position") == [(0,)]


async def test_the_same_key_takes_once_and_answers_as_before(database_url: str) -> None:
    async with flowing(database_url) as flow:
        takings = [await prepare(flow.world, flow.workspace, flow.draft()) for _ in range(4)]
        promises = [Promise("w1", "key", f"f{number % 2}", 201, f"{number}".encode()) for number in range(4)]
        asked = [accept(flow.world, [taking], promise) for taking, promise in zip(takings, promises, strict=True)]
        before = await asyncio.gather(*asked)
        assert before == [None, promises[0], promises[0], promises[0]]
        written = await flow.stored("with_lives", messages=[each.message.id for each in takings])
        assert [row[0] for row in written] == [takings[0].message.id]
        assert decode_life(written[0][2]).stage is Stage.FAILED
        assert flow.world.counts.all()["messages", "accepted"] == 1
