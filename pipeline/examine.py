"""Inside the box: one exhibit from its bytes to observations, or to a few pictures of it. Imported only there."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Iterable
from typing import Any

import av
import cv2
import numpy as np

from models import errors
from models.detector import Sounds
from models.examination import Examined, Request, Wanted
from models.media import File, Media
from pipeline import decode, fanout, ingest

Emit = Callable[[str, Any], None]
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
        if self.times[-1] <= self.times[0] or typical <= 0:
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
        bgr = decode.photo(request.path, request.container).bgr
        for want in wanted:
            _emit(want, bgr, emit)
        return
    with ingest.opened(request.path, request.container) as source:
        track = source.streams.video[0]
        track.thread_type = "NONE"
        for want in sorted(wanted, key=lambda w: w.pts):
            frame = _frame_at(source, track, want.pts)
            if frame is not None:
                turn = decode.TURNS.get(decode.rotation(frame))
                pixels: Any = frame.to_ndarray(format="bgr24")
                _emit(want, pixels if turn is None else cv2.rotate(pixels, turn), emit)


def _frame_at(source: Any, track: Any, pts: float) -> av.VideoFrame | None:
    """The frame shown at `pts`: seek to the key frame before it, decode up to it; from the start where seeking fails."""
    for start in (pts, 0.0):
        source.seek(max(0, int(start / track.time_base)), stream=track, backward=True, any_frame=False)
        best: av.VideoFrame | None = None
        try:
            for frame in source.decode(track):
                if frame.time is None or frame.time > pts + 1e-3:
                    break
                best = frame
        except av.error.FFmpegError:
            pass
        if best is not None and best.time is not None and abs(best.time - pts) < 0.5:
            return best
    return None


def _emit(want: Wanted, bgr: Any, emit: Emit) -> None:
    crop = want.crop
    drawn = bgr.copy()
    for box in want.boxes:
        thick = max(2, round(max(bgr.shape[:2]) / 300))
        cv2.rectangle(drawn, (box.x, box.y), (box.x + box.width, box.y + box.height), (0, 170, 255), thick)
    if crop is not None:
        drawn = drawn[max(0, crop.y) : crop.y + crop.height, max(0, crop.x) : crop.x + crop.width]
    if not drawn.size:
        return
    scale = min(1.0, PICTURE / max(drawn.shape[:2]))
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else drawn
    emit("picture", want.name)
    emit("jpeg", cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
