"""A few pictures of one exhibit for its report, with boxes drawn and other print unreadable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

import cv2
import numpy as np

from models.examination import Request, Wanted
from models.media import Luma
from models.record import Outline, Region
from pipeline.observe import decode, pages, photo
from pipeline.observe.redact import (
    alone,
    looked_over,
    redacted,
    side_redacted,
    with_readable,
)

Emit = Callable[[str, Any], None]
AROUND = 0.3  # of its shorter side, shown around a number
NARROWEST = 4  # pixels shown around a number
# Pixels, longer side, of a side of the parcel laid flat: as shown, and as print is looked for in it
# (house rule: print that cannot be read in the larger cannot be in the smaller).
SIDE, LOOKED_AT = 240, 720
PICTURE = 480  # longer side of a key frame in the report, pixels (house rule: readable on a phone)
QUALITY = 80  # of JPEG
AMBER = (0, 170, 255)  # of the boxes, BGR


def pictures(
    request: Request,
    wanted: tuple[Wanted, ...],
    redact: bool,
    emit: Emit,
) -> None:
    """Emits ("picture", name), ("jpeg", bytes) for each of `wanted` that can be found again.

    After each ("progress", 0..1).
    """
    stills = _stills(request, wanted)
    there = sorted((want for want in wanted if want.pts in stills), key=lambda want: want.pts)
    number = 0
    for pts, some in groupby(there, key=lambda want: want.pts):
        for want, picture in _drawn(stills[pts], list(some), redact):
            number += 1
            emit("picture", want.name)
            emit("jpeg", picture)
            emit("progress", number / len(there))


def _stills(request: Request, wanted: tuple[Wanted, ...]) -> Mapping[float, Luma]:
    """Upright BGR pictures by the time asked for."""
    times = sorted({want.pts for want in wanted})
    if request.kind == "image":
        bgr = photo.photo(request.path, request.container).bgr
        return dict.fromkeys(times, bgr)
    if request.kind == "document":
        return {time: pages.page(request.path, int(time)) for time in times}
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
    wanted: Sequence[Wanted],
    redact: bool,
) -> Iterator[tuple[Wanted, bytes]]:
    """JPEGs of one still, of at most `PICTURE` pixels each; its print is looked for once."""
    hidden = bgr
    if redact and any(want.what not in ("crop", "side") for want in wanted):
        hidden = redacted(bgr)
    for want in wanted:
        if want.what == "crop" and want.boxes:
            picture = _crop(bgr, want, redact)
        elif want.what == "side" and want.outline:
            flat = _laid_flat(bgr, want.outline)
            picture = _smaller(side_redacted(flat) if redact else flat, SIDE)[0]
        else:
            picture = _key_frame(
                bgr,
                hidden,
                want,
                redact,
            )
        quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        yield want, cv2.imencode(".jpg", picture, quality)[1].tobytes()


def _crop(
    bgr: Luma,
    want: Wanted,
    redact: bool,
) -> Luma:
    """The first box alone, with a little around it; only what is to stay is readable."""
    box = want.boxes[0]
    place = _around(bgr, box)
    if not redact:
        return _smaller(bgr[place])[0]
    shorter = min(box.width, box.height)
    corner = (place[1].start, place[0].start)
    inside = [_moved(outline, corner) for outline in want.readable]
    return _smaller(alone(bgr[place], inside, shorter))[0]


def _laid_flat(bgr: Luma, outline: Outline) -> Luma:
    """What lies in an outline, as a rectangle of its mean sides."""
    corners = np.array(outline, np.float32)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    wide, high = (sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2
    scale = min(1.0, LOOKED_AT / max(wide, high, 1.0))
    size = max(1, round(float(wide * scale))), max(1, round(float(high * scale)))
    flat = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    moved = cv2.warpPerspective(bgr, cv2.getPerspectiveTransform(corners, flat), size)
    return cast(Luma, moved)


def _key_frame(
    bgr: Luma,
    hidden: Luma,
    want: Wanted,
    redact: bool,
) -> Luma:
    """The whole picture with its boxes."""
    if redact:
        picture, scale = _smaller(with_readable(hidden, bgr, want.readable))
        picture = looked_over(picture, [_scaled(outline, scale) for outline in want.readable])
    else:
        picture, scale = _smaller(bgr)
        picture = picture.copy()
    thick = max(1, round(max(picture.shape[:2]) / 240))
    for box in want.boxes:
        left, top = round(box.x * scale), round(box.y * scale)
        right, bottom = round((box.x + box.width) * scale), round((box.y + box.height) * scale)
        cv2.rectangle(
            picture,
            (left - thick, top - thick),
            (right + thick, bottom + thick),
            AMBER,
            thick,
        )
    return picture


def _smaller(bgr: Luma, longest: int = PICTURE) -> tuple[Luma, float]:
    """At most `longest` pixels long, and by what it was scaled."""
    scale = min(1.0, longest / max(bgr.shape[:2]))
    if scale == 1.0:
        return bgr, scale
    small = cv2.resize(
        bgr,
        None,
        fx=scale,
        fy=scale,
        interpolation=cv2.INTER_AREA,
    )
    return cast(Luma, small), scale


def _around(bgr: Luma, box: Region) -> tuple[slice, slice]:
    """The part of the picture with `box` in it."""
    shorter = min(box.width, box.height)
    margin = max(NARROWEST, round(AROUND * shorter))
    height, width = bgr.shape[:2]
    left = max(0, min(box.x - margin, width - 1))
    top = max(0, min(box.y - margin, height - 1))
    right = max(left + 1, box.x + box.width + margin)
    bottom = max(top + 1, box.y + box.height + margin)
    return slice(top, bottom), slice(left, right)


def _moved(outline: Outline, corner: tuple[int, int]) -> Outline:
    """As seen from another corner."""
    x, y = corner
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = outline
    return (ax - x, ay - y), (bx - x, by - y), (cx - x, cy - y), (dx - x, dy - y)


def _scaled(outline: Outline, by: float) -> Outline:
    a, b, c, d = ((round(x * by), round(y * by)) for x, y in outline)
    return a, b, c, d
