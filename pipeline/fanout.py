"""Fan-out: one stream past many detectors, each in its own thread, at its own pace, behind a bounded queue."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache
from typing import Any

import detectors as rooms
from models.detector import Bytes, Detector, Frames, Item, Packets, Sounds
from models.media import File, Media, Packet, Sound
from models.observation import Observation, Outcome, Run
from pipeline.decode import Picture

FULL_SIZE = 640  # pixels: views from this side on are handed over one by one, smaller items in handfuls (fewer thread switches)
HANDFUL = {True: 1, False: 64}
DEPTH = {True: 3, False: 4}  # handfuls waiting for one detector


@cache
def detectors() -> tuple[Detector, ...]:
    """Every detector found in its folder, in an order in which nobody waits for a later one. Raises on a cycle."""
    found: dict[str, Detector] = {}
    for module in pkgutil.iter_modules(rooms.__path__):
        if not module.name.startswith("_"):
            found[module.name] = getattr(importlib.import_module(f"detectors.{module.name}"), module.name)
    return ordered(found.values())


def ordered(some: Iterable[Detector]) -> tuple[Detector, ...]:
    """Sources before those who heed them. Raises ValueError on a cycle."""
    waiting = sorted(some, key=lambda d: d.name)
    done: list[Detector] = []
    while waiting:
        pending = {kind for d in waiting for kind in d.sees}
        ready = [d for d in waiting if not pending & set(d.heeds)]
        if not ready:
            raise ValueError(f"detectors heed each other in a circle: {', '.join(d.name for d in waiting)}")
        done += ready
        waiting = [d for d in waiting if d not in ready]
    return tuple(done)


def chosen(media: Media, kinds: frozenset[str] | None, known: Sequence[Detector] | None = None) -> tuple[Detector, ...]:
    """Those whose kinds are asked for (None = all) on this kind of media, and those whom they heed."""
    pool = [d for d in (detectors() if known is None else known) if media.kind in d.on]
    asked = set(pool) if kinds is None else {d for d in pool if kinds & set(d.sees)}
    while more := {d for d in pool for a in asked if set(a.heeds) & set(d.sees)} - asked:
        asked |= more
    return ordered(asked)


class _End:
    """Marks the end of a lane's stream; private to this module, detectors just see their loop end."""


class Lane:
    """One detector's thread, queue and result.

    Detectors of small items take turns, a handful at a time: side by side they would mostly wait for the interpreter and each other.
    """

    def __init__(self, detector: Detector, media: Media, turn: AbstractContextManager[object]) -> None:
        self.detector, self.media = detector, media
        large = isinstance(detector.wants, Frames) and (detector.wants.side or FULL_SIZE) >= FULL_SIZE
        self.handful = HANDFUL[large]
        self.turn = nullcontext() if large else turn
        self.gathered: list[Item | type[_End]] = []
        self.items: queue.Queue[list[Item | type[_End]]] = queue.Queue(DEPTH[large])
        self.finished = threading.Event()
        self.streaming = True
        self.due = -float("inf")
        self.seen: list[Observation] = []
        self.run: Run | None = None
        self.sources: Sequence[Lane] = ()
        self.thread = threading.Thread(target=self._work, name=detector.name, daemon=True)

    def offer(self, item: Item | type[_End]) -> None:
        """Hand over one item, in handfuls; forgotten at once where the detector has already returned."""
        self.gathered.append(item)
        if len(self.gathered) < self.handful and item is not _End:
            return
        handful, self.gathered = self.gathered, []
        while not self.finished.is_set():
            with suppress(queue.Full):
                self.items.put(handful, timeout=0.2)
                break

    def offer_picture(self, picture: Picture, wants: Frames) -> None:
        if wants.rate is not None:
            if self.due - 2 / wants.rate <= picture.pts < self.due:
                return  # but where time goes back, as in joined recordings, counting starts anew
            late = abs(picture.pts - self.due) > 0.5 / wants.rate
            self.due = (picture.pts if late else self.due) + 1 / wants.rate
        if not self.finished.is_set():
            self.offer(picture.view(wants.side, wants.colour))

    def _stream(self) -> Iterator[Item]:
        while self.streaming:
            handful = self.items.get()
            with self.turn:
                for item in handful:
                    if isinstance(item, type):
                        self.streaming = False
                    else:
                        yield item

    def _work(self) -> None:
        began, reason = time.thread_time(), ""
        missing = [need for need in self.detector.needs if not any(map(importlib.util.find_spec, need.split("|")))]
        try:
            if missing:
                reason = f"needs {', '.join(missing).replace('|', ' or ')}, which is not installed"
            else:
                for seen in self.detector.run(self._stream(), self.media, Finished(self)):
                    if seen.kind not in self.detector.sees:
                        raise ValueError(f"saw {seen.kind!r}, which it never declared")
                    self.seen.append(seen)
        except BaseException as fault:  # the one place where a detector's failure is caught: it fails alone and is reported
            reason, self.seen = f"{type(fault).__name__}: {fault}"[:500], []
        outcome: Outcome = "skipped" if missing else "failed" if reason else "completed"
        self.run = Run(
            detector=self.detector.name,
            version=self.detector.version,
            outcome=outcome,
            reason=reason,
            sees=self.detector.sees,
            cpu_s=round(time.thread_time() - began, 4),
        )
        self.finished.set()


class Finished(Mapping[str, Sequence[Observation] | None]):
    """What other detectors saw, by kind; waits for them. `None`: unknown, because one failed or none ran."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane

    def __getitem__(self, kind: str) -> Sequence[Observation] | None:
        if kind not in self.lane.detector.heeds:
            raise KeyError(kind)
        if self.lane.streaming:
            raise RuntimeError("heeded before its own stream had ended")
        sources = [lane for lane in self.lane.sources if kind in lane.detector.sees]
        for source in sources:
            source.finished.wait()
        if not sources or any(source.run is None or source.run.outcome != "completed" for source in sources):
            return None
        return sorted((o for source in sources for o in source.seen if o.kind == kind), key=lambda o: o.order)

    def __iter__(self) -> Iterator[str]:
        return iter(self.lane.detector.heeds)

    def __len__(self) -> int:
        return len(self.lane.detector.heeds)


def observed(
    some: Sequence[Detector],
    stream: Iterable[Packet | Picture | Sound],
    media: Media,
    file: File,
    tick: Callable[[Any], None] = lambda _: None,
) -> tuple[tuple[Run, ...], tuple[Observation, ...]]:
    """Every detector of `some` over one pass of `stream`. `tick` gets each item, for progress and counts."""
    turn = threading.Lock()
    lanes = [Lane(detector, media, turn) for detector in some]
    for lane in lanes:
        lane.sources = [other for other in lanes if set(other.detector.sees) & set(lane.detector.heeds)]
        lane.thread.start()
    routes: dict[type, list[Lane]] = {
        kind: [lane for lane in lanes if isinstance(lane.detector.wants, kind)] for kind in (Packets, Sounds, Frames, Bytes)
    }
    try:
        for lane in routes[Bytes]:
            lane.offer(file)
            lane.offer(_End)
        for item in stream:
            tick(item)
            if isinstance(item, Picture):
                for lane in routes[Frames]:
                    lane.offer_picture(item, lane.detector.wants)  # type: ignore[arg-type]
            else:
                for lane in routes[Packets if isinstance(item, Packet) else Sounds]:
                    lane.offer(item)
    finally:
        for lane in lanes:
            lane.offer(_End)
        for lane in lanes:
            lane.thread.join()
    return tuple(lane.run for lane in lanes if lane.run), tuple(o for lane in lanes for o in _numbered(lane))


def _numbered(lane: Lane) -> Iterator[Observation]:
    for number, seen in enumerate(sorted(lane.seen, key=lambda o: o.order), start=1):
        yield seen.model_copy(update={"detector": lane.detector.name, "id": f"{lane.detector.name}:{number}"})
