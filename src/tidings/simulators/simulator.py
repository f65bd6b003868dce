"""What every provider's stand-in shares: a server, faults on demand, and callbacks that are posted and posted again."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar

import aiohttp
import msgspec
import yarl
from aiohttp import web
from msgspec import Struct


class Fault(StrEnum):
    """What can go wrong between a provider and us."""

    REFUSED = "refused"
    """The send request is refused with a chosen code."""
    THROTTLED = "throttled"
    """429, with a wait in seconds."""
    ERROR = "error"
    """500; nothing was taken."""
    DROPPED = "dropped"
    """The connection breaks before the message is taken."""
    VANISHED = "vanished"
    """The message is taken, then the connection breaks."""
    HANGING = "hanging"
    """The message is taken, and no answer comes for so many seconds."""
    DUPLICATE = "duplicate"
    """Every callback comes twice."""
    REORDERED = "reordered"
    """The callbacks come in reverse order."""
    EARLY = "early"
    """The callbacks come before the answer to the send request."""
    LATE = "late"
    """The callbacks come so many seconds later."""
    LOST = "lost"
    """The callbacks never come."""


class Order(Struct, frozen=True):
    """One fault, ordered for the next message sent: a code to refuse with, seconds to wait, as its kind needs."""

    fault: Fault
    code: str = ""
    seconds: float = 0.0


class Post(Struct, frozen=True):
    """A callback that the provider will make."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


class Demonstration(Struct, frozen=True, kw_only=True):
    """How `tidings demo --platform` shows a platform: to whom, what the person does then, and what is told of it."""

    address: str
    """Whom the message goes to; the same person writes the inbound."""
    writes_first: bool = False
    """Whether the person must have written before anything may be sent to them."""
    deed: str = ""
    """What the person does with the message, in the provider's words (`Simulator.act`); empty where nothing is told."""
    more: Mapping[str, Any] = {}
    """What `act` needs to know beside it."""
    speaks: bool = False
    """Whether that comes in as a message too, as a tapped reply does."""
    writes: Mapping[str, Any] = {}
    """What `Simulator.inbound` needs to know beside a text when the person writes."""
    told: tuple[str, ...] = ("accepted", "sent", "delivered", "read")
    """What the log says of the message, in order: kinds of events, and of an interaction its deed.

    Where that is less, it is told as delivered once the person answers.
    """
    body: Mapping[str, Any] = {}
    """What is sent, in the channels vocabulary; empty: a text."""
    usual: bool = False
    """Whether the platform is shown by this connector where several could and none is asked for."""


def with_replies(text: str, *labels: str) -> Mapping[str, Any]:
    """Write a text with replies to tap, in the channels vocabulary."""
    actions = [{"type": "postback", "postback": {"text": label, "payload": label.lower()}} for label in labels]
    return {"type": "text", "text": {"text": text, "actions": actions}}


def with_picture(text: str, url: str) -> Mapping[str, Any]:
    """Write a text with a picture, in the channels vocabulary."""
    return {"type": "image", "image": {"text": text, "images": [{"mediaUrl": url}]}}


Callback = Callable[[], Post]
"""A callback yet to be written, so that it is stamped and signed when it is made."""


class Simulator(ABC):
    """A local HTTP server that behaves as one provider does.

    `settings` are the channel's settings as an operator writes them: the simulator checks and signs with the same
    secrets. `callback_url` is where callbacks go that the send request does not name. `pace` is the pause in seconds
    before each callback; `retry_seconds` are the waits after callbacks that were not answered with a 2xx.
    """

    name: ClassVar[str]
    demonstrations: ClassVar[Mapping[str, Demonstration]] = {}
    """By platform."""
    undemonstrated: ClassVar[Mapping[str, str]] = {}
    """By platform, why there is no demonstration of it."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        callback_url: str = "",
        pace: float = 0.02,
        retry_seconds: Sequence[float] = (0.2, 0.5, 1.0),
    ) -> None:
        self.settings = settings
        self.callback_url = callback_url
        self.pace = pace
        self.retry_seconds = tuple(retry_seconds)
        self.orders: deque[Order] = deque()
        self.taken: list[dict[str, Any]] = []
        """Every message taken, as the provider understood it; each has an `id`."""
        self.answers: list[int] = []
        """The hub's answers to callbacks; 0 where none came."""
        self.base_url = ""
        self.space_url = ""
        """Where the doors of a workspace's apps are, for stand-ins of people who come to the hub."""
        self.mail_door = ""
        """Where the hub takes mail, `host:port`; for providers that tell things by mail."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    @abstractmethod
    def routes(self) -> Sequence[web.RouteDef]:
        """The provider's own routes."""

    @abstractmethod
    def refusal(self, code: str) -> web.Response:
        """The provider's answer to a send request that it refuses with this code."""

    @abstractmethod
    def inbound(self, sender: str, text: str, **more: Any) -> list[Callback]:
        """What the provider posts when a person writes."""

    @abstractmethod
    def act(self, message: str, deed: str, **more: Any) -> list[Callback]:
        """What the provider posts when something happens to a message it took, in its own words (`read`, `opened`)."""

    @property
    def channel_settings(self) -> dict[str, Any]:
        """The settings of a channel whose provider this is, once it listens."""
        return {**self.settings, "baseUrl": self.base_url}

    @property
    def steering_url(self) -> str:
        """Where it is told, over HTTP, what people do; the provider's own URL unless that is for something else."""
        return self.base_url

    def throttled(self, seconds: float) -> web.Response:
        """The provider's answer when asked too often."""
        return web.json_response({"message": "too many requests"}, status=429, headers={"Retry-After": f"{seconds:g}"})

    def order(self, *orders: Order | Fault | str) -> None:
        """Order faults for the messages to come, one message each."""
        self.orders.extend(each if isinstance(each, Order) else Order(Fault(each)) for each in orders)

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen on loopback; give the base URL."""
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes(
            [
                *self.routes(),
                web.post("/_simulator/orders", self._take_orders),
                web.get("/_simulator/taken", self._show_taken),
                web.post("/_simulator/inbound", self._make_inbound),
                web.post("/_simulator/act", self._make_act),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self.base_url

    async def stop(self) -> None:
        """Stop listening and drop the callbacks not yet made."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def settle(self) -> None:
        """Wait until every callback under way has been made."""
        while self._tasks:
            await asyncio.gather(*tuple(self._tasks), return_exceptions=True)

    async def serve_send(
        self, request: web.Request, take: Callable[[], tuple[web.Response, Sequence[Callback]]]
    ) -> web.StreamResponse:
        """Answer a valid send request: `take` takes the message and gives the answer and the callbacks that follow.

        The fault ordered next, if any, happens here.
        """
        order = self.orders.popleft() if self.orders else None
        fault = order.fault if order else None
        if order and (answer := self._refuse(order, request)) is not None:
            return answer
        response, callbacks = take()
        if fault is Fault.REORDERED:
            callbacks = callbacks[::-1]
        if fault is Fault.DUPLICATE:
            callbacks = [each for callback in callbacks for each in (callback, callback)]
        if fault is Fault.EARLY:
            await self._post_all(callbacks, 0.0)
            return response
        if fault is not Fault.LOST:
            self.post(callbacks, delay=order.seconds if order and fault is Fault.LATE else 0.0)
        if fault is Fault.VANISHED:
            _break(request)
        if order and fault is Fault.HANGING:
            await asyncio.sleep(order.seconds or 30)
        return response

    def post(self, callbacks: Sequence[Callback], *, delay: float = 0.0) -> None:
        """Make callbacks in the background, one after the other."""
        task = asyncio.get_running_loop().create_task(self._post_all(callbacks, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refuse(self, order: Order, request: web.Request) -> web.Response | None:
        match order.fault:
            case Fault.REFUSED:
                return self.refusal(order.code)
            case Fault.THROTTLED:
                return self.throttled(order.seconds or 1)
            case Fault.ERROR:
                return web.json_response({"message": "internal error"}, status=500)
            case Fault.DROPPED:
                _break(request)
                return web.Response(status=500)
            case _:
                return None

    async def _post_all(self, callbacks: Sequence[Callback], delay: float) -> None:
        await asyncio.sleep(delay)
        for callback in callbacks:
            await asyncio.sleep(self.pace)
            await self._post_until_taken(callback)

    async def _post_until_taken(self, callback: Callback) -> None:
        for wait in (*self.retry_seconds, None):
            status = await self._post_once(callback())
            self.answers.append(status)
            if wait is None or not self.tries_again(status):
                return
            await asyncio.sleep(wait)

    def tries_again(self, status: int) -> bool:
        """Whether the provider repeats a callback that was answered so; 0 is no answer."""
        return not 200 <= status < 300

    async def _post_once(self, post: Post) -> int:
        assert self._http is not None, "the simulator is not started"
        url = yarl.URL(post.url, encoded=True)  # As it stands: a provider signs it so, and the hub checks it so.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.request(post.method, url, data=post.body, headers=post.headers) as response:
                await response.read()
                return response.status
        return 0

    async def _take_orders(self, request: web.Request) -> web.Response:
        try:
            orders = msgspec.json.decode(await request.read(), type=list[Order])
        except msgspec.DecodeError as error:
            return web.json_response({"message": str(error)}, status=400)
        self.order(*orders)
        return web.json_response({"ordered": len(self.orders)})

    async def _show_taken(self, request: web.Request) -> web.Response:
        return web.json_response(self.taken)

    async def _make_inbound(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.post(self.inbound(wanted.pop("from"), wanted.pop("text", ""), **wanted))
        return web.json_response({}, status=202)

    async def _make_act(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        self.post(self.act(wanted.pop("message"), wanted.pop("deed"), **wanted))
        return web.json_response({}, status=202)


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
