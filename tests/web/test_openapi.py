"""The API's own description."""

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from support.visiting import PUBLIC, Visiting
from tidings import __version__
from tidings.dialects.channels import Channels
from tidings.dialects.omnichannel import Omnichannel
from tidings.web.door import ROUTES
from tidings.web.openapi import GROUPS


@pytest.fixture
async def described(visit: Visiting) -> dict[str, Any]:
    answer = await visit("GET", "/openapi.json", key=None)
    assert answer.status_code == 200
    whole: dict[str, Any] = answer.json()
    return whole


async def test_description_is_openapi(described: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"] == "3.1.0"
    assert described["info"]["version"] == __version__
    assert described["servers"] == [{"url": PUBLIC}]


async def test_every_door_is_described(described: dict[str, Any]) -> None:
    operations = {
        (method.upper(), path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    declared = {
        (method, route.path.replace("...", ""))
        for route in ROUTES
        for method in (("GET", "POST") if route.method == "*" else (route.method,))
    }
    assert operations.keys() == declared
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    assert {tag for operation in operations.values() for tag in operation["tags"]} <= GROUPS.keys()
    assert {tag["name"] for tag in described["tags"]} == {route.group for route in ROUTES}
    for route in ROUTES:
        assert route.gives, route.path
        assert (route.scope is None) == (route.auth in ("none", "root", "any", "app")), route.path


async def test_every_event_is_a_webhook_with_an_example(described: dict[str, Any]) -> None:
    assert described["webhooks"].keys() == {*Omnichannel.event_names, *Channels.event_names}
    examples = {
        name: webhook["post"]["requestBody"]["content"]["application/json"]["example"]
        for name, webhook in described["webhooks"].items()
    }
    for name in Omnichannel.event_names:
        assert examples[name]["name"] == name
    for name in Channels.event_names:
        assert examples[name]["event"] == name
    assert examples["message.delivered"] == {
        "eventId": "0199b8d2-0000-7000-8000-000000000005",
        "accountId": 1,
        "apiSpaceId": "0199b8d2-0000-7000-8000-000000000001",
        "name": "message.delivered",
        "payload": examples["message.delivered"]["payload"],
        "revision": 2,
        "etag": examples["message.delivered"]["etag"],
        "timestamp": "2026-09-21T14:13:20.000Z",
    }


async def test_settings_of_every_connector_are_described(described: dict[str, Any], visit: Visiting) -> None:
    schemas = described["components"]["schemas"]
    assert {f"{name}-settings" for name in visit.world.connectors} <= schemas.keys()
    assert schemas["twilio-settings"]["properties"]["authToken"]["writeOnly"] is True


async def test_scopes_and_headers_are_told(described: dict[str, Any]) -> None:
    made = described["paths"]["/workspaces/{workspace}/channels"]["post"]
    assert made["description"] == "Needs the scope `manage`."
    assert made["security"] == [{"bearer": []}, {"basic": []}, {"accessKey": []}]
    assert [each["name"] for each in made["parameters"]] == ["workspace", "Idempotency-Key"]
    assert made["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NewChannel"}
    changed = described["paths"]["/workspaces/{workspace}/channels/{channel}"]["patch"]
    assert [each["name"] for each in changed["parameters"]] == ["workspace", "channel", "If-Match"]
    assert described["paths"]["/workspaces"]["post"]["description"] == "Needs the root key."
    assert described["paths"]["/healthz"]["get"]["security"] == []


async def test_streams_are_described_as_what_they_are(described: dict[str, Any]) -> None:
    for path in ("/workspaces/{workspace}/events", "/workspaces/{workspace}/subscriptions/{subscription}/events"):
        streamed = described["paths"][f"{path}/stream"]["get"]
        assert streamed["responses"]["200"]["content"] == {"text/event-stream": {"schema": {"type": "string"}}}
        (header,) = (each for each in streamed["parameters"] if each["in"] == "header")
        assert header["name"] == "Last-Event-ID"
