"""Stretches of a clip in which a cut could hide: nothing moves there, or nothing is to be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from models.kinds import Blank, Blurred, Cover, Motion, Pause
from models.observation import Observation, first
from models.report import BlindStretch, BlindWhy

MOVES = 0.03  # pixels of the small view between two pictures: less is a still
STILL_S = 0.5  # seconds without motion from which a stretch is told (house rule)
WHY: dict[type[Observation], BlindWhy] = {
    Blank: "blank",
    Blurred: "blurred",
    Cover: "covered",
    Pause: "paused",
}


def blind_stretches(seen: Sequence[Observation]) -> tuple[BlindStretch, ...]:
    """All of them, in order of time; they may overlap."""
    found = list(_still(first(seen, Motion)))
    for one in seen:
        why = WHY.get(type(one))
        if why and one.at:
            found.append(BlindStretch(start_s=one.at.start, end_s=one.at.end, why=why))
    return tuple(sorted(found, key=lambda one: (one.start_s, one.end_s, one.why)))


def _still(motion: Motion | None) -> Iterator[BlindStretch]:
    """Runs of pieces of the clip in which nothing moves."""
    if motion is None or motion.at is None or not motion.levels:
        return
    start = motion.at.start
    piece = (motion.at.end - start) / len(motion.levels)
    places = range(len(motion.levels))
    for moves, run in groupby(places, key=lambda i: motion.levels[i] >= MOVES):
        some = list(run)
        if not moves and len(some) * piece >= STILL_S:
            yield BlindStretch(
                start_s=round(start + some[0] * piece, 3),
                end_s=round(start + (some[-1] + 1) * piece, 3),
                why="still",
            )
