"""A parcel in one picture: where it is, whether it is a flat mailer, and how its axes lie, up to which axis is which.

Small networks (recipe: training/sides): the first finds the parcel in the whole picture. The second looks at a square around it and says
for each cell which way the surface faces and how the three body axes lie. Where that leaves open whether the parcel is a mailer, a third
looks closer. Nothing in one picture of a plain box tells its faces apart, so the axes come as a tensor that is the same for all 24 ways to
name them (sum of the axes' fourth powers, as in hexahedral meshing); the rotation is found from it up to that group. Which face is which,
only a whole clip can tell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations_with_replacement, permutations
from math import factorial
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import _weights
from models.media import Luma

Floats = NDArray[np.float64]
Small = NDArray[np.float32]

NAMES = ("mask", "axes", "mailer")  # of the networks, in their order below
WHOLE = (256, 144)  # pixels of the view in which the parcel is looked for, landscape
CROP = 128  # pixels of the square around it
GREY = (114, 114, 114)  # where a square reaches beyond the picture, in training too
AROUND = 1.45  # times the parcel's longest side: that square
CLOSE, TIGHT = 192, 1.25  # the same of the square in which is seen whether it is a mailer: creases and seams are finer (house rule)
FOCAL = 0.9  # of the longer side, where nothing is known; phones have 0.75 to 1.05
SEEN = 0.5  # probability of a cell from which it belongs to the parcel
MOVED, RESIZED = 0.12, 0.25  # share of the side, log of a ratio: training's squares stray by 0.05 and 0.22 (training/sides/views.py)
FEWEST = 20  # cells of a look: with fewer, it is not centred anew
PLAIN, CLEAR = 0.9, 0.05  # sureness (0 to 1) from which, probability of the other kind up to which, nobody looks again (docs/sides.md)
CERTAIN = 1e-4  # no network counts as surer than this, as a probability (house rule)
LEAST = 0.004  # of the view: smaller is no parcel that anything can be said about (house rule)
TERMS = tuple(combinations_with_replacement(range(3), 4))  # the 15 numbers of a symmetric tensor of order 4
TIMES = np.array([factorial(4) // np.prod([factorial(term.count(i)) for i in range(3)]) for term in TERMS], float)  # how often each occurs
NORM = 1.2  # squared norm of the tensor of three axes
SHIFT, ROUNDS, FINALISTS = 0.8, 10, 6  # of the power iteration (research: sides 1.2), from the best of its starts


@dataclass(frozen=True, slots=True)
class Parcel:
    """`mask` (h, w) 0..1 and `normals` (h, w, 3; camera axes: x right, y down, z away) on a grid over `square` (x, y, side in pixels).

    `mask`: the mean of what both networks saw. `turn`: body to camera, up to the order and the signs of its axes. `sure`: 1 where the
    tensor is one of three axes, 0 where it is none.
    """

    mask: Small
    normals: Small
    square: tuple[float, float, float]
    turn: Floats
    sure: float
    mailer: float


@dataclass(frozen=True, slots=True)
class Networks:
    """The one that finds the parcel, the one that reads its axes, the one that tells mailers from boxes, as onnxruntime sessions."""

    mask: Any
    axes: Any
    mailer: Any


def shipped() -> Networks:
    """Those that come with this program. Raises ImportError where onnxruntime is not installed."""
    return Networks(*(_weights.network(f"parcel_{name}") for name in NAMES))


def networks(folder: Path) -> Networks:
    """All of them, on one thread, from `folder`: fresh from the recipe."""
    return Networks(*(_weights.session((folder / f"parcel_{name}.onnx").read_bytes()) for name in NAMES))


def parcel(bgr: Luma, nets: Networks) -> Parcel | None:
    """The parcel of a picture (h, w, 3) that stands the right way up, the most visible of several; None where there is none."""
    picture = halved(bgr)
    there = seen(picture, nets)
    square = found(there, picture.shape)
    if square is None:
        return None
    one = read(picture, square, nets)
    mean = (one.mask + _over(there, one.square, picture.shape, one.mask.shape[0])) * np.float32(0.5)
    one = replace(one, mask=mean)
    return _stood_up(one, bgr.shape[1]) if picture.tall else one


@dataclass(frozen=True, slots=True)
class Halved:
    """A picture, half of it, half of that: whatever is cut out then comes from the smallest that is still fine enough.

    Seen as landscape of `shape` (h, w): a `tall` one as if turned a quarter counter-clockwise, without a pixel being moved. All places
    below are in pixels of that landscape.
    """

    levels: tuple[Luma, ...]
    shape: tuple[int, int]
    tall: bool


def halved(bgr: Luma) -> Halved:
    """Down to the size of a square that is cut out."""
    levels = [bgr]
    while max(levels[-1].shape[:2]) >= 2 * CROP:
        height, width = levels[-1].shape[:2]
        half = (max(1, width // 2), max(1, height // 2))
        levels.append(cast(Luma, cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA)))
    short, long = sorted(bgr.shape[:2])
    return Halved(tuple(levels), (short, long), bgr.shape[0] > bgr.shape[1])


def cut(picture: Halved, place: tuple[float, float, float, float], size: tuple[int, int]) -> Luma:
    """What lies at `place` (x, y, width, height), at `size`; what is outside the picture is grey."""
    x, y, width, height = place
    across, down = width / size[0], height / size[1]
    level = int(np.log2(max(1.0, across, down) + 1e-9))  # one to two pixels of it for each: none is left out
    source = picture.levels[min(level, len(picture.levels) - 1)]
    back = np.array([[across, 0, x + across / 2], [0, down, y + down / 2]])  # middles of pixels, counted from the corner
    if picture.tall:
        back = np.array([[0, -1], [1, 0]]) @ back + [[0, 0, picture.shape[0]], [0, 0, 0]]
    high, wide = picture.levels[0].shape[:2]
    back = np.diag([source.shape[1] / wide, source.shape[0] / high]) @ back - [[0, 0, 0.5]]
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cast(Luma, cv2.warpAffine(source, back, size, flags=way, borderMode=cv2.BORDER_CONSTANT, borderValue=GREY))


def seen(picture: Halved, nets: Networks) -> Small:
    """(36, 64): probability that a cell of the landscape shows the parcel."""
    view = cut(picture, (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])), WHOLE)
    (mask,) = nets.mask.run(None, {"picture": network_input(view)})
    return cast(Small, mask[0, 0])


def found(there: Small, shape: tuple[int, ...]) -> tuple[float, float, float] | None:
    """(x, y, side) of the square around the largest parcel that `seen` saw, in pixels of a landscape of that shape."""
    _, labels, parts, _ = cv2.connectedComponentsWithStats((there > SEEN).astype(np.uint8))
    best = 1 + int(parts[1:, cv2.CC_STAT_AREA].argmax()) if len(parts) > 1 else 0
    if not best or parts[best, cv2.CC_STAT_AREA] < LEAST * there.size:
        return None
    ys, xs = np.nonzero(labels == best)
    return around(xs, ys, shape[1] / there.shape[1], shape[0] / there.shape[0])


def _over(there: Small, square: tuple[float, float, float], shape: tuple[int, ...], cells: int) -> Small:
    """(cells, cells): what `seen` saw, on a grid over the square; nothing beyond the picture."""
    x, y, side = square
    across, down, cell = there.shape[1] / shape[1], there.shape[0] / shape[0], side / cells
    back = np.array([[cell * across, 0, (x + cell / 2) * across - 0.5], [0, cell * down, (y + cell / 2) * down - 0.5]])
    return np.asarray(cv2.warpAffine(there, back, (cells, cells), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32)


def around(xs: NDArray[np.intp], ys: NDArray[np.intp], across: float, down: float) -> tuple[float, float, float]:
    """The square around cells so wide and so high."""
    left, top, right, bottom = xs.min() * across, ys.min() * down, (xs.max() + 1) * across, (ys.max() + 1) * down
    side = AROUND * max(right - left, bottom - top)
    return float((left + right - side) / 2), float((top + bottom - side) / 2), float(side)


def _elsewhere(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Whether two squares differ by more than training ever did."""
    apart = max(abs(one[0] + one[2] / 2 - other[0] - other[2] / 2), abs(one[1] + one[2] / 2 - other[1] - other[2] / 2))
    return apart > MOVED * other[2] or abs(np.log(one[2] / other[2])) > RESIZED


@dataclass(frozen=True, slots=True)
class _Look:
    """What the second network says of a square, in the axes of the camera: `tensor` (3, 3, 3, 3)."""

    mask: Small
    mailer: float
    normals: Small
    tensor: Floats


def read(picture: Halved, square: tuple[float, float, float], nets: Networks) -> Parcel:
    """The parcel in the square, looked at as it is; where its axes are not plain, also mirrored and centred on what was seen at first.

    Where that is far from the square, the first look is taken again. Where it is not clear whether it is a mailer, a closer look tells.
    """
    first = _looked(picture, square, nets, mirrored=False)
    better = _closer(first.mask, square)
    if _elsewhere(better, square):
        square, first = better, _looked(picture, better, nets, mirrored=False)
        better = _closer(first.mask, square)
    turn, sure = axes(first.tensor)
    one = Parcel(first.mask, first.normals, square, turn, sure, first.mailer)
    if sure < PLAIN:
        second = _looked(picture, better, nets, mirrored=True)
        turn, sure = axes((first.tensor + second.tensor) / 2)
        one = Parcel(second.mask, second.normals, better, turn, sure, (first.mailer + second.mailer) / 2)
    if CLEAR < one.mailer < 1 - CLEAR:
        one = replace(one, mailer=_closer_look(picture, better, nets, one.mailer))
    return one


def _closer_look(picture: Halved, square: tuple[float, float, float], nets: Networks, before: float) -> float:
    """Probability of a mailer: what the third network sees, on top of what was thought before; odds of both multiplied, root taken."""
    x, y, side = square
    near = side * TIGHT / AROUND
    crop = cut(picture, (x + (side - near) / 2, y + (side - near) / 2, near, near), (CLOSE, CLOSE))
    (said,) = nets.mailer.run(None, {"crop": network_input(crop)})
    odds = [np.log(p / (1 - p)) for p in np.clip([before, float(said[0, 0])], CERTAIN, 1 - CERTAIN)]
    return float(1 / (1 + np.exp(-np.mean(odds))))


def _looked(picture: Halved, square: tuple[float, float, float], nets: Networks, mirrored: bool) -> _Look:
    x, y, side = square
    crop = cut(picture, (x, y, side, side), (CROP, CROP))
    mask, mailer, normals, tensor = nets.axes.run(None, {"crop": network_input(crop[:, ::-1] if mirrored else crop)})
    facing, whole = normals[0], _full(np.asarray(tensor[0], np.float64))
    shown = mask[0, 0]
    view = towards(square, picture.shape, FOCAL * picture.shape[1])
    if mirrored:
        shown, facing, view = shown[:, ::-1], facing[:, :, ::-1], view @ MIRROR
    return _Look(
        np.ascontiguousarray(shown),
        float(mailer[0, 0]),
        np.einsum("ij,jhw->hwi", view, facing).astype(np.float32),
        _turned(whole, view),
    )


def _turned(tensor: Floats, turn: Floats) -> Floats:
    """Each of its four indices turned."""
    pair = (turn[:, None, :, None] * turn[None, :, None, :]).reshape(9, 9)
    return np.asarray((pair @ tensor.reshape(9, 9) @ pair.T).reshape(3, 3, 3, 3))


def _closer(mask: Small, square: tuple[float, float, float]) -> tuple[float, float, float]:
    """The square around what a look saw of the parcel; where it saw too little, the square it had."""
    ys, xs = np.nonzero(mask > SEEN)
    if len(xs) < FEWEST:
        return square
    cell = square[2] / mask.shape[0]
    x, y, side = around(xs, ys, cell, cell)
    return x + square[0], y + square[1], side


def towards(square: tuple[float, float, float], shape: tuple[int, ...], focal: float) -> Floats:
    """Rotation from a camera that looks at the middle of the square to the camera that took the picture."""
    x, y, side = square
    a, b = x + side / 2 - shape[1] / 2, y + side / 2 - shape[0] / 2
    length = float(np.sqrt(a * a + b * b + focal * focal))
    a, b, c = a / length, b / length, focal / length
    return np.array([[1 - a * a / (1 + c), -a * b / (1 + c), a], [-a * b / (1 + c), 1 - b * b / (1 + c), b], [-a, -b, c]])


def tensor_of(turn: Floats) -> Floats:
    """The 15 numbers of the axes that are the columns of `turn` (..., 3, 3), the mean over all rotations taken off."""
    rows = [np.prod([turn[..., i, :] for i in term], axis=0).sum(axis=-1) for term in TERMS]
    return np.asarray(np.stack(rows, axis=-1) - MEAN)


def axes(tensor: Floats) -> tuple[Floats, float]:
    """(rotation whose tensor (3, 3, 3, 3) is nearest, how near: 1 where it is one of three axes), by power iteration from many starts."""
    cubic = tensor.reshape(27, 3)
    turns = _starts()
    turns = turns[np.argsort(-_score(cubic, turns), kind="stable")[:FINALISTS]]
    for _ in range(ROUNDS):
        u, _, v = np.linalg.svd(_pull(cubic, turns) + SHIFT * turns)
        turns = u @ v
    score = _score(cubic, turns)
    best = turns[int(score.argmax())]
    return best * np.sign(np.linalg.det(best)), float(score.max() / NORM)


def _pull(cubic: Floats, turns: Floats) -> Floats:
    """T(a, a, a, .) of each axis a, as columns."""
    a = turns.transpose(0, 2, 1).reshape(-1, 3)
    cubes = (a[:, :, None, None] * a[:, None, :, None] * a[:, None, None, :]).reshape(-1, 27)
    return np.asarray((cubes @ cubic).reshape(-1, 3, 3).transpose(0, 2, 1))


def _score(cubic: Floats, turns: Floats) -> Floats:
    return np.asarray((_pull(cubic, turns) * turns).sum(axis=(1, 2)))


def apart(one: Floats, other: Floats) -> float:
    """Degrees between two rotations whose axes may be named and signed anyhow."""
    traces = np.einsum("gji,ji->g", other @ GROUP, one)
    return float(np.degrees(np.arccos(np.clip((traces.max() - 1) / 2, -1, 1))))


def _full(tensor: Floats) -> Floats:
    """(3, 3, 3, 3) from its 15 numbers."""
    return np.asarray(tensor[PLACES])


@cache
def _starts() -> Floats:
    """Rotations spread evenly enough that one lies near any other up to the group."""
    q = np.random.default_rng(7).normal(size=(60, 4))
    return rotations(q / np.linalg.norm(q, axis=1, keepdims=True))


def rotations(unit: Floats) -> Floats:
    """(..., 3, 3) from quaternions (..., 4) of length 1: w, x, y, z."""
    w, x, y, z = np.moveaxis(unit, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.ascontiguousarray(np.moveaxis(np.array(rows), (0, 1), (-2, -1)))


def _mean() -> Floats:
    """Of the tensor over all rotations."""
    return np.array([0.2 * sum(term[i] == term[j] and term[k] == term[m] for i, j, k, m in PAIRS) for term in TERMS])


PLACES = np.array([TERMS.index(tuple(sorted(place))) for place in np.ndindex(3, 3, 3, 3)]).reshape(3, 3, 3, 3)
MIRROR = np.diag([-1.0, 1.0, 1.0])
PAIRS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2))
MEAN = _mean()
SIGNED = [
    np.eye(3)[list(order)] * signs for order in permutations(range(3)) for signs in np.array(np.meshgrid(*[[1, -1]] * 3)).T.reshape(-1, 3)
]
GROUP = np.array([matrix for matrix in SIGNED if np.linalg.det(matrix) > 0])  # the 24 rotations that map a cube to itself


def _stood_up(one: Parcel, width: int) -> Parcel:
    """Back from the picture that was turned a quarter counter-clockwise to the upright one, `width` pixels wide."""
    back = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], float)
    x, y, side = one.square
    normals = np.rot90(one.normals, -1) @ back.T.astype(np.float32)
    upright = (width - y - side, x, side)
    return Parcel(np.rot90(one.mask, -1).copy(), normals.copy(), upright, back @ one.turn, one.sure, one.mailer)


def network_input(bgr: Luma) -> Small:
    return bgr.transpose(2, 0, 1)[None].astype(np.float32) * np.float32(1 / 255)
