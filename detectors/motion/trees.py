"""Decision trees over features of motion, grown on drawn edits; read as plain numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.motion.table import Floats, Small

ROWS = 256  # intervals walked through the trees together: more no longer fit into the cache


@dataclass(frozen=True)
class Trees:
    """A sum of trees over named features: the training project grew them and wrote them down.

    `feature` (trees, nodes): -1 in leaves. `child` (trees, nodes, 2): where the feature is at most
    the threshold, and where it is more.
    """

    names: tuple[str, ...]
    baseline: float
    feature: NDArray[np.intp]
    threshold: Floats
    child: NDArray[np.intp]
    value: Floats

    def scores(self, names: tuple[str, ...], rows: Small) -> Floats:
        """Log odds of a jump for each row."""
        known = rows[:, [names.index(name) for name in self.names]]
        firsts = range(0, len(known), ROWS)
        pieces = [known[first : first + ROWS] for first in firsts]
        return np.concatenate([self._scores(piece) for piece in pieces])

    def _scores(self, known: Small) -> Floats:
        """All trees walked at once, (trees, rows) at a time."""
        tree = np.arange(len(self.feature))[:, None]
        row = np.arange(len(known))[None]
        node = np.zeros((len(self.feature), len(known)), np.intp)
        while True:
            feature = self.feature[tree, node]
            inner = feature >= 0
            if not inner.any():
                break
            more = known[row, feature] > self.threshold[tree, node]
            child = self.child[tree, node, more.astype(np.intp)]
            node = np.where(inner, child, node)
        values = self.value[tree, node]
        return np.asarray(self.baseline + values.sum(axis=0))


@cache
def shipped_trees(name: str) -> Trees:
    """The trees shipped with this program: "jump" or "join"."""
    folder = resources.files("detectors") / "motion"
    return read((folder / f"{name}_trees.json").read_text("utf-8"))


def read(text: str) -> Trees:
    """Trees as the training project wrote them down."""
    stored = json.loads(text)
    trees = stored["trees"]
    children = np.stack([_table(trees, "less"), _table(trees, "more")], axis=2)
    return Trees(
        names=tuple(stored["features"]),
        baseline=float(stored["baseline"]),
        feature=_table(trees, "feature", -1).astype(np.intp),
        threshold=_table(trees, "threshold"),
        child=children.astype(np.intp),
        value=_table(trees, "value"),
    )


def _table(
    trees: Sequence[Mapping[str, Any]],
    key: str,
    fill: float = 0.0,
) -> Floats:
    """(trees, nodes) of one column, shorter trees filled up."""
    most = max(len(tree["value"]) for tree in trees)
    rows = [tree[key] + [fill] * (most - len(tree[key])) for tree in trees]
    return np.array(rows, np.float64)
