"""Repeats: stretches in which the picture stands still while life goes on, or comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Freeze, Repeat
from models.media import Frame, Luma, Media
from models.observation import Observation
from models.record import Span

# Freezes. A picture shown again changes by 0.00..0.10 grey levels after encoding, a hand-held
# camera by 0.2 and more.
STILL = 0.1  # grey levels of mean change from picture to picture
LIVE, LIVELIER = 0.15, 8.0  # grey levels on both sides; and times what is left inside
AROUND_S = 0.5  # seconds on either side that must be live
FEWEST_AROUND = 3  # pictures there
FREEZE_S, FREEZE_FRAMES = 0.5, 12  # both; shorter stalls are normal on phones
BRIDGE = 3  # pictures between still ones that may change (a key picture is drawn better)
NEW = 0.5  # of the change around: a picture that changes by so much in between is a new one
PLAIN = 10.0  # standard deviation of luma, 0..255: a lens on the table shows nothing (house rule)
MOSTLY = 0.8  # share of the pictures of a freeze that must be still
NO_PICTURE_BEFORE = 255.0  # grey levels that count as change where nothing can be compared

# Loops. The same pictures encoded twice match exactly at one distance and, while anything moves, at
# no distance beside it.
COARSE_S = 0.2  # seconds between pictures of the first search
LOOP_S = 1.0  # seconds that must match
APART_S = 1.0  # seconds between a stretch and its repeat
CANDIDATES = 300  # best pairs that are looked at picture by picture
BLOCK = 512  # rows of the table of pairs that are made at a time
BESIDE = 2  # pictures beside the best distance against which it is compared
EXACT = 0.05  # of the squared difference beside it: real loops 0.001..0.03, honest ones 0.1 and up
MOVING, MOVED = 3.0, 0.6  # times the match's difference by which a picture changes; in what share
NOISE = 1e-4  # squared difference of normalised thumbnails that an encoder makes

Floats = NDArray[np.float64]
Thumbs = NDArray[np.uint8]


class Match(NamedTuple):
    """A stretch that comes again: share of the difference that is left, first picture, distance."""

    exact: float
    first: int
    lag: int


@detector(sees=[Freeze, Repeat], wants=Frames(side=SMALL_VIEW))
def repeats(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Freezes by the mean change between pictures; loops by thumbnails that match again.

    At one distance in time and at none beside it. A scene at rest has no live sides and matches at
    every distance; both are left alone.
    """
    times: list[float] = []
    changes: list[float] = []
    spread: list[float] = []
    thumbs: list[Thumbs] = []
    before: Luma | None = None
    for frame in frames:
        picture = frame.pixels
        times.append(frame.pts)
        changes.append(_change(picture, before))
        spread.append(float(cv2.meanStdDev(picture)[1][0][0]))
        size = (32, 18) if picture.shape[1] >= picture.shape[0] else (18, 32)
        thumbs.append(cast(Thumbs, cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))
        before = picture
    if len(times) > FREEZE_FRAMES:
        flat = np.array(thumbs).reshape(len(thumbs), -1)
        yield from _freezes(np.array(times), np.array(changes), np.array(spread))
        yield from _loops(np.array(times), flat)


def _change(picture: Luma, before: Luma | None) -> float:
    """Mean change in grey levels since the picture before."""
    if before is None or before.shape != picture.shape:
        return NO_PICTURE_BEFORE
    return float(cv2.norm(picture, before, cv2.NORM_L1)) / picture.size


@dataclass(frozen=True)
class Still:
    """A run of still pictures, what it changes by inside, and what lies on either side."""

    start: float
    end: float
    inside: Floats
    spread: Floats
    sides: tuple[Floats, Floats]

    @property
    def live(self) -> float:
        """Median change on the calmer side; 0 where too little lies there."""
        enough = [side for side in self.sides if len(side) >= FEWEST_AROUND]
        return min((float(np.median(side)) for side in enough), default=0.0)

    @property
    def long_enough(self) -> bool:
        """By time and by pictures."""
        lasts = self.end - self.start
        return lasts >= FREEZE_S and len(self.inside) >= FREEZE_FRAMES

    @property
    def shows_something(self) -> bool:
        """A lens that lies on the table is still, too."""
        return float(np.median(self.spread)) >= PLAIN

    @property
    def live_around(self) -> bool:
        """Whether both sides move, far more than the inside."""
        inside = float(np.median(self.inside))
        both = min(map(len, self.sides)) >= FEWEST_AROUND
        return both and self.live >= max(LIVE, LIVELIER * inside)

    @property
    def a_freeze(self) -> bool:
        """All of it together."""
        still = bool((self.inside <= STILL).mean() >= MOSTLY)
        return self.long_enough and self.shows_something and still and self.live_around


def _freezes(
    times: Floats,
    changes: Floats,
    spread: Floats,
) -> Iterator[Freeze]:
    """Runs of still pictures that are freezes."""
    still = np.flatnonzero(changes <= STILL)
    moving = changes[(changes > STILL) & (changes < NO_PICTURE_BEFORE)]
    new = changes > NEW * np.median(moving) if len(moving) else np.zeros(len(changes), bool)
    for first, last in _bridged(still, new):
        start = times[first - 1]
        end = times[last]
        before = changes[(times >= start - AROUND_S) & (times <= start)]
        after = changes[(times > end) & (times <= end + AROUND_S)]
        run = slice(first, last + 1)
        run_of = Still(
            start,
            end,
            changes[run],
            spread[run],
            (before, after),
        )
        if run_of.a_freeze:
            change = round(float(np.median(run_of.inside)), 3)
            yield Freeze(
                at=Span.between(start, end),
                change=change,
                around=round(run_of.live, 3),
            )


def _bridged(still: NDArray[np.intp], new: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """(first, last) of runs of indices, small holes bridged.

    A new picture among held ones ends a run: so a camera in low light fills up its rate.
    """
    if not len(still):
        return
    news = np.cumsum(new)
    several = np.diff(still) > BRIDGE
    ends = np.flatnonzero(several | (np.diff(news[still]) > 0))
    firsts = np.r_[0, ends + 1]
    lasts = np.r_[ends, len(still) - 1]
    for first, last in zip(firsts, lasts, strict=True):
        yield max(1, int(still[first])), int(still[last])


def _loops(times: Floats, thumbs: Thumbs) -> Iterator[Repeat]:
    """Repeated stretches, the most exact first; one that overlaps another is told once."""
    step = float(np.median(np.diff(times)))
    if step <= 0:
        return
    length = max(BESIDE + 1, round(LOOP_S / step))
    taken: list[tuple[int, int]] = []
    for exact, first, lag in sorted(_matches(thumbs, step, length)):
        start = first + lag
        end = min(start + length, len(times)) - 1
        overlaps = [start <= b and end >= a for a, b in taken]
        if any(overlaps):
            continue
        start, end = _extended(
            thumbs,
            start,
            end,
            lag,
        )
        taken.append((start, end))
        source = round(float(times[start - lag]), 6)
        at = Span.between(times[start], times[end])
        yield Repeat(
            at=at,
            first_s=source,
            left=round(exact, 4),
        )


def _matches(
    thumbs: Thumbs,
    step: float,
    length: int,
) -> Iterator[Match]:
    """Stretches of `length` pictures that come again exactly."""
    stride = max(1, round(COARSE_S / step))
    apart = max(1, round(APART_S / COARSE_S))
    coarse = round(LOOP_S / COARSE_S)
    for first, lag in _candidates(thumbs[::stride], apart, coarse):
        match = _refined(
            thumbs,
            first * stride,
            lag * stride,
            stride,
            length,
        )
        if match:
            yield match


def _candidates(
    thumbs: Thumbs,
    apart: int,
    length: int,
) -> list[tuple[int, int]]:
    """(index, lag) of stretches that look more like an earlier one than like what comes next.

    In coarse steps, best first.
    """
    some = _normalised(thumbs)
    power = (some * some).sum(axis=1)
    best: list[tuple[float, int, int]] = []
    for top in range(0, len(some) - apart - length, BLOCK):
        rows = slice(top, min(len(some), top + BLOCK + length))
        products = some[rows] @ some.T
        squared = power[rows, None] + power[None] - 2 * products
        distance = squared / some.shape[1]
        if len(distance) <= length:
            break
        best += _best_pairs(
            _ratios(
                distance,
                top,
                apart,
                length,
            ),
            top,
        )
    return [(first, lag) for _, first, lag in sorted(best)[:CANDIDATES]]


def _ratios(
    distance: NDArray[np.float32],
    top: int,
    apart: int,
    length: int,
) -> Floats:
    """(rows, columns): how far a run is from another, against how much it moves itself.

    `distance` are rows `top`.. of the table of all pairs. Infinite where the two are too near.
    """
    n = distance.shape[1]
    height = distance.shape[0] - length
    width = n - length
    steps = np.zeros(len(distance))
    within = np.arange(len(distance))
    within = within[within + top + 1 < n]
    steps[within] = distance[within, within + top + 1]
    runs = [distance[k : k + height, k : k + width] for k in range(length)]
    moves = [steps[k : k + height] for k in range(length)]
    moving = np.mean(moves, axis=0)
    usual = moving[:, None] + 20 * NOISE
    ratio = np.mean(runs, axis=0) / usual
    columns = np.arange(width)[None]
    rows = np.arange(top, top + height)[:, None]
    ratio[columns - rows < apart] = np.inf
    return np.asarray(ratio)


def _best_pairs(ratio: Floats, top: int) -> Iterator[tuple[float, int, int]]:
    """(ratio, index, lag) of the pairs that look more like each other than like what comes next."""
    for place in np.argsort(
        ratio,
        axis=None,
        kind="stable",
    )[:CANDIDATES]:
        i, j = divmod(int(place), ratio.shape[1])
        if ratio[i, j] < 1.0:
            lag = j - i - top
            yield float(ratio[i, j]), i + top, lag


def _refined(
    thumbs: Thumbs,
    first: int,
    lag: int,
    reach: int,
    length: int,
) -> Match | None:
    """The match where the stretch fits at one distance only and moves enough."""
    low = lag - reach - BESIDE
    high = lag + reach + BESIDE
    high = min(high, len(thumbs) - length - first)
    too_few = high - low < 2 * BESIDE + 1
    if too_few or first + low < 0:
        return None
    here = _normalised(thumbs[first : first + length])
    there = _normalised(thumbs[first + low : first + high + length])
    shifts = range(high - low + 1)
    left = np.array([_squared(here, there[d : d + length]) for d in shifts])
    best = BESIDE + int(left[BESIDE:-BESIDE].argmin())
    sides = left[best - BESIDE] + left[best + BESIDE]
    beside = sides / 2
    least = max(0.0, left[best] - NOISE)
    exact = float(least / (beside + NOISE))
    steps = np.square(np.diff(here, axis=0)).mean(axis=1)
    moves = float((steps > MOVING * left[best]).mean())
    if exact >= EXACT or moves < MOVED:
        return None
    return Match(exact, first, low + best)


def _squared(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean squared difference."""
    return float(np.square(one - other).mean())


def _extended(
    thumbs: Thumbs,
    start: int,
    end: int,
    lag: int,
) -> tuple[int, int]:
    """The repeat grown in both directions for as long as it matches."""

    def alike(i: int) -> bool:
        now, earlier, before = (_normalised(thumbs[k : k + 1]) for k in (i, i - lag, i - 1))
        moved = _squared(now, before)
        allowed = moved / MOVING + 10 * NOISE
        return _squared(now, earlier) <= allowed

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
