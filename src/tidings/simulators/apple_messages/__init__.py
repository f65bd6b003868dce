"""Apple's gateway for Messages for Business, as one MSP and one business of its see it."""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from tidings.simulators.apple_messages.checking import wrong
from tidings.simulators.apple_messages.devices import BID, Devices
from tidings.simulators.apple_messages.proof import token_for, trouble_with
from tidings.simulators.apple_messages.storage import Storage
from tidings.simulators.simulator import Callback, Demonstration, Post, Simulator

ANA = "urn:mbid:AQAAY0hUbM3mb3r"
LARGEST_INLINE = 10_000
"""Octets of interactive data in a message."""


class AppleMessages(Simulator):
    """One business that Apple has approved, and the people who write to it.

    Whoever has not written is unknown, but for `people`. Where `strict_close` says so, messages to whoever has closed
    the conversation are refused; else Apple takes them, and they reach nobody. With `large_answers` what people pick
    comes by reference, as large data do.
    """

    name: ClassVar[str] = "apple-messages"
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {
        "apple-business-chat": Demonstration(
            address=ANA,
            writes_first=True,
            deed="tapback",
            more={"text": "Liked an image"},
            told=("accepted", "sent", "delivered", "reaction"),
        )
    }

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
        people: Collection[str] = (),
        strict_close: bool = False,
        large_answers: bool = False,
        packed: bool = True,
    ) -> None:
        super().__init__(settings, callback_url=callback_url, pace=pace, retry_seconds=retry_seconds)
        self.people = set(people)
        self.closed: set[str] = set()
        """People who have closed the conversation, and not written again."""
        self.strict_close = strict_close
        self.large_answers = large_answers
        self.signs: list[dict[str, Any]] = []
        """Signs that an answer is being typed."""
        self.storage = Storage()
        self._devices = Devices(settings, packed=packed)
        self._ids: set[str] = set()

    def routes(self) -> Sequence[web.RouteDef]:
        """Messages, files up and down, and the packing of large data."""
        return [
            web.post("/v1/message", self._take_message),
            web.get("/v1/preUpload", self._give_place),
            web.post("/mmcs/{place}", self._take_file),
            web.get("/v1/preDownload", self._name_file),
            web.get("/mmcs/{place}", self._give_file),
            web.post("/v1/encodePayload", self._encode),
            web.post("/v1/decodePayload", self._decode),
        ]

    def refusal(self, code: str) -> web.Response:
        """A status without a word."""
        return web.Response(status=int(code or 400))

    def throttled(self, seconds: float) -> web.Response:
        """Too many at once."""
        return web.Response(status=429, headers={"Retry-After": f"{seconds:g}"})

    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What Apple posts when a person writes: that they type, and what they wrote.

        `files` are pairs of a name and octets; any other field of a message may be given, such as `intent`.
        """
        self.people.add(sender)
        self.closed.discard(sender)
        files = [self._attachment(name, octets) for name, octets in more.pop("files", ())]
        body = text + "\ufffc" * len(files)
        said = {"body": body, **({"attachments": files} if files else {}), **more}
        return [self._said(sender, "typing_start"), self._said(sender, "text", **said)]

    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What Apple posts when the person does something to a message.

        A deed is `quick-reply`, `listPicker` or `event` with the `picked` identifiers, `dynamic` with `selections`,
        `tapback` with its `text`, `typing_end`, or `close`.
        """
        unknown: dict[str, Any] = {"to": ANA, "body": {}}
        taken = next((each for each in self.taken if each["id"] == message), unknown)
        person = str(more.pop("sender", taken["to"]))
        if deed == "close":
            self.closed.add(person)
        if deed == "tapback":
            return [self._said(person, "text", body=more["text"])]
        if deed in ("close", "typing_start", "typing_end"):
            return [self._said(person, deed)]
        answer = self._devices.answer(deed, self._data_of(taken["body"]), more)
        if not self.large_answers:
            return [self._said(person, "interactive", interactiveData=answer)]
        packed = self.storage.pack(json.dumps(answer).encode())
        ref = {**self.storage.seal(packed, self.base_url), "bid": BID, "title": "Answer", "size": str(len(packed))}
        return [self._said(person, "interactive", interactiveDataRef=ref)]

    async def _take_message(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        try:
            message = json.loads(await request.read())
        except ValueError:
            message = None
        if wrong(message, request.headers, str(self.settings["businessId"]), self.storage):
            return self.refusal("400")
        if len(json.dumps(message.get("interactiveData", {})).encode()) > LARGEST_INLINE * 1.2:
            return self.refusal("413")
        person = message["destinationId"]
        if person not in self.people:
            return self.refusal("404")
        if person in self.closed and self.strict_close:
            return self.refusal("410")
        if message["type"].startswith("typing_"):
            self.signs.append(message)
            return web.Response()
        return await self.serve_send(request, lambda: (self._take(message), []))

    def _take(self, message: dict[str, Any]) -> web.Response:
        """Take a message, once however often it comes; what stands under a reference may be sent again by it."""
        if message["id"] not in self._ids:
            self._ids.add(message["id"])
            self.taken.append({"id": message["id"], "to": message["destinationId"], "body": message})
        ref = message.get("interactiveDataRef")
        return web.json_response({"dataRef": ref}) if ref else web.Response()

    async def _give_place(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        size = request.headers.get("size", "")
        if not size.isdigit() or request.headers.get("mmcs-size", size) != size:
            return self.refusal("400")
        place = self.storage.reserve(int(size))
        return web.json_response(
            {
                "upload-url": f"{self.base_url}/mmcs/{place}",
                "mmcs-url": f"{self.base_url}/content/{place}",
                "mmcs-owner": place,
            }
        )

    async def _take_file(self, request: web.Request) -> web.Response:
        checksum = self.storage.put(request.match_info["place"], await request.read())
        return web.json_response({"singleFile": {"fileChecksum": checksum}}) if checksum else self.refusal("400")

    async def _name_file(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        told = request.headers
        place = told.get("owner", "")
        if not self.storage.is_at(told.get("url", ""), place, told.get("signature", "")):
            return self.refusal("404")
        return web.json_response({"download-url": f"{self.base_url}/mmcs/{place}"})

    async def _give_file(self, request: web.Request) -> web.Response:
        octets = self.storage.files.get(request.match_info["place"])
        return self.refusal("404") if octets is None else web.Response(body=octets)

    async def _encode(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        return web.Response(body=self.storage.pack(await request.read()))

    async def _decode(self, request: web.Request) -> web.Response:
        if (refused := self._unauthorized(request)) is not None:
            return refused
        whole = self.storage.unpack(await request.read()) if request.headers.get("bid") else None
        return self.refusal("400") if whole is None else web.Response(body=whole, content_type="application/json")

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        status = trouble_with(request.headers, self.settings)
        return self.refusal(str(status)) if status else None

    def _attachment(self, name: str, octets: bytes) -> dict[str, Any]:
        kind = "image/png" if name.endswith(".png") else "application/octet-stream"
        return {**self.storage.seal(octets, self.base_url), "name": name, "mimeType": kind, "size": str(len(octets))}

    def _data_of(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of an interactive message, which stand in it or under its reference."""
        whole = message.get("interactiveData") or self.storage.read(message.get("interactiveDataRef"))
        data: Mapping[str, Any] = (whole or {}).get("data", {})
        return data

    def _said(self, person: str, kind: str, **fields: Any) -> Callback:
        """Write what a device posts once, with a token made when it is posted."""
        message = {"v": 1, "id": str(uuid.uuid4()), "type": kind, "sourceId": person, **fields}
        return lambda: self._addressed(self._devices.post(message))

    def _addressed(self, post: Post) -> Post:
        headers = {**post.headers, "authorization": f"Bearer {token_for(self.settings)}"}
        return Post(f"{self.callback_url}/message", post.body, headers)
