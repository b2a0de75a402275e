"""How footage is described so that it is known again: views of a picture, and how they are kept."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Parts of a picture (left, top, right, bottom, as shares) that are hashed each: first the whole,
# then what is left of it if a tenth is cut off all around, at one side, or at two.
CROPS = (
    *((0.0, 0.0, 1.0, 1.0), (0.05, 0.05, 0.95, 0.95)),
    *((0.1, 0.0, 1.0, 1.0), (0.0, 0.0, 0.9, 1.0), (0.0, 0.1, 1.0, 1.0), (0.0, 0.0, 1.0, 0.9)),
    *((0.0, 0.0, 0.9, 0.9), (0.1, 0.0, 1.0, 0.9), (0.0, 0.1, 0.9, 1.0), (0.1, 0.1, 1.0, 1.0)),
)
WHOLE, MIRRORED, TURNED = 0, len(CROPS), len(CROPS) + 1  # places of views among a sample's words
VIEWS = len(CROPS) + 2
WORD = np.dtype(">u8")

Words = NDArray[np.uint64]
"""(samples, VIEWS): a 64-bit perceptual hash of each view."""


class Samples(NamedTuple):
    """A clip as it is known again; of a photo one sample, in which nothing moves.

    `times_s` in order, PTS; `look` and `motion`: (n, VIEWS) hashes of the pictures, and
    of their differences to a second before; `moved`: spread of that difference in grey levels, 0
    where there is none; `telling`: whether a picture has enough in it to be told from others.
    """

    times_s: NDArray[np.float64]
    look: Words
    motion: Words
    moved: NDArray[np.float64]
    telling: NDArray[np.bool_]


def halved(some: Samples) -> Samples:
    """Every second sample: what a clip is held against.

    A copy that is cut anywhere then has a sample within an eighth of a second of each. With two a
    second on both sides 36 of 38 halves of 4 s and more were found, with four on one side all.
    """
    return Samples(
        some.times_s[::2],
        some.look[::2],
        some.motion[::2],
        some.moved[::2],
        some.telling[::2],
    )


def packed(words: Words) -> str:
    """Words as they are kept in a record."""
    return base64.b64encode(np.ascontiguousarray(words, WORD).tobytes()).decode()


def unpacked(text: str, count: int) -> Words:
    """Words of `count` samples. Raises ValueError where they are not so many."""
    raw = base64.b64decode(text, validate=True)
    if len(raw) != count * VIEWS * WORD.itemsize:
        raise ValueError("not as many hashes as samples")
    return np.frombuffer(raw, WORD).astype(np.uint64).reshape(count, VIEWS)


def samples(
    times_s: Sequence[float],
    look: str,
    motion: str,
    moved: Sequence[float],
    telling: str,
) -> Samples:
    """From a record's fields. Raises ValueError where they do not fit each other."""
    count = len(times_s)
    if not len(moved) == len(telling) == count:
        raise ValueError("not as many facts as samples")
    return Samples(
        np.array(times_s, np.float64),
        unpacked(look, count),
        unpacked(motion, count),
        np.array(moved, np.float64),
        np.array([one == "1" for one in telling], np.bool_),
    )
