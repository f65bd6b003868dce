"""A real mail server for tests: Postfix, configured in a temporary folder, on free loopback ports, gone afterwards.

It delivers mail for `people.example`, where only `ada` has a mailbox, and hands in over LMTP what is for `hub.example`.
"""

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

PROGRAM = Path("/usr/sbin/postfix")
MASTER = Path("/usr/lib/postfix/sbin/master")
DOMAIN = "people.example"
HUB = "hub.example"

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = no
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {{ ada@{domain} = ada/ }} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
relay_domains = {hub}
transport_maps = inline:{{ {{ {hub} = lmtp:inet:127.0.0.1:{door} }} }}
relay_recipient_maps =
maillog_file = {folder}/log/postfix
maillog_file_prefixes = {folder}
recipient_delimiter =
minimal_backoff_time = 5s
queue_run_delay = 5s
default_database_type = texthash
"""
SERVICES = (
    "127.0.0.1:{port} inet n - n - - smtpd",
    *("cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite"),
    *(f"{name} unix - - n - 0 bounce" for name in ("bounce", "defer", "trace")),
    *("verify unix - - n - 1 verify", "proxymap unix - - n - - proxymap", "proxywrite unix - - n - 1 proxymap"),
    *("smtp unix - - n - - smtp", "relay unix - - n - - smtp", "lmtp unix - - n - - lmtp"),
    *("showq unix n - n - - showq", "error unix - - n - - error", "retry unix - - n - - error"),
    *("virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache"),
    *("flush unix n - n 1000? 0 flush", "tlsmgr unix - - n 1000? 1 tlsmgr", "postlog unix-dgram n - n - 1 postlogd"),
)


def why_not() -> str:
    """Say why Postfix cannot be run here; empty where it can."""
    if not PROGRAM.exists() or not MASTER.exists():
        return "Postfix is not installed: run scripts/system-packages"
    if os.geteuid() != 0:
        return "Postfix can only be started by root"
    return ""


class Postfix:
    """One mail server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def log(self) -> str:
        """What it has logged."""
        path = self.folder / "log" / "postfix"
        return path.read_text() if path.exists() else ""

    @property
    def mailbox(self) -> list[bytes]:
        """The mails that Ada has."""
        return [each.read_bytes() for each in sorted((self.folder / "mail" / "ada" / "new").glob("*"))]


@contextmanager
def postfix(door: int) -> Iterator[Postfix]:
    """Run one; `door` is the port that mail for the hub goes to."""
    folder = Path(tempfile.mkdtemp(prefix="tidings-postfix-"))
    folder.chmod(0o755)
    owner, port = pwd.getpwnam("postfix"), _free_port()
    for name in ("conf", "queue", "data", "mail", "log"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", owner.pw_uid)
    shutil.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    values = {"folder": folder, "domain": DOMAIN, "hub": HUB, "door": door, "uid": owner.pw_uid, "gid": owner.pw_gid}
    (folder / "conf" / "main.cf").write_text(MAIN.format(**values))
    lines = [f"{each.format(port=port)}\n" for each in SERVICES]
    (folder / "conf" / "master.cf").write_text("".join(lines))
    server = Postfix(folder, port)
    process = None
    try:
        with (folder / "out").open("ab") as out:
            subprocess.run([PROGRAM, "-c", folder / "conf", "check"], stdout=out, stderr=out, check=True, timeout=30)
            process = subprocess.Popen([MASTER, "-c", folder / "conf", "-s"], stdout=out, stderr=out)
        _wait_for(port, process, server)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", server: Postfix) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as greeting:
                if greeting.recv(3) == b"220":
                    return
        except OSError:
            time.sleep(0.05)
        if time.monotonic() > end or process.poll() is not None:
            told = (server.folder / "out").read_text() + server.log
            raise AssertionError(f"Postfix does not start:\n{told[-3000:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
