"""Unsubscribe links stand in mail by whichever provider it goes, where the channel has them and one person gets it."""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import pytest
from msgspec.structs import replace

from support.flows import Flow, flowing
from tidings.connectors.connector import Outgoing, read_settings
from tidings.connectors.registry import connectors
from tidings.flow.unsubscribing import proven, with_link
from tidings.model.content import Content
from tidings.model.workspaces import Channel
from tidings.store.statements import Row, Transaction, statement

URL = "https://hub.example.com"
SENDER = {"sender": "Shop <shop@hub.example>"}
PUBLIC = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDq4Gq/s7XwA2TsC+l76A2OkTUWjEFXPIKB29z67708ELbBQlrKUra49j/"
    "FRJanDG/v2Z2jpC26UEU46uKBMn6A=="
)
PROVIDERS: Mapping[str, Mapping[str, Any]] = {
    "ses": {
        "accessKeyId": "AKIDEXAMPLE",
        "secretAccessKey": "a-secret",
        "region": "eu-west-1",
        **SENDER,
        "topics": ["arn:aws:sns:eu-west-1:123456789012:hub"],
    },
    "sendgrid": {"apiKey": "SG.a-key", "publicKey": PUBLIC, "inboundLogin": "hub:a-password", **SENDER},
    "postmark": {"serverToken": "a-server-token", "webhookLogin": "hub:a-password", **SENDER},
    "mailgun": {"apiKey": "a-key", "signingKey": "another-key", "domain": "hub.example", **SENDER},
    "smtp": {
        "baseUrl": "smtp://127.0.0.1:9",
        "domain": "hub.example",
        "returnPathKey": "a-return-path-key",
        "unsubscribeKey": "a-key-of-the-channels-own",
        **SENDER,
    },
    "custom": {"url": "https://provider.example/", "signingKey": "whsec_YS1rZXktb2YtdGhlLWN1c3RvbS1wcm92aWRlci0zMiE="},
}
HEADER = re.compile(r"List-Unsubscribe\W+(?:Value\W+)?(https://hub\.example\.com/u/[\w.-]+)")


def channel(connector: str = "smtp", **more: Any) -> Channel:
    given: dict[str, Any] = {"platform": "email", "list_unsubscribe": True, **more}
    return Channel(id="c1", workspace="w1", name="Mail", connector=connector, settings={}, created_at=1, **given)


def mail(*to: str, **more: Any) -> Outgoing:
    given: dict[str, Any] = {"content": Content(title="Your order", text="It is on its way."), **more}
    return Outgoing(
        message="01a20113-07a6-72fa-a9a0-fe6274a9b90b",
        hop=0,
        workspace="01a20113-07a6-72fa-a9a0-fe6274a9b90a",
        platform="email",
        to=to[0],
        recipients=tuple(("to", each) for each in to),
        now=1_790_000_000_000,
        **given,
    )


def headers(flow: Flow, outgoing: Outgoing, **more: Any) -> Mapping[str, str]:
    return with_link(flow.world, channel(**more), outgoing).content.headers


def written(connector: str, outgoing: Outgoing) -> str:
    """What the provider is given, as far as one can read it."""
    kind = connectors()[connector]
    exchange = kind(read_settings(kind, PROVIDERS[connector]), "email").send(outgoing, report_to=f"{URL}/callbacks/c1")
    body = next(exchange).body
    text = body.decode()
    for found in re.findall(r"[A-Za-z0-9+/]{200,}=*", text):
        text += b64decode(found).decode()
    # Forms write some letters in a way of their own, and JSON has a name for each < and >.
    return unquote_plus(text).replace("\\u003c", "<").replace("\\u003e", ">").replace("\\r\\n", "\r\n")


def statement_of_keys() -> Transaction[list[Row]]:
    return (yield statement("get_setting")(name="unsubscribe_keys"))


@pytest.mark.parametrize("connector", PROVIDERS)
async def test_every_provider_of_mail_is_given_the_link_whole(sqlite_url: str, connector: str) -> None:
    async with flowing(sqlite_url, public_url=URL) as flow:
        outgoing = with_link(flow.world, channel(connector), mail("ada@example.com"))
        text = written(connector, outgoing)
        (link,) = set(HEADER.findall(text))
        assert "List-Unsubscribe=One-Click" in text
        whose = proven(flow.world, link.removeprefix(f"{URL}/u/"))
        assert whose is not None
        assert (whose.message, whose.address, whose.channel) == (outgoing.message, "ada@example.com", "c1")


async def test_mail_has_no_link_where_it_would_be_wrong(sqlite_url: str) -> None:
    async with flowing(sqlite_url, public_url=URL) as flow:
        ada = mail("ada@example.com")
        assert list(headers(flow, ada)) == ["List-Unsubscribe", "List-Unsubscribe-Post"]
        assert headers(flow, mail("ada@example.com", "ada@example.com")) != {}
        assert headers(flow, ada, list_unsubscribe=False) == {}
        assert headers(flow, mail("ada@example.com", "bob@example.com")) == {}
        assert headers(flow, replace(ada, platform="sms")) == {}
        assert headers(flow, replace(ada, options={"unsubscribe": False})) == {}
        assert headers(flow, replace(ada, options={"headers": {"list-unsubscribe": "<mailto:x@y>"}})) == {}
        own = Content(headers={"LIST-UNSUBSCRIBE": "<mailto:x@y>"})
        assert headers(flow, replace(ada, content=own)) == own.headers
        assert headers(flow, mail("x" * 800 + "@example.com")) == {}


async def test_a_hub_without_tls_has_a_link_for_people_only(sqlite_url: str) -> None:
    async with flowing(sqlite_url, public_url="http://127.0.0.1:8080") as flow:
        assert list(headers(flow, mail("ada@example.com"))) == ["List-Unsubscribe"]


async def test_the_key_of_links_is_made_once_and_sealed(database_url: str) -> None:
    async with flowing(database_url) as flow:
        (first,) = flow.world.directory.unsubscribe_keys
        ((stored,),) = await flow.world.store.read(statement_of_keys())
        assert first.reveal() not in stored
        directory = flow.world.directory
        # Another process that starts at the same moment.
        await directory.change(lambda: directory.add_unsubscribe_key(first, only_first=True))
    async with flowing(database_url) as flow:
        assert [key.reveal() for key in flow.world.directory.unsubscribe_keys] == [first.reveal()]
