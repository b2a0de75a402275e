"""Joins: cuts hidden by pictures that are blended, blank, held or blurred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from detectors.motion.join_trials import HARD, TRIED, Join, tried_odds
from detectors.motion.joins import LAGS, Pairs, changed_share, every, join_features, pairs, small
from detectors.motion.peaks import longer, non_maximum_suppression
from detectors.motion.table import Floats, Small, area_resized
from detectors.motion.trees import shipped_trees
from detectors.motion.windows import EDGE_S, MOST, REMOVED_S, STEP_S
from models.detector import SMALL_VIEW, Dependencies, Frames, detector
from models.kinds import (
    Blank,
    Cover,
    Cut,
    Dip,
    JumpTrials,
    Light,
    PossibleJoin,
    SoftJoin,
    Trial,
    Trials,
)
from models.media import Frame, Luma, Media
from models.observation import Observation
from models.record import Span

# Log odds by the trees, for a clip of `USUAL_S`; one k times as long has k times as many places to
# err at, so ln k is taken off. Set on takes of authors that the trees had not seen (see the card).
FIRM, POSSIBLE = 2.3, 0.5
REACH = max(LAGS)  # pictures: the longest join that is looked for
# Share of the cells of the picture that must change, and by how many grey levels. A lid that falls
# shut changes a third of a drawn scene; of 48 joins drawn into hand-held takes all but two change
# 0.6 and more. So of a cut in footage from a stand, in which only the parcel moves, no more is said
# than that the picture may not go on.
WHOLE, CHANGED = 0.5, 3.0
# Log odds by which a cut that is tried must stand out above all that is in the clip, and what it
# must reach at least. Set on 45 takes of 10 s and more, with the share of `pipeline.judge.trials`.
ABOVE, LEAST = 2.0, 0.0
MOST_S = 0.45  # seconds between the two pictures that are shown: the place must be told, too
TOLD_S = 0.4  # seconds around what was told already
EDGE = 3  # pictures at either end with nothing to compare
FEWEST = 40  # pictures
SOFT = 2  # trials of hidden joins for each of a hard one
LONGEST_S = 0.4  # seconds that a join tried lasts


@detector(
    sees=[SoftJoin, PossibleJoin, Trials],
    wants=Frames(side=SMALL_VIEW),
    depends_on=[
        Cut,
        Light,
        Cover,
        Blank,
        Dip,
        JumpTrials,
    ],
)
def joins(
    frames: Iterable[Frame],
    media: Media,
    dependencies: Dependencies,
) -> Iterator[Observation]:
    """Cuts behind blended, blank, held or blurred pictures: what follows does not join.

    And trials: what would be noticed, had two seconds been taken out of this very clip.
    """
    step = every(media.frame_rate)
    clip = _kept(frames, step)
    if len(clip.pictures) < FEWEST:
        return
    found = pairs(clip.pictures)
    names, rows = join_features(found)
    odds = shipped_trees("join").scores(names, rows) - clip.longer
    odds[:EDGE] = odds[-EDGE:] = -np.inf
    told = _places(dependencies, Cut, Cover)
    lit = _places(dependencies, Light)
    flat = _places(dependencies, Blank, Dip)
    for i in non_maximum_suppression(odds, POSSIBLE, REACH):
        first, last = _ends(
            clip.times,
            names,
            rows,
            i,
        )
        start, end = clip.times[first], clip.times[last]
        explained = told if _any_near(flat, start, end) else [*told, *lit]
        if not _any_near(explained, start, end):
            whole = changed_share(clip.pictures[first], clip.pictures[last], CHANGED) >= WHOLE
            kind = SoftJoin if odds[i] >= FIRM and whole else PossibleJoin
            yield kind(at=Span.between(start, end), odds=round(float(odds[i]), 3))
    jumps = dependencies[JumpTrials]
    if jumps:
        bar = max(float(odds.max()) + ABOVE, LEAST)
        some = [
            *_again(
                jumps[0].trials,
                clip,
                found,
                bar,
            ),
            *_trials(
                clip,
                found,
                step,
                bar,
            ),
        ]
        yield Trials(trials=tuple(sorted(some, key=lambda one: (one.at, one.join))))


@dataclass(frozen=True)
class Clip:
    """Times, never going back, and small pictures of one size."""

    times: Floats
    pictures: Sequence[Luma]

    @property
    def longer(self) -> float:
        """What its length takes off the log odds."""
        return longer(float(self.times[-1] - self.times[0]))


def _again(
    trials: Iterable[Trial],
    clip: Clip,
    found: Pairs,
    bar: float,
) -> Iterator[Trial]:
    """Hard joins: what does not stand out as a jump may stand out as a join."""
    for one in trials:
        if one.noticed:
            yield one
            continue
        odds = _odds_of(
            clip,
            found,
            one.at,
            HARD,
        )
        yield one.model_copy(update={"noticed": odds is not None and odds > bar})


def _trials(
    clip: Clip,
    found: Pairs,
    step: int,
    bar: float,
) -> Iterator[Trial]:
    """Two seconds taken out behind each kind of join in turn, at even distances."""
    begin, end = clip.times[0] + EDGE_S, clip.times[-1] - EDGE_S - REMOVED_S
    apart = max(STEP_S, (end - begin) / MOST) / SOFT
    for number, start in enumerate(np.arange(begin, end - LONGEST_S, apart)):
        join = TRIED[number % len(TRIED)]
        shown = Join(join.name, join.between[::step])
        odds = _odds_of(
            clip,
            found,
            float(start),
            shown,
        )
        if odds is not None:
            yield Trial(
                at=round(float(start), 3),
                join=join.name,
                noticed=odds > bar,
            )


def _odds_of(
    clip: Clip,
    found: Pairs,
    start: float,
    join: Join,
) -> float | None:
    """Log odds at the join, had two seconds from `start` on been taken out.

    None where too few pictures follow: where a camera got slower, seconds hold few.
    """
    last = int(np.searchsorted(clip.times, start))
    if last == len(clip.times):
        return None
    first = int(np.searchsorted(clip.times, clip.times[last] + REMOVED_S))
    if first + len(join.between) + EDGE > len(clip.times):
        return None
    odds = tried_odds(
        clip.pictures,
        found,
        last,
        first,
        join,
    )
    return odds - clip.longer


def _any_near(
    spans: Iterable[Span],
    start: float,
    end: float,
) -> bool:
    """Does one lie within `TOLD_S` of a stretch?"""
    return any(start - TOLD_S <= one.end and one.start <= end + TOLD_S for one in spans)


def _places(dependencies: Dependencies, *kinds: type[Observation]) -> list[Span]:
    """Of jumps, covers, changes of light: those are told for what they are."""
    seen = [one for kind in kinds for one in dependencies[kind] or ()]
    return [one.at for one in seen if one.at]


def _kept(frames: Iterable[Frame], step: int) -> Clip:
    """Times and small pictures of one size, of one frame in `step`."""
    times: list[float] = []
    pictures: list[Luma] = []
    for frame in islice(
        frames,
        0,
        None,
        step,
    ):
        picture = small(frame.pixels)
        if pictures and picture.shape != pictures[0].shape:
            picture = area_resized(picture, pictures[0].shape[::-1])
        times.append(frame.pts)
        pictures.append(picture)
    return Clip(np.maximum.accumulate(times), pictures)


def _ends(
    times: Floats,
    names: tuple[str, ...],
    rows: Small,
    i: int,
) -> tuple[int, int]:
    """The pictures on either side of the join around `i`: at the lag that stands out most.

    Of those that are no longer than `MOST_S`.
    """
    ends: dict[int, tuple[int, int]] = {}
    for lag in LAGS:
        first = max(0, i - (lag + 1) // 2)
        last = min(first + lag, len(times) - 1)
        if times[last] - times[first] <= MOST_S or not ends:
            ends[lag] = (first, last)
    stands_out = {lag: rows[i, names.index(f"left_{lag}_beside")] for lag in ends}
    return ends[max(ends, key=lambda lag: float(stands_out[lag]))]
