"""What a worker does beside its jobs: the silent are given up, the sleeping woken, notices sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.store.jobs import JobStore, Notice
from pipeline.worker.broker import MOST_WAITING, Broker
from pipeline.worker.desk import Desk
from pipeline.worker.hands import now_s
from pipeline.worker.logs import log
from pipeline.worker.webhook import Undelivered, Webhook

ROUND_S = 15.0  # seconds between two rounds
LOOK_S = 1.0  # seconds between two looks at what is missing
SEND_S = 1.0  # seconds between two looks for notices
HELD_S = 60  # seconds that a notice is one worker's
TRIES = 30  # of a notice, about a day long, after which it is given up (house rule)
FIRST_S, LONGEST_S = 5, 3600  # seconds until the second try; doubled each time, up to


class Post(NamedTuple):
    """By what notices go out."""

    webhook: Webhook | None = None
    broker: Broker | None = None

    @property
    def reaches(self) -> tuple[str, ...]:
        """What sorts of notices this worker can send; others are for others."""
        return (*(["webhook"] if self.webhook else []), *(["queue"] if self.broker else []))


def given_up(desk: Desk) -> int:
    """Jobs of workers that give no sign wait again; how many."""
    silent = desk.book.given_up(now_s())
    for taken in silent:
        if hands := desk.hands(taken):
            hands.worn()
    return len(silent)


def missing(book: JobStore, broker: Broker) -> int:
    """How many messages there are too few for the jobs that could be begun."""
    ready = min(book.ready(now_s()), MOST_WAITING)
    there = broker.waiting() if ready else None
    return max(0, ready - there) if there is not None else 0


def wake_up(
    book: JobStore,
    broker: Broker,
    stop: threading.Event,
) -> int:
    """What is missing, and still is a second later: one on its way is not; how many were sent."""
    if not missing(book, broker) or stop.wait(LOOK_S):
        return 0
    count = missing(book, broker)
    return broker.wake(count) if count else 0


def send_one(book: JobStore, post: Post) -> bool | None:
    """The next notice, if one is due: whether it arrived. None where none is due."""
    if not post.reaches:
        return None
    notice = book.due_notice(post.reaches, now_s(), now_s() + HELD_S)
    if notice is None:
        return None
    try:
        _send(notice, post)
    except Undelivered as fault:
        _not_delivered(book, notice, str(fault))
        return False
    book.sent(notice, "sent", now_s(), ("notices", f"{notice.to} sent"))
    log.info("told", to=notice.to, notice=notice.id[:16], tries=notice.tries)
    return True


def _send(notice: Notice, post: Post) -> None:
    """Raises Undelivered."""
    why = ""
    if post.webhook and notice.to == "webhook":
        post.webhook.send(notice.id, notice.body)
    elif post.broker:
        why = post.broker.publish(notice.queue, notice.body, notice.id)
    if why:
        raise Undelivered(why)


def _not_delivered(book: JobStore, notice: Notice, why: str) -> None:
    """Tried again later, twice as late each time; given up after a day, and that is said."""
    if notice.tries >= TRIES:
        book.sent(notice, "given_up", now_s(), ("notices", f"{notice.to} given_up"))
        log.error("not_told", to=notice.to, notice=notice.id[:16], why=why)
        return
    later = min(LONGEST_S, FIRST_S * 2 ** (notice.tries - 1))
    book.sent(notice, "waiting", now_s() + later, ("notices", f"{notice.to} failed"))
    log.warning("told_later", to=notice.to, notice=notice.id[:16], why=why, seconds=later)


class Keeper:
    """Its threads; they end with `stop`. A store that is away is waited for."""

    def __init__(
        self,
        desk: Desk,
        post: Post,
        stop: threading.Event,
        beat: Path | None = None,
    ) -> None:
        self.desk = desk
        self.post = post
        self.stop = stop
        self.beat = beat

    def start(self) -> None:
        """Beside the work."""
        for work, every in ((self.round, ROUND_S), (self.send, SEND_S)):
            threading.Thread(target=self._again, args=(work, every), daemon=True).start()

    def round(self) -> None:
        """One round."""
        if self.beat:
            self.beat.touch()
        given_up(self.desk)
        if self.post.broker:
            wake_up(self.desk.book, self.post.broker, self.stop)

    def send(self) -> None:
        """All that is due, until one does not arrive: the next may wait as long."""
        while not self.stop.is_set() and send_one(self.desk.book, self.post):
            pass

    def _again(self, work: Callable[[], None], every: float) -> None:
        while True:
            try:
                work()
            except Exception as fault:  # a keeper that ends would be missed by nobody
                log.warning("unwell", error=type(fault).__name__, says=str(fault)[:300])
            if self.stop.wait(every):
                return
