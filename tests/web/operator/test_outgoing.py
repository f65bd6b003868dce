"""Messages that a provider fetches itself."""

from support.lives import PERSON, Living, receipt
from support.visiting import PUBLIC, Visiting
from tidings.flow.outgoing import AGAIN_AFTER


async def test_message_is_fetched_as_it_would_be_posted(life: Living) -> None:
    message = await life.send("Hello")
    assert await life.fetch() == [
        {
            "messageId": message,
            "apiSpaceId": life.workspace,
            "channel": "sms",
            "hop": 0,
            "to": PERSON,
            "from": "Acme",
            "recipients": [{"type": "to", "address": PERSON}],
            "body": "Hello",
            "expiresOn": "2026-09-23T14:13:20.000Z",
            "clientRef": message,
            "statusUrl": f"{PUBLIC}/callbacks/{life.channel}",
        }
    ]
    assert await life.fetch() == []


async def test_oldest_come_first_and_no_more_than_asked(life: Living) -> None:
    sent = []
    for _ in range(3):
        sent.append(await life.send())
        life.visit.clock.move(1)
    assert [each["messageId"] for each in await life.fetch(limit=2)] == sent[:2]
    assert [each["messageId"] for each in await life.fetch(limit=2)] == sent[2:]


async def test_message_is_given_again_until_something_is_told_of_it(life: Living) -> None:
    silent, told = await life.send("lost on the way"), await life.send("arrived")
    assert len(await life.fetch()) == 2
    status = await life.visit(
        "POST", f"/apispaces/{life.workspace}/messages/{told}/statuses/sent", key=life.key, json={"channel": "sms"}
    )
    assert status.status_code == 200, status.text
    life.visit.clock.move(AGAIN_AFTER - 1)
    assert await life.fetch() == []
    life.visit.clock.move(1)
    assert [each["messageId"] for each in await life.fetch()] == [silent]
    await life.report(receipt(silent, "delivered", reference="theirs"))
    life.visit.clock.move(AGAIN_AFTER)
    assert await life.fetch() == []
    stages = [(await life.ask("GET", f"/messages/{each}"))["stage"] for each in (silent, told)]
    assert stages == ["delivered", "sent"]


async def test_what_was_reported_before_it_was_fetched_is_not_given(life: Living) -> None:
    message = await life.send()
    await life.report(receipt(message, "delivered"))
    assert await life.fetch() == []


async def test_only_a_polled_channel_gives_messages(life: Living, visit: Visiting) -> None:
    asked = {
        "platform": "sms",
        "connector": "custom",
        "settings": {"url": "http://127.0.0.1:9/", "signingKey": "whsec_aaaa"},
    }
    pushed = await visit.made(f"{life.path}/channels", asked, key=life.key)
    answer = await visit("GET", f"{life.path}/channels/{pushed['id']}/outgoing", key=life.key)
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    twilio = {
        "platform": "sms",
        "connector": "twilio",
        "settings": {"accountSid": "AC" + "0" * 32, "authToken": "x", "sender": "+15550100"},
    }
    made = await visit("POST", f"{life.path}/channels", key=life.key, json=twilio)
    assert made.status_code == 201, made.text
    answer = await visit("GET", f"{life.path}/channels/{made.json()['id']}/outgoing", key=life.key)
    assert answer.status_code == 409


async def test_messages_of_others_are_not_given(life: Living, visit: Visiting) -> None:
    await life.send()
    other, key = await visit.workspace("Other")
    assert (await visit("GET", f"/workspaces/{other}/channels/{life.channel}/outgoing", key=key)).status_code == 404
    reader = await visit.made(f"{life.path}/access-keys", {"name": "r", "scopes": ["read"]}, key=life.key)
    answer = await visit("GET", f"{life.path}/channels/{life.channel}/outgoing", key=reader["accessKey"])
    assert answer.status_code == 403


async def test_settings_that_fit_no_more_are_told(life: Living, visit: Visiting) -> None:
    channel = visit.world.directory.channels[life.channel]
    channel.settings["nosuch"] = 1
    visit.world._speaking.clear()
    answer = await visit("GET", f"{life.path}/channels/{life.channel}/outgoing", key=life.key)
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
