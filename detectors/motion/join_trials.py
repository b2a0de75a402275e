"""Two seconds taken out of a clip on trial, behind pictures that hide the join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import cv2
import numpy as np

from detectors.motion.joins import LAGS, Pairs, fill, join_features
from detectors.motion.trees import shipped_trees
from models.media import Luma

AROUND = 48  # pictures on either side of the join that are looked at
NEAR = 2  # pictures around the middle of the join


class Join(NamedTuple):
    """What lies between both sides: the share of the later side in each picture; None is black."""

    name: Literal["hard", "blended", "black"]
    between: tuple[float | None, ...]


def blended(count: int) -> Join:
    """So many pictures mixed of both sides, which go on meanwhile."""
    return Join("blended", tuple((i + 1) / (count + 1) for i in range(count)))


HARD = Join("hard", ())
TRIED = (
    blended(1),
    Join("black", (None,)),
    blended(2),
    blended(4),
    Join("black", (None,) * 3),
    blended(8),
)  # in turn


def tried_odds(
    pictures: Sequence[Luma],
    found: Pairs,
    last: int,
    first: int,
    join: Join,
) -> float:
    """Highest log odds at the join, were the clip to go on at picture `first` after `last`."""
    black = np.zeros_like(pictures[0])
    made = [
        black if share is None else _mixed(pictures[last + 1 + i], pictures[first + i], share)
        for i, share in enumerate(join.between)
    ]
    begin = max(0, last + 1 - AROUND)
    resumed = first + len(made)
    left, right = slice(begin, last + 1), slice(resumed, resumed + AROUND)
    shorter = [*pictures[left], *made, *pictures[right]]
    joined = found.without(left, right, len(made))
    middle, reach = last + 1 - begin, max(LAGS)
    fill(
        joined,
        shorter,
        range(max(0, middle - reach), middle + len(made)),
        range(middle, min(len(shorter), middle + len(made) + reach)),
    )
    names, rows = join_features(joined)
    near = slice(max(0, middle - NEAR), middle + len(made) + NEAR + 1)
    return float(shipped_trees("join").scores(names, rows[near]).max())


def _mixed(
    one: Luma,
    other: Luma,
    share: float,
) -> Luma:
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)
