"""Running one simulator, and making a channel on it."""

import asyncio
import contextlib
import importlib
import inspect
import pkgutil
import shlex
import signal
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec
from rich.text import Text

import tidings.simulators
from tidings.cli.asking import Asking
from tidings.cli.channels import known_channels
from tidings.cli.client import Trouble
from tidings.cli.show import console
from tidings.simulators.simulator import Order, Simulator

LOOK_EVERY = 0.1
"""Seconds between two looks at what a simulator has taken."""


def run(
    hub: Asking,
    connector: str,
    *,
    port: int,
    platform: str,
    typed: Sequence[str],
    pace: float,
    faults: Sequence[str],
    callback_url: str,
    connect: bool,
) -> None:
    """Run a simulator until it is interrupted; raises Trouble."""
    kind = simulators().get(connector)
    if kind is None:
        raise Trouble(f"There is no simulator of {connector!r}; there are: {', '.join(simulators())}.", exit_code=2)
    usual, settings = sample(connector)
    settings |= dict(_pair(each) for each in typed)
    platform = platform or usual

    async def simulate() -> None:
        simulator = kind(settings, callback_url=callback_url, pace=pace)
        simulator.order(*map(order, faults))
        try:
            await simulator.start(port)
        except OSError as error:
            raise Trouble(f"Port {port} cannot be had: {error.strerror}. Choose another with --port.") from error
        try:
            channel = simulator.channel_settings
            if connect:
                simulator.callback_url = await asyncio.to_thread(connected, hub, connector, platform, channel)
                simulator.space_url = f"{hub.url}/apispaces/{await asyncio.to_thread(hub.workspace)}"
            stopped = _stopped()
            _tell(simulator, platform, channel, connected=connect)
            await _watch(simulator, stopped)
        finally:
            await simulator.stop()

    asyncio.run(simulate())


def simulators() -> dict[str, type[Simulator]]:
    """Every simulator there is, by its connector's name."""
    found: dict[str, type[Simulator]] = {}
    for module in pkgutil.iter_modules(tidings.simulators.__path__, "tidings.simulators."):
        for kind in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(kind) and issubclass(kind, Simulator) and not inspect.isabstract(kind):
                found[kind.name] = kind
    return dict(sorted(found.items()))


def sample(connector: str) -> tuple[str, dict[str, Any]]:
    """Give the platform and the settings that a connector's samples are made with: nobody's real secrets."""
    file = files("tidings.connectors") / "samples" / connector / "settings.json"
    kept = msgspec.json.decode(file.read_bytes())
    return str(kept["platform"]), kept["settings"]


def order(text: str) -> Order:
    """Read a fault, `kind`, `kind:code` or `kind:code:seconds`; raises Trouble."""
    kind, _, rest = text.partition(":")
    code, _, seconds = rest.partition(":")
    try:
        return msgspec.convert({"fault": kind, "code": code, "seconds": float(seconds or 0)}, Order)
    except (msgspec.ValidationError, ValueError) as error:
        raise Trouble(f"--fault {text}: {error}", exit_code=2) from error


def connected(hub: Asking, connector: str, platform: str, settings: dict[str, Any]) -> str:
    """Make the channel on the hub, or bring the one made before up to date; give its callback URL."""
    name = _name(connector)
    known = next((each for each in known_channels(hub) if each["name"] == name and each["platform"] == platform), None)
    if known is not None:
        answer = hub.ask("PATCH", hub.within("channels", known["id"]), {"settings": settings})
    else:
        asked = {"name": name, "platform": platform, "connector": connector, "settings": settings}
        answer = hub.ask("POST", hub.within("channels"), asked)
    return str(answer["callbackUrl"])


def _name(connector: str) -> str:
    return f"Simulated {connector}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Trouble(f"A setting is written NAME=VALUE, not {text!r}.", exit_code=2)
    return name, value


def _tell(simulator: Simulator, platform: str, settings: dict[str, Any], *, connected: bool) -> None:
    """Show where the simulator is, and how to go on."""
    paper, url = console(), simulator.base_url
    paper.print(Text.assemble((simulator.name, "bold"), " is simulated at ", (url, "bold cyan"), ". Ctrl-C stops it."))
    if connected:
        paper.print(f"The channel {_name(simulator.name)!r} of the hub sends through it. Try it:")
        _command(f'tidings send "Hello" --channel {shlex.quote(_name(simulator.name))} --to ADDRESS --wait')
    else:
        paper.print("Make a channel on it:")
        written = (f"--set {shlex.quote(f'{name}={_text(value)}')}" for name, value in settings.items())
        _command(
            f"tidings channel create {shlex.quote(_name(simulator.name))} --platform {platform} "
            f"--connector {simulator.name} {' '.join(written)}"
        )
        if not simulator.callback_url:
            paper.print("and start this again with the --callback-url that it shows; or let --connect do both.")
    paper.print("Have somebody write to you:")
    _command(f"""curl {simulator.steering_url}/_simulator/inbound -d '{{"from": "ADDRESS", "text": "Hello"}}'""")


def _command(text: str) -> None:
    console().print(Text.assemble(("  $ ", "dim"), text), soft_wrap=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _stopped() -> asyncio.Event:
    """Give an event that a signal to stop sets."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _watch(simulator: Simulator, stopped: asyncio.Event) -> None:
    """Tell each message as it is taken, and what the hub answers to callbacks, until it is to stop."""
    taken = answered = 0
    while not stopped.is_set():
        for message in simulator.taken[taken:]:
            about = f"{message['id']} for {message.get('to')}: {_said(message)[:80]}"
            console().print(Text.assemble(("took ", "dim"), about), soft_wrap=True)
        for status in simulator.answers[answered:]:
            style = "dim" if 200 <= status < 300 else "red"
            console().print(Text(f"callback answered {status or 'not at all'}", style=style))
        taken, answered = len(simulator.taken), len(simulator.answers)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), LOOK_EVERY)


def _said(message: dict[str, Any]) -> str:
    """Find what a message says, wherever its provider keeps that; empty where it says nothing in words."""
    value: Any = message
    while isinstance(value, dict):
        value = value.get("text") or value.get("body") or value.get("subject")
    return value if isinstance(value, str) else ""
