"""Celery on real brokers: nothing is acknowledged early, lost, or done twice; odd messages end."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from kombu import entity

from bench import killed, servers, workers
from bench.workers import BROKERS, Yard
from pipeline.store.jobs import JobStore
from pipeline.store.repository import Store
from pipeline.worker.broker import DEAD, DELIVERIES, GRACE_S, QUEUE, Broker
from tests.conftest import ROOT
from tests.pipeline.conftest import Cloud
from tests.pipeline.worker.test_worker import ROUTES

THERE = {"rabbitmq": servers.RABBITMQ.is_file(), "redis": bool(servers.REDIS)}
pytestmark = pytest.mark.services
PATIENCE_S = 60.0
HERE = Path("/tmp/parcelproof-was-here")
PICKLE = f"cos\nsystem\n(S'touch {HERE}'\ntR.".encode()


def waited(holds: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module", params=["rabbitmq", "redis"])
def broker(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    if not THERE[request.param]:
        pytest.skip(f"{request.param} is not installed here (make test-services)")
    with BROKERS[request.param]() as server:
        yield server


def file_store(path: Path) -> servers.Server:
    return servers.Server([], 0, str(path), {})


@pytest.fixture
def yard(broker: servers.Server, tmp_path: Path) -> Iterator[Yard]:
    """With a store in a file."""
    found = Yard(tmp_path, broker, file_store(tmp_path / "jobs.db"))
    (tmp_path / "in").mkdir()
    yield found
    found.stop()
    with (
        contextlib.suppress(Exception),
        Broker(broker.address, 60).app.connection_for_write() as connection,
    ):
        connection.default_channel.queue_purge(QUEUE)


def book_of(found: Yard) -> JobStore:
    return JobStore(Store(found.store.address))


def test_nothing_is_acknowledged_before_it_is_done(yard: Yard) -> None:
    """While a job is worked on its message is not off the queue; with the worker it comes back."""
    shutil.copy(ROOT / "sample_media" / "main.mp4", yard.base / "in")
    broker = Broker(yard.broker.address, 600)
    assert yard.order("--no-wait").wait(PATIENCE_S) == 0
    worker = yard.start_worker()
    assert waited(lambda: book_of(yard).counts() == {("working", "read"): 1})
    time.sleep(1)
    assert broker.waiting() == 0
    if broker.scheme == "redis":
        import redis

        assert redis.Redis.from_url(yard.broker.address).hlen("unacked") == 1
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(30)
    if broker.scheme == "amqp":
        assert waited(lambda: broker.waiting() == 1)
    conf = broker.app.conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.worker_prefetch_multiplier, conf.accept_content) == (1, ["json"])
    assert conf.task_time_limit == 600 + GRACE_S
    limit = conf.broker_transport_options.get("visibility_timeout", conf.task_time_limit + 1)
    assert limit > conf.task_time_limit


def test_killed_in_turn_and_the_poison_stops_at_three(yard: Yard) -> None:
    killed.draw(yard.base / "in", 12, seed=3)
    yard.site = killed.plant(yard.base / "site")
    yard.words = ("--limit", f"silence_s={killed.SILENCE_S}")
    yard.start_worker()
    yard.start_worker()
    ordered = yard.order()
    for what in ("reader", "process", "worker"):
        assert waited(lambda what=what: bool(workers.kill_one(yard, what)))
    yard.broker.kill()
    yard.broker.start()
    assert ordered.wait(180) == 75
    assert list(workers.checked(yard)) == []
    book = book_of(yard)
    assert book.tallied()["strikes", "OutOfMemory"] == 3
    assert book.counts() == {("scored", ""): 12, ("quarantined", ""): 3}


def test_messages_of_others_end_and_hold_up_nothing(yard: Yard) -> None:
    """Neither garbage, nor an unknown task, nor a pickle, which is never opened."""
    killed.draw(yard.base / "in", 2, seed=4)
    for name in killed.GREYS:
        (yard.base / "in" / f"{name}.png").unlink()
    broker = Broker(yard.broker.address, 60)
    broker.declare()
    with broker.app.connection_for_write() as connection, connection.Producer() as producer:
        for body, kind, encoding in (
            (b"garbage", "application/data", "binary"),
            (
                b"cos\nsystem\n(S'touch /tmp/parcelproof-was-here'\ntR.",
                "application/x-python-serialize",
                "binary",
            ),
            (b"{", "application/json", "utf-8"),
            (b"[]", "application/json", "utf-8"),
            (b'[[], {}, {"task": "os.system"}]', "application/json", "utf-8"),
        ):
            producer.publish(
                body,
                routing_key=QUEUE,
                exchange=QUEUE,
                serializer=None,
                content_type=kind,
                content_encoding=encoding,
            )
        broker.app.send_task("no.such.task", producer=producer)
    yard.start_worker()
    ordered = yard.order()
    assert ordered.wait(PATIENCE_S) == 0
    with (yard.base / "out" / "summary.csv").open(newline="") as file:
        assert [row["outcome"] for row in csv.DictReader(file)] == ["scored", "scored"]
    assert not HERE.exists()
    assert waited(lambda: broker.waiting() == 0)


def test_a_submission_lands_on_the_queue_of_its_route(yard: Yard) -> None:
    killed.draw(yard.base / "in", 1, seed=5)
    for name in killed.GREYS:
        (yard.base / "in" / f"{name}.png").unlink()
    routes = yard.base / "routes.toml"
    routes.write_text(ROUTES)
    yard.words = ("--routes", str(routes))
    yard.start_worker()
    assert yard.order().wait(PATIENCE_S) == 0
    broker = Broker(yard.broker.address, 60)
    found = []

    def came() -> bool:
        with broker.app.connection_for_read() as connection:
            message = entity.Queue("look").bind(connection.default_channel).get(no_ack=True)
            if message is not None:
                found.append(message.payload)
        return bool(found)

    assert waited(came)
    (body,) = found
    assert (body["event"], body["queue"], body["band"]) == (
        "submission.scored",
        "look",
        "insufficient",
    )
    assert "photo-0000" not in json.dumps(body)


def test_what_is_laid_aside_after_many_deliveries(yard: Yard) -> None:
    """RabbitMQ: a message that ends no worker's step goes to a queue of its own."""
    broker = Broker(yard.broker.address, 60)
    if broker.scheme != "amqp":
        pytest.skip("only RabbitMQ counts deliveries")
    broker.declare()
    assert list(broker.app.amqp.queues) == [QUEUE], "no worker takes what was laid aside"
    broker.wake(1)
    with broker.app.connection_for_read() as connection:
        for _ in range(DELIVERIES + 2):
            message = broker.app.amqp.queues[QUEUE].bind(connection.default_channel).get()
            if message is None:
                break
            message.requeue()
            time.sleep(0.05)
        dead = entity.Queue(DEAD).bind(connection.default_channel)
        assert waited(lambda: dead.get(no_ack=True) is not None, 10)


def test_once_takes_what_waits_off_the_queue_and_ends(yard: Yard) -> None:
    killed.draw(yard.base / "in", 3, seed=6)
    for name in killed.GREYS:
        (yard.base / "in" / f"{name}.png").unlink()
    assert yard.order("--no-wait").wait(PATIENCE_S) == 0
    broker = Broker(yard.broker.address, 60)
    assert waited(lambda: broker.waiting() == 3)
    yard.words = ("--once",)
    assert yard.start_worker().wait(PATIENCE_S) == 0
    assert broker.waiting() == 0
    assert book_of(yard).counts() == {("scored", ""): 3}


def test_on_sqs(cloud: Cloud, photo: Path, tmp_path: Path) -> None:
    """Celery's own messages by Amazon's queue, from a bucket to a bucket."""
    for name in ("a.jpg", "b.jpg"):
        cloud.put(name, photo.read_bytes())
    host = cloud.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    there = servers.Server([], 0, f"sqs://testing:testing@{host}/", {})
    found = Yard(tmp_path, there, file_store(tmp_path / "jobs.db"))
    (tmp_path / "in").mkdir()
    shutil.copy(photo, tmp_path / "in" / "a.jpg")
    try:
        found.start_worker()
        assert found.order().wait(PATIENCE_S) == 0
        assert book_of(found).counts() == {("scored", ""): 1}
        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert int(told["VisibilityTimeout"]) > 0
    finally:
        found.stop()
