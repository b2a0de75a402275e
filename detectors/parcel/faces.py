"""What of each face of a parcel is to be seen in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.looks import Look
from detectors.parcel.pose import FOCAL

FACES = tuple((axis, sign) for axis in range(3) for sign in (1, -1))
"""Axis and sign of each face's outward normal: a face and the one behind it stand side by side."""
FACING = 0.75  # cosine between a cell's surface and a face, from which it is that face's
NEAREST = 1e-3  # of the camera's unit: nothing is nearer
EDGE = 3.0  # percent of a face's cells at either end that may be another's
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FaceView:
    """`cosine` of the angle at which it is seen; `cells` of the grid; `area`: share of the picture.

    `at` (cells, 2): which cells of the grid, across and down.
    """

    cosine: float
    cells: int
    area: float
    at: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Places in shares of the picture's longer side."""

    one: Look

    @property
    def cell(self) -> float:
        """Side of a cell."""
        return self.one.square.side / len(self.one.mask)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture."""
        height, width = self.one.shape
        return width / max(width, height), height / max(width, height)

    def places(self, at: NDArray[np.intp]) -> Floats:
        """(n, 2): the middles of cells."""
        corner = np.array(self.one.square[:2])
        return np.asarray(corner + (at + 0.5) * self.cell)

    def rays(self, places: Floats) -> Floats:
        """(n, 3): the ways to places in the picture, one away from the camera."""
        flat = (places - np.array(self.size) / 2) / FOCAL
        return np.column_stack([flat, np.ones(len(flat))])

    def place(self, point: Floats) -> Point:
        """Where a point is seen."""
        x, y, z = point
        away = np.copysign(max(abs(z), NEAREST), z)
        width, height = self.size
        return float(x / away * FOCAL + width / 2), float(y / away * FOCAL + height / 2)


def face_views(one: Look, turn: Floats) -> dict[int, FaceView]:
    """Every face that is turned to the camera and of which anything is seen, as `FACES` has them.

    `turn`: of the look's axes, named.
    """
    grid = _Grid(one)
    ys, xs = np.nonzero(one.mask)
    at = np.column_stack([xs, ys])
    rays = grid.rays(grid.places(at))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    outward = np.array([sign * turn[:, axis] for axis, sign in FACES])
    alike = one.normals[ys, xs] @ outward.T
    nearest = alike.argmax(axis=1)
    width, height = grid.size
    views = {}
    for face in range(len(FACES)):
        here = (nearest == face) & (alike[:, face] > FACING)
        cosine = float(-(rays[here] @ outward[face]).mean()) if here.any() else 0.0
        if cosine > 0:
            count = int(here.sum())
            area = count * grid.cell**2 / (width * height)
            views[face] = FaceView(cosine, count, area, at[here])
    return views


def inside(one: Look, view: FaceView) -> Point:
    """The cell nearest to the middle of all: a place that is on the face."""
    places = _Grid(one).places(view.at)
    nearest = np.hypot(*(places - np.median(places, axis=0)).T).argmin()
    x, y = places[nearest]
    return float(x), float(y)


def outline(
    one: Look,
    view: FaceView,
    turn: Floats,
    face: int,
) -> list[Point]:
    """The four corners of what is seen of a face, in order: square to its edges, not the picture's.

    All in the plane of the face, as far away as the camera's unit.
    """
    grid = _Grid(one)
    axis, _ = FACES[face]
    rays = grid.rays(grid.places(view.at))
    deep = rays @ turn[:, axis]
    on_plane = rays / np.copysign(np.maximum(np.abs(deep), NEAREST), deep)[:, None]
    first, second = (turn[:, k] for k in range(3) if k != axis)
    along = np.column_stack([on_plane @ first, on_plane @ second])
    low, high = np.percentile(along, [EDGE, 100 - EDGE], axis=0)
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    seen = [grid.place(a * first + b * second + turn[:, axis]) for a, b in corners]
    return _clockwise(seen)


def _clockwise(corners: list[Point]) -> list[Point]:
    """The same corners, from the upper left on, so that what is cut out is not mirrored."""
    following = [*corners[1:], corners[0]]
    turning = sum(a[0] * b[1] - a[1] * b[0] for a, b in zip(corners, following, strict=True))
    ordered = corners if turning > 0 else corners[::-1]
    first = min(range(len(ordered)), key=lambda i: ordered[i][0] + ordered[i][1])
    return [*ordered[first:], *ordered[:first]]


def face_at(views: dict[int, FaceView], one: Look, place: Point) -> int | None:
    """The face that is seen at a place; None where none is."""
    cell = one.square.side / len(one.mask)
    wanted = (np.array(place) - np.array(one.square[:2])) / cell - 0.5
    best, least = None, 1.5
    for face, view in views.items():
        apart = float(np.abs(view.at - wanted).max(axis=1).min())
        if apart < least:
            best, least = face, apart
    return best


def _faces_by_name() -> NDArray[np.intp]:
    """(names, 6): which face comes to be where each face was, by each rotation of the cube."""
    table = np.zeros((len(CUBE_ROTATIONS), len(FACES)), np.intp)
    for name, rotation in enumerate(CUBE_ROTATIONS):
        for face, (axis, sign) in enumerate(FACES):
            there = rotation[:, axis] * sign
            own = int(np.abs(there).argmax())
            table[name, face] = FACES.index((own, 1 if there[own] > 0 else -1))
    return table


FACE_OF = _faces_by_name()
