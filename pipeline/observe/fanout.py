"""Fan-out: one stream past many detectors, each in its own thread, at its own pace.

Behind bounded queues: while one is slow, the decoder waits instead of filling the memory.
"""

from __future__ import annotations

import importlib.util
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, NamedTuple

from models.detector import Bytes, Detector, Frames, Packets, Seen, Sounds, Streamed, Tell
from models.media import File, Media, Packet, Sound
from models.observation import Observation, Outcome, Run, named, of
from pipeline.observe.picture import Picture

FULL_SIZE = 640  # pixels: views from this side on are handed over one by one, smaller in batches
BATCH = {True: 1, False: 64}  # items handed over at a time, by whether they are full-size
DEPTH = {True: 3, False: 4}  # batches waiting for one detector
NO_MEMORY = -4  # OpenCV's code for it (cv2.Error.StsNoMem)
LONGEST_REASON = 500  # characters
PATIENCE_S = 0.2  # seconds after which a full queue is looked at again

Tick = Callable[[Any], None]
Items = list[Streamed]


class Outcomes(NamedTuple):
    """What all detectors of one stream came to."""

    runs: tuple[Run, ...]
    observations: tuple[Observation, ...]


class Worker:
    """One detector's thread, queue and result.

    Detectors of small items share a lock: side by side they would mostly wait for the interpreter
    and each other. `None` in the queue is the end of the stream.
    """

    def __init__(
        self,
        detector: Detector,
        media: Media,
        lock: AbstractContextManager[object],
        tell: Tell,
    ) -> None:
        self.detector = detector
        self.media = media
        self.tell = tell
        full_size = _is_full_size(detector)
        self.batch_size = BATCH[full_size]
        self.lock = nullcontext() if full_size else lock
        self.gathered: Items = []
        self.items: queue.Queue[Items | None] = queue.Queue(DEPTH[full_size])
        self.finished = threading.Event()
        self.streaming = True
        self.due = -float("inf")
        self.seen: list[Observation] = []
        self.run: Run | None = None
        self.starved = False
        self.sources: Sequence[Worker] = ()
        self.thread = threading.Thread(
            target=self._work,
            name=detector.name,
            daemon=True,
        )

    def offer(self, item: Streamed) -> None:
        """Hand over one item, with others of its batch."""
        self.gathered.append(item)
        if len(self.gathered) >= self.batch_size:
            self._flush()

    def end(self) -> None:
        """Hand over what is left, and the end of the stream."""
        if self.gathered:
            self._flush()
        self._put(None)

    def _flush(self) -> None:
        batch = self.gathered
        self.gathered = []
        self._put(batch)

    def _put(self, batch: Items | None) -> None:
        """Forgotten at once where the detector has already returned."""
        while not self.finished.is_set():
            with suppress(queue.Full):
                self.items.put(batch, timeout=PATIENCE_S)
                break

    def offer_picture(self, picture: Picture, wants: Frames) -> None:
        """Hand over the view that is wanted, where one is due."""
        due = self._is_due(picture.pts, wants.rate)
        if due and not self.finished.is_set():
            self.offer(picture.view(wants.side, wants.colour))

    def _is_due(self, pts: float, rate: float | None) -> bool:
        """Counting starts anew where time goes back, as in joined recordings."""
        if rate is None:
            return True
        if self.due - 2 / rate <= pts < self.due:
            return False
        late = abs(pts - self.due) > 0.5 / rate
        self.due = (pts if late else self.due) + 1 / rate
        return True

    def _stream(self) -> Iterator[Streamed]:
        while (batch := self.items.get()) is not None:
            with self.lock:
                yield from batch
        self.streaming = False

    def _work(self) -> None:
        """The thread: run the detector, keep what it saw or why it failed."""
        began = time.thread_time()
        reason = ""
        missing = [need for need in self.detector.needs if not _is_installed(need)]
        outcome: Outcome = "skipped" if missing else "completed"
        try:
            if missing:
                names = ", ".join(missing).replace("|", " or ")
                reason = f"needs {names}, which is not installed"
            else:
                self._observe()
        except BaseException as fault:  # the one place where a detector's failure is caught
            self.starved = isinstance(fault, MemoryError) or getattr(fault, "code", 0) == NO_MEMORY
            reason = f"{type(fault).__name__}: {fault}"[:LONGEST_REASON]
            outcome, self.seen = "failed", []
        self.run = Run(
            detector=self.detector.name,
            version=self.detector.version,
            outcome=outcome,
            reason=reason,
            sees=named(self.detector.sees),
            cpu_s=round(time.thread_time() - began, 4),
        )
        self.finished.set()

    def _observe(self) -> None:
        """Raises ValueError where the detector sees what it never declared."""
        work = self.detector.run(
            self._stream(),
            self.media,
            Finished(self),
            self.tell,
        )
        for seen in work:
            if type(seen) not in self.detector.sees:
                raise ValueError(f"saw {seen.kind!r}, which it never declared")
            self.seen.append(seen)

    def numbered(self) -> Iterator[Observation]:
        """What was seen, in order, with the detector's name and a running number."""
        name = self.detector.name
        for number, seen in enumerate(sorted(self.seen, key=lambda one: one.order), start=1):
            yield seen.model_copy(update={"detector": name, "id": f"{name}:{number}"})


def _is_full_size(detector: Detector) -> bool:
    wants = detector.wants
    return isinstance(wants, Frames) and (wants.side or FULL_SIZE) >= FULL_SIZE


def _is_installed(need: str) -> bool:
    """Is one of the packages of "a|b" there?"""
    return any(importlib.util.find_spec(package) for package in need.split("|"))


class Finished:
    """What other detectors saw, by kind; waits for them. See `models.detector.Dependencies`."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def __getitem__(self, kind: type[Seen]) -> Sequence[Seen] | None:
        """Raises KeyError for what was not declared, RuntimeError before the stream has ended."""
        if kind not in self.worker.detector.depends_on:
            raise KeyError(kind.__name__)
        if self.worker.streaming:
            raise RuntimeError("a dependency was read before its own stream had ended")
        sources = [one for one in self.worker.sources if kind in one.detector.sees]
        for source in sources:
            source.finished.wait()
        runs = [source.run for source in sources]
        outcomes = [run.outcome if run else "failed" for run in runs]
        if not runs or set(outcomes) != {"completed"}:
            return None
        seen = [one for source in sources for one in of(source.numbered(), kind)]
        return sorted(seen, key=lambda one: one.order)


def fan_out(
    some: Sequence[Detector],
    stream: Iterable[Packet | Picture | Sound],
    media: Media,
    file: File,
    tick: Tick = lambda _: None,
    tell: Callable[[str, float], None] = lambda _name, _share: None,
) -> Outcomes:
    """Every detector of `some` over one pass of `stream`; `tick` gets each item.

    `tell` gets what detectors tell of the work that is left after it. Raises MemoryError where one
    of them wanted more than there is.
    """
    lock = threading.Lock()
    workers = [
        Worker(
            detector,
            media,
            lock,
            partial(tell, detector.name),
        )
        for detector in some
    ]
    for worker in workers:
        wanted = set(worker.detector.depends_on)
        worker.sources = [one for one in workers if set(one.detector.sees) & wanted]
        worker.thread.start()
    try:
        _feed(
            workers,
            stream,
            file,
            tick,
        )
    finally:
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.thread.join()
    if any(worker.starved for worker in workers):
        raise MemoryError  # which of them it met is chance
    runs = tuple(worker.run for worker in workers if worker.run)
    seen = [one for worker in workers for one in worker.numbered()]
    return Outcomes(runs, tuple(seen))


def _feed(
    workers: Sequence[Worker],
    stream: Iterable[Packet | Picture | Sound],
    file: File,
    tick: Tick,
) -> None:
    """Each item of the stream to those who want its sort; the file itself first."""
    packets, sounds, frames, whole = (
        [worker for worker in workers if isinstance(worker.detector.wants, sort)]
        for sort in (Packets, Sounds, Frames, Bytes)
    )
    for worker in whole:
        worker.offer(file)
        worker.end()
    for item in stream:
        tick(item)
        if isinstance(item, Picture):
            for worker in frames:
                worker.offer_picture(item, worker.detector.wants)  # type: ignore[arg-type]
        else:
            for worker in packets if isinstance(item, Packet) else sounds:
                worker.offer(item)
