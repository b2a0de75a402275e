"""What a bucket tells by a real queue: twice, late, out of order, nonsense; nothing blocks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
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
from pipeline.store.jobs import End, JobStore
from pipeline.store.repository import Store
from pipeline.worker.events import EventQueue, Intake, is_test, told_by
from pipeline.worker.hands import now_s
from pipeline.worker.orders import Order
from tests.pipeline.conftest import Cloud


class Post(NamedTuple):
    """A queue of SQS, and what takes its messages in."""

    client: Any
    address: str
    queue: EventQueue
    intake: Intake
    book: JobStore

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.client.send_message(QueueUrl=self.address, MessageBody=body)

    def hear(self) -> Counter[str]:
        """What became of all that waits."""
        told: Counter[str] = Counter()
        before = self.book.tallied()
        while self.queue.work_off(self.intake.take, wait_s=0):
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
    intake = Intake(book, order, batch.source, policy("generic"), facts)
    yield Post(client, address, EventQueue(address), intake, book)
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
        event("in/gone.jpg"),
        event("in/a.jpg", "ObjectRemoved:Delete"),
        event("in/a.jpg", "ObjectRestore:Completed"),
        event("elsewhere/b.jpg"),
        event("in/a.jpg", bucket="somebody-elses"),
        event("in/notes.txt"),
        event("in/folder/"),
        event("in/a.jpg"),
    )
    assert post.hear() == {
        "test": 1,
        "garbage": 6,
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
    assert (round_.messages, round_.entered) == (1, 0)
    assert post.waiting() == 1


@given(st.text())
def test_no_text_is_too_odd(body: str) -> None:
    assert list(told_by(body)) == []
    assert not is_test(body)


def test_a_queue_that_is_not_there_is_said(cloud: Cloud, post: Post) -> None:
    with pytest.raises(errors.NoBroker):
        EventQueue(post.address + "-not").check()
