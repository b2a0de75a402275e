"""A few pictures of one exhibit for its report, with boxes drawn and other print unreadable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import cv2

from models.examination import Request, Wanted
from models.media import Luma
from models.record import Region
from pipeline.observe import decode, photo
from pipeline.observe.redact import redacted

Emit = Callable[[str, Any], None]
AROUND = 0.3  # of its shorter side, shown around a number
NARROWEST = 4  # pixels shown around a number
PICTURE = 480  # longer side of a key frame in the report, pixels (house rule: readable on a phone)
QUALITY = 80  # of JPEG
AMBER = (0, 170, 255)  # of the boxes, BGR


def pictures(
    request: Request,
    wanted: tuple[Wanted, ...],
    redact: bool,
    emit: Emit,
) -> None:
    """Emits ("picture", name), ("jpeg", bytes) for each of `wanted` that can be found again."""
    stills = _stills(request, wanted)
    for want in wanted:
        if want.pts in stills:
            emit("picture", want.name)
            emit("jpeg", _drawn(stills[want.pts], want, redact))


def _stills(request: Request, wanted: tuple[Wanted, ...]) -> Mapping[float, Luma]:
    """Upright BGR pictures by the time asked for."""
    times = sorted({want.pts for want in wanted})
    if request.kind == "image":
        bgr = photo.photo(request.path, request.container).bgr
        return dict.fromkeys(times, bgr)
    return dict(
        decode.stills(
            request.path,
            request.container,
            times,
            request.limits,
        )
    )


def _drawn(
    bgr: Luma,
    want: Wanted,
    redact: bool,
) -> bytes:
    """A JPEG of at most `PICTURE` pixels."""
    boxes = want.boxes
    cropping = want.what == "crop" and bool(boxes)
    if cropping:
        bgr, boxes = _cropped(bgr, boxes[0])
    drawn = redacted(bgr, boxes) if redact else bgr.copy()
    if not cropping:
        _draw_boxes(drawn, boxes)
    scale = min(1.0, PICTURE / max(drawn.shape[:2]))
    if scale < 1:
        small = cv2.resize(
            drawn,
            None,
            fx=scale,
            fy=scale,
            interpolation=cv2.INTER_AREA,
        )
        drawn = cast(Luma, small)
    return cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _draw_boxes(picture: Luma, boxes: tuple[Region, ...]) -> None:
    thick = max(2, round(max(picture.shape[:2]) / 300))
    for box in boxes:
        corner = (box.x + box.width, box.y + box.height)
        cv2.rectangle(
            picture,
            (box.x, box.y),
            corner,
            AMBER,
            thick,
        )


def _cropped(bgr: Luma, box: Region) -> tuple[Luma, tuple[Region, ...]]:
    """The part of the picture with `box` in it, and where in that part it lies."""
    shorter = min(box.width, box.height)
    margin = max(NARROWEST, round(AROUND * shorter))
    height, width = bgr.shape[:2]
    left = max(0, min(box.x - margin, width - 1))
    top = max(0, min(box.y - margin, height - 1))
    right = max(left + 1, box.x + box.width + margin)
    bottom = max(top + 1, box.y + box.height + margin)
    inside = box.model_copy(update={"x": box.x - left, "y": box.y - top})
    return bgr[top:bottom, left:right], (inside,)
