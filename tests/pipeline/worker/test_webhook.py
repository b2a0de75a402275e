"""A webhook whose receiver is down, slow, redirects, fails: told again, never doubled."""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.servers import free_port
from models.errors import Usage
from pipeline.store.jobs import End, JobStore, NewJob, Notice
from pipeline.store.repository import Store
from pipeline.worker import keeper
from pipeline.worker import webhook as hooks
from pipeline.worker.hands import now_s
from pipeline.worker.keeper import TRIES, Post, send_one
from pipeline.worker.webhook import Undelivered, Webhook, is_public, signature, webhook
from tests.conftest import Run

SECRET = b"0123456789abcdef0123456789abcdef"


class Receiver(ThreadingHTTPServer):
    """Answers as it is told, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers: list[int] = []
        self.slow_s = 0.0
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def hook(self) -> Webhook:
        url = urlsplit(f"http://127.0.0.1:{self.server_port}/told?by=us")
        return Webhook(url, SECRET, private=True)


class Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({**self.headers, "path": self.path}, body))
        if self.server.slow_s:
            time.sleep(self.server.slow_s)
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "http://169.254.169.254/")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def book(tmp_path: Path) -> JobStore:
    """With one notice that waits."""
    found = JobStore(Store(str(tmp_path / "store.db")))
    found.open("o", "{}", 0)
    found.add("o", [NewJob(b"a", False, "", "", "", None, "read", 0)], 0)
    one = found.take("w", 1)
    assert one is not None
    found.end(one, End("scored", "{}", notices=(Notice("n" * 64, "webhook", "", "{}"),)), 1)
    return found


def test_what_is_told_is_signed(receiver: Receiver) -> None:
    receiver.hook.send("n" * 64, '{"event": "test"}')
    ((headers, body),) = receiver.got
    parts = dict(part.split("=") for part in headers["Parcelproof-Signature"].split(","))
    wanted = hmac.new(SECRET, parts["t"].encode() + b"." + body, sha256).hexdigest()
    assert parts["v1"] == wanted == signature(SECRET, int(parts["t"]), body)
    assert abs(int(parts["t"]) - time.time()) < 60
    assert headers["Idempotency-Key"] == "n" * 64
    assert headers["path"] == "/told?by=us"
    assert json.loads(body) == {"event": "test"}


@pytest.mark.parametrize("answers", [[500, 503], [302], [301, 404], [429]])
def test_an_answer_that_is_no_yes_is_tried_again_with_the_same_key(
    receiver: Receiver, book: JobStore, monkeypatch: pytest.MonkeyPatch, answers: list[int]
) -> None:
    monkeypatch.setattr(keeper, "FIRST_S", 0)
    receiver.answers = list(answers)
    post = Post(receiver.hook)
    told = [send_one(book, post) for _ in range(len(answers) + 2)]
    assert told == [*[False] * len(answers), True, None]
    assert len(receiver.got) == len(answers) + 1, "no redirect is followed, nothing comes twice"
    assert {headers["Idempotency-Key"] for headers, _ in receiver.got} == {"n" * 64}
    assert book.tallied() == {
        ("notices", "webhook failed"): len(answers),
        ("notices", "webhook sent"): 1,
    }


def test_a_receiver_that_is_down_is_waited_for_longer_each_time(book: JobStore) -> None:
    post = Post(Webhook(urlsplit(f"http://127.0.0.1:{free_port()}/"), SECRET, private=True))
    assert send_one(book, post) is False
    assert send_one(book, post) is None, "not before some seconds"
    assert book.due_notice(["webhook"], now_s() + 4, 0) is None
    assert book.due_notice(["webhook"], now_s() + 6, 0) is not None
    assert book.notices_waiting() == 1


def test_a_slow_receiver_is_let_go(
    receiver: Receiver, book: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "WHOLE_S", 0.3)
    receiver.slow_s = 5
    began = time.monotonic()
    assert send_one(book, Post(receiver.hook)) is False
    assert time.monotonic() - began < 3
    assert book.notices_waiting() == 1


def test_a_receiver_that_says_a_byte_now_and_then_is_let_go(
    book: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "WHOLE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            there, _ = server.accept()
            with there:
                for _ in range(40):
                    try:
                        there.sendall(b"H")
                    except OSError:
                        return
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        url = urlsplit(f"http://127.0.0.1:{server.getsockname()[1]}/")
        began = time.monotonic()
        assert send_one(book, Post(Webhook(url, SECRET, private=True))) is False
        assert time.monotonic() - began < 3
    assert book.notices_waiting() == 1


def test_after_a_day_it_is_given_up_and_counted(
    book: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_S", 0)
    down = Post(Webhook(urlsplit(f"http://127.0.0.1:{free_port()}/"), SECRET, private=True))
    for _ in range(TRIES):
        assert send_one(book, down) is False
    assert send_one(book, down) is None
    assert book.tallied()["notices", "webhook given_up"] == 1
    assert book.notices_waiting() == 0


def test_who_knows_no_webhook_leaves_it_to_others(book: JobStore) -> None:
    assert send_one(book, Post()) is None
    assert book.tallied() == {}
    assert book.notices_waiting() == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fec0::1", False),
        ("::127.0.0.1", False),
        ("64:ff9b:1::a00:1", False),
        ("::ffff:0:127.0.0.1", False),
        ("5f00::1", False),
        ("192.88.99.1", False),
    ],
)
def test_which_addresses_everybody_can_reach(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@given(st.ip_addresses(v=4))
def test_no_private_address_hides_in_another(address: ipaddress.IPv4Address) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        within = ipaddress.IPv6Address(f"{prefix}{address}")
        assert is_public(address) or not is_public(within)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"])
def test_a_private_network_is_not_spoken_to(host: str) -> None:
    hook = Webhook(urlsplit(f"https://{host}:1/"), SECRET)
    with pytest.raises(Undelivered, match="private network"):
        hook.send("n", "{}")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://example.org/", False),
        ("ftp://example.org/", True),
        ("https://user:password@example.org/", False),
        ("https:///path", False),
        ("https://example.org:0/", False),
        ("https://example.org:port/", False),
        ("https://[::1/", False),
        ("/path", True),
    ],
)
def test_what_is_no_address_for_a_webhook(tmp_path: Path, url: str, private: bool) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    with pytest.raises(Usage):
        webhook(url, secret, private)


def test_the_secret_is_the_operators_alone(tmp_path: Path) -> None:
    with pytest.raises(Usage, match="--webhook-secret"):
        webhook("https://example.org/", None, False)
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o644)
    with pytest.raises(Usage, match="may be read by others"):
        webhook("https://example.org/", secret, False)


def test_the_command_sends_one_and_says_what_came_back(
    run: Run, receiver: Receiver, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    words = ["webhook", "test", f"http://127.0.0.1:{receiver.server_port}/", "--webhook-private"]
    done = run(*words, "--webhook-secret", secret)
    assert (done.returncode, len(receiver.got)) == (0, 1)
    assert "answered 204" in done.stdout
    receiver.answers = [500]
    done = run(*words, "--webhook-secret", secret)
    assert done.returncode == 69
    assert "answered 500" in done.stderr
