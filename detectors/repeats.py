"""Repeats: stretches in which the picture stands still while life goes on, or comes a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.detector import Frames, detector
from models.media import Frame, Luma, Media
from models.observation import Observation, Span

SIDE = 160  # pixels
STILL = 0.35  # grey levels of mean change per frame; below it nothing moves, not even sensor noise
LIVE = 1.0  # grey levels of mean change per frame on both sides of a freeze
AROUND_S = 0.5  # seconds on either side that must be live
FREEZE_S = 0.4  # seconds; shorter stalls are normal on phones
RATE = 10.0  # hashes a second
ALIKE = 6  # of 64 bits that may differ between a stretch and its repeat
VARIED = 14  # bits by which a stretch must vary within itself: still scenes repeat honestly
LOOP_S = 1.0  # seconds; shorter matches come by chance
APART_S = 1.0  # seconds between a stretch and its repeat

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]


@detector(sees=["freeze", "repeat"], wants=Frames(side=SIDE))
def repeats(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Frozen stretches by the mean change from frame to frame, repeated ones by runs of equal difference hashes.

    Frames that are told twice by a conversion to a constant rate are too short to count; a scene at rest has no live sides.
    """
    times: list[float] = []
    changes: list[float] = []
    hashes: list[int] = []
    hashed: list[float] = []
    before: Luma | None = None
    for frame in frames:
        if before is not None and before.shape == frame.pixels.shape:
            times.append(frame.pts)
            changes.append(float(cv2.norm(frame.pixels, before, cv2.NORM_L1)) / frame.pixels.size)
        if not hashed or frame.pts >= hashed[-1] + 0.999 / RATE:
            hashed.append(frame.pts)
            hashes.append(int(str(imagehash.dhash(Image.fromarray(frame.pixels))), 16))
        before = frame.pixels
    yield from _freezes(np.array(times), np.array(changes))
    if hashes:
        yield from _loops(np.array(hashed), np.array(hashes, np.uint64))


def _freezes(times: Floats, changes: Floats) -> Iterator[Observation]:
    for still, run in groupby(range(len(times)), key=lambda i: bool(changes[i] < STILL)):
        indices = list(run)
        first, last = indices[0], indices[-1]
        start = times[first - 1] if first else times[first]
        if not still or times[last] - start < FREEZE_S:
            continue
        sides = [
            changes[(times >= start - AROUND_S) & (times <= start)],
            changes[(times > times[last]) & (times <= times[last] + AROUND_S)],
        ]
        if all(len(side) >= 3 and np.median(side) >= LIVE for side in sides):
            yield Observation(
                kind="freeze",
                at=Span(start=round(float(start), 6), end=round(float(times[last]), 6)),
                detail={"change": round(float(changes[indices].mean()), 3)},
            )


def _loops(times: Floats, hashes: Hashes) -> Iterator[Observation]:
    """The longest run along each diagonal of the table of hash distances; overlapping runs are told once."""
    length = round(LOOP_S * RATE)
    found: list[tuple[int, int, int]] = []
    for lag in range(round(APART_S * RATE), len(times) - length):
        alike = np.bitwise_count(hashes[lag:] ^ hashes[:-lag]) <= ALIKE
        for first, count in _runs(alike, length):
            if _varies(hashes[first : first + count]):
                found.append((count, first, lag))
    told: list[tuple[int, int]] = []
    for count, first, lag in sorted(found, reverse=True):
        start, end = first + lag, first + lag + count - 1
        if all(end < a or start > b for a, b in told):
            told.append((start, end))
            at = Span(start=round(float(times[start]), 6), end=round(float(times[end]), 6))
            yield Observation(kind="repeat", at=at, value=f"{times[first]:.1f}", detail={"first_s": round(float(times[first]), 6)})


def _runs(alike: NDArray[np.bool_], length: int) -> Iterator[tuple[int, int]]:
    """(first, count) of each run of at least `length` true values."""
    if np.count_nonzero(alike) < length:
        return
    edges = np.flatnonzero(np.diff(alike.astype(np.int8), prepend=0, append=0))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first >= length:
            yield int(first), int(end - first)


def _varies(stretch: Hashes) -> bool:
    """Is there motion in it, away from its start and from its end?"""
    ends = np.bitwise_count(stretch ^ stretch[0]).max(), np.bitwise_count(stretch ^ stretch[-1]).max()
    return bool(min(ends) >= VARIED)
