"""What a bucket tells by a real queue: twice, late, out of order, nonsense; nothing blocks."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import errors
from models.packs import policy
from models.settings import Settings
from models.submission import Case
from pipeline.batch.bucket import Bucket
from pipeline.store.jobs import End, JobStore, NewJob
from pipeline.store.repository import Store
from pipeline.worker.desk import Desk
from pipeline.worker.events import EventQueue, Intake, is_test, told_by
from pipeline.worker.habits import Habits
from pipeline.worker.hands import now_s
from pipeline.worker.keeper import Keeper
from pipeline.worker.keeper import Post as KeepersPost
from pipeline.worker.orders import Order
from pipeline.worker.runs import once
from tests.pipeline.conftest import Cloud


class Post(NamedTuple):
    """A queue of SQS, and what takes its messages in."""

    client: Any
    address: str
    queue: EventQueue
    intake: Intake
    book: JobStore
    store: Store

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.address, MessageBody=body)

    def hear(self) -> Counter[str]:
        """What became of all that waits."""
        told: Counter[str] = Counter()
        before = self.book.tallied()
        while self.queue.work_off(self.intake.take, wait_s=0).heard:
            pass
        for (name, label), count in self.book.tallied().items():
            grown = count - before.get((name, label), 0)
            if name == "events" and grown:
                told[label] = int(grown)
        return told

    def waiting(self) -> int:
        asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.client.get_queue_attributes(QueueUrl=self.address, AttributeNames=asked)
        return sum(int(count) for count in told["Attributes"].values())


@pytest.fixture
def post(cloud: Cloud, tmp_path: Path) -> Iterator[Post]:
    client = boto3.client("sqs")
    address = client.create_queue(QueueName="events")["QueueUrl"]
    order = Order(
        source="s3://uploads/in/",
        out="s3://results/out/",
        policy="generic",
        case=Case(source="operator"),
    )
    batch = order.batch(Store(str(tmp_path / "store.db")), Settings(allow_unsandboxed=True))
    book = JobStore(batch.store)
    assert isinstance(batch.source, Bucket)
    facts = {b"in/known.jpg": '{"order_id": "576920418365107249"}'}
    rules, store = policy("generic"), batch.store
    intake = Intake(book, order, batch.source, rules, facts, store.forget)
    yield Post(client, address, EventQueue(address), intake, book, store)
    client.delete_queue(QueueUrl=address)


def event(key: str, name: str = "ObjectCreated:Put", bucket: str = "uploads") -> str:
    there = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}
    return json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": name, "s3": there}]})


def taken(book: JobStore) -> list[tuple[bytes, bool]]:
    found = []
    while one := book.take("w", now_s()):
        found.append((one.name, one.folder))
    return found


def test_an_object_becomes_a_job_once_however_often_it_is_told(cloud: Cloud, post: Post) -> None:
    cloud.put("in/a.jpg", b"1")
    post.send(*[event("in/a.jpg")] * 3)
    assert post.hear() == {"entered": 1, "known": 2}
    assert post.waiting() == 0
    (one,) = [post.book.take("w", now_s())]
    assert one is not None
    post.book.end(one, End("scored", "{}"), now_s())
    post.send(event("in/a.jpg"))
    assert post.hear() == {"known": 1}
    cloud.put("in/a.jpg", b"another one")
    post.send(event("in/a.jpg", "ObjectCreated:CompleteMultipartUpload"), event("in/a.jpg"))
    assert post.hear() == {"entered": 1, "known": 1}


@pytest.mark.parametrize(
    "key", ["in/ü =x+.jpg", "in/a b/c%2F.jpg", "in/..//x.jpg", "in/\u202egpj.jpg", "in/%02d.jpg"]
)
def test_keys_are_written_as_in_a_form(cloud: Cloud, post: Post, key: str) -> None:
    cloud.put(key, b"1")
    post.send(event(key))
    assert post.hear() == {"entered": 1}
    assert taken(post.book) == [(key.encode(), False)]


def test_everything_else_ends_by_its_name_and_blocks_nothing(cloud: Cloud, post: Post) -> None:
    cloud.put("in/a.jpg", b"1")
    cloud.put("in/notes.txt", b"1")
    cloud.put("elsewhere/b.jpg", b"1")
    post.send(
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "uploads"}),
        "garbage",
        "[]",
        "null",
        '{"Records": [1, null, {}, {"eventName": 1, "s3": []}]}',
        '{"Records": "none"}',
        "[" * 5000,
        '{"detail-type": "Object Created", "detail": {"bucket": {"name": "uploads"}, '
        '"object": {"key": "in/\\ud800.jpg"}}}',
        event("in/gone.jpg"),
        event("in/a.jpg", "ObjectRemoved:DeleteMarkerCreated"),
        event("in/a.jpg", "ObjectRestore:Completed"),
        event("elsewhere/b.jpg"),
        event("in/a.jpg", bucket="somebody-elses"),
        event("in/notes.txt"),
        event("in/folder/"),
        event("in/a.jpg"),
    )
    assert post.hear() == {
        "test": 1,
        "garbage": 7,
        "gone": 2,
        "removed": 1,
        "other_event": 1,
        "not_ours": 2,
        "not_media": 1,
        "entered": 1,
    }
    assert post.waiting() == 0
    assert taken(post.book) == [(b"in/a.jpg", False)]


def test_a_folder_with_a_case_file_is_one_submission_in_whatever_order_it_is_told(
    cloud: Cloud, post: Post
) -> None:
    for key in ("in/case-1/a.jpg", "in/case-1/sub/b.jpg"):
        cloud.put(key, b"1")
        post.send(event(key))
    assert post.hear() == {"entered": 2}
    cloud.put("in/case-1/case.toml", b"")
    post.send(event("in/case-1/case.toml"), event("in/case-1/a.jpg"))
    assert post.hear() == {"entered": 1, "part": 1}
    cloud.put("in/case-1/sub/c.jpg", b"late")
    post.send(event("in/case-1/sub/c.jpg"))
    assert post.hear() == {"entered": 1}
    assert taken(post.book) == [(b"in/case-1", True)]


def test_files_that_were_read_before_their_case_file_came_are_no_second_submission(
    cloud: Cloud, post: Post, photo: Path
) -> None:
    """Nobody is told that footage of a submission stands in another, which is itself."""
    cloud.put("in/case-1/a.jpg", photo.read_bytes())
    post.send(event("in/case-1/a.jpg"))
    post.hear()
    desk = Desk(post.store, Habits(Settings(allow_unsandboxed=True)))
    assert once(desk, 1, Keeper(desk, KeepersPost(), threading.Event())) == 1
    cloud.put("in/case-1/case.toml", b"")
    post.send(event("in/case-1/case.toml"))
    assert post.hear() == {"entered": 1}
    assert once(desk, 1, Keeper(desk, KeepersPost(), threading.Event())) == 1
    (one,) = post.book.ended(post.intake.order.id, [(b"in/case-1", True)])
    assert (one.state, json.loads(one.row)["reused"]) == ("scored", 0)
    assert post.book.counts() == {("scored", ""): 1}


def test_events_go_on_after_a_purge(cloud: Cloud, post: Post) -> None:
    cloud.put("in/a.jpg", b"1")
    post.send(event("in/a.jpg"))
    assert post.hear() == {"entered": 1}
    one = post.book.take("w", now_s())
    assert one is not None
    post.book.end(one, End("failed", "{}"), now_s())
    post.store.purge(datetime.now(UTC) + timedelta(days=1))
    assert post.book.counts() == {}
    cloud.put("in/b.jpg", b"1")
    post.send(event("in/b.jpg"))
    assert post.hear() == {"entered": 1}


def test_a_key_never_becomes_a_path(cloud: Cloud, post: Post, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    order = Order(
        source="s3://uploads/", out=str(out), policy="generic", case=Case(source="operator")
    )
    keys = ["in/../../escaped.jpg", f"{tmp_path}/absolute.jpg", "a/./b.jpg", f"{'x' * 600}.jpg"]
    desk = Desk(post.store, Habits(Settings(allow_unsandboxed=True)))
    desk.book.open(order.id, order.model_dump_json(), now_s())
    for key in keys:
        cloud.put(key, photo.read_bytes())
        job = NewJob(key.encode(), False, "1", "[]", "", None, "read", 0)
        desk.book.add(order.id, [job], now_s())
    once(desk, 1, Keeper(desk, KeepersPost(), threading.Event()))
    assert desk.book.counts() == {("scored", ""): len(keys)}
    written = {path.parent for path in tmp_path.rglob("report.json")}
    assert written == {out / sha256(key.encode()).hexdigest()[:32] for key in keys}


def test_the_operators_facts_go_with_the_job(cloud: Cloud, post: Post) -> None:
    cloud.put("in/known.jpg", b"1")
    post.send(event("in/known.jpg"))
    post.hear()
    one = post.book.take("w", now_s())
    assert one is not None
    assert json.loads(one.facts) == {"order_id": "576920418365107249"}


def test_other_envelopes(cloud: Cloud, post: Post) -> None:
    """By SNS, and by EventBridge, which writes keys as they are."""
    for key in ("in/a b.jpg", "in/c+d.jpg"):
        cloud.put(key, b"1")
    bridge = {
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": "uploads"}, "object": {"key": "in/c+d.jpg"}},
    }
    post.send(
        json.dumps({"Type": "Notification", "Message": event("in/a b.jpg")}), json.dumps(bridge)
    )
    assert post.hear() == {"entered": 2}
    assert sorted(taken(post.book)) == [(b"in/a b.jpg", False), (b"in/c+d.jpg", False)]


def test_what_the_bucket_cannot_say_now_leaves_its_message(cloud: Cloud, post: Post) -> None:
    cloud.put("in/a.jpg", b"1")
    post.send(event("in/a.jpg"), "garbage")

    def take(body: str) -> Counter[Any]:
        if "a.jpg" in body:
            raise errors.BucketFailed("It is away.")
        return post.intake.take(body)

    round_ = post.queue.work_off(take, wait_s=0)
    assert (round_.heard, round_.messages, round_.entered) == (2, 1, 0)
    assert post.waiting() == 1


@given(st.text())
def test_no_text_is_too_odd(body: str) -> None:
    assert list(told_by(body)) == []
    assert not is_test(body)


def test_a_queue_that_is_not_there_is_said(cloud: Cloud, post: Post) -> None:
    with pytest.raises(errors.NoBroker):
        EventQueue(post.address + "-not").check()
