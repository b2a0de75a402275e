"""One parcel followed over a clip: which face is which from sample to sample, and how sure that is.

A picture gives a parcel's axes up to the 24 ways to name its faces. Over time only one naming
fits: a parcel turns a little from sample to sample, and evenly; and its edges keep their lengths.
The best naming of all samples together is found by Viterbi's algorithm over pairs of names, and how
sure each step is by the forward and backward sums over all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.lengths import Lengths, body_lengths, mismatch

# Degrees by which axes err, by how sure their network is: medians over the bench's boxes.
SURE, ERRS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), (45.0, 40.0, 28.0, 17.0, 11.0, 7.0, 5.0)
SPEED = 150.0  # degrees a second that parcels are turned at: nineteen in twenty samples less
CHANGE = 6.0  # degrees by which a turn changes from one step to the next, at `STEP_S`
STEP_S = 1 / 15
STRANGE = np.log(1e3)  # cost of a step that no turning explains
LENGTHS = 0.25  # weight of the edges: samples beside each other err alike
ROUNDS = 2  # of naming and measuring the edges
NAMES = len(CUBE_ROTATIONS)
PLAIN = 0.75  # sureness from which a sample's edges are measured
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Axes at a time: `turn` up to their names, how `sure`, and the edges, where measured."""

    pts: float
    turn: Floats
    sure: float
    lengths: Lengths | None


@dataclass(frozen=True, slots=True)
class Followed:
    """`names` (n,): of the cube's rotations the one that names a sample's axes as all others' are.

    `steps` (n - 1,): probability that the naming was kept from each sample to the next. `edges`
    (3,): log lengths of the named axes, their mean 0.
    """

    names: NDArray[np.intp]
    steps: Floats
    edges: Floats


def followed(samples: Sequence[Sample]) -> Followed:
    """The naming that fits all samples best."""
    named = np.array([sample.turn for sample in samples])[:, None] @ CUBE_ROTATIONS
    if len(samples) < FEWEST:
        nothing = np.zeros(len(samples), np.intp)
        return Followed(nothing, np.ones(max(0, len(samples) - 1)), np.zeros(3))
    chain = _Chain(samples, named)
    cost = np.zeros((len(samples), NAMES))
    names, steps = chain.solved(cost)
    edges = np.zeros(3)
    for _ in range(ROUNDS):
        plain = [one.lengths if one.sure >= PLAIN else None for one in samples]
        edges = body_lengths(plain, names)
        cost = np.array([LENGTHS * mismatch(one, edges) for one in plain])
        names, steps = chain.solved(cost)
    return Followed(names, steps, edges)


class _Chain:
    """Costs of every step and of every change from one step to the next, by names."""

    def __init__(self, samples: Sequence[Sample], named: Floats) -> None:
        times = np.array([sample.pts for sample in samples])
        errs = np.interp([sample.sure for sample in samples], SURE, ERRS)
        lasts = np.maximum(np.diff(times), 1e-3)
        turns = np.einsum("nbij,nakj->nabik", named[1:], named[:-1])
        self.turned = rotation_vectors(turns)  # (n - 1, from, to, 3)
        spread = (SPEED * lasts) ** 2 + errs[:-1] ** 2 + errs[1:] ** 2
        squares = (self.turned**2).sum(axis=-1)
        self.steps = np.minimum(squares / (2 * spread[:, None, None]), STRANGE)
        self.changes = [self._change(i, lasts, errs) for i in range(1, len(samples) - 1)]

    def _change(
        self,
        i: int,
        lasts: Floats,
        errs: Floats,
    ) -> Floats:
        """(before, here, after): cost of turning on otherwise at sample `i` than up to it."""
        ratio = lasts[i] / lasts[i - 1]
        expected = self.turned[i - 1] * ratio
        squares = ((self.turned[i][None] - expected[:, :, None]) ** 2).sum(axis=-1)
        noise = errs[i + 1] ** 2 + (errs[i] * (1 + ratio)) ** 2 + (errs[i - 1] * ratio) ** 2
        spread = (CHANGE * (lasts[i] / STEP_S) ** 2) ** 2 + noise / 2
        return np.asarray(np.minimum(squares / (2 * spread), STRANGE) + self.steps[i][None] / 2)

    def solved(self, cost: Floats) -> tuple[NDArray[np.intp], Floats]:
        """(name of each sample, probability of each step), given the cost of every name."""
        first = -(self.steps[0] + cost[0][:, None] + cost[1][None])
        best, back, before = first, [], [first]
        for i, change in enumerate(self.changes, 2):
            step = -change - cost[i][None, None]
            total = best[:, :, None] + step
            back.append(total.argmax(axis=0))
            best = total.max(axis=0)
            before.append(_summed(before[-1][:, :, None] + step, axis=0))
        after = [np.zeros_like(first)]
        for i in range(len(self.changes) + 1, 1, -1):
            step = -self.changes[i - 2] - cost[i][None, None]
            after.insert(0, _summed(after[0][None] + step, axis=2))
        names = list(np.unravel_index(int(best.argmax()), best.shape))
        for came in reversed(back):
            names.insert(0, came[names[0], names[1]])
        steps = [
            _same_step(one + other, int(names[i]), int(names[i + 1]))
            for i, (one, other) in enumerate(zip(before, after, strict=True))
        ]
        return np.array(names, np.intp), np.array(steps)


def _summed(values: Floats, axis: int) -> Floats:
    """Logarithm of the sum of exponentials."""
    most = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis))


def _same_step(
    weights: Floats,
    one: int,
    other: int,
) -> float:
    """Share of all pairs of names that mean the same step: all faces may be named anew at once."""
    shares = np.exp(weights - weights.max())
    return float(shares[STEPS[one, other] == STEPS].sum() / shares.sum())


def _step_table() -> Floats:
    """(from, to): pairs of names that take each face to the same other one share a number."""
    relative = np.einsum("aij,bkj->abik", CUBE_ROTATIONS, CUBE_ROTATIONS)
    apart = np.abs(relative[:, :, None] - CUBE_ROTATIONS[None, None]).sum(axis=(3, 4))
    return np.asarray(apart.argmin(axis=2))


STEPS = _step_table()


def rotation_vectors(turns: Floats) -> Floats:
    """(..., 3) degrees about each axis, of rotations (..., 3, 3)."""
    cosine = np.clip((np.trace(turns, axis1=-2, axis2=-1) - 1) / 2, -1, 1)
    angle = np.arccos(cosine)
    axis = np.stack(
        [
            turns[..., 2, 1] - turns[..., 1, 2],
            turns[..., 0, 2] - turns[..., 2, 0],
            turns[..., 1, 0] - turns[..., 0, 1],
        ],
        axis=-1,
    )
    length = np.maximum(np.linalg.norm(axis, axis=-1), 1e-9)
    return np.asarray(np.degrees(axis * (angle / length)[..., None]))
