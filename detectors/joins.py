"""Joins: cuts hidden by pictures that are blended, blank, held or blurred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log

import numpy as np

from detectors.motion.joins import (
    LAGS,
    changed_share,
    is_flat,
    join_features,
    pairs,
    small,
)
from detectors.motion.peaks import non_maximum_suppression
from detectors.motion.table import Small, area_resized
from detectors.motion.trees import shipped_trees
from models.detector import SMALL_VIEW, Dependencies, Frames, detector
from models.kinds import Cover, Cut, Light, SoftJoin
from models.media import Frame, Luma, Media
from models.observation import Observation
from models.record import Span

# Log odds by the trees, for a clip of `USUAL_S`; one k times as long has k times as many places to
# err at, so ln k is taken off. Set on takes of authors that the trees had not seen (see the card).
FIRM = 2.5
USUAL_S = 15.0  # seconds
REACH = max(LAGS)  # pictures: the longest join that is looked for
# Share of the cells of the picture that must change, and by how many grey levels. A lid that falls
# shut changes a third of a drawn scene; of 48 joins drawn into hand-held takes all but two change
# 0.6 and more. So a cut in footage from a stand, in which only the parcel moves, is not told.
WHOLE, CHANGED = 0.5, 3.0
TOLD_S = 0.4  # seconds around what was told already
EDGE = 3  # pictures at either end with nothing to compare
FEWEST = 40  # pictures
MOST_RATE = 40.0  # pictures a second: of more, every second, third, ... is looked at


@detector(
    sees=[SoftJoin],
    wants=Frames(side=SMALL_VIEW),
    depends_on=[Cut, Light, Cover],
)
def joins(
    frames: Iterable[Frame],
    media: Media,
    dependencies: Dependencies,
) -> Iterator[Observation]:
    """Cuts behind blended, blank, held or blurred pictures: what follows does not join."""
    times, pictures = _kept(frames, media)
    if len(pictures) < FEWEST:
        return
    names, rows = join_features(pictures, pairs(pictures))
    odds = shipped_trees("join").scores(names, rows)
    length = times[-1] - times[0]
    odds -= max(0.0, log(max(length, 1e-3) / USUAL_S))
    odds[:EDGE] = odds[-EDGE:] = -np.inf
    told = _places(dependencies, Cut, Cover)
    lit = _places(dependencies, Light)
    for i in non_maximum_suppression(odds, FIRM, REACH):
        first, last = _ends(names, rows, i)
        first, last = max(0, first), min(last, len(times) - 1)
        start, end = times[first], times[last]
        if changed_share(pictures[first], pictures[last], CHANGED) < WHOLE:
            continue
        blank = any(is_flat(one) for one in pictures[max(0, first - EDGE) : last + EDGE])
        explained = told if blank else [*told, *lit]
        if not any(start - TOLD_S <= one.end and one.start <= end + TOLD_S for one in explained):
            yield SoftJoin(at=Span.between(start, end), odds=round(float(odds[i]), 3))


def _places(dependencies: Dependencies, *kinds: type[Observation]) -> list[Span]:
    """Of jumps, covers, changes of light: those are told for what they are.

    A lamp does not explain blank pictures.
    """
    seen = [one for kind in kinds for one in dependencies[kind] or ()]
    return [one.at for one in seen if one.at]


def _kept(frames: Iterable[Frame], media: Media) -> tuple[list[float], list[Luma]]:
    """Times and small pictures of one size, at `MOST_RATE` at most."""
    every = max(1, round(media.frame_rate / MOST_RATE))
    times: list[float] = []
    pictures: list[Luma] = []
    for number, frame in enumerate(frames):
        if number % every:
            continue
        picture = small(frame.pixels)
        if pictures and picture.shape != pictures[0].shape:
            picture = area_resized(picture, pictures[0].shape[::-1])
        times.append(frame.pts)
        pictures.append(picture)
    return times, pictures


def _ends(
    names: tuple[str, ...],
    rows: Small,
    i: int,
) -> tuple[int, int]:
    """The pictures on either side of the join around `i`: at the lag that stands out most."""
    stands_out = [rows[i, names.index(f"left_{lag}_beside")] for lag in LAGS]
    lag = LAGS[int(np.argmax(stands_out))]
    first = i - (lag + 1) // 2
    return first, first + lag
