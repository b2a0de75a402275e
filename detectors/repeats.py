"""Repeats: stretches in which the picture stands still while life goes on, or comes a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import Frames, detector
from models.media import Frame, Luma, Media
from models.observation import Observation, Span

SIDE = 160  # pixels: the view the other continuity detectors ask for

# Freezes. A picture shown again changes by 0.00..0.10 grey levels after encoding, a hand-held camera by 0.2 and more.
STILL = 0.1  # grey levels of mean change from picture to picture
LIVE, LIVELIER = 0.15, 8.0  # grey levels on both sides; and times what is left inside
AROUND_S = 0.5  # seconds on either side that must be live
FREEZE_S, FREEZE_FRAMES = 0.5, 12  # both; shorter stalls are normal on phones, and slow cameras see nothing move for longer
BRIDGE = 3  # pictures between still ones that may change (a key picture is drawn better than the one it repeats)
PLAIN = 10.0  # standard deviation of luma, 0..255: a lens that lies on the table shows nothing and stands still (house rule)
MOSTLY = 0.8  # share of the pictures of a freeze that must be still

# Loops. The same pictures encoded twice match exactly at one distance and, while anything moves, at no distance beside it.
COARSE_S = 0.2  # seconds between pictures of the first search
LOOP_S = 1.0  # seconds that must match
APART_S = 1.0  # seconds between a stretch and its repeat
CANDIDATES = 300  # best pairs that are looked at picture by picture
BESIDE = 2  # pictures beside the best distance against which it is compared
EXACT = 0.05  # of the squared difference beside it: real loops 0.001..0.03, honest repetition 0.1 and more
MOVING, MOVED = 3.0, 0.6  # times the difference of the match by which a picture must change, in that share of them
NOISE = 1e-4  # squared difference of normalised thumbnails that an encoder makes

Floats = NDArray[np.float64]
Thumbs = NDArray[np.uint8]


@detector(sees=["freeze", "repeat"], wants=Frames(side=SIDE))
def repeats(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Freezes by the mean change from picture to picture; loops by thumbnails that match at one distance in time and at none beside it.

    A scene at rest has no live sides and matches at every distance; both are left alone.
    """
    times: list[float] = []
    changes: list[float] = []
    spread: list[float] = []
    thumbs: list[Thumbs] = []
    before: Luma | None = None
    for frame in frames:
        picture = frame.pixels
        same = before is not None and before.shape == picture.shape
        times.append(frame.pts)
        changes.append(float(cv2.norm(picture, before, cv2.NORM_L1)) / picture.size if same and before is not None else 255.0)
        spread.append(float(cv2.meanStdDev(picture)[1][0][0]))
        size = (32, 18) if picture.shape[1] >= picture.shape[0] else (18, 32)
        thumbs.append(cast(Thumbs, cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))
        before = picture
    if len(times) > FREEZE_FRAMES:
        yield from _freezes(np.array(times), np.array(changes), np.array(spread))
        yield from _loops(np.array(times), np.array(thumbs).reshape(len(thumbs), -1))


def _freezes(times: Floats, changes: Floats, spread: Floats) -> Iterator[Observation]:
    for first, last in _bridged(np.flatnonzero(changes <= STILL)):
        start, end = times[first - 1], times[last]
        inside = changes[first : last + 1]
        sides = (
            changes[(times >= start - AROUND_S) & (times <= start)],
            changes[(times > end) & (times <= end + AROUND_S)],
        )
        live = min((float(np.median(side)) for side in sides if len(side) >= 3), default=0.0)
        if (
            end - start >= FREEZE_S
            and len(inside) >= FREEZE_FRAMES
            and float(np.median(spread[first : last + 1])) >= PLAIN
            and (inside <= STILL).mean() >= MOSTLY
            and min(map(len, sides)) >= 3
            and live >= max(LIVE, LIVELIER * float(np.median(inside)))
        ):
            yield Observation(
                kind="freeze",
                at=Span(start=round(float(start), 6), end=round(float(end), 6)),
                detail={"change": round(float(np.median(inside)), 3), "around": round(live, 3)},
            )


def _bridged(still: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """(first, last) of runs of indices, small holes bridged."""
    if not len(still):
        return
    ends = np.flatnonzero(np.diff(still) > BRIDGE)
    for first, last in zip(np.r_[0, ends + 1], np.r_[ends, len(still) - 1], strict=True):
        yield max(1, int(still[first])), int(still[last])


def _loops(times: Floats, thumbs: Thumbs) -> Iterator[Observation]:
    """Repeated stretches, the most exact first; one that overlaps another is told once."""
    step = float(np.median(np.diff(times)))
    if step <= 0:
        return
    stride, length = max(1, round(COARSE_S / step)), max(BESIDE + 1, round(LOOP_S / step))
    found = []
    for first, lag in _candidates(thumbs[::stride], max(1, round(APART_S / COARSE_S)), round(LOOP_S / COARSE_S)):
        match = _refined(thumbs, first * stride, lag * stride, stride, length)
        if match:
            found.append(match)
    told: list[tuple[int, int]] = []
    for exact, first, lag in sorted(found):
        start, end = first + lag, min(first + lag + length, len(times)) - 1
        if all(end < a or start > b for a, b in told):
            start, end = _extended(thumbs, start, end, lag)
            told.append((start, end))
            at = Span(start=round(float(times[start]), 6), end=round(float(times[end]), 6))
            source = float(times[start - lag])
            yield Observation(kind="repeat", at=at, value=f"{source:.1f}", detail={"first_s": round(source, 6), "left": round(exact, 4)})


def _candidates(thumbs: Thumbs, apart: int, length: int) -> list[tuple[int, int]]:
    """(index, lag) of stretches that look more like an earlier one than like what comes next, in coarse steps, best first."""
    some, block = _normalised(thumbs), 512
    n = len(some)
    power = (some * some).sum(axis=1)
    best: list[tuple[float, int, int]] = []
    for top in range(0, n - apart - length, block):
        rows = slice(top, min(n, top + block + length))
        apartness = (power[rows, None] + power[None] - 2 * some[rows] @ some.T) / some.shape[1]
        steps = np.array([apartness[i, i + top + 1] if i + top + 1 < n else 0.0 for i in range(apartness.shape[0])])
        height, width = apartness.shape[0] - length, n - length
        if height <= 0:
            break
        run = np.mean([apartness[k : k + height, k : k + width] for k in range(length)], axis=0)
        moving = np.mean([steps[k : k + height] for k in range(length)], axis=0)
        ratio = run / (moving[:, None] + 20 * NOISE)
        ratio[np.arange(width)[None] - np.arange(top, top + height)[:, None] < apart] = np.inf
        for at in np.argsort(ratio, axis=None, kind="stable")[:CANDIDATES]:
            i, j = divmod(int(at), width)
            if ratio[i, j] < 1.0:
                best.append((float(ratio[i, j]), i + top, j - i - top))
    return [(first, lag) for _, first, lag in sorted(best)[:CANDIDATES]]


def _refined(thumbs: Thumbs, first: int, lag: int, reach: int, length: int) -> tuple[float, int, int] | None:
    """(share of the difference that is left, first, exact lag) where the stretch matches at one distance only and moves enough."""
    low, high = lag - reach - BESIDE, lag + reach + BESIDE
    if first + low < 0 or first + high + length > len(thumbs):
        high = min(high, len(thumbs) - length - first)
    if high - low < 2 * BESIDE + 1 or first + low < 0:
        return None
    here = _normalised(thumbs[first : first + length])
    there = _normalised(thumbs[first + low : first + high + length])
    left = np.array([float(np.square(here - there[d : d + length]).mean()) for d in range(high - low + 1)])
    best = BESIDE + int(left[BESIDE:-BESIDE].argmin())
    beside = (left[best - BESIDE] + left[best + BESIDE]) / 2
    exact = float(max(0.0, left[best] - NOISE) / (beside + NOISE))
    steps = np.square(np.diff(here, axis=0)).mean(axis=1)
    moves = float((steps > MOVING * left[best]).mean())
    return (exact, first, low + best) if exact < EXACT and moves >= MOVED else None


def _extended(thumbs: Thumbs, start: int, end: int, lag: int) -> tuple[int, int]:
    """The repeat grown in both directions for as long as it matches."""

    def alike(i: int) -> bool:
        a, b, c = (_normalised(thumbs[k : k + 1]) for k in (i, i - lag, i - 1))
        return bool(np.square(a - b).mean() <= np.square(a - c).mean() / MOVING + 10 * NOISE)

    while start - 1 - lag >= 1 and alike(start - 1):
        start -= 1
    while end + 1 < len(thumbs) and alike(end + 1):
        end += 1
    return start, end


def _normalised(thumbs: Thumbs) -> NDArray[np.float32]:
    """Mean 0 and spread about 1 each, so that light alone makes no difference."""
    values = thumbs.astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    return np.asarray(values / (values.std(axis=1, keepdims=True) + 4), np.float32)
