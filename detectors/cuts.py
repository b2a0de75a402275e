"""Cuts: instants at which the picture jumps as no hand-held camera moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from detectors.motion.blur import blurred
from detectors.motion.features import REACH, features, motion
from detectors.motion.peaks import longer, non_maximum_suppression
from detectors.motion.table import LAGS, Floats, MotionTable, motion_table, spliced
from detectors.motion.trees import shipped_trees
from detectors.motion.windows import Side, Windows
from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import (
    Blurred,
    Cut,
    JumpScores,
    JumpTrials,
    Light,
    Motion,
    PossibleCut,
    Trial,
)
from models.media import Frame, Media
from models.observation import Observation
from models.record import Span

# Log odds by the trees, for a clip of `USUAL_S`; a clip k times as long has k times as many
# instants to err at, so ln k is taken off. Of 181 honest clips judged by trees that saw nothing of
# their author, none reaches 3.0, the highest ordinary one 2.6; 6 reach 1.0. The bar was set on
# these very scores: were it the highest of the other takes each time, one clip (a torch) passes.
FIRM, POSSIBLE = 3.0, 1.0
# Sum of log ratios by the rule, about -5..12: no honest take reaches it. It knows no drawn edit,
# only what a jump is.
RULE = 5.8
RETURNS = 0.5  # of the jump: closer than this to a picture before it, it is a flash, knock or hand
# Grey levels; share of the residual; log ratio. The light changed, the edges did not: over 11 takes
# with lamps and displays that flood the scene the ratio stays below 0.5, over cuts to another scene
# above 0.7; between 0.5 and 0.7 nothing changes.
BRIGHT_STEP, BRIGHT_SHARE, STRUCTURE = 2.0, 0.3, 0.6
LIGHT = 4.8  # by the rule
# A camera in low light, or one that stalls, shows pictures again and then goes on where it is by
# now: a jump after held pictures is none where others beside it jump alike (house rule).
HELD_FRAMES, HELD = 2, 0.3  # pictures before it; share of the usual change that they keep below
EXPLAINED = 4.0  # times the usual residual; three honest files reach 2.5, cuts drawn to hide 12
PEERS, PEERS_S, ALIKE = 2, 2.0, 0.5  # other such jumps; seconds on either side; share of its size
LIT = 1.0  # log odds taken off there: a torch switched on still reaches 2.9
STILL = 0.1  # grey levels: less is the same picture, encoded again
# Pictures a second: of more, every second, third, ... is looked at; the trees know no such rates.
MOST_RATE = 60.0
EDGE_FRAMES = 3  # at either end there is nothing to compare with
FEWEST = 12  # pictures
AROUND, NEAR = 60, 2  # pictures on either side of what is taken out on trial; that a jump may be at
DRAWN = 240  # levels of motion that are kept for the strip
LEAST_SCORE = -99.0  # what stands for minus infinity

Parts = Mapping[str, Floats]


@detector(
    sees=[
        Cut,
        PossibleCut,
        Light,
        Motion,
        Blurred,
        JumpTrials,
    ],
    wants=Frames(side=SMALL_VIEW),
)
def cuts(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Jumps by how an interval stands out once motion is taken away; light changes set apart.

    Two readers of the same figures: a rule (one bad interval with calm on both sides that does not
    go back), and trees grown on edits drawn into honest takes, whose bar was set on takes they had
    not seen.
    """
    every = max(1, round(media.frame_rate / MOST_RATE))
    windows = Windows(LAGS)
    some = islice(
        frames,
        0,
        None,
        every,
    )
    table = motion_table(some, windows)
    if len(table) < FEWEST:
        return
    names, rows = features(table)
    columns = rows.T.astype(float)
    parts = dict(zip(names, columns, strict=True))
    length = float(table.times[-1] - table.times[0])
    scores = interval_scores(
        table,
        parts,
        shipped_trees("jump").scores(names, rows),
        length,
    )
    for i in non_maximum_suppression(scores.jumps, POSSIBLE, REACH):
        kind = Cut if scores.jumps[i] >= FIRM else PossibleCut
        evidence = _evidence(
            parts,
            i,
            rule=scores.rule[i],
            odds=scores.odds[i],
        )
        yield kind(at=_between(table, i), scores=evidence)
    for i in non_maximum_suppression(scores.light, LIGHT, REACH):
        step = float(table.signal("step")[i])
        evidence = _evidence(parts, i, rule=scores.rule[i])
        yield Light(
            at=_between(table, i),
            step=round(step, 3),
            scores=evidence,
        )
    yield _motion(table)
    yield from _blurred(table)
    bar = max(float(scores.jumps.max()), POSSIBLE)
    trials = [
        _trial(
            table,
            before,
            after,
            length,
            bar,
        )
        for before, after in windows.whole(table.times[0], table.times[-1])
    ]
    yield JumpTrials(trials=tuple(trials))


def _trial(
    table: MotionTable,
    before: Side,
    after: Side,
    length: float,
    bar: float,
) -> Trial:
    """Had what lies between been taken out, would that stand out above `bar`?"""
    shorter, join = spliced(
        table,
        before,
        after,
        AROUND,
    )
    names, rows = features(shorter)
    near = slice(join - NEAR, join + NEAR + 1)
    odds = np.full(len(shorter), -np.inf)
    odds[near] = shipped_trees("jump").scores(names, rows[near])
    parts = dict(zip(names, rows.T.astype(float), strict=True))
    jumps = interval_scores(
        shorter,
        parts,
        odds,
        length,
    ).jumps
    return Trial(
        at=round(before.pts, 3),
        join="hard",
        noticed=bool(jumps[near].max() > bar),
    )


@dataclass(frozen=True)
class IntervalScores:
    """Log odds of a jump by trees and rule together, and how much of a light change it is.

    And what both rest on. One value an interval.
    """

    jumps: Floats
    light: Floats
    odds: Floats
    rule: Floats


def interval_scores(
    table: MotionTable,
    parts: Parts,
    odds: Floats,
    length: float,
) -> IntervalScores:
    """What the two readers say, given the trees' log `odds` and the clip's length in seconds."""
    rule = _rule(parts)
    lit = _lit(parts, table)
    filled = _filled_up(table)
    odds = odds - longer(length) - LIT * lit
    inside = np.zeros(len(table), bool)
    inside[EDGE_FRAMES:-EDGE_FRAMES] = True
    inside &= ~filled
    beyond = FIRM + rule - RULE
    by_rule = np.where(rule >= RULE, beyond, -np.inf)
    by_rule = np.where(lit, -np.inf, by_rule)
    surest = np.maximum(odds, by_rule)
    jumps = np.where(inside, surest, -np.inf)
    only_light = inside & lit & (jumps < POSSIBLE)
    light = np.where(only_light, rule, -np.inf)
    return IntervalScores(
        jumps,
        light,
        odds,
        rule,
    )


def _rule(parts: Parts) -> Floats:
    """One bad interval among calm ones: residual, its worst blocks, motion, jerk, thumbnail."""
    picture = parts["residual_most"] + parts["worst_most"]
    moving = (parts["motion_most"] + parts["jerk_most"]) / 2
    total = picture + moving + parts["stays"]
    return np.where(parts["returns"] > RETURNS, total, -np.inf)


def _filled_up(table: MotionTable) -> NDArray[np.bool_]:
    """Where a new picture follows held ones, as others do beside it.

    And where motion explains it about as well as elsewhere: held pictures do not hide a cut.
    """
    raw = table.signal("raw")
    moving = raw[raw > STILL]
    if not len(moving):
        return np.zeros(len(table), bool)
    usual = np.median(moving)
    held = raw < HELD * usual
    new = ~held
    for back in range(1, HELD_FRAMES + 1):
        new[back:] &= held[:-back]
        new[:back] = False
    residual = table.signal("residual")
    new &= residual <= EXPLAINED * np.median(residual[raw > STILL])
    places = np.flatnonzero(new)
    filled = np.zeros(len(table), bool)
    for i in places:
        apart = np.abs(table.times[places] - table.times[i])
        near = apart <= PEERS_S
        alike = raw[places] >= ALIKE * raw[i]
        filled[i] = (near & alike).sum() > PEERS
    return filled


def _lit(parts: Parts, table: MotionTable) -> NDArray[np.bool_]:
    """Where the light changed and the edges did not."""
    step = table.signal("step")
    residual = table.signal("residual")
    bright = (step > BRIGHT_STEP) & (step > BRIGHT_SHARE * residual)
    return np.asarray(bright & (parts["structure_most"] < STRUCTURE))


def _between(table: MotionTable, i: int) -> Span:
    """From the picture before to the one after."""
    before, after = table.times[i - 1 : i + 1]
    return Span.between(before, after)


def _evidence(
    parts: Parts,
    i: int,
    rule: float,
    odds: float | None = None,
) -> JumpScores:
    """The scores and what weighed in them, for people."""
    shown = {
        name: round(float(parts[name][i]), 3)
        for name in JumpScores.model_fields
        if name not in ("odds", "rule")
    }
    return JumpScores(
        rule=_rounded(rule),
        odds=None if odds is None else _rounded(odds),
        **shown,
    )


def _rounded(score: float) -> float:
    """To a thousandth, never minus infinity."""
    return round(float(max(LEAST_SCORE, score)), 3)


def _blurred(table: MotionTable) -> Iterator[Blurred]:
    """Moments without detail."""
    for first, last, left in blurred(table.times, table.signal("sharp").astype(float)):
        at = Span.between(table.times[first], table.times[last])
        yield Blurred(at=at, left=round(left, 3))


def _motion(table: MotionTable) -> Motion:
    """How much the picture moves over the whole clip, for the strip of the report."""
    levels = motion(table, np.ones(len(table)))["motion"]
    pieces = np.array_split(levels, min(DRAWN, len(levels)))
    most = [float(piece.max()) for piece in pieces]
    first, last = table.times[[0, -1]]
    return Motion(
        at=Span.between(first, last),
        levels=tuple(round(level, 2) for level in most),
    )
