"""Grow the trees of `detectors/motion/jump_trees.json`:

`python -m training.cuts.fit DRAWN FOLDER...` (needs scikit-learn, see training/requirements-trees.lock).

DRAWN is what `training.cuts.draw` wrote; each FOLDER a bench of real clips with `manifest.jsonl`,
used for learning, too. Prints, for trees that never saw a take's author (but for pieces put into
the clips of others), how many honest clips pass each bar and which breaks are found, and writes
those trees into the working directory; then writes the trees grown on everything. Fixed seeds and one thread: the same clips give the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from detectors import cuts
from detectors.motion.features import features as features_of
from detectors.motion.table import Floats, MotionTable, motion_table
from models.detector import SMALL_VIEW
from models.media import Limits
from pipeline.observe import decode
from pipeline.observe.picture import Picture

OUT = Path(__file__).parents[2] / "detectors" / "motion" / "jump_trees.json"
JUMPS = (
    "del_",
    "insert",
    "concat",
    "copycut",
    "reverse",
    "loop",
)  # events that are jumps between two pictures
FOR_CUTS = ("del_2", "del_10", "insert", "concat")  # edits that the card's hit rate is about
FOLDS = 3  # of authors; nobody is both learnt from and tested on
# share of the intervals without an event that the first trees learn from; the second learn from
# what those took for jumps
EASY = 0.06
HARD = -7.5  # log odds above which an interval without an event is hard
NEAR_S = 0.06  # seconds between an event and the interval it is in
LOCATED_S = 0.2  # seconds between an event and a break that tells it
BARS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5)  # log odds
BLUR_S, AROUND = 1.0, 4  # seconds, intervals around an event that are neither
FIRST = {"max_iter": 60, "learning_rate": 0.15, "max_leaf_nodes": 8}
SECOND = {"max_iter": 300, "learning_rate": 0.05, "max_leaf_nodes": 15, "max_features": 0.3}
COMMON = {"min_samples_leaf": 60, "l2_regularization": 10.0, "random_state": 0}


@dataclass(frozen=True)
class Known:
    """One clip: where its jumps are, and the features of its intervals."""

    row: dict[str, Any]
    table: MotionTable
    names: tuple[str, ...]
    features: NDArray[np.float32]

    @property
    def times(self) -> Floats:
        return self.table.times

    @property
    def honest(self) -> bool:
        return self.row.get("label") == "continuous"

    def events(self) -> list[tuple[str, float]]:
        if "events" in self.row:
            return [(kind, at) for kind, at in self.row["events"] if not kind.startswith("h_")]
        return [(self.row["type"], at) for at in self.row["times"]]

    def labels(self) -> NDArray[np.int8]:
        """1 at a jump, 0 where nothing happened, -1 where it cannot be said."""
        found = np.zeros(len(self.times), np.int8)
        for kind, at in self.events():
            nearest = int(np.argmin(np.abs(self.times - at)))
            if kind.startswith(JUMPS):
                around = found[max(0, nearest - AROUND) : nearest + AROUND + 1]
                around[around == 0] = -1
                if abs(self.times[nearest] - at) < NEAR_S:
                    found[nearest] = 1
            else:
                found[(np.abs(self.times - at) < BLUR_S) & (found == 0)] = -1
        found[: cuts.EDGE_FRAMES] = found[-cuts.EDGE_FRAMES :] = -1
        return found


def clip(job: tuple[Path, dict[str, Any]]) -> Known:
    path, row = job
    pictures = (item for item in decode.video(path, "mp4", Limits()) if isinstance(item, Picture))
    table = motion_table(picture.view(SMALL_VIEW, "luma") for picture in pictures)
    names, features = features_of(table)
    return Known(row, table, names, features)


def clips(folders: Sequence[Path]) -> Iterator[Known]:
    jobs = []
    for folder in folders:
        rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
        jobs += [(folder / row["file"], row) for row in rows]
    with ProcessPoolExecutor(2) as pool:
        for number, known in enumerate(pool.map(clip, jobs, chunksize=4), 1):
            print(f"{number} of {len(jobs)} clips measured", file=sys.stderr, end="\r")
            yield known


def grown(
    features: NDArray[np.float32], labels: NDArray[np.int8]
) -> HistGradientBoostingClassifier:
    """Trees in two rounds: the first find which of very many uneventful intervals are hard."""
    easy = np.random.default_rng(1).random(len(labels)) < EASY
    some = (labels == 1) | ((labels == 0) & easy)
    weight = np.where(labels == 1, 1.0, 1 / EASY)
    first = HistGradientBoostingClassifier(**FIRST, **COMMON).fit(
        features[some], labels[some], weight[some]
    )
    hard = np.zeros(len(labels), bool)
    hard[labels == 0] = first.decision_function(features[labels == 0]) > HARD
    some |= hard
    weight = np.where((labels == 1) | hard, 1.0, 1 / EASY)
    return HistGradientBoostingClassifier(**SECOND, **COMMON).fit(
        features[some], labels[some], weight[some]
    )


def fold_of(group: str) -> int:
    """By the author's name, so that all trees leave out the same people."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % FOLDS


def unseen(
    known: Sequence[Known], features: NDArray[np.float32], labels: NDArray[np.int8]
) -> list[Floats]:
    """Log odds of every interval by trees that saw nothing of its author."""
    sizes = [len(one.times) for one in known]
    fold = np.repeat([fold_of(one.row["group"]) for one in known], sizes)
    odds = np.zeros(len(labels))
    for turn in range(FOLDS):
        trees = grown(features[fold != turn], labels[fold != turn])
        store(trees, known[0].names, Path(f"jump_trees_unseen_{turn}.json"), "training/cuts/fit.py")
        odds[fold == turn] = trees.decision_function(features[fold == turn])
    return np.split(odds, np.cumsum(sizes)[:-1])


def told(known: Sequence[Known], odds: Sequence[Floats]) -> None:
    """The figures: honest clips by their highest odds; at each bar, honest clips that pass it and
    edited ones with a break located.
    """
    highest: list[tuple[float, str]] = []
    nearest: dict[str, list[float]] = defaultdict(list)
    takes: dict[str, list[float]] = defaultdict(list)
    for one, raw in zip(known, odds, strict=True):
        parts = {name: one.features[:, i].astype(float) for i, name in enumerate(one.names)}
        jumps = cuts.interval_scores(one.table, parts, raw).jumps
        if one.honest:
            highest.append(
                (
                    float(jumps.max()),
                    one.row["file"] + (" (stress)" if one.row.get("stress") else ""),
                )
            )
        elif "events" not in one.row:
            near = np.abs(one.times[:, None] - np.array(one.row["times"])).min(axis=1) <= LOCATED_S
            score = float(jumps[near].max(initial=-99.0))
            nearest[one.row["type"]].append(score)
            if one.row["type"].startswith(FOR_CUTS):
                takes[one.row["take"]].append(score)
            if one.row["type"].startswith(JUMPS):
                nearest[f"export {one.row['export']}"].append(score)
        else:
            for kind, at in one.events():
                nearest[f"drawn {kind}"].append(
                    float(jumps[np.abs(one.times - at) <= LOCATED_S].max(initial=-99.0))
                )
    print(
        "highest honest:",
        *(f"{score:.2f} {name}" for score, name in sorted(highest, reverse=True)[:15]),
        sep="\n  ",
    )
    for bar in BARS:
        print(
            f"bar {bar}: {sum(score >= bar for score, _ in highest)} of {len(highest)} honest clips;",
            end=" ",
        )
        print(
            ", ".join(
                f"{kind} {sum(score >= bar for score in some)}/{len(some)}"
                for kind, some in sorted(nearest.items())
            ),
            end="; ",
        )
        print(
            f"takes with most edits located {sum(float(np.median(some)) >= bar for some in takes.values())} of {len(takes)}"
        )


def store(
    model: HistGradientBoostingClassifier, names: tuple[str, ...], path: Path, made_by: str
) -> None:
    stored = written(model, names) | {"made_by": made_by}
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in stored.pop("trees"))
    path.write_text(json.dumps(stored, indent=1)[:-2] + ',\n "trees": [\n' + lines + "\n]}\n")


def written(model: HistGradientBoostingClassifier, names: tuple[str, ...]) -> dict[str, Any]:
    """The trees as plain numbers, only with the features that they ask for."""
    nodes = [tree[0].nodes for tree in model._predictors]
    used = sorted({int(n["feature_idx"]) for tree in nodes for n in tree if not n["is_leaf"]})
    place = {feature: i for i, feature in enumerate(used)}
    return {
        "features": [names[i] for i in used],
        "baseline": round(float(model._baseline_prediction[0][0]), 6),
        "trees": [
            {
                "feature": [-1 if n["is_leaf"] else place[int(n["feature_idx"])] for n in tree],
                "threshold": [
                    0.0 if n["is_leaf"] else float(f"{n['num_threshold']:.7g}") for n in tree
                ],
                "less": [int(n["left"]) for n in tree],
                "more": [int(n["right"]) for n in tree],
                "value": [float(f"{n['value']:.6g}") if n["is_leaf"] else 0.0 for n in tree],
            }
            for tree in nodes
        ],
    }


def main(*folders: Path) -> None:
    known = list(clips(folders))
    features = np.concatenate([one.features for one in known])
    labels = np.concatenate([one.labels() for one in known])
    told(known, unseen(known, features, labels))
    keep = labels >= 0
    store(grown(features[keep], labels[keep]), known[0].names, OUT, "training/cuts/fit.py")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
