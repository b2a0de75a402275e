"""Cuts: instants at which the picture jumps as no hand-held camera moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from detectors import _jumps, _motion
from detectors._motion import Floats, Table
from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Span

# Log odds by the trees, for a clip of `USUAL_S`; a clip k times as long has k times as many instants to err at, so ln k is taken off.
# Of 181 honest clips judged by trees that saw nothing of their author, none reaches 3.0, the highest ordinary one 2.6 (training/fit.py);
# 6 reach 1.0. The bar was set on these very scores: were it the highest of the other takes each time, one clip (a torch) would pass it.
FIRM, POSSIBLE = 3.0, 1.0
USUAL_S = 15.0  # seconds: the longer of the clips they were set on
# Sum of log ratios by the rule, about -5..12: no honest take reaches it. It knows no drawn edit, only what a jump is.
RULE = 5.8
RETURNS = 0.5  # of the jump: closer than this to a picture from before it, it is a flash, a knock or a hand
# Grey levels; share of the residual; log ratio. The light changed, the edges did not: over 11 takes with lamps and displays that flood
# the scene the ratio stays below 0.5, over cuts to another scene above 0.7; between 0.5 and 0.7 nothing changes.
BRIGHT_STEP, BRIGHT_SHARE, STRUCTURE = 2.0, 0.3, 0.6
LIGHT = 4.8  # by the rule
LIT = 1.0  # log odds taken off there: a torch switched on still reaches 2.9
EDGE_FRAMES = 3  # at either end there is nothing to compare with
FEWEST = 12  # pictures
DRAWN = 240  # levels of motion that are kept for the strip


@detector(sees=["cut", "possible_cut", "light", "motion"], wants=Frames(side=_motion.SIDE))
def cuts(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Jumps by how each interval stands out from its neighbours after motion is taken away; light changes set apart.

    Two readers of the same figures: a rule (one bad interval with calm on both sides that does not go back), and trees grown on
    edits drawn into honest takes, whose bar was set on takes they had not seen.
    """
    table = _motion.measured(frames)
    if len(table) < FEWEST:
        return
    names, rows = _jumps.features(table)
    parts = {name: rows[:, i].astype(float) for i, name in enumerate(names)}
    found = judged(table, parts, _jumps.trees().scores(names, rows))
    for i in peaks(found.jumps, POSSIBLE):
        kind = "cut" if found.jumps[i] >= FIRM else "possible_cut"
        yield Observation(kind=kind, at=_between(table, i), detail=_told(parts, i, odds=found.odds[i], rule=found.rule[i]))
    for i in peaks(found.light, LIGHT):
        step = float(table.signals[i, _motion.SIGNALS.index("step")])
        yield Observation(kind="light", at=_between(table, i), value=f"{step:.0f} grey levels", detail=_told(parts, i, rule=found.rule[i]))
    yield _drawn(table)


@dataclass(frozen=True)
class Judged:
    """For each interval: log odds of a jump by trees and rule together, how much of a light change it is, and what both rest on."""

    jumps: Floats
    light: Floats
    odds: Floats
    rule: Floats


def judged(table: Table, parts: dict[str, Floats], odds: Floats) -> Judged:
    """What the two readers say, given the trees' log `odds`."""
    length = float(table.times[-1] - table.times[0])
    rule, lit = _rule(parts), _lit(parts, table)
    odds = odds - max(0.0, log(max(length, 1e-3) / USUAL_S)) - LIT * lit
    inside = np.zeros(len(table), bool)
    inside[EDGE_FRAMES:-EDGE_FRAMES] = True
    by_rule = np.where((rule >= RULE) & ~lit, FIRM + rule - RULE, -np.inf)
    jumps = np.where(inside, np.maximum(odds, by_rule), -np.inf)
    return Judged(jumps, np.where(inside & lit & (jumps < POSSIBLE), rule, -np.inf), odds, rule)


def _rule(parts: dict[str, Floats]) -> Floats:
    """One bad interval among calm ones: residual, its worst blocks, motion, jerk and the thumbnail each against their neighbours."""
    total = parts["residual_most"] + parts["worst_most"] + parts["motion_most"] / 2 + parts["jerk_most"] / 2 + parts["stays"]
    return np.where(parts["returns"] > RETURNS, total, -np.inf)


def _lit(parts: dict[str, Floats], table: Table) -> NDArray[np.bool_]:
    """Where the light changed and the edges did not."""
    step, residual = (table.signals[:, _motion.SIGNALS.index(name)] for name in ("step", "residual"))
    return np.asarray((step > BRIGHT_STEP) & (step > BRIGHT_SHARE * residual) & (parts["structure_most"] < STRUCTURE))


def peaks(score: Floats, least: float) -> list[int]:
    """Indices of scores of `least` and more, the strongest within `REACH` pictures only, in time order."""
    taken: list[int] = []
    for i in sorted(np.flatnonzero(score >= least), key=lambda i: (-score[i], i)):
        if all(abs(i - other) > _jumps.REACH for other in taken):
            taken.append(int(i))
    return sorted(taken)


def _between(table: Table, i: int) -> Span:
    return Span(start=round(float(table.times[i - 1]), 6), end=round(float(table.times[i]), 6))


def _told(parts: dict[str, Floats], i: int, **scores: float) -> dict[str, float]:
    """The scores and what weighed in them, for people."""
    shown = ("residual_most", "worst_most", "motion_most", "jerk_most", "stays", "returns", "structure_most", "key")
    return {name: round(float(max(-99.0, value)), 3) for name, value in scores.items()} | {
        name: round(float(parts[name][i]), 3) for name in shown
    }


def _drawn(table: Table) -> Observation:
    """How much the picture moves over the whole clip, in pixels of the small view, for the strip of the report."""
    pace = np.ones(len(table))
    levels = _jumps.motion(table, pace)["motion"]
    pieces = np.array_split(levels, min(DRAWN, len(levels)))
    at = Span(start=round(float(table.times[0]), 6), end=round(float(table.times[-1]), 6))
    return Observation(kind="motion", at=at, detail={"levels": [round(float(piece.max()), 2) for piece in pieces]})
