"""Whether a worker lives, and whether it can work: for whoever starts and stops them."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from models import errors
from pipeline.sandbox import box
from pipeline.store.jobs import JobStore
from pipeline.worker.broker import Broker
from pipeline.worker.hands import now_s
from pipeline.worker.metrics import Fleet

STILL_S = 60  # seconds without a beat, after which a worker no longer lives (house rule)
LEAST_FREE = 1 << 30  # bytes that scratch must have left


def lives(beat: Path) -> dict[str, str]:
    """Why no worker lives here; "" where one does. No other machine is asked."""
    try:
        age = time.time() - beat.stat().st_mtime
    except OSError as fault:
        return {"worker": f"no worker left a sign at {beat} (--beat): {fault.strerror}"}
    return {"worker": "" if age < STILL_S else f"the worker's last sign is {age:.0f} s old"}


def ready(
    book: Callable[[], JobStore],
    broker: Broker | None,
    allow_unsandboxed: bool = False,
) -> dict[str, str]:
    """What is needed to work, and why it cannot be had; "" where it can."""
    found = {"store": "", "box": ""}
    try:
        book().ready(now_s())
    except (errors.NoStore, errors.CannotWrite) as fault:
        found["store"] = str(fault)
    if broker:
        found["broker"] = broker.check()
    if not allow_unsandboxed:
        found["box"] = box.unavailable() or ""
    scratch = tempfile.gettempdir()
    free = shutil.disk_usage(scratch).free
    found["scratch"] = "" if free >= LEAST_FREE else f"{free:,} bytes are left in {scratch}"
    return found


class Pages:
    """/metrics, /health/live and /health/ready, for the operator's network alone.

    Without `beat` no worker is beside them: that they answer is all there is to live.
    """

    def __init__(
        self,
        book: JobStore,
        broker: Broker | None,
        beat: Path | None,
        allow_unsandboxed: bool = False,
    ) -> None:
        self.book = book
        self.broker = broker
        self.beat = beat
        self.allow_unsandboxed = allow_unsandboxed
        self.registry = CollectorRegistry()
        self.registry.register(Fleet(book, broker))

    def __call__(self, asked: dict[str, Any], answer: Any) -> Iterable[bytes]:
        """WSGI."""
        status, kind, body = self._page(asked.get("PATH_INFO", ""))
        answer(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _page(self, path: str) -> tuple[str, str, bytes]:
        if path == "/metrics":
            return "200 OK", CONTENT_TYPE_LATEST, generate_latest(self.registry)
        if path == "/health/live":
            return _said(lives(self.beat) if self.beat else {"pages": ""})
        if path == "/health/ready":
            return _said(ready(lambda: self.book, self.broker, self.allow_unsandboxed))
        return "404 Not Found", "text/plain", b"/metrics /health/live /health/ready\n"


def _said(found: dict[str, str]) -> tuple[str, str, bytes]:
    status = "503 Service Unavailable" if any(found.values()) else "200 OK"
    return status, "application/json", as_json(found).encode()


def as_json(found: dict[str, str]) -> str:
    """What is well, and what is not."""
    well = not any(found.values())
    told = {name: why or "ok" for name, why in found.items()}
    return json.dumps({"ok": well, **told}, sort_keys=True) + "\n"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Whoever connects and says nothing is not written down."""


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_: Any) -> None:
        """Whoever asks is not written down."""


def serve(pages: Pages, place: str) -> int:
    """The pages at HOST:PORT, beside the work; the port. Raises Usage."""
    host, _, port = place.rpartition(":")
    try:
        server = make_server(host or "127.0.0.1", int(port), pages, _Server, _Quiet)
    except (ValueError, OverflowError, OSError) as fault:
        raise errors.Usage(
            "--listen {place}: {why}.", place=place, why=str(fault).rstrip(".")
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_port)
