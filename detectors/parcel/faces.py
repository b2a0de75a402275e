"""What of each face of a parcel is to be seen in one picture, up to which face is which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.pose import FOCAL, SEEN, Parcel

FACES = tuple((axis, sign) for axis in range(3) for sign in (1, -1))
"""Axis and sign of each face's outward normal: a face and the one behind it stand side by side."""
FACING = 0.75  # cosine between a cell's surface and a face, from which it is that face's


@dataclass(frozen=True, slots=True)
class FaceView:
    """`cosine` of the angle at which it is seen; `cells` of the grid; `area`: share of the picture.

    `point`: a pixel on it.
    """

    cosine: float
    cells: int
    area: float
    point: tuple[float, float]


def face_views(parcel: Parcel, shape: tuple[int, ...]) -> dict[int, FaceView]:
    """Every face that is turned to the camera and of which anything is seen, as `FACES` has them.

    Of the axes as this picture has them.
    """
    height, width = shape[:2]
    cell = parcel.square.side / len(parcel.mask)
    ys, xs = np.nonzero(parcel.mask > SEEN)
    across = parcel.square.x + (xs + 0.5) * cell
    down = parcel.square.y + (ys + 0.5) * cell
    ahead = np.full(len(xs), FOCAL * max(height, width))
    rays = np.stack([across - width / 2, down - height / 2, ahead], axis=1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    outward = np.array([sign * parcel.turn[:, axis] for axis, sign in FACES])
    alike = parcel.normals[ys, xs] @ outward.T
    nearest = alike.argmax(axis=1)
    views = {}
    for face in range(len(FACES)):
        here = (nearest == face) & (alike[:, face] > FACING)
        cosine = float(-(rays[here] @ outward[face]).mean()) if here.any() else 0.0
        if cosine > 0:
            count = int(here.sum())
            views[face] = FaceView(
                cosine=cosine,
                cells=count,
                area=count * cell**2 / (width * height),
                point=_inside(across[here], down[here]),
            )
    return views


def _inside(across: Floats, down: Floats) -> tuple[float, float]:
    """The cell nearest to the middle of all: a point that is on the face."""
    nearest = np.hypot(across - np.median(across), down - np.median(down)).argmin()
    return float(across[nearest]), float(down[nearest])


def _faces_by_name() -> NDArray[np.intp]:
    """(names, 6): which of a sample's faces each face of the body is."""
    table = np.zeros((len(CUBE_ROTATIONS), len(FACES)), np.intp)
    for name, rotation in enumerate(CUBE_ROTATIONS):
        for face, (axis, sign) in enumerate(FACES):
            there = rotation[:, axis] * sign
            own = int(np.abs(there).argmax())
            table[name, face] = FACES.index((own, 1 if there[own] > 0 else -1))
    return table


FACE_OF = _faces_by_name()
