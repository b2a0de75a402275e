"""Servers of our own on free ports of this machine, gone afterwards: brokers, a store, a bucket.

Each is the real program, from Debian's package, with a folder of its own; it can be killed and
started again on what it kept.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
REDIS = shutil.which("redis-server")
READY_S = 90.0  # seconds until one must answer
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(port: int) -> bool:
    """Does somebody listen there?"""
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


@dataclass
class Server:
    """A program that listens. `address`: how ours is told of it."""

    command: Sequence[str | Path]
    port: int
    address: str
    environment: Mapping[str, str]
    user: str | None = None
    ready: Callable[[], bool] | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers."""
        self.process = subprocess.Popen(
            self.command,
            user=self.user,
            cwd="/",
            env=os.environ | self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + READY_S
        while not (self.ready or (lambda: answers(self.port)))():
            if time.monotonic() > until or self.process.poll() is not None:
                self.stop()
                raise RuntimeError(f"{self.command[0]} does not start")
            time.sleep(0.1)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """All of it, at once."""
        if self.process:
            os.killpg(self.process.pid, number)
            self.process.wait(60)
            until = time.monotonic() + READY_S
            while answers(self.port) and time.monotonic() < until:
                time.sleep(0.05)

    def stop(self) -> None:
        """In order, as long as that works."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None


@contextmanager
def _running(folder: Path, server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def nobody() -> str | None:
    """Who may run a server: some refuse to work for root."""
    return "nobody" if os.geteuid() == 0 else None


def _folder(name: str, user: str | None = None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    return folder


@contextmanager
def postgres() -> Iterator[Server]:
    """PostgreSQL."""
    tools, user = POSTGRES[-1].parent, nobody()
    folder, port = _folder("pg", user), free_port()
    data = folder / "data"
    subprocess.run(
        [tools / "initdb", "-D", data, "-U", "tester", "--auth=trust", "--no-sync"],
        check=True, capture_output=True, user=user, cwd="/",
    )  # fmt: skip
    command = [tools / "postgres", "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
    asked = [tools / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-q"]
    server = Server(
        command=command,
        port=port,
        address=f"postgresql://tester@127.0.0.1:{port}/postgres",
        environment={},
        user=user,
        ready=lambda: subprocess.run(asked, check=False).returncode == 0,
    )
    with _running(folder, server) as running:
        yield running


@contextmanager
def redis() -> Iterator[Server]:
    """Redis, keeping what it is told at once."""
    folder, port = _folder("redis"), free_port()
    command = [REDIS or "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
    command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    server = Server(command, port, f"redis://127.0.0.1:{port}/0", {})
    with _running(folder, server) as running:
        yield running


@contextmanager
def rabbitmq() -> Iterator[Server]:
    """RabbitMQ."""
    folder, port, between = _folder("rabbit"), free_port(), free_port()
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = false\nconsumer_timeout = 86400000\n"
    )
    (folder / "enabled_plugins").write_text("[].\n")
    environment = {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"pp{port}@localhost",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_DIST_PORT": str(between),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
    }
    address = f"amqp://guest:guest@127.0.0.1:{port}//"
    server = Server([RABBITMQ], port, address, environment, ready=lambda: _speaks_amqp(port))
    try:
        with _running(folder, server) as running:
            yield running
    finally:
        names = [shutil.which("epmd") or "epmd", "-port", environment["ERL_EPMD_PORT"], "-kill"]
        subprocess.run(names, check=False, capture_output=True)


def _speaks_amqp(port: int) -> bool:
    """It listens before it can work."""
    from amqp import Connection

    try:
        with Connection(f"127.0.0.1:{port}", "guest", "guest", connect_timeout=2) as connection:
            connection.connect()
    except Exception:
        return False
    return True


@contextmanager
def cloud() -> Iterator[Server]:
    """S3 and SQS, spoken by moto in a process of its own."""
    folder, port = _folder("moto"), free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Server(command, port, f"http://127.0.0.1:{port}", {})
    with _running(folder, server) as running:
        yield running
