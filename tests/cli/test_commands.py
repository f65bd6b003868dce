"""What commands show and do, beyond what their examples prove."""

import re
from typing import Any

import pytest

from support.terminal import Terminal


def test_a_workspace_is_made_changed_shown_and_taken_away(hub: Terminal, acme: Terminal) -> None:
    made = hub.run("workspace", "create", "Apex", "--account", "7", "--catch-all", "all")
    assert [line.split() for line in made.out.splitlines() if line.startswith(("Name", "Account", "Catch-all"))] == [
        ["Name", "Apex"],
        ["Account", "7"],
        ["Catch-all", "all"],
    ]
    assert "is shown only now" in made.out
    hub.run("workspace", "update", "Apex", "--name", "Apogee", "--account", "8")
    shown = hub.run("workspace", "show", "Apogee", "--json").json
    assert (shown["name"], shown["accountId"], shown["catchAll"]) == ("Apogee", 8, "all")
    assert "accessKey" not in shown
    assert [each["name"] for each in hub.run("workspace", "list", "--json").json] == ["Acme", "Apogee"]
    refused = hub.run("workspace", "delete", "Apogee", code=2)
    assert refused.err == "Error: Nobody is here to be asked: say --yes.\n"
    assert hub.run("workspace", "delete", "Apogee", "--yes").out == "The workspace Apogee is gone.\n"
    assert [each["name"] for each in hub.run("workspace", "list", "--json").json] == ["Acme"]


def test_a_person_is_asked_before_something_goes(
    hub: Terminal, acme: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.cli.choosing.at_terminal", lambda: True)
    hub.run("workspace", "delete", "Acme", typed="n\n", code=1)
    assert [each["name"] for each in hub.run("workspace", "list", "--json").json] == ["Acme"]
    hub.run("workspace", "delete", "Acme", typed="y\n")
    assert hub.run("workspace", "list").out == "No workspaces. Make one: tidings workspace create Acme\n"


def test_a_key_is_shown_once_and_opens_what_it_may(acme: Terminal) -> None:
    made = acme.run("key", "create", "shop", "--scopes", "read", "--json").json
    shop = Terminal(acme.client.url, made["accessKey"], acme.client.tenant)
    assert shop.run("message", "list").out == "No messages.\n"
    assert "The key lacks the scope manage." in shop.run("key", "list", code=1).err
    listed = acme.run("key", "list").out
    assert "shop" in listed
    assert made["accessKey"] not in listed
    acme.run("key", "delete", "shop")
    assert shop.run("message", "list", code=1).err.startswith("Error: ")


def test_secrets_of_a_channel_are_asked_for_and_never_shown(acme: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.cli.connecting.at_terminal", lambda: True)
    command = (
        "channel",
        "create",
        "Twilio",
        "--platform",
        "sms",
        "--connector",
        "twilio",
        "--set",
        "smartEncoded=true",
    )
    made = acme.run(*command, typed=f"AC{'0' * 32}\nvery-secret\n")
    assert "accountSid: Account SID, from the console's dashboard." in made.out
    assert "very-secret" not in made.out
    channel = acme.run("channel", "show", "Twilio", "--json").json
    assert channel["settings"] == {"accountSid": f"AC{'0' * 32}", "smartEncoded": True}
    assert channel["secrets"] == ["authToken"]
    assert f"Enter this at the provider, as the URL it calls:\n  {channel['callbackUrl']}\n" in made.out


def test_nobody_is_there_to_be_asked_for_a_secret(acme: Terminal) -> None:
    command = ("channel", "create", "--platform", "sms", "--connector", "twilio", "--set", "authToken")
    assert (
        acme.run(*command, code=2).err == "Error: Nobody is here to be asked for authToken: write --set authToken=….\n"
    )


def test_a_setting_of_the_wrong_type_is_told(acme: Terminal) -> None:
    command = ("channel", "create", "--platform", "sms", "--connector", "twilio", "--set", "smartEncoded=maybe")
    assert acme.run(*command, code=2).err == "Error: smartEncoded=maybe: write a value of type boolean.\n"


def test_a_channel_is_changed_where_it_is_asked_and_nowhere_else(acme: Terminal, sms: dict[str, Any]) -> None:
    acme.run("channel", "update", "sms", "--rate", "5", "--countries", "gb, us", "--expiry-hours", "2")
    changed = acme.run("channel", "show", "Our sms", "--json").json
    assert changed == {
        **sms,
        "limits": {"ratePerSecond": 5.0, "perRecipientSeconds": None},
        "allowedCountries": ["GB", "US"],
        "expiryHours": 2.0,
    }
    card = acme.run("channel", "show", sms["id"]).out
    assert re.search(r"^Limits +\{\"ratePerSecond\": 5.0\} *\nCountries +GB, US *\nExpiry +2 h *$", card, re.MULTILINE)
    assert (
        acme.run("channel", "show", "email", code=1).err == "Error: There is no channel 'email'; there are: Our sms.\n"
    )


def test_subscriptions_of_both_vocabularies(acme: Terminal, endpoint: str) -> None:
    events = ("--event", "message.*", "--event", "interaction.click", "-e", "sms.outbound", "-e", "sms.inbound")
    made = acme.run("subscription", "create", endpoint, *events, "--secret", "s" * 20, "--json").json
    assert [(each["dialect"], each["secret"], each["standardKey"][:6]) for each in made] == [
        ("omnichannel", "s" * 20, "whsec_"),
        ("channels", "s" * 20, "whsec_"),
        ("channels", "s" * 20, "whsec_"),
    ]
    known = acme.run("subscription", "list", "--json").json
    assert [each["id"] for each in known] == [each["id"] for each in made]
    webhook, outbound, inbound = (each["id"] for each in made)
    assert [each["type"] for each in known[0]["subscriptions"]] == ["message.*", "interaction.click"]

    several = acme.run("subscription", "show", endpoint, code=1)
    assert several.err == f"Error: Several subscriptions go to {endpoint}: name one by its id.\n"
    for each in (webhook, outbound):
        paused = acme.run("subscription", "update", each, "--paused", "--to", f"{endpoint}/new")
        assert [line.split()[-1] for line in paused.out.splitlines() if line.startswith(("URL", "Active"))] == [
            f"{endpoint}/new",
            "no",
        ]
    assert "Active      yes" in acme.run("subscription", "update", webhook, "--active").out
    acme.run("subscription", "delete", inbound)
    assert [each["id"] for each in acme.run("subscription", "list", "--json").json] == [webhook, outbound]
    refused = acme.run("subscription", "log", webhook, code=1)
    assert refused.err.startswith("Error: The omnichannel vocabulary has no such thing")


def test_a_subscription_is_tried_out(acme: Terminal, endpoint: str) -> None:
    acme.run("subscription", "create", endpoint, "--event", "sms.outbound", "--filter", "messageStatus=delivered")
    tried = acme.run("subscription", "test", endpoint)
    assert tried.out.startswith(f"{endpoint} answered 204 after ")
    acme.run("subscription", "update", endpoint, "--to", "http://127.0.0.1:9/gone")
    failed = acme.run("subscription", "test", "http://127.0.0.1:9/gone", code=1)
    assert failed.out.startswith("http://127.0.0.1:9/gone did not answer: ")


def test_a_filter_without_a_value_is_told(acme: Terminal) -> None:
    said = acme.run("subscription", "create", "http://127.0.0.1:9/", "-e", "sms.outbound", "--filter", "x", code=2)
    assert said.err == "Error: A filter is written KEY=VALUE, not 'x'.\n"


def test_the_delivery_log_is_asked_for_what_failed(acme: Terminal, sms: dict[str, Any]) -> None:
    nowhere = "http://127.0.0.1:9/hooks"
    made = acme.run("subscription", "create", nowhere, "--event", "sms.outbound", "--json").json[0]
    acme.run("send", "Hello", "--to", "+447700900123", "--channel", "sms")
    failed = ("attempts", "--subscription", nowhere, "--class", "refused", "--limit", "1")
    for _ in range(50):
        if acme.run(*failed, "--json").json:
            break
    (row,) = acme.run(*failed, "--json").json
    assert (row["subscriptionId"], row["event"], row["verdict"], row["error"]) == (
        made["id"],
        "sms.outbound",
        "retry",
        "connect",
    )
    shown = acme.run("attempts", "--message", row["messageId"]).out.split()
    assert {"sms.outbound", "1", "retry", "connect", f"…{made['id'][-6:]}"} <= set(shown)
    assert acme.run("attempts", "--event", row["eventId"], "--to", row["attemptedAt"], "--json").json == []
    assert acme.run("attempts", "--verdict", "done").out == "There is no such attempt.\n"
    assert "from: It must be an ISO 8601 time" in acme.run("attempts", "--from", "yesterday", code=1).err
    acme.run("attempts", "--class", "nonsense", code=2)
