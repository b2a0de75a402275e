"""What a bucket tells of new objects, by a queue of Amazon's: each becomes a job of the store.

A message is taken off once its job is in the store. Whether an object is new, the object itself
says, as it is now: so messages may come twice, late, or in any order. What is no such message ends
by its name and holds up nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote_plus

from models import errors
from models.policy import Policy
from pipeline.batch.bucket import Bucket
from pipeline.batch.jobs import CASE_FILE, Entry, Job, stamp_of, told
from pipeline.store.jobs import JobStore
from pipeline.worker.entering import new_job
from pipeline.worker.hands import now_s
from pipeline.worker.logs import log
from pipeline.worker.orders import Order

WAIT_S = 20  # seconds that a question waits for messages (the most that SQS allows)
TOGETHER = 10  # messages of one answer (the most that SQS allows)
DEEPEST = 8  # folders above an object in which a case file is looked for (house rule)
LONGEST = 1 << 20  # characters of a message that are read
CONNECT_S = 10  # seconds that a server is waited for

Became = Literal[
    "entered",
    "part",
    "known",
    "gone",
    "removed",
    "other_event",
    "not_ours",
    "not_media",
    "test",
    "garbage",
]


Forget = Callable[[str, list[str]], None]


class Told(NamedTuple):
    """One object that a message tells of: what happened to it, where, and its key."""

    event: str
    bucket: str
    key: str


class Round(NamedTuple):
    """Messages of one answer, how many of them were taken off, and jobs that are new."""

    heard: int
    messages: int
    entered: int


class Intake:
    """Makes jobs of what messages tell. `facts`: the operator's of single ones, as JSON by name.

    `forget`: files that were read one by one turn out to be one submission.
    """

    def __init__(
        self,
        book: JobStore,
        order: Order,
        bucket: Bucket,
        rules: Policy,
        facts: Mapping[bytes, str] | None = None,
        forget: Forget = lambda _source, _names: None,
    ) -> None:
        self.book = book
        self.forget = forget
        self.order = order
        self.bucket = bucket
        self.rules = rules
        self.facts = facts or {}

    def take(self, body: str) -> Counter[Became]:
        """What became of each object of a message. Raises what a bucket and a store end with."""
        became: Counter[Became] = Counter()
        some = list(told_by(body))
        if not some:
            became["test" if is_test(body) else "garbage"] += 1
        for one in some:
            became[self._entered(one)] += 1
        self.book.count({("events", name): count for name, count in became.items()})
        return became

    def _entered(self, one: Told) -> Became:
        mine = one.bucket == self.bucket.objects.place.bucket
        if not mine or not one.key.startswith(self.bucket.objects.place.prefix):
            return "not_ours"
        event = one.event.lower()
        if "remove" in event or "delete" in event:
            return "removed"
        if "created" not in event:
            return "other_event"
        try:
            entry = self.bucket.entry(one.key)
            folder = self._folder(one.key)
        except errors.Missing:
            return "gone"
        if entry is None:
            return "not_ours"
        if folder is not None:
            return self._of_folder(folder)
        if entry.sort != "media":  # a case file at the top of all is nobody's
            return "not_media"
        return self._added(self._job(entry.name, entry.stamp), ())

    def _folder(self, key: str) -> str | None:
        """The outermost folder above it, within ours, that has a case file."""
        prefix = self.bucket.objects.place.prefix
        above = key[len(prefix) :].split("/")[:-1][:DEEPEST]
        for depth in range(1, len(above) + 1):
            folder = prefix + "/".join(above[:depth])
            if self.bucket.has(f"{folder}/{CASE_FILE.decode()}"):
                return folder
        return None

    def _of_folder(self, folder: str) -> Became:
        """All that lies in it by now is one job."""
        parts = sorted(self.bucket.below(folder))
        stamp = stamp_of((part.name, part.stamp) for part in parts)
        name = folder.encode(errors="surrogateescape")
        self.book.withdraw(self.order.id, [part.name for part in parts])
        self.forget(self.bucket.address, [told(part.name) for part in parts])
        became = self._added(self._job(name, stamp, True), parts)
        return "part" if became == "known" else became

    def _job(self, name: bytes, stamp: str, folder: bool = False) -> Job:
        facts = self.facts.get(name, "")
        return Job(0, name, folder, stamp, 0, 0, "", 0, facts)

    def _added(self, job: Job, parts: tuple[Entry, ...] | list[Entry]) -> Became:
        self.book.open(self.order.id, self.order.model_dump_json(), now_s())
        one = new_job(self.order, self.rules, job, parts)
        return "entered" if self.book.add(self.order.id, [one], now_s(), anew=False) else "known"


def told_by(body: str) -> Iterator[Told]:
    """The objects that a message of S3 tells of, also by SNS or EventBridge; none of any other."""
    try:
        said = json.loads(body[:LONGEST])
        if isinstance(said, dict) and isinstance(said.get("Message"), str):
            said = json.loads(said["Message"])
    except (ValueError, RecursionError):
        return
    if not isinstance(said, dict):
        return
    records = said.get("Records")
    for record in records if isinstance(records, list) else ():
        if one := _of_record(record):
            yield one
    if one := _of_event_bridge(said):
        yield one


def _of_record(record: Any) -> Told | None:
    """Keys are written as in a form: a space is a plus sign."""
    try:
        event, there = record["eventName"], record["s3"]
        bucket, key = there["bucket"]["name"], unquote_plus(there["object"]["key"], errors="strict")
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return _told(event, bucket, key)


def _of_event_bridge(said: Mapping[str, Any]) -> Told | None:
    try:
        event, detail = said["detail-type"], said["detail"]
        return _told(event, detail["bucket"]["name"], detail["object"]["key"])
    except (KeyError, TypeError):
        return None


def _told(event: Any, bucket: Any, key: Any) -> Told | None:
    words = (event, bucket, key)
    if not all(isinstance(word, str) and word for word in words):
        return None
    try:
        key.encode()
    except UnicodeEncodeError:  # half a character is no key
        return None
    return Told(*words)


def is_test(body: str) -> bool:
    """What S3 sends when the queue is named."""
    try:
        said = json.loads(body[:LONGEST])
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("Event") == "s3:TestEvent"


class EventQueue:
    """A queue of Amazon's, by its address."""

    def __init__(self, address: str) -> None:
        self.address = address

    @cached_property
    def client(self) -> Any:
        """Credentials, region and address as every program of Amazon's takes them."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"mode": "standard"}, connect_timeout=CONNECT_S, read_timeout=WAIT_S + CONNECT_S
        )
        try:
            return boto3.session.Session().client("sqs", config=config)
        except (BotoCoreError, ValueError) as fault:
            raise errors.NoBroker("No queue can be reached: {why}.", why=str(fault)) from None

    def check(self) -> None:
        """Before the work. Raises NoBroker."""
        self._asked(
            lambda: self.client.get_queue_attributes(QueueUrl=self.address, AttributeNames=["All"])
        )

    def work_off(self, take: Callable[[str], Counter[Became]], wait_s: int = WAIT_S) -> Round:
        """The next messages, each taken off once it was taken in.

        Raises NoBroker. What the bucket or the store cannot do now leaves its message where it is.
        """
        answer = self._asked(
            lambda: self.client.receive_message(
                QueueUrl=self.address,
                MaxNumberOfMessages=TOGETHER,
                WaitTimeSeconds=wait_s,
            )
        )
        messages = entered = 0
        for message in answer.get("Messages", ()):
            body = str(message.get("Body", ""))
            try:
                became = take(body)
            except Exception as fault:  # one bad message never holds up the rest
                error = type(fault).__name__
                log.warning("event_later", error=error, message=message.get("MessageId"))
                continue
            entered += became["entered"]
            log.info("event", message=message.get("MessageId"), became=dict(became))
            self._take_off(message["ReceiptHandle"])
            messages += 1
        return Round(len(answer.get("Messages", ())), messages, entered)

    def _take_off(self, receipt: str) -> None:
        self._asked(
            lambda: self.client.delete_message(QueueUrl=self.address, ReceiptHandle=receipt)
        )

    def _asked(self, ask: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        try:
            return ask()
        except (BotoCoreError, ClientError, HTTPError, OSError) as fault:
            answer = getattr(fault, "response", None) or {}
            said = str(answer.get("Error", {}).get("Message") or fault)
            why = said[:300].rstrip(".")
            raise errors.NoBroker("The queue cannot be used: {why}.", why=why) from None
