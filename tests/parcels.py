"""Boxes drawn by code, their truth being what was asked for."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SIDES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)


def box(
    turn: Floats,
    size: tuple[int, int] = (640, 360),
    middle: tuple[float, float] = (0, 0),
    far: float = 60,
) -> NDArray[np.uint8]:
    """A cardboard box of 24x18x14 cm on a grey table, seen so; faces shaded by how they lie, edges
    and a label drawn.
    """
    focal, half = 0.9 * max(size), np.array([12.0, 9, 7])
    y, x = np.mgrid[: size[1], : size[0]]
    picture = np.stack([95 + 25 * y / size[1] + 6 * np.sin(x / 9 + y / 13)] * 3, -1).astype(
        np.float32
    )
    place = np.array([middle[0], middle[1], far])
    for side, normal in enumerate(SIDES):
        axis = side // 2
        u, v = (k for k in range(3) if k != axis)
        corners = np.zeros((4, 3))
        corners[:, axis], corners[:, u], corners[:, v] = (
            normal[axis],
            [1, 1, -1, -1],
            [1, -1, -1, 1],
        )
        seen = (corners * half) @ turn.T + place
        if (turn @ normal) @ seen.mean(0) >= 0:
            continue
        flat = focal * seen[:, :2] / seen[:, 2:] + np.array(size) / 2
        light = 0.45 + 0.55 * max(0.0, float((turn @ normal) @ np.array([-0.4, -0.75, -0.53])))
        cv2.fillConvexPoly(
            picture,
            (flat * 16).astype(np.int32),
            (100 * light, 150 * light, 190 * light),
            cv2.LINE_AA,
            4,
        )
        cv2.polylines(
            picture,
            [(flat * 16).astype(np.int32)],
            True,
            (70 * light, 105 * light, 140 * light),
            1,
            cv2.LINE_AA,
            4,
        )
        if side == 4:
            label = flat.mean(0) + 0.45 * (flat - flat.mean(0))
            cv2.fillConvexPoly(
                picture, (label * 16).astype(np.int32), (235 * light,) * 3, cv2.LINE_AA, 4
            )
    noise = np.random.default_rng(3).normal(0, 3, picture.shape)
    return np.asarray(np.clip(cv2.GaussianBlur(picture, (0, 0), 0.7) + noise, 0, 255), np.uint8)


def turned(x: float, y: float, z: float) -> Floats:
    parts = [cv2.Rodrigues(np.radians(v))[0] for v in ([0, 0, z], [x, 0, 0], [0, y, 0])]
    return np.asarray(parts[0] @ parts[1] @ parts[2], float)


def middle(light: NDArray[Any]) -> Floats:
    """(x, y) of the mean of it."""
    ys, xs = np.indices(light.shape)
    assert light.sum() > 0
    return np.array([(xs * light).sum(), (ys * light).sum()]) / light.sum()
