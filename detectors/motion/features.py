"""How much each interval of a table of motion stands out from those around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detectors.motion.table import LAGS, SIGNALS, TOP, Floats, MotionTable, Small

REACH, FAR, AROUND = 6, 20, 15  # intervals on either side: a shake, a gesture, what is usual
TOP_JERK = 16  # blocks
PIECE = 4096  # places whose surroundings are looked at together
LONG, MARGIN = 400, 100  # intervals looked at together: ranks must not depend on a clip's length
HIGH = 0.95  # quantile of a signal that counts as its highest
# What is added to a signal before its logarithm, in its units: below it there is only noise.
FLOOR = {
    "residual": 0.5,
    "worst": 1.0,
    "worst2": 1.5,
    "step": 0.5,
    "coherent": 0.3,
    "coherent_top": 0.5,
    "unlit": 0.4,
    "unlit_top": 0.8,
    "glow": 0.5,
    "glow_top": 1.0,
    "off": 0.01,
    "structure": 0.05,
    "structure_top": 0.1,
    "roll": 0.2,
    "roll_top": 0.4,
    "rough": 0.02,
    "raw": 0.5,
    "motion": 0.3,
    "jerk": 0.3,
    "change": 0.02,
}
RAW_BESIDE = (-3, -2, -1, 1, 2)  # intervals whose change of raw pictures is looked at, too

Rows = tuple[tuple[str, ...], Small]


def features(table: MotionTable) -> Rows:
    """(names, one row an interval).

    Long tables are looked at in pieces, so that a rank means the same in every clip.
    """
    n = len(table)
    if n <= LONG + 2 * MARGIN:
        return _features(table)
    parts = []
    for first in range(0, n, LONG):
        low = max(0, first - MARGIN)
        high = min(n, first + LONG + MARGIN)
        names, rows = _features(table.piece(slice(low, high)))
        last = min(n, first + LONG)
        parts.append(rows[first - low : last - low])
    return names, np.concatenate(parts)


def _features(table: MotionTable) -> Rows:
    """Of a table that is looked at as a whole."""
    pace = _pace(table.times)
    columns = table.signals.T.astype(float)
    signals: dict[str, Floats] = dict(zip(SIGNALS, columns, strict=True))
    signals |= motion(table, pace)
    signals["change"] = np.nan_to_num(table.lags[:, 0].astype(float))
    found = _standing_out(signals)
    found |= _memory(table.lags.astype(float))
    found |= _sharpness(signals["sharp"])
    found |= _rhythm(signals["raw"], table.keys)
    found["pace"] = np.log(pace)
    found |= _shares(signals)
    found |= _levels(signals)
    found["camera"] = _camera(table.flows, pace, signals["motion"])
    rows = np.stack(list(found.values()), axis=1).astype(np.float32)
    return tuple(found), rows


def _pace(times: Floats) -> Floats:
    """Length of each interval against the usual one."""
    common = np.median(np.diff(times))
    steps = np.maximum(np.diff(times, prepend=times[0] - common), 1e-3)
    return np.asarray(steps / np.median(steps))


def _shares(signals: Mapping[str, Floats]) -> dict[str, Floats]:
    """Log ratios between signals: what of the change is light, structure, glow."""
    residual = signals["residual"]
    structure = (signals["structure"] + 0.05) / (residual / 20 + 0.05)
    unlit_glow = (signals["unlit_top"] + 0.5) / (signals["glow_top"] + 0.5)
    return {
        "light": np.log((signals["step"] + 0.3) / (residual + 0.5)),
        "structure_share": np.log(structure),
        "unlit_share": np.log((signals["unlit"] + 0.2) / (residual + 0.3)),
        "unlit_glow": np.log(unlit_glow),
    }


def _levels(signals: Mapping[str, Floats]) -> dict[str, Floats]:
    """Logarithms of the signals themselves."""
    moving = signals["motion"]
    return {
        "residual_log": np.log(signals["residual"] + 0.2),
        "motion_log": np.log(moving + 0.1),
        "motion_level": np.log(usual(moving, AROUND) + 0.1),
    }


def _camera(
    flows: Small,
    pace: Floats,
    moving: Floats,
) -> Floats:
    """Log share of the motion that all blocks have in common."""
    common = (flows / pace[:, None, None]).mean(axis=1)
    length = np.hypot(*common.T)
    return np.asarray(np.log((length + 0.2) / (moving + 0.2)))


def motion(table: MotionTable, pace: Floats) -> dict[str, Floats]:
    """Motion of the fastest blocks in pixels a usual step, and its bend against both neighbours.

    Dropped frames cancel.
    """
    flows = table.flows / pace[:, None, None]
    across, down = np.moveaxis(flows, -1, 0)
    speed = np.sort(np.hypot(across, down), axis=1)
    beside = (flows[:-2] + flows[2:]) / 2
    bend = flows[1:-1] - beside
    across, down = np.moveaxis(bend, -1, 0)
    bent = np.sort(np.hypot(across, down), axis=1)
    jerk = np.zeros(len(table))
    jerk[1:-1] = bent[:, -TOP_JERK:].mean(axis=1)
    fastest = speed[:, -TOP:].mean(axis=1)
    return {"motion": fastest.astype(float), "jerk": jerk}


def _standing_out(signals: Mapping[str, Floats]) -> dict[str, Floats]:
    """Of each signal the log ratios to the most of both sides, to that of the calmer side ...

    ... of those further out, to the usual, to the highest of all; and the rank. All at once.
    """
    values = np.stack([signals[name] for name in FLOOR])
    floor = np.array(list(FLOOR.values()))[:, None]
    before, after = _sides(values, REACH, 1)
    far = np.maximum(*_sides(values, FAR, 1))
    bends = [name == "jerk" for name in FLOOR]  # a bend is felt on both sides of where it is
    before[bends], after[bends] = _sides(values[bends], REACH, 2)
    far[bends] = np.maximum(*_sides(values[bends], FAR, 2))
    top = np.log(values + floor)
    ways = {
        "most": top - np.log(np.maximum(before, after) + floor),
        "calm": top - np.log(np.minimum(before, after) + floor),
        "far": top - np.log(far + floor),
        "usual": top - np.log(usual(values, AROUND) + floor),
        "rank": ranks(values),
        "high": top - np.log(np.quantile(values, HIGH, axis=1)[:, None] + floor),
    }
    return {f"{name}_{how}": ways[how][row] for row, name in enumerate(FLOOR) for how in ways}


def _sides(
    values: Floats,
    reach: int,
    nearest: int,
) -> tuple[Floats, Floats]:
    """The most within `reach` intervals before and after each, those nearer than `nearest` not."""
    windows = sliding_window_view(padded(values, reach), 2 * reach + 1, axis=-1)
    before = windows[..., : reach - nearest + 1].max(axis=-1)
    return before, windows[..., reach + nearest :].max(axis=-1)


def padded(
    values: Floats,
    by: int,
    fill: float = 0.0,
) -> Floats:
    """With so many more at either end of every signal."""
    wide = np.full((*values.shape[:-1], values.shape[-1] + 2 * by), fill)
    wide[..., by:-by] = values
    return wide


def ranks(values: Floats) -> Floats:
    """Log share of the intervals that reach as much, signal by signal."""
    n = values.shape[-1]
    fewer = [np.searchsorted(np.sort(some), some, "left") for some in values]
    share = (n - np.array(fewer)) / (n + 1) + 1 / n
    return np.asarray(np.log(share + 1e-9))


def usual(
    values: Floats,
    around: int,
    beyond: int = 0,
) -> Floats:
    """Median of the `around` values on either side, those within `beyond` left out.

    Of all where nothing is left. Long signals are looked at in pieces: windows take memory.
    """
    n = values.shape[-1]
    kept = np.abs(np.arange(-around, around + 1)) > beyond
    windows = sliding_window_view(padded(values, around, np.nan), 2 * around + 1, axis=-1)
    whole = np.median(values, axis=-1)[..., None]
    found = np.empty_like(values)
    for first in range(0, n, PIECE):
        place = np.arange(first, min(n, first + PIECE))
        others = windows[..., place, :][..., kept]
        others.sort(axis=-1)  # NaN, beyond the ends, last
        sides = np.minimum(place, around), np.minimum(n - 1 - place, around)
        count = sum(np.maximum(0, side - beyond) for side in sides)
        row = np.arange(len(place))
        lower = others[..., row, np.maximum(count - 1, 0) // 2]
        upper = others[..., row, np.minimum(count // 2, others.shape[-1] - 1)]
        found[..., place] = np.where(count > 0, (lower + upper) / 2, whole)
    return found


def _memory(lags: Floats) -> dict[str, Floats]:
    """Does the picture stay at the new place, and does it come back to how it was before?

    `returns`: share of the jump that is left between the picture before it and the nearest of those
    after, or between it and the nearest of those before. `stays`: the jump against the steps beside
    it. `lasts`: how far five pictures back are.
    """
    n = len(lags)
    far = np.full((n, LAGS + 1), np.inf)
    known = np.where(np.isnan(lags), np.inf, lags)
    far[:, 1:] = known
    jump = _finite(far[:, 1])
    nearest = _nearest(far, jump)
    five = _finite(far[:, 5])
    beside = np.maximum(np.roll(jump, 1), np.roll(jump, -1))
    return {
        "returns": nearest / (jump + 1e-3),
        "lasts": np.log((five + 0.02) / (jump + 0.02)),
        "stays": np.log((jump + 0.01) / (beside + 0.01)),
    }


def _finite(values: Floats) -> Floats:
    """With 0 where nothing is known."""
    return np.where(np.isfinite(values), values, 0.0)


def _nearest(far: Floats, jump: Floats) -> Floats:
    """How near the pictures on one side of each interval come to the picture on the other."""
    n = len(far)
    nearest = far[:, 2:].min(axis=1)
    for lag in range(2, LAGS + 1):  # picture i + lag - 1 against picture i - 1
        later = np.full(n, np.inf)
        later[: n - lag + 1] = far[lag - 1 :, lag]
        nearest = np.minimum(nearest, later)
    return np.where(np.isfinite(nearest), nearest, jump)


def _sharpness(sharp: Floats) -> dict[str, Floats]:
    """Fast motion blurs; a jump joins two sharp pictures."""
    level = np.log(sharp + 0.3)
    common = usual(level, AROUND)
    before = np.roll(level, 1)
    now = level - common
    return {
        "sharp_now": now,
        "sharp_before": before - common,
        "sharp_least": np.minimum(now, before - common),
        "sharp_step": np.abs(level - before),
    }


def _rhythm(raw: Floats, keys: NDArray[np.bool_]) -> dict[str, Floats]:
    """Key pictures on and off the grid (an encoder redraws everything there), pictures held."""
    grid = _grid(keys)
    level = np.log(raw + 0.1)
    common = usual(level, AROUND)
    around = {f"raw{by:+d}": np.roll(level, -by) - common for by in RAW_BESIDE}
    earlier = [np.roll(level, by) for by in (1, 2, 3)]
    held = np.minimum.reduce(earlier) - common
    return {
        "key": keys.astype(float),
        "key_grid": grid,
        "key_odd": keys * (1 - grid),
        **around,
        "held": held,
        "raw_level": common,
    }


def _grid(keys: NDArray[np.bool_]) -> Floats:
    """1 where a key picture follows or precedes another by the usual distance."""
    grid = np.zeros(len(keys))
    at = np.flatnonzero(keys)
    if len(at) > 2:
        period = int(np.bincount(np.diff(at)).argmax())
        follows = np.isin(at - period, at)
        precedes = np.isin(at + period, at)
        grid[at] = follows | precedes
    return grid
