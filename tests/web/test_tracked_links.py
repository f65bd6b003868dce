"""Either vocabulary asks for links to be tracked, and hears in its own way what is wrong with one."""

import json
import re
from typing import Any

import pytest

from support.documents import ROOT
from support.tenant import Tenant

SHOP = "https://shop.example/track/42"
PAGE = (ROOT / "docs" / "links.md").read_text()


def example(path: str) -> dict[str, Any]:
    """The body of a request that the document shows."""
    shown = re.search(rf"    POST \S*{re.escape(path)}\n((?:    .+\n)+)", PAGE)
    assert shown is not None
    asked: dict[str, Any] = json.loads(shown[1])
    return asked


async def test_omnichannel_asks_as_the_document_says(acme: Tenant) -> None:
    await acme.channel("sms")
    told = await acme.ask("POST", f"/apispaces/{acme.id}/messages", example("/messages"))
    assert told.status == 201
    assert told.body["body"] == f"Your parcel: {SHOP}"
    (link,) = told.body["links"]
    assert link["url"] == SHOP
    assert link["shortUrl"].startswith(acme.world.link_base)


async def test_channels_asks_as_the_document_says(acme: Tenant) -> None:
    channel = await acme.channel("email")
    told = await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", example("{channelId}/messages"))
    assert told.status == 202
    (link,) = told.body["links"]
    assert (link["url"], link["name"]) == (SHOP, "parcel")
    read = await acme.ask("GET", f"{acme.place}/channels/{channel}/messages/{told.body['id']}")
    assert (read.body["links"], read.body["body"]) == ([link], told.body["body"])


@pytest.mark.parametrize("url", ["https://ann@shop.example", "https://gооgle.com/", "https://shop.example\\\\@evil"])
async def test_a_wrong_link_is_refused_with_the_field_that_it_stands_in(acme: Tenant, url: str) -> None:
    channel = await acme.channel("sms")
    asked = {"to": {"phoneNumber": "+31612345678"}, "rules": ["sms"], "body": url, "shortenLinks": "on"}
    told = await acme.ask("POST", f"/apispaces/{acme.id}/messages", asked)
    assert (told.status, [each["paramName"] for each in told.body["validationFailures"]]) == (400, ["body"])
    batch = await acme.ask("POST", f"/apispaces/{acme.id}/messages/batch", [asked, {**asked, "body": SHOP}])
    assert [each["index"] for each in batch.body] == [0, 1]
    assert ["messageId" in each for each in batch.body] == [False, True]
    contacts = [{"identifierKey": "phonenumber", "identifierValue": "+31612345678"}]
    body = {"type": "text", "text": {"text": url}}
    over = {"receiver": {"contacts": contacts}, "body": body, "enableLinkTracking": True}
    told = await acme.ask("POST", f"{acme.place}/channels/{channel}/messages", over)
    assert (told.status, [each["path"] for each in told.body["errors"]]) == (422, ["body"])
