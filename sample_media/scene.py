"""A little renderer: textured quads in front of a pinhole camera, drawn far to near. numpy and
OpenCV only.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]

# Corner signs of the six faces of a unit cube as x, y, z; each face's texture runs from its first
# corner right, then down.
FACES = {
    "top": ((-1, 1, 1), (1, 1, 1), (1, -1, 1), (-1, -1, 1)),
    "bottom": ((-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1)),
    "front": ((-1, -1, 1), (1, -1, 1), (1, -1, -1), (-1, -1, -1)),
    "back": ((1, 1, 1), (-1, 1, 1), (-1, 1, -1), (1, 1, -1)),
    "left": ((-1, 1, 1), (-1, -1, 1), (-1, -1, -1), (-1, 1, -1)),
    "right": ((1, -1, 1), (1, 1, 1), (1, 1, -1), (1, -1, -1)),
}
LIGHT = np.array([0.3, -0.4, 0.86])  # direction towards the lamp


@dataclass(frozen=True)
class Quad:
    """Four corners in cm (world), clockwise from the texture's top left, and the texture.

    `two_sided`: also seen from behind.
    """

    corners: Floats
    texture: Image
    two_sided: bool = False


@dataclass(frozen=True)
class Camera:
    """A pinhole at `eye` that looks at `target`; focal length in pixels."""

    eye: Floats
    target: Floats
    focal: float
    size: tuple[int, int]
    roll: float = 0.0

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Pixels (n x 2) and depths (n) of world points (n x 3)."""
        forward = (self.target - self.eye) / np.linalg.norm(self.target - self.eye)
        right = np.cross(forward, (np.sin(self.roll), 0.02, np.cos(self.roll)))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        relative = points - self.eye
        depth = relative @ forward
        plane = np.stack([relative @ right, relative @ down], axis=1) / depth[:, None]
        return plane * self.focal + np.array(self.size) / 2, depth


def turn(yaw: float, pitch: float, roll: float) -> Floats:
    """Rotation matrix: roll about y, then pitch about x, then yaw about z (radians)."""
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
    return np.asarray(about_z @ about_x @ about_y)


def cuboid(
    size: tuple[float, float, float], textures: dict[str, Image], pose: Floats, at: Floats
) -> list[Quad]:
    """The faces named in `textures` of a cuboid of `size` cm, turned by `pose`, its centre `at`."""
    half = np.array(size) / 2
    return [
        Quad((np.array(FACES[name]) * half) @ pose.T + at, texture)
        for name, texture in textures.items()
    ]


def draw(canvas: Image, quads: list[Quad], camera: Camera) -> None:
    """Paint `quads` onto `canvas`, far before near; faces that look away are left out."""
    for quad in sorted(
        quads, key=lambda q: -float(np.linalg.norm(q.corners.mean(axis=0) - camera.eye))
    ):
        pixels, depth = camera.project(quad.corners)
        normal = np.cross(quad.corners[3] - quad.corners[0], quad.corners[1] - quad.corners[0])
        normal /= max(float(np.linalg.norm(normal)), 1e-9)
        facing = float(normal @ (camera.eye - quad.corners.mean(axis=0)))
        if (facing <= 0 and not quad.two_sided) or depth.min() < 1:
            continue
        _paint(canvas, quad.texture, pixels, 0.62 + 0.38 * abs(float(normal @ LIGHT)))


def _paint(canvas: Image, texture: Image, pixels: Floats, light: float) -> None:
    height, width = canvas.shape[:2]
    low = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 2, (width, height))
    if (high - low).min() <= 0:
        return
    shown = np.linalg.norm(pixels[1] - pixels[0]) + np.linalg.norm(pixels[3] - pixels[0])
    while texture.shape[0] + texture.shape[1] > 2.2 * shown and min(texture.shape[:2]) > 16:
        texture = np.asarray(cv2.pyrDown(texture), np.uint8)  # what is far must not alias
    corners = np.array(
        [
            [0, 0],
            [texture.shape[1], 0],
            [texture.shape[1], texture.shape[0]],
            [0, texture.shape[0]],
        ],
        np.float32,
    )
    onto = cv2.getPerspectiveTransform(corners, (pixels - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    colour = (
        cv2.warpPerspective(
            texture, onto, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        * light
    )
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(
        mask, np.round((pixels - low) * 16).astype(np.int32), 255, lineType=cv2.LINE_AA, shift=4
    )
    alpha = mask[..., None].astype(np.float32) / 255
    region = canvas[low[1] : high[1], low[0] : high[0]]
    region[:] = (region * (1 - alpha) + np.clip(colour, 0, 255) * alpha).astype(np.uint8)


def grain(
    size: tuple[int, int],
    colour: tuple[int, int, int],
    seed: int,
    rough: float = 9.0,
    stretch: int = 6,
) -> Image:
    """A surface of `colour` (BGR) with fibres along x: cardboard, wood."""
    random = np.random.default_rng(seed)
    height, width = size
    fine = random.normal(0, rough, (height, max(2, width // stretch)))
    broad = random.normal(0, rough, (max(2, height // 60), max(2, width // 60)))
    pattern = cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR) + cv2.resize(
        broad, (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.clip(np.array(colour) + pattern[..., None], 0, 255).astype(np.uint8)
