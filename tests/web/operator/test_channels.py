"""Connectors, and channels set up with them."""

from typing import Any

import jsonschema
import pytest

from support.visiting import PUBLIC, Visiting
from tidings.connectors.custom import Custom
from tidings.model.errors import Misconfigured

KEY = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_KEY = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
ASKED = {
    "name": "Our gateway",
    "platform": "sms",
    "connector": "custom",
    "settings": {"url": "https://gateway.example.com/send", "signingKey": KEY, "sender": "Acme"},
    "limits": {"ratePerSecond": 10, "perRecipientSeconds": 1.5},
    "allowedCountries": ["GB", "US"],
    "expiryHours": 12,
}
SHOWN = {
    "name": "Our gateway",
    "platform": "sms",
    "connector": "custom",
    "settings": {"url": "https://gateway.example.com/send", "sender": "Acme"},
    "secrets": ["signingKey"],
    "limits": {"ratePerSecond": 10.0, "perRecipientSeconds": 1.5},
    "allowedCountries": ["GB", "US"],
    "expiryHours": 12.0,
    "linkTracking": "hub",
    "listUnsubscribe": False,
    "createdAt": "2026-09-21T14:13:20.000Z",
}


async def test_connectors_say_what_they_can_do_and_want_to_know(visit: Visiting) -> None:
    _, key = await visit.workspace()
    answer = await visit("GET", "/connectors", key=key)
    shown = {each["name"]: each for each in answer.json()["results"]}
    assert list(shown) == list(visit.world.connectors)
    twilio = shown["twilio"]
    assert twilio["label"] == "Twilio"
    assert twilio["capabilities"].keys() == set(twilio["platforms"])
    assert twilio["settings"]["properties"]["authToken"]["writeOnly"] is True
    assert "authToken" in twilio["secrets"]
    for each in shown.values():
        jsonschema.Draft202012Validator.check_schema(each["settings"])
    assert (await visit("GET", "/connectors")).json() == answer.json()


async def test_channel_is_set_up_and_its_secrets_never_come_back(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    path = f"/workspaces/{workspace}/channels"
    answer = await visit("POST", path, key=key, json=ASKED)
    made = answer.json()
    id_ = made["id"]
    assert (answer.status_code, made) == (201, {**SHOWN, "id": id_, "callbackUrl": f"{PUBLIC}/callbacks/{id_}"})
    got = await visit("GET", f"{path}/{id_}", key=key)
    assert (got.json(), got.headers["etag"]) == (made, answer.headers["etag"])
    assert (await visit("GET", path, key=key)).json() == {"results": [made], "nextPageToken": None}
    assert visit.world.directory.channels[id_].settings["signingKey"] == KEY
    stored = b"".join(file.read_bytes() for file in visit.world.settings.data_dir.glob("*.db*"))
    assert KEY.encode() not in stored


async def test_channel_needs_no_more_than_platform_and_connector(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(
        f"/workspaces/{workspace}/channels", {"platform": "fbMessenger", "connector": "custom"}, key=key
    )
    assert {**made, "id": "", "callbackUrl": ""} == {
        "id": "",
        "name": "Custom provider facebook",
        "platform": "facebook",
        "connector": "custom",
        "settings": {},
        "secrets": [],
        "limits": {"ratePerSecond": None, "perRecipientSeconds": None},
        "allowedCountries": [],
        "expiryHours": None,
        "linkTracking": "hub",
        "listUnsubscribe": False,
        "callbackUrl": "",
        "createdAt": SHOWN["createdAt"],
    }


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"platform": 7}, "platform"),
        ({"platform": "no such!"}, "platform"),
        ({"connector": "acme"}, "connector"),
        ({"connector": "mailgun"}, "platform"),
        ({"settings": {"url": 7}}, "settings.url"),
        ({"settings": {"signingKey": 7}}, "settings.signingKey"),
        ({"settings": {"nosuch": 1}}, "settings"),
        ({"settings": {"url": "https://gateway.example.com"}}, "settings"),
        ({"settings": []}, "settings"),
        ({"limits": {"ratePerSecond": 0}}, "limits.ratePerSecond"),
        ({"limits": {"ratePerSecond": -1}}, "limits.ratePerSecond"),
        ({"limits": {"rate": 1}}, "limits.rate"),
        ({"allowedCountries": ["GB", "gb", "ZZ"]}, "allowedCountries[1]"),
        ({"allowedCountries": "GB"}, "allowedCountries"),
        ({"expiryHours": 0}, "expiryHours"),
        ({"expiryHours": 721}, "expiryHours"),
        ({"linkTracking": "both"}, "linkTracking"),
        ({"name": "x" * 201}, "name"),
        ({"callbackUrl": "x"}, "callbackUrl"),
    ],
)
async def test_bad_channel_is_refused(visit: Visiting, wrong: dict[str, Any], path: str) -> None:
    workspace, key = await visit.workspace()
    answer = await visit("POST", f"/workspaces/{workspace}/channels", key=key, json={**ASKED, **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
    assert KEY not in answer.text
    assert visit.world.directory.channels == {}


async def test_links_are_tracked_by_whom_the_operator_chooses(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    settings = {"serverToken": "t", "sender": "shop@example.com", "webhookSecret": "s"}
    asked = {"platform": "email", "connector": "postmark", "settings": settings}
    made = await visit.made(f"/workspaces/{workspace}/channels", asked, key=key)
    assert made["linkTracking"] == "provider"
    path = f"/workspaces/{workspace}/channels/{made['id']}"
    for wish, shown in (("hub", "hub"), (None, "provider"), ("provider", "provider")):
        changed = await visit("PATCH", path, key=key, json={"linkTracking": wish})
        assert changed.json()["linkTracking"] == shown
    assert (await visit("PATCH", path, key=key, json={"name": "Mail"})).json()["linkTracking"] == "provider"


async def test_a_provider_that_cannot_track_links_is_not_left_to_do_so(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    settings = {"authToken": "t", "senderName": "Acme"}
    asked = {"platform": "viber", "connector": "viber", "settings": settings, "linkTracking": "provider"}
    answer = await visit("POST", f"/workspaces/{workspace}/channels", key=key, json=asked)
    assert (answer.status_code, [each["path"] for each in answer.json()["errors"]]) == (422, ["linkTracking"])


async def test_a_custom_provider_may_be_left_to_track_links(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", {**ASKED, "linkTracking": "provider"}, key=key)
    assert made["linkTracking"] == "provider"


async def test_setting_left_out_stays_also_a_secret_one(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", ASKED, key=key)
    path = f"/workspaces/{workspace}/channels/{made['id']}"
    changes = {
        "settings": {"sender": None, "url": "https://new.example.com"},
        "expiryHours": None,
        "limits": {"ratePerSecond": 5},
    }
    changed = await visit("PATCH", path, key=key, json=changes)
    assert changed.json() == {
        **made,
        "settings": {"url": "https://new.example.com"},
        "expiryHours": None,
        "limits": {"ratePerSecond": 5.0, "perRecipientSeconds": None},
    }
    assert visit.world.directory.channels[made["id"]].settings["signingKey"] == KEY
    before = changed.headers["etag"]
    turned = await visit("PATCH", path, key=key, json={"settings": {"signingKey": OTHER_KEY}, "name": "New"})
    assert turned.json() == {**changed.json(), "name": "New"}
    assert visit.world.directory.channels[made["id"]].settings["signingKey"] == OTHER_KEY
    late = await visit("PATCH", path, key=key, json={"name": "Late"}, headers={"if-match": before})
    assert late.status_code == 412


async def test_etag_changes_with_what_is_not_shown(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", ASKED, key=key)
    path = f"/workspaces/{workspace}/channels/{made['id']}"
    before = (await visit("GET", path, key=key)).headers["etag"]
    await visit("PATCH", path, key=key, json={"settings": {"signingKey": OTHER_KEY}})
    after = await visit("GET", path, key=key)
    assert (after.json(), after.headers["etag"] == before) == (made, False)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"platform": "mms"}, "platform"),
        ({"connector": "twilio"}, "connector"),
        ({"settings": {"signingKey": None}}, "settings"),
        ({"settings": {"url": 7}}, "settings.url"),
        ({"allowedCountries": ["XX"]}, "allowedCountries[0]"),
        ({"limits": None}, "limits"),
    ],
)
async def test_bad_change_changes_nothing(visit: Visiting, wrong: dict[str, Any], path: str) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", ASKED, key=key)
    url = f"/workspaces/{workspace}/channels/{made['id']}"
    answer = await visit("PATCH", url, key=key, json={"name": "New", **wrong})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
    assert (await visit("GET", url, key=key)).json() == made


async def test_channel_is_taken_away(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", ASKED, key=key)
    path = f"/workspaces/{workspace}/channels/{made['id']}"
    assert (await visit("DELETE", path, key=key, headers={"if-match": '"x"'})).status_code == 412
    assert (await visit("DELETE", path, key=key)).status_code == 204
    assert (await visit("GET", path, key=key)).status_code == 404
    assert (await visit("POST", f"/callbacks/{made['id']}", key=None)).status_code == 404


async def test_channel_of_another_workspace_is_not_found(visit: Visiting) -> None:
    mine, key = await visit.workspace()
    other, theirs = await visit.workspace("Other")
    made = await visit.made(f"/workspaces/{other}/channels", ASKED, key=theirs)
    for method in ("GET", "PATCH", "DELETE"):
        request: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        answer = await visit(method, f"/workspaces/{mine}/channels/{made['id']}", key=key, **request)
        assert (answer.status_code, answer.json()["detail"]) == (404, f"There is no channel {made['id']}.")


async def test_channel_of_a_connector_that_is_gone_shows_no_setting(
    visit: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, key = await visit.workspace()
    made = await visit.made(f"/workspaces/{workspace}/channels", ASKED, key=key)
    path = f"/workspaces/{workspace}/channels/{made['id']}"
    monkeypatch.setattr(visit.world, "connectors", {})
    got = await visit("GET", path, key=key)
    assert got.json() == {**made, "settings": {}, "secrets": ["sender", "signingKey", "url"]}
    assert (await visit("PATCH", path, key=key, json={})).status_code == 409


async def test_same_channel_is_set_up_once_by_its_idempotency_key(visit: Visiting) -> None:
    workspace, key = await visit.workspace()
    named = {"idempotency-key": "k"}
    path = f"/workspaces/{workspace}/channels"
    first = await visit("POST", path, key=key, json=ASKED, headers=named)
    again = await visit("POST", path, key=key, json=ASKED, headers=named)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(visit.world.directory.channels) == 1


async def test_settings_that_the_connector_itself_does_not_take_are_refused(
    visit: Visiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, key = await visit.workspace()

    def refuse(self: Custom, settings: Any, platform: str) -> None:
        raise Misconfigured("this will not do")

    monkeypatch.setattr(Custom, "__init__", refuse)
    answer = await visit("POST", f"/workspaces/{workspace}/channels", key=key, json=ASKED)
    problem = {"path": "settings", "message": "this will not do", "code": "invalid"}
    assert (answer.status_code, answer.json()["errors"]) == (422, [problem])
