"""A parcel in one picture: where it is, whether it is a flat mailer, and how its axes lie.

Up to which axis is which: which face is which, only a whole clip can tell. Small networks, trained
on rendered parcels: the first finds the parcel in the whole picture. The second looks at a square
around it and says for each cell which way the surface faces and how the three body axes lie. Where
that leaves open whether the parcel is a mailer, a third looks closer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import Floats, full_tensor, nearest_axes, turned_tensor
from detectors.parcel.pyramid import FLAGS, Box, ImagePyramid, Small, Square, network_input
from detectors.vision import onnx
from models.media import Luma

# The networks, in the order of `Networks`.
WEIGHTS = ("parcel_mask", "parcel_axes", "parcel_mailer")
WHOLE = (256, 144)  # pixels of the view in which the parcel is looked for, landscape
CROP = 128  # pixels of the square around it
AROUND = 1.45  # times the parcel's longest side: that square
CLOSE, TIGHT = 192, 1.25  # the same of the closer look: creases and seams are finer (house rule)
FOCAL = 0.9  # of the longer side, where nothing is known; phones have 0.75 to 1.05
SEEN = 0.5  # probability of a cell from which it belongs to the parcel
MOVED, RESIZED = 0.12, 0.25  # share of the side, log ratio: training's squares stray by 0.05, 0.22
FEWEST = 20  # cells of a look: with fewer, it is not centred anew
# Sureness (0 to 1) from which, probability of the other kind up to which, nobody looks again
# (docs/sides.md).
PLAIN, CLEAR = 0.9, 0.05
CERTAIN = 1e-4  # no network counts as surer than this, as a probability (house rule)
LEAST = 0.004  # of the view: smaller is no parcel that anything can be said about (house rule)
MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class Parcel:
    """`mask` (h, w) 0..1 and `normals` (h, w, 3) on a grid over `square`.

    Camera axes: x right, y down, z away. `mask`: the mean of what both networks saw. `turn`: body
    to camera, up to the order and the signs of its axes. `sure`: 1 where the tensor is one of three
    axes, 0 where it is none. `mailer`: probability.
    """

    mask: Small
    normals: Small
    square: Square
    turn: Floats
    sure: float
    mailer: float


@dataclass(frozen=True, slots=True)
class Networks:
    """Finds the parcel, reads its axes, tells mailers from boxes; as onnxruntime sessions."""

    mask: Any
    axes: Any
    mailer: Any


def shipped_networks() -> Networks:
    """Those that come with this program. Raises ImportError where onnxruntime is missing."""
    return Networks(*(onnx.network(name) for name in WEIGHTS))


def networks_in(folder: Path) -> Networks:
    """All of them, on one thread, from `folder`: fresh from the recipe."""
    files = [folder / f"{name}.onnx" for name in WEIGHTS]
    return Networks(*(onnx.session(file.read_bytes()) for file in files))


def find_parcel(bgr: Luma, networks: Networks) -> Parcel | None:
    """The most visible parcel of an upright picture (h, w, 3); None where there is none."""
    picture = ImagePyramid.of(bgr)
    cells = parcel_cells(picture, networks)
    square = largest_square(cells, picture.shape)
    if square is None:
        return None
    parcel = read_parcel(picture, square, networks)
    seen_before = resampled_cells(
        cells,
        parcel.square,
        picture.shape,
        len(parcel.mask),
    )
    parcel = replace(parcel, mask=(parcel.mask + seen_before) * np.float32(0.5))
    return _stood_up(parcel, bgr.shape[1]) if picture.tall else parcel


def parcel_cells(picture: ImagePyramid, networks: Networks) -> Small:
    """(36, 64): probability that a cell of the landscape shows the parcel."""
    height, width = picture.shape
    view = picture.crop(
        Box(
            0.0,
            0.0,
            float(width),
            float(height),
        ),
        WHOLE,
    )
    (mask,) = networks.mask.run(None, {"picture": network_input(view)})
    return cast(Small, mask[0, 0])


def upright_cells(bgr: Luma, networks: Networks) -> Small:
    """(36, 64), of a tall picture (64, 36): probability that a cell of it shows a parcel."""
    picture = ImagePyramid.of(bgr)
    cells = parcel_cells(picture, networks)
    return np.rot90(cells, -1).copy() if picture.tall else cells


def largest_square(cells: Small, shape: tuple[int, ...]) -> Square | None:
    """The square around the largest parcel in `cells`, in pixels of a landscape of that shape."""
    seen = (cells > SEEN).astype(np.uint8)
    _, labels, parts, _ = cv2.connectedComponentsWithStats(seen)
    if len(parts) < 2:
        return None
    best = 1 + int(parts[1:, cv2.CC_STAT_AREA].argmax())
    if parts[best, cv2.CC_STAT_AREA] < LEAST * cells.size:
        return None
    ys, xs = np.nonzero(labels == best)
    across = shape[1] / cells.shape[1]
    return square_around(
        xs,
        ys,
        across,
        shape[0] / cells.shape[0],
    )


def resampled_cells(
    cells: Small,
    square: Square,
    shape: tuple[int, ...],
    side: int,
) -> Small:
    """(side, side): the cells of the whole picture on a grid over the square; 0 beyond it."""
    across = cells.shape[1] / shape[1]
    down = cells.shape[0] / shape[0]
    cell = square.side / side
    x = (square.x + cell / 2) * across - 0.5
    y = (square.y + cell / 2) * down - 0.5
    back = np.array([[cell * across, 0, x], [0, cell * down, y]])
    moved = cv2.warpAffine(
        cells,
        back,
        (side, side),
        flags=FLAGS,
    )
    return np.asarray(moved, np.float32)


def square_around(
    xs: NDArray[np.intp],
    ys: NDArray[np.intp],
    across: float,
    down: float,
) -> Square:
    """The square around cells so wide and so high."""
    left = xs.min() * across
    right = (xs.max() + 1) * across
    top = ys.min() * down
    bottom = (ys.max() + 1) * down
    side = AROUND * max(right - left, bottom - top)
    x = (left + right - side) / 2
    y = (top + bottom - side) / 2
    return Square(float(x), float(y), float(side))


def _elsewhere(one: Square, other: Square) -> bool:
    """Whether two squares differ by more than training ever did."""
    pairs = zip(one.centre, other.centre, strict=True)
    moved = max(abs(a - b) for a, b in pairs)
    resized = abs(np.log(one.side / other.side))
    return moved > MOVED * other.side or resized > RESIZED


@dataclass(frozen=True, slots=True)
class _Look:
    """What the second network says of a square, in camera axes: `tensor` (3, 3, 3, 3)."""

    mask: Small
    mailer: float
    normals: Small
    tensor: Floats


def read_parcel(
    picture: ImagePyramid,
    square: Square,
    networks: Networks,
) -> Parcel:
    """The parcel in the square, looked at as it is.

    Where its axes are not plain, also mirrored and centred on what was seen at first. Where that is
    far from the square, the first look is taken again. Where it is not clear whether it is a
    mailer, a closer look tells.
    """
    first = _look(picture, square, networks, mirrored=False)
    better = _centred(first.mask, square)
    if _elsewhere(better, square):
        square = better
        first = _look(picture, square, networks, mirrored=False)
        better = _centred(first.mask, square)
    turn, sure = nearest_axes(first.tensor)
    parcel = Parcel(
        first.mask,
        first.normals,
        square,
        turn,
        sure,
        first.mailer,
    )
    if sure < PLAIN:
        second = _look(picture, better, networks, mirrored=True)
        turn, sure = nearest_axes((first.tensor + second.tensor) / 2)
        mailer = (first.mailer + second.mailer) / 2
        parcel = Parcel(
            second.mask,
            second.normals,
            better,
            turn,
            sure,
            mailer,
        )
    if CLEAR < parcel.mailer < 1 - CLEAR:
        mailer = closer_look(
            picture,
            better,
            networks,
            parcel.mailer,
        )
        parcel = replace(parcel, mailer=mailer)
    return parcel


def closer_look(
    picture: ImagePyramid,
    square: Square,
    networks: Networks,
    before: float,
) -> float:
    """Probability of a mailer: what the third network sees, on top of what was thought before.

    Odds of both multiplied, root taken.
    """
    near = square.side * TIGHT / AROUND
    edge = (square.side - near) / 2
    place = Box(
        square.x + edge,
        square.y + edge,
        near,
        near,
    )
    crop = picture.crop(place, (CLOSE, CLOSE))
    (said,) = networks.mailer.run(None, {"crop": network_input(crop)})
    now = float(said[0, 0])
    both = np.clip([before, now], CERTAIN, 1 - CERTAIN)
    odds = [np.log(p / (1 - p)) for p in both]
    return float(1 / (1 + np.exp(-np.mean(odds))))


def _look(
    picture: ImagePyramid,
    square: Square,
    networks: Networks,
    mirrored: bool,
) -> _Look:
    """One look of the second network at a square."""
    crop = picture.crop(square.box, (CROP, CROP))
    seen = network_input(crop[:, ::-1] if mirrored else crop)
    mask, mailer, normals, tensor = networks.axes.run(None, {"crop": seen})
    facing = normals[0]
    shown = mask[0, 0]
    numbers = np.asarray(tensor[0], np.float64)
    view = look_at_rotation(square, picture.shape, FOCAL * picture.shape[1])
    if mirrored:
        shown = shown[:, ::-1]
        facing = facing[:, :, ::-1]
        view = view @ MIRROR
    return _Look(
        mask=np.ascontiguousarray(shown),
        mailer=float(mailer[0, 0]),
        normals=np.einsum("ij,jhw->hwi", view, facing).astype(np.float32),
        tensor=turned_tensor(full_tensor(numbers), view),
    )


def _centred(mask: Small, square: Square) -> Square:
    """The square around what a look saw of the parcel; where it saw too little, the same."""
    ys, xs = np.nonzero(mask > SEEN)
    if len(xs) < FEWEST:
        return square
    cell = square.side / mask.shape[0]
    x, y, side = square_around(
        xs,
        ys,
        cell,
        cell,
    )
    return Square(x + square.x, y + square.y, side)


def look_at_rotation(
    square: Square,
    shape: tuple[float, ...],
    focal: float,
) -> Floats:
    """Rotation from a camera that looks at the square's middle to the one that took the picture."""
    x, y = square.centre
    a = x - shape[1] / 2
    b = y - shape[0] / 2
    squared = a * a + b * b + focal * focal
    length = float(np.sqrt(squared))
    a = a / length
    b = b / length
    c = focal / length
    bent = 1 + c
    return np.array(
        [
            [1 - a * a / bent, -a * b / bent, a],
            [-a * b / bent, 1 - b * b / bent, b],
            [-a, -b, c],
        ]
    )


def _stood_up(parcel: Parcel, width: int) -> Parcel:
    """Back from the landscape to the upright picture, `width` pixels wide."""
    back = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], float)
    x, y, side = parcel.square
    turned = np.rot90(parcel.normals, -1)
    normals = turned @ back.T.astype(np.float32)
    return replace(
        parcel,
        mask=np.rot90(parcel.mask, -1).copy(),
        normals=normals.copy(),
        square=Square(width - y - side, x, side),
        turn=back @ parcel.turn,
    )
