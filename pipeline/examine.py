"""Inside the box: one exhibit from its bytes to observations, or to a few pictures of it. Imported only there."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

from models import errors
from models.detector import Sounds
from models.examination import Examined, Request, Wanted
from models.media import File, Luma, Media
from models.observation import Region
from pipeline import decode, fanout, ingest, redact

Emit = Callable[[str, Any], None]
AROUND = 0.3  # of its shorter side, shown around a number
PICTURE = 480  # longer side of a key frame in the report, pixels (house rule: readable on a phone, small in the page)


def examine(request: Request, emit: Emit) -> None:
    """Emits ("progress", 0..1) and once ("examined", Examined as JSON). Raises named errors."""
    began = time.process_time()
    media, stream = _source(request)
    some = fanout.chosen(media, request.kinds)
    if any(isinstance(d.wants, Sounds) for d in some):
        stream = decode.video(request.path, request.container, request.limits, sound=True)
    counts = Counts(media, emit)
    opened = time.process_time()
    with request.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
        runs, seen = fanout.observed(some, stream, media, File(view, request.container), counts)
    if media.kind == "video":
        media = counts.media()
    cpu = {"probe": opened - began, "all": time.process_time() - began, "decode": counts.decode_s}
    examined = Examined(media=media, runs=runs, observations=seen, cpu_s={k: round(v, 4) for k, v in cpu.items()})
    emit("examined", examined.model_dump_json())


def _source(request: Request) -> tuple[Media, Iterable[Any]]:
    if request.kind == "image":
        ingest.photo_header(request.path, request.container, request.limits)
        photo = decode.photo(request.path, request.container)
        return decode.photo_media(photo, request.container), [photo]
    media = ingest.video(request.path, request.container, request.limits)
    return media, decode.video(request.path, request.container, request.limits)


class Counts:
    """What only the whole decode knows: how many frames, when, which way up. Also reports progress."""

    def __init__(self, probed: Media, emit: Emit) -> None:
        self.probed, self.emit = probed, emit
        self.times: list[float] = []
        self.size, self.rotation = (0, 0), 0
        self.told = 0.0
        self.decode_s = 0.0

    def __call__(self, item: Any) -> None:
        if not isinstance(item, decode.VideoPicture):
            return
        self.decode_s = time.thread_time()
        if not self.times:
            self.rotation = item.rotation
            stored = (item.frame.width, item.frame.height)
            self.size = stored if self.rotation in (0, 180, -180) else (stored[1], stored[0])
        self.times.append(item.pts)
        if time.monotonic() - self.told > 0.2:
            self.told = time.monotonic()
            self.emit("progress", min(1.0, (item.pts - self.probed.start_s) / self.probed.duration_s) if self.probed.duration_s else 0.5)

    def media(self) -> Media:
        """The probed facts, corrected by what was decoded. Raises NoPicture."""
        if not self.times:
            raise errors.NoPicture("The video track holds no picture that can be decoded.")
        if len(self.times) == 1:
            raise errors.NoPicture("The video holds a single picture, so nothing happens in it; a photo is handed in as a photo.")
        steps = np.diff(np.array(sorted(self.times)))
        typical = float(np.median(steps))
        if max(self.times) <= min(self.times) or typical <= 0:
            raise errors.NoPicture("The video lasts 0 seconds by its own time stamps.")
        return self.probed.model_copy(
            update={
                "width": self.size[0],
                "height": self.size[1],
                "rotation": -self.rotation % 360,
                "frame_count": len(self.times),
                "start_s": round(min(self.times), 6),
                "duration_s": round(max(self.times) - min(self.times) + typical, 6),
                "variable_frame_rate": bool(np.mean(np.abs(steps - typical) > 0.1 * typical) > 0.02),
            }
        )


def picture(request: Request, wanted: tuple[Wanted, ...], emit: Emit) -> None:
    """Emits ("picture", name) followed by ("jpeg", bytes) for each of `wanted` that can be found again."""
    if request.kind == "image":
        stills = {want.pts: decode.photo(request.path, request.container).bgr for want in wanted[:1]}
    else:
        stills = dict(decode.stills(request.path, request.container, sorted({want.pts for want in wanted})))
    for want in wanted:
        if want.pts in stills:
            emit("picture", want.name)
            emit("jpeg", _drawn(stills[want.pts], want))


def _drawn(bgr: Luma, want: Wanted) -> bytes:
    """A JPEG of at most `PICTURE` pixels with the boxes drawn and other print made unreadable."""
    bgr, boxes = _cropped(bgr, want.boxes[0]) if want.crop and want.boxes else (bgr, want.boxes)
    drawn = redact.redacted(bgr, boxes) if want.redact else bgr.copy()
    for box in () if want.crop else boxes:
        thick = max(2, round(max(bgr.shape[:2]) / 300))
        cv2.rectangle(drawn, (box.x, box.y), (box.x + box.width, box.y + box.height), (0, 170, 255), thick)
    scale = min(1.0, PICTURE / max(drawn.shape[:2]))
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else drawn
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def _cropped(bgr: Luma, box: Region) -> tuple[Luma, tuple[Region, ...]]:
    """The part of the picture with `box` in it, and where in that part it lies."""
    margin = max(4, round(AROUND * min(box.width, box.height)))
    left, top = max(0, min(box.x - margin, bgr.shape[1] - 1)), max(0, min(box.y - margin, bgr.shape[0] - 1))
    part = bgr[top : max(top + 1, box.y + box.height + margin), left : max(left + 1, box.x + box.width + margin)]
    return part, (box.model_copy(update={"x": box.x - left, "y": box.y - top}),)
