"""A real PostgreSQL server for tests: made in a temporary folder, durable as in earnest, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_FOUND = (
    "These tests need a PostgreSQL server and found none in /usr/lib/postgresql/*/bin or on the PATH: "
    "install one (on Debian and Ubuntu: apt install postgresql). They are never skipped."
)


class NoServer(Exception):
    """There is no PostgreSQL server on this machine, or it does not start."""


class Server:
    """One server on a free loopback port, run by us."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self.folder = folder
        self.port = _free_port()
        self._binaries = binaries
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://tidings@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        self._run("initdb", "-D", "data", "-U", "tidings", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def start(self) -> None:
        arguments = ["-D", "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder), "-c", "fsync=on"]
        with (self.folder / "log").open("ab") as out:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", *arguments], cwd=self.folder, user=self._user, stdout=out, stderr=out
            )
        end = time.monotonic() + 20
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise NoServer(f"PostgreSQL does not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop at once, as in a crash: whoever is connected loses the connection, and only the log is on disk.

        With SIGINT it is stopped fast, as an operator does: transactions are broken off, and everything is on disk.
        """
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Run statements and give what they print."""
        asked = [argument for each in statements for argument in ("-c", each)]
        return self._run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *asked, self.url(database))

    def _answers(self) -> bool:
        asked = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self.folder,
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoServer(f"{program} failed: {done.stderr}")
        return done.stdout.strip()


@contextmanager
def served() -> Iterator[Server]:
    """Run a server; raises NoServer where there is none to run."""
    binaries = _binaries()
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="tidings-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    server = Server(binaries, folder, user)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _binaries() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda each: float(each.parts[4]))
    if installed:
        return installed[-1].parent
    found = shutil.which("postgres")
    if found is None:
        raise NoServer(NOT_FOUND)
    return Path(found).resolve().parent


def _unprivileged() -> str | None:
    """Name who runs the server: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
