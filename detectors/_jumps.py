"""How much each interval of a table of motion stands out from those around it, and what trees grown on drawn edits make of that."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from detectors._motion import LAGS, SIGNALS, TOP, Floats, Table

REACH, FAR, AROUND = 6, 20, 15  # intervals on either side: a shake, a gesture, what is usual
TOP_JERK = 16  # blocks
LONG, MARGIN = 400, 100  # intervals looked at together: ranks must not depend on how long the clip is
ROWS = 256  # intervals walked through the trees together: more no longer fit into the cache
# What is added to a signal before its logarithm is taken, in its units: below it there is only noise.
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


def features(table: Table) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """(names, one row an interval). Long tables are looked at in pieces, so that a rank means the same in every clip."""
    n = len(table)
    if n <= LONG + 2 * MARGIN:
        return _features(table)
    parts = []
    for first in range(0, n, LONG):
        low, high = max(0, first - MARGIN), min(n, first + LONG + MARGIN)
        names, rows = _features(table.piece(slice(low, high)))
        parts.append(rows[first - low : min(n, first + LONG) - low])
    return names, np.concatenate(parts)


def _features(table: Table) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    signals = {name: table.signals[:, i].astype(float) for i, name in enumerate(SIGNALS)}
    steps = np.diff(table.times, prepend=table.times[0] - np.median(np.diff(table.times)))
    pace = np.maximum(steps, 1e-3) / np.median(np.maximum(steps, 1e-3))
    signals |= motion(table, pace) | {"change": np.nan_to_num(table.lags[:, 0].astype(float))}
    found: dict[str, Floats] = {}
    for name, floor in FLOOR.items():
        for how, values in _standing_out(signals[name], floor, nearest=2 if name == "jerk" else 1).items():
            found[f"{name}_{how}"] = values
    found |= _memory(table.lags.astype(float))
    found |= _sharpness(signals["sharp"])
    found |= _rhythm(signals["raw"], table.keys) | {"pace": np.log(pace)}
    found |= {
        "light": np.log((signals["step"] + 0.3) / (signals["residual"] + 0.5)),
        "structure_share": np.log((signals["structure"] + 0.05) / (signals["residual"] / 20 + 0.05)),
        "unlit_share": np.log((signals["unlit"] + 0.2) / (signals["residual"] + 0.3)),
        "unlit_glow": np.log((signals["unlit_top"] + 0.5) / (signals["glow_top"] + 0.5)),
        "residual_log": np.log(signals["residual"] + 0.2),
        "motion_log": np.log(signals["motion"] + 0.1),
        "motion_level": np.log(_usual(signals["motion"]) + 0.1),
        "camera": np.log((np.hypot(*(table.flows / pace[:, None, None]).mean(axis=1).T) + 0.2) / (signals["motion"] + 0.2)),
    }
    return tuple(found), np.stack(list(found.values()), axis=1).astype(np.float32)


def motion(table: Table, pace: Floats) -> dict[str, Floats]:
    """Motion of the fastest blocks in pixels a usual step, and its bend against both neighbours: dropped frames cancel."""
    flows = table.flows / pace[:, None, None]
    fast = np.sort(np.hypot(flows[..., 0], flows[..., 1]), axis=1)[:, -TOP:].mean(axis=1)
    jerk = np.zeros(len(table))
    bend = flows[1:-1] - (flows[:-2] + flows[2:]) / 2
    jerk[1:-1] = np.sort(np.hypot(bend[..., 0], bend[..., 1]), axis=1)[:, -TOP_JERK:].mean(axis=1)
    return {"motion": fast.astype(float), "jerk": jerk}


def _standing_out(values: Floats, floor: float, nearest: int) -> dict[str, Floats]:
    """Log ratios to the most of both sides, to the calmer side, to the most further out, to what is usual and to the highest; the rank."""
    n = len(values)
    padded = sliding_window_view(np.pad(values, REACH), 2 * REACH + 1)
    before, after = padded[:, : REACH - nearest + 1].max(axis=1), padded[:, REACH + nearest :].max(axis=1)
    wide = sliding_window_view(np.pad(values, FAR), 2 * FAR + 1)
    far = np.maximum(wide[:, : FAR - nearest + 1].max(axis=1), wide[:, FAR + nearest :].max(axis=1))
    fewer = np.searchsorted(np.sort(values), values, "left")
    top = np.log(values + floor)
    return {
        "most": top - np.log(np.maximum(before, after) + floor),
        "calm": top - np.log(np.minimum(before, after) + floor),
        "far": top - np.log(far + floor),
        "usual": top - np.log(_usual(values) + floor),
        "rank": np.log((n - fewer) / (n + 1) + 1 / n + 1e-9),
        "high": top - np.log(np.quantile(values, 0.95) + floor),
    }


def _usual(values: Floats) -> Floats:
    """Median of the `AROUND` values on either side, the value itself left out."""
    windows = sliding_window_view(np.pad(values, AROUND, constant_values=np.nan), 2 * AROUND + 1)
    others = np.sort(np.concatenate([windows[:, :AROUND], windows[:, AROUND + 1 :]], axis=1), axis=1)  # NaN, beyond the ends, last
    count, row = np.count_nonzero(~np.isnan(others), axis=1), np.arange(len(values))
    return np.asarray((others[row, (count - 1) // 2] + others[row, count // 2]) / 2)


def _memory(lags: Floats) -> dict[str, Floats]:
    """Does the picture stay at the new place, and does it come back to how it was before the jump?

    `returns`: share of the jump that is left between the picture before it and the nearest of those after, or between it and
    the nearest of those before. `stays`: the jump against the steps beside it. `lasts`: how far five pictures back are.
    """
    n = len(lags)
    far = np.full((n, LAGS + 1), np.inf)
    far[:, 1:] = np.where(np.isnan(lags), np.inf, lags)
    jump = np.where(np.isfinite(far[:, 1]), far[:, 1], 0.0)
    nearest = far[:, 2:].min(axis=1)
    for lag in range(2, LAGS + 1):  # picture i + lag - 1 against picture i - 1
        later = np.full(n, np.inf)
        later[: n - lag + 1] = far[lag - 1 :, lag]
        nearest = np.minimum(nearest, later)
    nearest = np.where(np.isfinite(nearest), nearest, jump)
    five = np.where(np.isfinite(far[:, 5]), far[:, 5], 0.0)
    beside = np.maximum(np.roll(jump, 1), np.roll(jump, -1))
    return {
        "returns": nearest / (jump + 1e-3),
        "lasts": np.log((five + 0.02) / (jump + 0.02)),
        "stays": np.log((jump + 0.01) / (beside + 0.01)),
    }


def _sharpness(sharp: Floats) -> dict[str, Floats]:
    """Fast motion blurs; a jump joins two sharp pictures."""
    level = np.log(sharp + 0.3)
    now = level - _usual(level)
    return {
        "sharp_now": now,
        "sharp_before": np.roll(level, 1) - _usual(level),
        "sharp_least": np.minimum(now, np.roll(level, 1) - _usual(level)),
        "sharp_step": np.abs(level - np.roll(level, 1)),
    }


def _rhythm(raw: Floats, keys: NDArray[np.bool_]) -> dict[str, Floats]:
    """Key pictures on and off the grid (an encoder redraws everything there), pictures held before, changes around."""
    grid = np.zeros(len(keys))
    at = np.flatnonzero(keys)
    if len(at) > 2:
        period = int(np.bincount(np.diff(at)).argmax())
        grid[at] = np.isin(at - period, at) | np.isin(at + period, at)
    level = np.log(raw + 0.1)
    usual = _usual(level)
    around = {f"raw{by:+d}": np.roll(level, -by) - usual for by in (-3, -2, -1, 1, 2)}
    held = np.minimum.reduce([np.roll(level, by) for by in (1, 2, 3)]) - usual
    return {"key": keys.astype(float), "key_grid": grid, "key_odd": keys * (1 - grid), **around, "held": held, "raw_level": usual}


@dataclass(frozen=True)
class Trees:
    """A sum of decision trees over named features, as plain numbers: `training/fit.py` grew them and wrote them down."""

    names: tuple[str, ...]
    baseline: float
    feature: NDArray[np.intp]  # (trees, nodes); -1 in leaves
    threshold: Floats
    child: NDArray[np.intp]  # (trees, nodes, 2): where the feature is at most the threshold, and where it is more
    value: Floats

    def scores(self, names: tuple[str, ...], rows: NDArray[np.float32]) -> Floats:
        """Log odds of a jump for each row."""
        known = rows[:, [names.index(name) for name in self.names]]
        return np.concatenate([self._scores(known[first : first + ROWS]) for first in range(0, len(known), ROWS)])

    def _scores(self, known: NDArray[np.float32]) -> Floats:
        """All trees walked at once, (trees, rows) at a time."""
        tree, every = np.arange(len(self.feature))[:, None], np.arange(len(known))[None]
        node = np.zeros((len(self.feature), len(known)), np.intp)
        while (inner := self.feature[tree, node] >= 0).any():
            more = known[every, self.feature[tree, node]] > self.threshold[tree, node]
            node = np.where(inner, self.child[tree, node, more.astype(np.intp)], node)
        return np.asarray(self.baseline + self.value[tree, node].sum(axis=0))


@cache
def trees() -> Trees:
    """The trees shipped with this program."""
    stored = json.loads((resources.files("detectors") / "jump_trees.json").read_text("utf-8"))
    most = max(len(tree["value"]) for tree in stored["trees"])

    def table(key: str, fill: float = 0.0) -> Floats:
        return np.array([tree[key] + [fill] * (most - len(tree[key])) for tree in stored["trees"]], np.float64)

    return Trees(
        tuple(stored["features"]),
        float(stored["baseline"]),
        table("feature", -1).astype(np.intp),
        table("threshold"),
        np.stack([table("less"), table("more")], axis=2).astype(np.intp),
        table("value"),
    )
