"""Running a hub: the socket before everything else, the doors while it is open, and a stop in order."""

import asyncio
import contextlib
import errno
import gc
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
import uvloop
from msgspec.structs import replace

from tidings import __version__
from tidings.assemble import Hub, assembled
from tidings.cli import logs
from tidings.cli.client import Trouble
from tidings.cli.configured import MISCONFIGURED, without_password
from tidings.cli.server import Connection, Server
from tidings.cli.sockets import OPTIONS, Socket
from tidings.cli.welcome import welcome
from tidings.model.errors import Misconfigured
from tidings.settings import Settings

BACKLOG = 4096
"""Connections that may wait to be taken; the system may allow fewer."""
PATIENCE = 10
"""Seconds that requests under way have to end when the hub is stopped."""

log = structlog.get_logger()


def run(settings: Settings) -> None:
    """Run a hub until it is told to stop; raises Trouble where the operator must change something first."""
    logs.set_up(settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    async with opened(settings) as (hub, server, listener):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, server)
        _spare_collector()
        _allow_connections()
        settings = hub.world.settings
        if hub.new_root_key:
            welcome(settings, hub.new_root_key)
        log.info(
            "listening",
            url=_url(settings.host, settings.port),
            public_url=settings.public_url,
            database=without_password(settings.database_url),
            version=__version__,
        )
        await server.serve(sockets=[listener])
        log.info("stopping: no more requests are taken")
    log.info("stopped")


def _spare_collector() -> None:
    """Have the garbage collector look seldom, and never at what was loaded at the start.

    What passes through a hub is freed by reference counts; with the default thresholds, looking for cycles in it costs
    a tenth of all processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _allow_connections() -> None:
    """Let the process have as many sockets as the system allows it: a thousand, the usual bound, is soon reached."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _stop(server: uvicorn.Server) -> None:
    """Stop at the first signal; at the second, without waiting for requests under way."""
    server.force_exit = server.should_exit
    server.should_exit = True


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[Hub, uvicorn.Server, socket.socket]]:
    """Open a hub on its socket, with the server that has yet to serve it; raises Trouble.

    What is closed in the end is closed in the order of the road: the readers, then the store.
    """
    with listening(settings.host, settings.port) as listener:
        settings = replace(settings, port=listener.getsockname()[1])
        async with contextlib.AsyncExitStack() as stack:
            try:
                hub = await stack.enter_async_context(assembled(settings))
            except Misconfigured as error:
                raise Trouble(str(error), exit_code=MISCONFIGURED) from error
            except OSError as error:
                where = f"{error.filename}: " if error.filename else ""
                raise Trouble(f"{where}{error.strerror or error}", exit_code=MISCONFIGURED) from error
            config = uvicorn.Config(
                hub.app,
                loop="none",
                http=Connection,
                ws=Socket,
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=PATIENCE,
                **OPTIONS,
            )
            yield hub, Server(config), listener


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen on an address; raises Trouble where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = (
            "is in use: stop what listens there, or choose another with --port" if taken else f"cannot be had: {error}"
        )
        raise Trouble(f"Port {port} on {host} {why}.", exit_code=MISCONFIGURED) from error
    with listener:
        yield listener


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
