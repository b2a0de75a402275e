"""How long a parcel's edges are, up to its distance: from how wide its silhouette is every way.

Seen along one of its axes a box hides that edge; across, it shows it whole. In any direction of the
picture a box is as wide as its three edges are, each by as much as it points there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.looks import Look
from detectors.parcel.pose import FOCAL, look_at_rotation

WAYS = 16  # directions in which a silhouette is measured
FEWEST = 12  # cells
LEAST = 0.3  # cells: no edge counts as shorter
ERR = 0.06  # of the logarithm of a length, however well it is seen: perspective, hands
HIDDEN = 1.0  # cells below which an edge was not seen
HUBER = 0.2  # of the logarithm beyond which a sample counts less
MOST = 6.0  # cost of one edge that fits no naming
PASSES = 10
AXES = np.abs(CUBE_ROTATIONS).argmax(axis=1)  # (names, 3): which axis each named one is


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of the three axes as a picture has them: log lengths in cells, and what each is worth."""

    logs: Floats
    weights: Floats


def edge_lengths(one: Look) -> Lengths | None:
    """By least squares over all directions; None where too little is seen."""
    ys, xs = np.nonzero(one.mask)
    if len(xs) < FEWEST:
        return None
    angles = np.linspace(0, np.pi, WAYS, endpoint=False)
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = np.stack([xs, ys], axis=1) @ ways.T
    widths = np.ptp(along, axis=0) + 2 - np.abs(ways).sum(axis=1)
    height, width = (side / max(one.shape) for side in one.shape)
    view = look_at_rotation(one.square, (height, width), FOCAL)
    shares = np.abs(ways @ (view.T @ one.turn)[:2])
    lengths = _positive(shares, widths)
    spread = np.sqrt(np.diag(np.linalg.inv(shares.T @ shares + 1e-3 * np.eye(3))))
    weights = 1 / (spread / np.maximum(lengths, 0.5) + ERR) ** 2
    weights[lengths < HIDDEN] = 1e-3
    return Lengths(np.log(np.maximum(lengths, LEAST)), weights)


def _positive(shares: Floats, widths: Floats) -> Floats:
    """Least squares without negative lengths."""
    kept = [0, 1, 2]
    lengths = np.zeros(3)
    while kept:
        found = np.linalg.lstsq(shares[:, kept], widths, rcond=None)[0]
        if (found > 0).all():
            lengths[kept] = found
            break
        kept = [axis for axis, length in zip(kept, found, strict=True) if length > 0]
    return lengths


def body_lengths(samples: Sequence[Lengths | None], names: NDArray[np.intp]) -> Floats:
    """(3,) log lengths of the body's edges, mean 0, that fit all samples as they are named.

    Each sample has a distance of its own; those that do not fit count less.
    """
    some = [
        (one.logs[AXES[name]], one.weights[AXES[name]])
        for one, name in zip(samples, names, strict=True)
        if one
    ]
    edges = np.zeros(3)
    if not some:
        return edges
    logs, weights = (np.array(part) for part in zip(*some, strict=True))
    for _ in range(PASSES):
        near = (weights * (logs - edges)).sum(axis=1) / weights.sum(axis=1)
        left = logs - edges - near[:, None]
        trusted = weights / (1 + (left / HUBER) ** 2)
        edges = (trusted * (logs - near[:, None])).sum(axis=0) / trusted.sum(axis=0)
        edges = edges - edges.mean()
    return np.asarray(edges)


def mismatch(sample: Lengths | None, edges: Floats) -> Floats:
    """(names,): how badly each naming of a sample's axes fits the body's edges."""
    if sample is None:
        return np.zeros(len(AXES))
    logs, weights = sample.logs[AXES], sample.weights[AXES]
    near = (weights * (logs - edges)).sum(axis=1) / weights.sum(axis=1)
    squares = weights * (logs - edges - near[:, None]) ** 2
    return np.asarray(np.minimum(squares / 2, MOST).sum(axis=1))


def distance(
    sample: Lengths,
    edges: Floats,
    name: int,
) -> float:
    """By how much the logarithms of a sample's edges, in cells, exceed the body's."""
    logs, weights = sample.logs[AXES[name]], sample.weights[AXES[name]]
    return float((weights * (logs - edges)).sum() / weights.sum())
