"""One exhibit from its bytes to observations."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from models import errors
from models.detector import Detector, Sounds
from models.examination import Examined, Request
from models.media import File, Media, Packet
from pipeline.observe import decode, gather, ingest, pages, photo
from pipeline.observe.fanout import Outcomes, fan_out
from pipeline.observe.picture import VideoPicture
from pipeline.observe.progress import Progress
from pipeline.observe.versions import library_versions

Emit = Callable[[str, Any], None]
WRONG = 0.7  # of what is stated: fewer or more pictures a second, and it is not believed
VARIES, OFTEN = 0.1, 0.02  # share of the usual step; share of the steps that depart by more


def examine(request: Request, emit: Emit) -> None:
    """Emits ("progress", 0..1) and once ("examined", Examined as JSON). Raises named errors."""
    began = time.process_time()
    media, stream = _source(request)
    some = gather.chosen(media.kind, request.kinds)
    if _wants_sound(some):
        stream = decode.video(
            request.path,
            request.container,
            request.limits,
            sound=True,
        )
    progress = Progress(media, some, emit)
    clock = Clock(media, progress)
    opened = time.process_time()
    runs, seen = _observed(
        request,
        some,
        stream,
        media,
        clock,
    )
    cpu = {
        "probe": opened - began,
        "all": time.process_time() - began,
        "decode": clock.decode_s,
    }
    examined = Examined(
        media=clock.media() if media.kind == "video" else media,
        runs=runs,
        observations=seen,
        versions=library_versions(),
        could_see=gather.visible_kinds(media.kind),
        cpu_s={stage: round(seconds, 4) for stage, seconds in cpu.items()},
    )
    emit("examined", examined.model_dump_json().encode())


def _wants_sound(some: Iterable[Detector]) -> bool:
    return any(isinstance(detector.wants, Sounds) for detector in some)


def _observed(
    request: Request,
    some: Sequence[Detector],
    stream: Iterable[Any],
    media: Media,
    clock: Clock,
) -> Outcomes:
    with mapped(request) as file:
        return fan_out(
            some,
            stream,
            media,
            file,
            clock,
            clock.progress.of_detector,
        )


@contextmanager
def mapped(request: Request) -> Iterator[File]:
    """The file mapped, not read: pages come as they are asked for."""
    with (
        request.path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        memoryview(whole) as data,
    ):
        yield File(data, request.container)


def _source(request: Request) -> tuple[Media, Iterable[Any]]:
    """Facts of the file and what flows from it."""
    if request.kind == "image":
        photo.check_photo_header(request.path, request.container, request.limits)
        picture = photo.photo(request.path, request.container)
        return photo.photo_facts(picture, request.container), [picture]
    if request.kind == "document":
        media = pages.document_facts(request.path, request.limits)
        return media, pages.pages(request.path, request.limits)
    media = ingest.video_facts(request.path, request.container, request.limits)
    return media, decode.video(request.path, request.container, request.limits)


class Clock:
    """What only the whole decode knows: how many frames, when, which way up; tells progress."""

    def __init__(self, probed: Media, progress: Progress) -> None:
        self.probed = probed
        self.progress = progress
        self.times: list[float] = []
        self.first: VideoPicture | None = None
        self.ends = 0.0
        self.restarts = 0
        self.decode_s = 0.0

    def __call__(self, item: Any) -> None:
        if isinstance(item, Packet):
            self.restarts += item.restarts and item.track == "video"
        if not isinstance(item, VideoPicture):
            return
        self.decode_s = time.thread_time()
        self.first = self.first or item
        self.times.append(item.pts)
        self.ends = max(self.ends, item.pts + item.lasts)
        self.progress.streamed(self._share(item.pts))

    def _share(self, pts: float) -> float:
        """Of the clip that is done."""
        length = self.probed.duration_s
        return min(1.0, (pts - self.probed.start_s) / length) if length else 0.5

    def media(self) -> Media:
        """The probed facts, corrected by what was decoded. Raises NoPicture."""
        if self.first is None:
            raise errors.NoPicture("The video track holds no picture that can be decoded.")
        if len(self.times) == 1:
            raise errors.NoPicture(
                "The video holds a single picture, so nothing happens in it; "
                "a photo is handed in as a photo."
            )
        steps = np.diff(np.array(sorted(self.times)))
        typical = float(np.median(steps))
        start = min(self.times)
        end = max(self.times)
        if end <= start or typical <= 0:
            raise errors.NoPicture("The video lasts 0 seconds by its own time stamps.")
        odd = np.abs(steps - typical) > VARIES * typical
        width, height = self.first.size
        return self.probed.model_copy(
            update={
                "width": width,
                "height": height,
                "rotation": self.first.turn.degrees,
                "frame_count": len(self.times),
                "frame_rate": self._rate((len(steps)) / (end - start)),
                "start_s": round(start, 6),
                "duration_s": round(self._end(end, typical) - start, 6),
                "variable_frame_rate": bool(odd.mean() > OFTEN),
                "clock_restarts": self.restarts,
            }
        )

    def _rate(self, seen: float) -> float:
        """Pictures a second: as the file states it, where the pictures bear that out."""
        stated = self.probed.frame_rate
        return stated if WRONG < stated / seen < 1 / WRONG else round(seen, 4)

    def _end(self, last: float, typical: float) -> float:
        """When the last picture goes: a usual step after it came, or later if it lasts."""
        promised = self.probed.start_s + self.probed.duration_s
        return max(last + typical, min(self.ends, promised))
