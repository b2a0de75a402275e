"""Does every moment of one clip stand in the other? Pure: by their hashes, in step, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from models.kinds import Moments
from models.record import Record, Span

# Bits of 256 by which a moment and its copy may differ, and seconds by which they may be apart: of
# 14 takes encoded anew at 360 lines and 250 kbit/s the 1,092 moments differed by 18 at most, half
# of them by 2; what stands two seconds off differed by 62 at the median (house rule between).
BITS, APART_S = 24, 0.15
JOINED_S = 0.35  # seconds between two moments of one missing stretch
LENGTH_S = 0.1  # seconds by which the lengths may differ: a picture or two at either end


class Compared(Record):
    """Stretches of the original that the copy lacks, and of the copy that the original lacks.

    Times from the first picture on. `pictures`: how many each has.
    """

    missing: tuple[Span, ...] = ()
    added: tuple[Span, ...] = ()
    lengths_s: tuple[float, float]
    pictures: tuple[int, int]

    @property
    def whole(self) -> bool:
        """Does every moment of each stand in the other?"""
        alike = abs(self.lengths_s[0] - self.lengths_s[1]) <= LENGTH_S
        return not self.missing and not self.added and alike


def stretches_missing(one: Moments, other: Moments) -> tuple[Span, ...]:
    """Stretches of `one` of which no moment of `other` looks alike at the same time."""
    theirs = _bits(other)
    times = np.array(other.times_s)
    lost = []
    for time, bits in zip(one.times_s, _bits(one), strict=True):
        near = np.abs(times - time) <= APART_S
        away = (theirs[near] != bits).sum(axis=1)
        if not away.size or away.min() > BITS:
            lost.append(time)
    return tuple(_stretches(lost))


def _bits(moments: Moments) -> NDArray[np.uint8]:
    """moments x 256."""
    raw = np.frombuffer(bytes.fromhex("".join(moments.hashes)), np.uint8)
    return np.unpackbits(raw.reshape(len(moments.hashes), -1), axis=1)


def _stretches(times: Sequence[float]) -> list[Span]:
    """Moments that follow each other, as one stretch."""
    gaps = np.diff(np.array(times, float), prepend=times[:1]) > JOINED_S
    numbered = zip(np.cumsum(gaps).tolist(), times, strict=True)
    groups = [[time for _, time in some] for _, some in groupby(numbered, key=lambda one: one[0])]
    return [Span.between(group[0], group[-1]) for group in groups]
