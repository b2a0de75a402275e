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

SPEED = 150.0  # degrees a second that parcels are turned at: nineteen in twenty samples less
STILL, MORE = 3.0, 1.5  # degrees, and times what the picture tells: how far it is believed
CHANGE = 6.0  # degrees by which a turn changes from one step to the next, at `STEP_S`
STEP_S = 1 / 15
STRANGE = np.log(1e3)  # cost of a step that no turning explains
LENGTHS = 0.25  # weight of the edges: samples beside each other err alike
FLAT, FLAT_LENGTHS = (1.0, 0.7, 0.15), 0.5  # edges of a mailer, and their weight
THIN_AXIS = 2  # of these
ROUNDS = 2  # of naming and measuring the edges
NAMES = len(CUBE_ROTATIONS)
PLAIN = 14.0  # degrees of error up to which a sample's edges are measured
FEWEST = 3
AT_ONCE = 256  # samples: 10 MB
MOST_KEPT = 1000  # samples: 55 MB
NO_AXIS = 1e-6  # a turn by nothing or by half has none


@dataclass(frozen=True, slots=True)
class Sample:
    """Axes at a time: `turn` up to their names, `err` in degrees, and the edges, where measured.

    `turned`: degrees since the sample before, at most, as far as the picture tells.
    """

    pts: float
    turn: Floats
    err: float
    turned: float
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


def followed(samples: Sequence[Sample], flat: bool = False) -> Followed:
    """The naming that fits all samples best.

    Of something `flat` the edges are given, its third the thin one, and what counts is only which
    of its two sides is seen.
    """
    named = np.array([sample.turn for sample in samples])[:, None] @ CUBE_ROTATIONS
    if len(samples) < FEWEST:
        nothing = np.zeros(len(samples), np.intp)
        return Followed(nothing, np.ones(max(0, len(samples) - 1)), np.zeros(3))
    chain = _Chain(samples, named)
    if flat:
        edges = np.log(FLAT) - np.log(FLAT).mean()
        cost = np.array([FLAT_LENGTHS * mismatch(one.lengths, edges) for one in samples])
        names, steps = chain.solved(cost, FLAT_STEPS)
        return Followed(names, steps, edges)
    cost = np.zeros((len(samples), NAMES))
    names, steps = chain.solved(cost)
    edges = np.zeros(3)
    for _ in range(ROUNDS):
        plain = [one.lengths if one.err <= PLAIN else None for one in samples]
        edges = body_lengths(plain, names)
        cost = np.array([LENGTHS * mismatch(one, edges) for one in plain])
        names, steps = chain.solved(cost)
    return Followed(names, steps, edges)


class _Chain:
    """Costs of every step and of every change from one step to the next, by names."""

    def __init__(self, samples: Sequence[Sample], named: Floats) -> None:
        times = np.array([sample.pts for sample in samples])
        errs = np.array([sample.err for sample in samples])
        lasts = np.maximum(np.diff(times), 1e-3)
        self.turned = _turned(named)
        turned = np.array([sample.turned for sample in samples[1:]])
        moved = np.minimum(SPEED * lasts, STILL + MORE * turned)
        spread = moved**2 + errs[:-1] ** 2 + errs[1:] ** 2
        squares = (self.turned**2).sum(axis=-1)
        self.steps = np.minimum(squares / (2 * spread[:, None, None]), STRANGE)
        self.lasts, self.errs = lasts, errs
        self.known: dict[int, NDArray[np.float32]] = {}

    def _change(self, i: int) -> NDArray[np.float32]:
        """(before, here, after): cost of turning on otherwise at sample `i` than up to it.

        Of a long clip worked out anew each time: kept, it is 55 kB a sample.
        """
        if i in self.known:
            return self.known[i]
        lasts, errs = self.lasts, self.errs
        ratio = lasts[i] / lasts[i - 1]
        expected = self.turned[i - 1] * ratio
        squares = ((self.turned[i][None] - expected[:, :, None]) ** 2).sum(axis=-1)
        noise = errs[i + 1] ** 2 + (errs[i] * (1 + ratio)) ** 2 + (errs[i - 1] * ratio) ** 2
        spread = (CHANGE * (lasts[i] / STEP_S) ** 2) ** 2 + noise / 2
        cost = np.minimum(squares / (2 * spread), STRANGE) + self.steps[i][None] / 2
        found: NDArray[np.float32] = cost.astype(np.float32)
        if len(self.known) < MOST_KEPT:
            self.known[i] = found
        return found

    def solved(
        self,
        cost: Floats,
        alike: NDArray[np.intp] | None = None,
    ) -> tuple[NDArray[np.intp], Floats]:
        """(name of each sample, probability of each step), given the cost of every name.

        `alike` (from, to): steps that count as the same.
        """
        same = STEPS if alike is None else alike
        first = -(self.steps[0] + cost[0][:, None] + cost[1][None])
        best, back, before = first, [], [first]
        for i in range(2, len(cost)):
            step = -self._change(i - 1) - cost[i][None, None]
            total = best[:, :, None] + step
            back.append(total.argmax(axis=0).astype(np.uint8))
            best = total.max(axis=0)
            before.append(_summed(before[-1][:, :, None] + step, axis=0))
        after = [np.zeros_like(first)]
        for i in range(len(cost) - 1, 1, -1):
            step = -self._change(i - 1) - cost[i][None, None]
            after.append(_summed(after[-1][None] + step, axis=2))
        after.reverse()
        names = [int(name) for name in np.unravel_index(int(best.argmax()), best.shape)][::-1]
        for came in reversed(back):
            names.append(int(came[names[-1], names[-2]]))
        names.reverse()
        steps = [
            _same_step(one + other, same == same[names[i], names[i + 1]])
            for i, (one, other) in enumerate(zip(before, after, strict=True))
        ]
        return np.array(names, np.intp), np.array(steps)


def _turned(named: Floats) -> NDArray[np.float32]:
    """(n - 1, from, to, 3): degrees from each sample to the next, by names; some at a time."""
    parts = [np.zeros((0, NAMES, NAMES, 3), np.float32)]
    for first in range(0, len(named) - 1, AT_ONCE):
        some = named[first : first + AT_ONCE + 1]
        turns = np.einsum("nbij,nakj->nabik", some[1:], some[:-1])
        parts.append(rotation_vectors(turns).astype(np.float32))
    return np.concatenate(parts)


def _summed(values: Floats, axis: int) -> Floats:
    """Logarithm of the sum of exponentials."""
    most = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis))


def _same_step(weights: Floats, same: NDArray[np.bool_]) -> float:
    """Share of all pairs of names that mean the same step: all faces may be named anew at once."""
    shares = np.exp(weights - weights.max())
    return float(shares[same].sum() / shares.sum())


def _step_table() -> NDArray[np.intp]:
    """(from, to): pairs of names that take each face to the same other one share a number."""
    relative = np.einsum("aij,bkj->abik", CUBE_ROTATIONS, CUBE_ROTATIONS)
    apart = np.abs(relative[:, :, None] - CUBE_ROTATIONS[None, None]).sum(axis=(3, 4))
    return np.asarray(apart.argmin(axis=2))


def _flat_step_table() -> NDArray[np.intp]:
    """(from, to): pairs of names that take the thin axis to the same place share a number; what is
    called the front is chance.
    """
    thin = np.rint(CUBE_ROTATIONS[:, :, THIN_AXIS]).astype(int) @ np.array([1, 3, 9])
    one, other = np.meshgrid(thin, thin, indexing="ij")
    return np.asarray(np.maximum(100 * one + other, -100 * one - other), np.intp)


STEPS = _step_table()
FLAT_STEPS = _flat_step_table()


def rotation_vectors(turns: Floats) -> Floats:
    """(..., 3) degrees about each axis, of rotations (..., 3, 3); of half a turn, either way."""
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
    length = np.linalg.norm(axis, axis=-1)
    half = (length < NO_AXIS) & (cosine < 0)
    if half.any():
        squares = (np.diagonal(turns[half], axis1=-2, axis2=-1) + 1) / 2
        axis[half] = np.sqrt(np.maximum(squares, 0.0))
        length[half] = np.linalg.norm(axis[half], axis=-1)
    return np.asarray(np.degrees(axis * (angle / np.maximum(length, NO_AXIS))[..., None]))
