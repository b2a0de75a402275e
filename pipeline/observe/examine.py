"""One exhibit from its bytes to observations."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from models import errors
from models.detector import Detector, Sounds
from models.examination import Examined, Request
from models.media import File, Media
from pipeline.observe import decode, gather, ingest
from pipeline.observe.fanout import Outcomes, fan_out
from pipeline.observe.versions import library_versions

Emit = Callable[[str, Any], None]
TELL_S = 0.2  # seconds between two tellings of progress
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
    clock = Clock(media, emit)
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
    emit("examined", examined.model_dump_json())


def _wants_sound(some: Iterable[Detector]) -> bool:
    return any(isinstance(detector.wants, Sounds) for detector in some)


def _observed(
    request: Request,
    some: Sequence[Detector],
    stream: Iterable[Any],
    media: Media,
    clock: Clock,
) -> Outcomes:
    """The file mapped, not read: pages come as they are asked for."""
    with (
        request.path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as data,
    ):
        return fan_out(
            some,
            stream,
            media,
            File(data, request.container),
            clock,
        )


def _source(request: Request) -> tuple[Media, Iterable[Any]]:
    """Facts of the file and what flows from it."""
    if request.kind == "image":
        ingest.check_photo_header(request.path, request.container, request.limits)
        photo = decode.photo(request.path, request.container)
        return decode.photo_facts(photo, request.container), [photo]
    media = ingest.video_facts(request.path, request.container, request.limits)
    return media, decode.video(request.path, request.container, request.limits)


class Clock:
    """What only the whole decode knows: how many frames, when, which way up; tells progress."""

    def __init__(self, probed: Media, emit: Emit) -> None:
        self.probed = probed
        self.emit = emit
        self.times: list[float] = []
        self.size = (0, 0)
        self.rotation = 0
        self.told = 0.0
        self.decode_s = 0.0

    def __call__(self, item: Any) -> None:
        if not isinstance(item, decode.VideoPicture):
            return
        self.decode_s = time.thread_time()
        if not self.times:
            self._first(item)
        self.times.append(item.pts)
        if time.monotonic() - self.told > TELL_S:
            self.told = time.monotonic()
            self.emit("progress", self._share(item.pts))

    def _first(self, picture: decode.VideoPicture) -> None:
        self.rotation = picture.rotation
        stored = (picture.frame.width, picture.frame.height)
        upright = self.rotation in (0, 180, -180)
        self.size = stored if upright else (stored[1], stored[0])

    def _share(self, pts: float) -> float:
        """Of the clip that is done."""
        length = self.probed.duration_s
        return min(1.0, (pts - self.probed.start_s) / length) if length else 0.5

    def media(self) -> Media:
        """The probed facts, corrected by what was decoded. Raises NoPicture."""
        if not self.times:
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
        return self.probed.model_copy(
            update={
                "width": self.size[0],
                "height": self.size[1],
                "rotation": -self.rotation % 360,
                "frame_count": len(self.times),
                "start_s": round(start, 6),
                "duration_s": round(end - start + typical, 6),
                "variable_frame_rate": bool(odd.mean() > OFTEN),
            }
        )
