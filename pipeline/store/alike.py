"""Do two clips hold the same footage: the same pictures, moving in the same way, at one offset?

Pictures alone cannot say: two halves of one take from a stand look alike all the time (109 of 213
takes). What moved since a second before tells their moments apart (1 of 213): docs/reuse.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.footage import CROPS, MIRRORED, TURNED, WHOLE, Samples, Words
from models.kinds import Turned

STEP_S, JITTER_S = (
    0.5,
    0.07,
)  # between samples of the one that was there; by which times of one moment may differ beside
LOOK, MOTION = 10, 14  # bits of 64 by which hashes of one moment may differ
CANDIDATE = 8  # bits of 64 by which a clip is looked at closer
MOVED = 2.5  # grey levels: spread of a change that says something
NEW_LOOK, NEW_MOTION, NEW_S = 10, 12, 0.95  # bits, bits, seconds by which two moments are two
SURE, PERHAPS = 5, 4  # moments that must agree
MOVING = 2  # of them, that must agree in what moves
SHARE = 0.5  # of the telling samples between first and last; of those that moved in both
ENOUGH = 60  # moments; more say no more
OFFSETS = 40  # between two clips that are looked at closely, the likeliest first
FINE_S = 0.05  # seconds: resolution in which offsets are counted
HELD = 1_000_000  # pairs of samples that are held against each other to find offsets
WAYS: tuple[Turned, ...] = ("as_is", "mirrored", "turned")
VIEW: dict[Turned, int] = {"as_is": WHOLE, "mirrored": MIRRORED, "turned": TURNED}

Bits = NDArray[np.uint8]
Places = NDArray[np.intp]


class Alike(NamedTuple):
    """The stretch that two clips share: where in each (seconds), how many moments agree, how."""

    start: float
    end: float
    there_start: float
    there_end: float
    moments: int
    turned: Turned
    sure: bool


class Pair(NamedTuple):
    """A moment that may be the same in both: its samples, and what their motion says of it."""

    one: int
    other: int
    moved: bool
    agrees: bool


def alike(one: Samples, other: Samples) -> Alike | None:
    """The stretch that two clips share, as it is, mirrored or turned; None where there is none."""
    found = [stretch for way in WAYS for stretch in _stretches(one, other, way)]
    return max(found, key=lambda stretch: stretch.moments, default=None)


def same_view(photo: Samples, other: Samples) -> bool:
    """Is a photo's view seen in a clip, or in another photo?"""
    if not photo.telling[0] or not other.telling.any():
        return False
    there = other.look[other.telling]
    return any(bool((apart(photo.look[:1], there, way) <= CANDIDATE).any()) for way in WAYS)


def apart(one: Words, other: Words, turned: Turned) -> Bits:
    """Bits between all samples, (n, m), either being a part of the other."""
    return _bits(one[:, None], other[None], turned)


def _bits(one: Words, other: Words, turned: Turned) -> NDArray[np.uint8]:
    """Bits between samples that stand at the same places of two arrays (..., VIEWS)."""
    view = VIEW[turned]
    held = slice(WHOLE, WHOLE + 1) if turned == "turned" else slice(0, len(CROPS))
    mine = np.bitwise_count(one[..., view, None] ^ other[..., held]).min(axis=-1)
    theirs = np.bitwise_count(other[..., view, None] ^ one[..., held]).min(axis=-1)
    return np.asarray(np.minimum(mine, theirs), np.uint8)


def _stretches(
    one: Samples,
    other: Samples,
    turned: Turned,
) -> Iterator[Alike]:
    for offset in _offsets(one, other, turned):
        pairs = _pairs(
            one,
            other,
            turned,
            offset,
        )
        moments = _moments(one, other, pairs)
        agree = sum(pair.agrees for pair in pairs)
        if moments < PERHAPS or agree < MOVING:
            continue
        first, last = pairs[0], pairs[-1]
        telling = int(one.telling[first.one : last.one + 1].sum())
        moved = sum(pair.moved for pair in pairs)
        if len(pairs) >= SHARE * telling and agree >= SHARE * moved:
            yield Alike(
                start=float(one.times_s[first.one]),
                end=float(one.times_s[last.one]),
                there_start=float(other.times_s[first.other]),
                there_end=float(other.times_s[last.other]),
                moments=moments,
                turned=turned,
                sure=moments >= SURE,
            )


def _offsets(
    one: Samples,
    other: Samples,
    turned: Turned,
) -> list[float]:
    """Where windows of offsets begin in which most samples look alike, the likeliest first."""
    step = -(-len(one.times_s) * len(other.times_s) // HELD)
    rows = np.flatnonzero(one.telling)[::step]
    if not len(rows):
        return []
    near = (apart(one.look[rows], other.look, turned) <= LOOK) & other.telling[None]
    mine, theirs = np.nonzero(near)
    offsets = other.times_s[theirs] - one.times_s[rows][mine]
    places = np.round(offsets / FINE_S).astype(int)
    if not len(places):
        return []
    counts = np.bincount(places - places.min())
    width = round((STEP_S + JITTER_S) / FINE_S) + 1
    sums = np.convolve(counts, np.ones(width, int))[width - 1 :]  # of the window that begins there
    found: list[int] = []
    for start in np.lexsort((np.arange(len(sums)), -sums)):
        if not sums[start] or len(found) == OFFSETS:
            break
        if all(abs(start - other) * FINE_S >= STEP_S / 2 for other in found):
            found.append(int(start))
    return [(start + int(places.min()) - 0.5) * FINE_S for start in found]


def _pairs(
    one: Samples,
    other: Samples,
    turned: Turned,
    offset: float,
) -> list[Pair]:
    """For each sample the best at this offset: one that moves alike, then one that looks alike."""
    rows = np.flatnonzero(one.telling)
    starts = np.searchsorted(other.times_s, one.times_s[rows] + offset)
    ends = np.searchsorted(other.times_s, one.times_s[rows] + offset + STEP_S + JITTER_S)
    mine = np.repeat(rows, ends - starts)
    first = np.repeat(starts - np.cumsum(ends - starts) + (ends - starts), ends - starts)
    theirs = first + np.arange(len(mine))
    look = _bits(one.look[mine], other.look[theirs], turned)
    good = (look <= LOOK) & other.telling[theirs]
    mine, theirs, look = mine[good], theirs[good], look[good]
    moved = (one.moved[mine] >= MOVED) & (other.moved[theirs] >= MOVED)
    motion = np.where(moved, _bits(one.motion[mine], other.motion[theirs], turned), 0)
    order = np.lexsort((look, motion, ~moved, mine))
    firsts = order[np.flatnonzero(np.diff(mine[order], prepend=-1))]
    return [
        Pair(
            int(mine[n]),
            int(theirs[n]),
            bool(moved[n]),
            bool(moved[n] and motion[n] <= MOTION),
        )
        for n in firsts
    ]


def _moments(
    one: Samples,
    other: Samples,
    pairs: Sequence[Pair],
) -> int:
    """Pairs that are different moments in both clips, none of which its motion contradicts."""
    kept: list[Pair] = []
    for pair in pairs:
        if pair.moved and not pair.agrees:
            continue
        if all(
            _is_new(
                one,
                other,
                pair,
                before,
            )
            for before in kept
        ):
            kept.append(pair)
        if len(kept) == ENOUGH:
            break
    return len(kept)


def _is_new(
    one: Samples,
    other: Samples,
    pair: Pair,
    before: Pair,
) -> bool:
    """Another moment than the one before, in both clips: by its look, or by what moves."""
    mine, theirs = (pair.one, before.one), (pair.other, before.other)
    if min(_differ(one.look, *mine), _differ(other.look, *theirs)) >= NEW_LOOK:
        return True
    near = abs(one.times_s[pair.one] - one.times_s[before.one]) < NEW_S
    near |= abs(other.times_s[pair.other] - other.times_s[before.other]) < NEW_S
    if not pair.agrees or near:
        return False
    if one.moved[before.one] < MOVED or other.moved[before.other] < MOVED:
        return True  # nothing is known of what moved then
    return min(_differ(one.motion, *mine), _differ(other.motion, *theirs)) >= NEW_MOTION


def _differ(
    words: Words,
    one: int,
    other: int,
) -> int:
    return int(words[one, WHOLE] ^ words[other, WHOLE]).bit_count()
