"""The proofs themselves: a connector that lies in one way is found out in that way, and an honest one is not."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import Raw

from tidings.connectors import connector, proving
from tidings.connectors.connector import Capabilities, Connector, Outgoing
from tidings.connectors.proving import Folder, spoiling
from tidings.model.content import Content
from tidings.model.errors import BadSignature, NoReply, SendDeferred, SendFailed, Unreadable
from tidings.model.exchange import Answer, Call, Callback, Exchange, Piece, Reply, Sent
from tidings.model.reports import Deed, Inbound, Interaction, Receipt, Report, Target, Unknown
from tidings.model.secrets import Secret
from tidings.model.stages import Cause, Reason, Stage

KEY = "a-signing-key"
CALLBACK_URL = "https://hub.example.test/callbacks/7"
LOGIN = f"Basic {base64.b64encode(KEY.encode()).decode()}"
TROUBLE = Reason(Cause.PROVIDER, "trouble", "", permanent=False)


class Settings(connector.Settings, frozen=True, kw_only=True):
    """What the honest connector needs."""

    keys: list[Secret]


class Honest(Connector[Settings]):
    """A small provider: JSON one way and the other, a hex HMAC of the body."""

    name = "honest"
    label = "Honest"
    platforms = ("sms",)
    capabilities: ClassVar[dict[str, Capabilities]] = {
        "sms": Capabilities(
            sends=frozenset({"text", "native"}),
            reads=True,
            interactions=frozenset({Deed.CLICKED}),
            inbound=True,
        )
    }
    Settings = Settings

    def send(self, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
        form = {"to": outgoing.to, "text": outgoing.content.text}
        login = base64.b64encode(self.settings.keys[0].reveal().encode()).decode()
        reply = yield Call.post("https://acme.example.test/send", form=form, authorization=f"Basic {login}")
        if not reply.ok:
            raise SendFailed(TROUBLE, data=reply.raw)
        reply = yield Call.post("https://acme.example.test/go", json={"to": outgoing.to})
        if not reply.ok:
            raise SendDeferred(TROUBLE, after=5.0)
        reply = yield Call.get("https://acme.example.test/check", follow=True)
        reply = yield Call(method="PUT", url="https://acme.example.test/text", body=b"hello")
        return Sent(pieces=(Piece("1"),), answer=Raw(b"{}"))

    def handshake(self, callback: Callback) -> Answer | None:
        if callback.method != "GET":
            return None
        if callback.arguments.get("token") != KEY:
            raise BadSignature("another token")
        return Answer(body=b"here")

    def verify(self, callback: Callback) -> None:
        due = hmac.new(self.settings.keys[0].reveal().encode(), callback.body or b"-", hashlib.sha256).hexdigest()
        if not hmac.compare_digest(due.encode(), callback.headers.get("x-signature", "").encode()):
            raise BadSignature("not signed by the key")

    def parse(self, callback: Callback) -> list[Report]:
        try:
            items = msgspec.json.decode(callback.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable("not JSON") from error
        if not isinstance(items, list):
            raise Unreadable("no array")
        return [self.report(item) for item in items]

    def report(self, item: Any) -> Report:
        raw = Raw(msgspec.json.encode(item))
        match item:
            case {"id": str(id), "status": "read" | "delivered" as status}:
                return Receipt(target=Target(reference=id), stage=Stage[status.upper()], raw=raw)
            case {"id": str(id), "text": str(text)}:
                return Inbound(key=id, sender="+1", raw=raw, content=Content(text=text))
            case {"id": str(id), "link": str(url)}:
                return Interaction(key=id, deed=Deed.CLICKED, target=Target(reference=id), raw=raw, url=url)
            case _:
                return Unknown(raw, "no such item")


READ = {"id": "1", "status": "read"}
ITEMS: list[Any] = [
    READ,
    {"id": "1", "status": "delivered"},
    {"id": "2", "text": "Hi"},
    {"id": "3", "link": "https://x.test"},
    17,
]
MEANING = [
    {"type": "receipt", "target": {"reference": "1"}, "stage": 50, "raw": ITEMS[0]},
    {"type": "receipt", "target": {"reference": "1"}, "stage": 40, "raw": ITEMS[1]},
    {"type": "inbound", "key": "2", "sender": "+1", "raw": ITEMS[2], "content": {"text": "Hi"}},
    {
        "type": "interaction",
        "key": "3",
        "deed": "clicked",
        "target": {"reference": "3"},
        "raw": ITEMS[3],
        "url": "https://x.test",
    },
    {"type": "unknown", "raw": 17, "why": "no such item"},
]
SEND = {
    "method": "POST",
    "url": "https://acme.example.test/send",
    "headers": {"content-type": "application/x-www-form-urlencoded", "authorization": LOGIN},
}
STEPS: list[dict[str, Any]] = [
    {"call": {**SEND, "form": [["to", "+1"], ["text", "Hi"]]}, "reply": {"status": 202, "body": "fine"}},
    {
        "call": {
            "method": "POST",
            "url": "https://acme.example.test/go",
            "headers": {"content-type": "application/json"},
            "json": {"to": "+1"},
        },
        "reply": {"headers": {"X-One": "1"}, "json": {"a": 1}},
    },
    {"call": {"method": "GET", "url": "https://acme.example.test/check", "follow": True}},
    {"call": {"method": "PUT", "url": "https://acme.example.test/text", "body": "hello"}},
]
SENT: dict[str, Any] = {
    "sent": {"pieces": [{"reference": "1", "recipient": ""}], "answer": {}, "units": None, "sender": ""}
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder with a sample of every kind."""
    write(tmp_path, "settings", {"platform": "sms", "settings": {"keys": [KEY]}, "callbackUrl": CALLBACK_URL, "now": 7})
    text = {"outgoing": {"to": "+1", "content": {"text": "Hi"}}}
    write(tmp_path, "send_text", {**text, "steps": STEPS, "result": SENT})
    native = {"to": "+1", "content": {"text": "Hi", "native": {"sms": {"a": 1}}}}
    write(tmp_path, "send_native", {"outgoing": native, "steps": STEPS, "result": SENT})
    failed = {"failed": {"reason": {"cause": "provider", "text": "trouble", "permanent": False}, "data": {"no": 1}}}
    refused = [{**STEPS[0], "reply": {"status": 400, "json": {"no": 1}}}]
    write(tmp_path, "send_refused", {**text, "steps": refused, "result": failed})
    deferred = {"reason": ["provider", "trouble", "", False], "after": 5.0, "channel_wide": False}
    later = [STEPS[0], {**STEPS[1], "reply": {"status": 500}}]
    write(tmp_path, "send_deferred", {**text, "steps": later, "result": {"deferred": deferred}})
    silent = [{"call": STEPS[0]["call"], "no_reply": {"why": "gone", "taken": True}}]
    write(tmp_path, "send_silent", {**text, "steps": silent, "result": {"no_reply": {"why": "gone", "taken": True}}})
    html = {"path": "body", "message": "sms on this channel cannot send html.", "code": "Unsupported"}
    write(tmp_path, "refuse_html", {"outgoing": {"content": {"html": "<b>"}}, "errors": [html]})
    http(tmp_path, "batch", msgspec.json.encode(ITEMS))
    write(tmp_path, "batch", MEANING)
    http(tmp_path, "unreadable_text", b"hello")
    http(tmp_path, "forged_batch", b"[]", signature="00")
    (tmp_path / "handshake_hello.http").write_bytes(f"GET /callbacks/7?token={KEY}\n\n".encode())
    write(tmp_path, "handshake_hello", {"status": 200, "body": "here"})
    (tmp_path / "forged_handshake.http").write_bytes(b"GET /callbacks/7?token=guess\n\n")
    return tmp_path


def write(path: Path, name: str, value: Any) -> None:
    (path / f"{name}.json").write_bytes(msgspec.json.encode(value))


def http(path: Path, name: str, body: bytes, *, notes: str = "", signature: str = "", key: str = KEY) -> None:
    signed = signature or hmac.new(key.encode(), body or b"-", hashlib.sha256).hexdigest()
    head = f"{notes}POST /callbacks/7/below?a=b HTTP/1.1\nX-Signature: {signed}\nX-Two: 1\nX-Two: 2\n\n"
    (path / f"{name}.http").write_bytes(head.encode() + body)


def callback(body: bytes) -> Callback:
    return Callback(method="POST", url=CALLBACK_URL, headers={}, body=body, received_at=0)


def test_honest_connector_is_proven(path: Path) -> None:
    proving.prove_connector(Honest, path)


def test_callback_is_read_exactly_as_it_came(path: Path) -> None:
    settings = '{"keys":["another"]}'
    http(path, "noted", b"\xff\n\n ", notes=f"# platform: mms\n# now: 9\n# settings: {settings}\n", signature="ab")
    (sample,) = [each for each in Folder(Honest, path).samples() if each.path.name == "noted.http"]
    made, received = sample.received()
    assert (made.platform, made.settings) == ("mms", Settings(keys=[Secret("another")]))
    assert received == Callback(
        method="POST",
        url=f"{CALLBACK_URL}/below?a=b",
        headers={"x-signature": "ab", "x-two": "1, 2"},
        body=b"\xff\n\n ",
        received_at=9,
        below="below",
    )
    assert str(sample) == "honest/noted.http"


def lying(**lies: Any) -> type[Honest]:
    """The honest connector with something about it changed."""
    return type("Liar", (Honest,), lies)


def able(**changes: Any) -> dict[str, Capabilities]:
    return {"sms": msgspec.structs.replace(Honest.capabilities["sms"], **changes)}


def nothing(*given: Any) -> None:
    return None


def none_of_them(*given: Any) -> list[Any]:
    return []


def show_the_key(self: Honest) -> str:
    return KEY


def show_the_login(self: Honest) -> str:
    return LOGIN


def send_anything(self: Honest, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
    while True:
        yield Call.get("https://acme.example.test/again")


def send_nothing(self: Honest, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
    yield from ()
    return Sent(pieces=(Piece("1"),), answer=Raw(b"{}"))


def find_nothing_out(self: Honest, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
    yield Call.get("https://acme.example.test/")
    raise NoReply("nobody can say", taken=True)


def wait_for_ever(self: Honest, outgoing: Outgoing, *, report_to: str) -> Exchange[Sent]:
    reply: Reply = yield Call.get("https://acme.example.test/")
    raise SendDeferred(TROUBLE, after=float("inf") if reply.status == 429 else None)


def parse_none_or_all(self: Honest, received: Callback) -> list[Report]:
    reports = Honest.parse(self, received)
    if any(isinstance(report, Unknown) for report in reports):
        raise Unreadable("a bad item")
    return reports


def parse_the_known(self: Honest, received: Callback) -> list[Report]:
    return [each for each in Honest.parse(self, received) if not isinstance(each, Unknown)]


def parse_up_to_the_unknown(self: Honest, received: Callback) -> list[Report]:
    reports = Honest.parse(self, received)
    bad = [place for place, each in enumerate(reports) if isinstance(each, Unknown)]
    return reports[: bad[0] + 1] if bad else reports


def parse_at_the_end_of_time(self: Honest, received: Callback) -> list[Report]:
    return [Receipt(target=Target(message="1"), stage=Stage.SENT, raw=Raw(b"{}"), at=10**18)]


def handshake_with_all(self: Honest, received: Callback) -> Answer | None:
    return Answer(body=b"here")


def say_the_key(self: Honest, received: Callback) -> None:
    raise BadSignature(f"not signed by {KEY}")


class Open(Exception):
    """An error nobody declared."""


def raise_undeclared(self: Honest, received: Callback) -> None:
    raise Open


@pytest.mark.parametrize(
    ("lies", "proof", "found"),
    [
        ({"verify": nothing}, "forged_batch.http", "a forged callback is believed"),
        ({"handshake": handshake_with_all}, "forged_handshake.http", "a forged callback is believed"),
        ({"handshake": nothing}, "handshake_hello.http", "it is not answered"),
        ({"parse": none_of_them}, "unreadable_text.http", "it is read as"),
        ({"parse": none_of_them}, "batch.http", "expected"),
        ({"send": send_anything}, "send_text.json", "expected"),
        ({"send": send_nothing}, "send_text.json", "calls not made"),
        ({"check": none_of_them}, "refuse_html.json", "expected"),
    ],
)
def test_sample_that_does_not_mean_what_it_says_is_found(
    path: Path, lies: dict[str, Any], proof: str, found: str
) -> None:
    (sample,) = [each for each in Folder(lying(**lies), path).samples() if each.path.name == proof]
    with pytest.raises(AssertionError, match=found):
        proving.prove_sample(sample)


def test_call_beyond_the_steps_is_found(path: Path) -> None:
    step = {"call": {"method": "GET", "url": "https://acme.example.test/again"}}
    write(path, "send_text", {"outgoing": {"content": {"text": "Hi"}}, "steps": [step], "result": SENT})
    (sample,) = [each for each in Folder(lying(send=send_anything), path).samples() if each.path.stem == "send_text"]
    with pytest.raises(AssertionError, match="one call more than the steps"):
        proving.prove_sample(sample)


@pytest.mark.parametrize(
    ("lies", "proof", "found"),
    [
        ({"verify": nothing}, proving.prove_signature, "believed with one byte changed"),
        ({"verify": raise_undeclared}, proving.prove_sturdiness, None),
        ({"parse": parse_at_the_end_of_time}, proving.prove_sturdiness, None),
        ({"parse": parse_the_known}, proving.prove_batches, "disappears"),
    ],
)
def test_surprised_connector_is_found(path: Path, lies: dict[str, Any], proof: Any, found: str | None) -> None:
    (sample,) = [each for each in Folder(lying(**lies), path).samples() if each.kind == "callback"]
    with pytest.raises(AssertionError if found else (Open, OverflowError), match=found):
        proof(sample)


@pytest.mark.parametrize(
    ("parse", "found"),
    [
        (parse_none_or_all, "makes the whole batch unreadable"),
        (parse_up_to_the_unknown, r"loses \[\{'type': 'receipt'"),
    ],
)
def test_good_item_lost_to_a_bad_one_is_found(path: Path, parse: Any, found: str) -> None:
    http(path, "batch", msgspec.json.encode([READ]))
    (sample,) = [each for each in Folder(lying(parse=parse), path).samples() if each.kind == "callback"]
    with pytest.raises(AssertionError, match=found):
        proving.prove_batches(sample)


@pytest.mark.parametrize(("send", "found"), [(send_anything, "goes on calling"), (wait_for_ever, "would wait inf")])
def test_connector_surprised_by_replies_is_found(path: Path, send: Any, found: str) -> None:
    keep_one_sending(path)
    with pytest.raises(AssertionError, match=found):
        proving.prove_replies(Folder(lying(send=send), path))


def test_connector_may_leave_it_uncertain_after_a_strange_reply(path: Path) -> None:
    keep_one_sending(path)
    proving.prove_replies(Folder(lying(send=find_nothing_out), path))


def keep_one_sending(path: Path) -> None:
    """Take away the samples that need more calls than a connector that lies about sending makes."""
    for each in ("text", "native", "deferred", "silent"):
        (path / f"send_{each}.json").unlink()


@pytest.mark.parametrize(
    ("lies", "found"),
    [
        ({"capabilities": able(sends=frozenset({"text", "native", "html"}))}, r'without a sample(.|\n)*"sends html"'),
        ({"capabilities": able(sends=frozenset({"text", "native", "smell"}))}, r'no such word(.|\n)*"sends smell"'),
        ({"capabilities": able(sends=frozenset({"native"}))}, r'not declared(.|\n)*"sends text"'),
        ({"capabilities": able(inbound=False)}, r'not declared(.|\n)*"inbound"'),
        ({"capabilities": able(interactions=frozenset())}, r'not declared(.|\n)*"tells clicked"'),
        ({"platforms": ("sms", "mms")}, r'platforms without capabilities(.|\n)*"mms"'),
        ({"handshake": Connector.handshake}, r'not declared(.|\n)*"handshake"'),
    ],
)
def test_false_claim_is_found(path: Path, lies: dict[str, Any], found: str) -> None:
    with pytest.raises(AssertionError, match=found):
        proving.prove_capabilities(Folder(lying(**lies), path))


def test_secret_that_shows_is_found(path: Path) -> None:
    for lies in (
        {"verify": say_the_key},
        {"__repr__": show_the_key},
        {"__repr__": show_the_login},
    ):
        with pytest.raises(AssertionError, match="a secret shows"):
            proving.prove_secrecy(Folder(lying(**lies), path))


def test_file_that_is_no_sample_is_found(path: Path) -> None:
    write(path, "notes", {})
    with pytest.raises(AssertionError, match="nobody knows what this file is for"):
        proving.prove_connector(Honest, path)


def test_callback_of_which_nothing_is_signed_is_found(path: Path) -> None:
    settings = {"platform": "sms", "settings": {"keys": [KEY]}, "callbackUrl": CALLBACK_URL, "now": 7}
    write(path, "settings", {**settings, "signedFields": ["nothing"]})
    (sample,) = [each for each in Folder(Honest, path).samples() if each.kind == "callback"]
    with pytest.raises(AssertionError, match="nothing of it is signed"):
        proving.prove_signature(sample)


def changed(received: Callback, *fields: str) -> list[Any]:
    return [
        (each.url.partition("?")[2], dict(each.headers), each.body)
        for each in spoiling.with_byte_changed(received, fields)
    ]


def test_one_byte_is_changed_of_what_is_signed() -> None:
    received = Callback(method="POST", url=f"{CALLBACK_URL}?t=ab", headers={"x-sig": "c"}, body=b"de", received_at=0)
    assert changed(received) == [("t=ab", {"x-sig": "c"}, b"ee"), ("t=ab", {"x-sig": "c"}, b"dd")]
    assert changed(received, "X-Sig") == [("t=ab", {"x-sig": "b"}, b"de")]
    assert changed(received, "t") == [("t=`b", {"x-sig": "c"}, b"de"), ("t=ac", {"x-sig": "c"}, b"de")]
    bare = spoiling.with_body(received, b"")
    assert [query for query, _, _ in changed(bare)] == ["u=ab", "t<ab", "t=`b", "t=ac"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"t": "b", "u": "b"}', b'{"t": "c", "u": "b"}'),
        (b"u=b&t=b", b"u=b&t=c"),
        (b'--x\r\nname="t"\r\n\r\nb\r\n--x', b'--x\r\nname="t"\r\n\r\nc\r\n--x'),
    ],
)
def test_field_is_changed_wherever_it_stands(body: bytes, expected: bytes) -> None:
    assert [each.body for each in spoiling.with_byte_changed(callback(body), ("t",))] == [expected]


def test_form_is_spoiled_field_by_field() -> None:
    form = msgspec.structs.replace(callback(b"a=1&b=2"), headers={"content-type": spoiling.FORM})
    bodies = [each.body for each in spoiling.spoiled(form)]
    assert {b"b=2", b"a=1", b"a=&b=2", b"a=1&b=null", b"a=1&b=2&a=again", b"a=1&b", b""} <= set(bodies)


def test_json_is_spoiled_value_by_value() -> None:
    bodies = {each.body for each in spoiling.spoiled(callback(b'{"a":[1]}'))}
    assert {b"null", b'{"a":null}', b'{"a":[true]}', b'{"a":[{}]}', b"{}", b'{"a":[1]}{"a":[1]}'} <= bodies
