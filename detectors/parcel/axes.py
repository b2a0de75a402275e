"""Three axes up to order and sign: as a tensor, and the rotation that a tensor is nearest to.

Nothing in one picture of a plain box tells its faces apart, so axes come as a tensor that is the
same for all 24 ways to name them (sum of the axes' fourth powers, as in hexahedral meshing).
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement, permutations, product
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TERMS = tuple(combinations_with_replacement(range(3), 4))
"""Indices of the 15 numbers of a symmetric tensor of order 4."""
PAIRS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
NORM = 1.2  # squared norm of the tensor of three axes
SHIFT, ROUNDS, FINALISTS = 0.8, 10, 6  # of the power iteration, from the best of its starts
STARTS, SEED = 60, 7


class Axes(NamedTuple):
    """A rotation whose columns are the axes, and how near its tensor is: 1 where it is the same."""

    turn: Floats
    sure: float


def _occurrences(term: tuple[int, ...]) -> float:
    """How often one of the 15 numbers stands in the whole tensor."""
    repeated = [factorial(term.count(i)) for i in range(3)]
    return float(factorial(4) // np.prod(repeated))


def _mean_over_rotations(term: tuple[int, ...]) -> float:
    """Of one of the 15 numbers over all rotations."""
    equal = [term[i] == term[j] and term[k] == term[m] for i, j, k, m in PAIRS]
    return 0.2 * sum(equal)


def _rotations_of_a_cube() -> Floats:
    """(24, 3, 3): the rotations that map a cube to itself."""
    turns = []
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            matrix = np.eye(3)[list(order)] * signs
            if np.linalg.det(matrix) > 0:
                turns.append(matrix)
    return np.array(turns)


TIMES = np.array([_occurrences(term) for term in TERMS])
MEAN = np.array([_mean_over_rotations(term) for term in TERMS])
PLACES = np.array(
    [
        TERMS.index(tuple(sorted(place)))
        for place in np.ndindex(
            3,
            3,
            3,
            3,
        )
    ]
)
PLACES = PLACES.reshape(
    3,
    3,
    3,
    3,
)
CUBE_ROTATIONS = _rotations_of_a_cube()


def tensor_of(turn: Floats) -> Floats:
    """The 15 numbers of the axes that are the columns of `turn` (..., 3, 3).

    The mean over all rotations is taken off.
    """
    rows = []
    for term in TERMS:
        powers = np.prod([turn[..., i, :] for i in term], axis=0)
        rows.append(powers.sum(axis=-1))
    return np.asarray(np.stack(rows, axis=-1) - MEAN)


def full_tensor(numbers: Floats) -> Floats:
    """(3, 3, 3, 3) from its 15 numbers."""
    return np.asarray(numbers[PLACES])


def turned_tensor(tensor: Floats, turn: Floats) -> Floats:
    """(3, 3, 3, 3): each of its four indices turned."""
    products = turn[:, None, :, None] * turn[None, :, None, :]
    pair = products.reshape(9, 9)
    whole = pair @ tensor.reshape(9, 9) @ pair.T
    return np.asarray(
        whole.reshape(
            3,
            3,
            3,
            3,
        )
    )


def nearest_axes(tensor: Floats) -> Axes:
    """The axes whose tensor (3, 3, 3, 3) is nearest, by power iteration from many starts."""
    cubic = tensor.reshape(27, 3)
    turns = _starts()
    ranked = np.argsort(-_score(cubic, turns), kind="stable")
    turns = turns[ranked[:FINALISTS]]
    for _ in range(ROUNDS):
        pulled = _pull(cubic, turns) + SHIFT * turns
        u, _, v = np.linalg.svd(pulled)
        turns = u @ v
    score = _score(cubic, turns)
    best = turns[int(score.argmax())]
    upright = best * np.sign(np.linalg.det(best))
    return Axes(upright, float(score.max() / NORM))


def _pull(cubic: Floats, turns: Floats) -> Floats:
    """T(a, a, a, .) of each axis a, as columns."""
    a = turns.transpose(0, 2, 1).reshape(-1, 3)
    squares = a[:, :, None] * a[:, None, :]
    cubes = squares[:, :, :, None] * a[:, None, None, :]
    pulled = cubes.reshape(-1, 27) @ cubic
    return np.asarray(pulled.reshape(-1, 3, 3).transpose(0, 2, 1))


def _score(cubic: Floats, turns: Floats) -> Floats:
    """How well each rotation fits the tensor."""
    return np.asarray((_pull(cubic, turns) * turns).sum(axis=(1, 2)))


@cache
def _starts() -> Floats:
    """Rotations spread evenly enough that one lies near any other up to the group."""
    quaternions = np.random.default_rng(SEED).normal(size=(STARTS, 4))
    return rotations(
        quaternions
        / np.linalg.norm(
            quaternions,
            axis=1,
            keepdims=True,
        )
    )


def rotations(unit: Floats) -> Floats:
    """(..., 3, 3) from quaternions (..., 4) of length 1: w, x, y, z."""
    w, x, y, z = np.moveaxis(unit, -1, 0)
    xx = x * x
    yy = y * y
    zz = z * z
    xy = x * y
    xz = x * z
    yz = y * z
    xw = x * w
    yw = y * w
    zw = z * w
    rows = [
        [1 - 2 * (yy + zz), 2 * (xy - zw), 2 * (xz + yw)],
        [2 * (xy + zw), 1 - 2 * (xx + zz), 2 * (yz - xw)],
        [2 * (xz - yw), 2 * (yz + xw), 1 - 2 * (xx + yy)],
    ]
    matrices = np.moveaxis(np.array(rows), (0, 1), (-2, -1))
    return np.ascontiguousarray(matrices)


def rotation_distance(one: Floats, other: Floats) -> float:
    """Degrees between two rotations whose axes may be named and signed anyhow."""
    traces = np.einsum("gji,ji->g", other @ CUBE_ROTATIONS, one)
    cosine = np.clip((traces.max() - 1) / 2, -1, 1)
    return float(np.degrees(np.arccos(cosine)))
