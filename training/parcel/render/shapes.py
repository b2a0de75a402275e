"""Meshes: parcels with rounded edges, mailers, two sets of hands, and things that lie about.

Centimetres, y down, z away (OpenCV).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.parcel.render import assets, textures

Floats = NDArray[np.float32]
Random = np.random.Generator
CELLS = 14  # quads along a face
SIDES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], np.float32)
FINGERS = ("pinky-finger", "ring-finger", "middle-finger", "index-finger", "thumb")


@dataclass(frozen=True)
class Mesh:
    """`points`, `shading` normals and `true` normals (n, 3), `uv` (n, 2), `triangles` (m, 3)."""

    points: Floats
    shading: Floats
    true: Floats
    uv: Floats
    triangles: NDArray[np.uint32]

    def moved(self, turn: Floats, place: Floats) -> Mesh:
        """Turned, then moved."""
        return replace(
            self,
            points=self.points @ turn.T + place,
            shading=self.shading @ turn.T,
            true=self.true @ turn.T,
        )


def _grid(n: int) -> tuple[Floats, NDArray[np.uint32]]:
    line = np.linspace(-1, 1, n + 1, dtype=np.float32)
    u, v = np.meshgrid(line, line)
    at = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return np.stack([u.ravel(), v.ravel()], 1), triangles.astype(np.uint32)


def _frame(side: int) -> Floats:
    """Columns: the directions of u, v and of the outward normal of a face."""
    normal = SIDES[side]
    u = SIDES[(2 * (side // 2) + 2) % 6]
    return np.stack([u, np.cross(normal, u), normal], 1)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9), np.float32)


def _shading(points: Floats, triangles: NDArray[np.uint32]) -> Floats:
    a, b, c = (points[triangles[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    summed = np.zeros_like(points)
    for i in range(3):
        np.add.at(summed, triangles[:, i], facing)
    return _unit(summed)


def _place(side: int, uv: Floats) -> Floats:
    """Where a face's picture lies in the parcel's one picture: three across, two down; a little
    inside, so that nothing bleeds.
    """
    inner = 0.5 + 0.49 * uv * [1, -1]  # rows of a picture go down, v goes up
    return np.asarray((inner + np.array([side % 3, side // 3])) / np.array([3, 2]), np.float32)


def _joined(parts: list[Mesh]) -> Mesh:
    starts = np.cumsum([0] + [len(p.points) for p in parts[:-1]])
    return Mesh(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("points", "shading", "true", "uv")
        ),
        triangles=np.concatenate(
            [p.triangles + s for p, s in zip(parts, starts, strict=True)]
        ).astype(np.uint32),
    )


def box(random: Random, size: Floats, dents: float) -> Mesh:
    """A parcel of full extents `size`: edges rounded, faces dented by at most about `dents` of the
    smallest extent.
    """
    half = size / 2
    radius = min(half) * random.uniform(0.02, 0.12)
    uv, triangles = _grid(CELLS)
    parts = []
    for side in range(6):
        frame = _frame(side)
        cube = (np.concatenate([uv, np.ones((len(uv), 1), np.float32)], 1) @ frame.T) * half
        inner = np.clip(cube, -half + radius, half - radius)
        out = _unit(cube - inner)
        points = inner + radius * out
        bump = (
            sum(
                random.normal(0, 1) * np.sin(uv @ random.normal(0, 2.5, 2) + random.uniform(0, 6))
                for _ in range(4)
            )
            / 3
        )
        edge = (1 - uv[:, 0] ** 4) * (1 - uv[:, 1] ** 4)
        points = points + (dents * min(size) * (bump - 0.4) * edge)[:, None] * SIDES[side]
        facing = triangles if np.linalg.det(frame) > 0 else triangles[:, ::-1]
        parts.append(
            Mesh(points.astype(np.float32), _shading(points, facing), out, _place(side, uv), facing)
        )
    return _joined(parts)


def _behind(front: Floats) -> Floats:
    """What the front skin of a bag has at its places, for the skin behind: its v runs the other
    way. So both meet at the edges.
    """
    count = int(np.sqrt(len(front)))
    return np.asarray(front.reshape(count, count, -1)[::-1].reshape(front.shape), np.float32)


def _skins(
    size: Floats, cells: int, drawn_in: Floats, rise: Floats, bend: Floats, crease: Floats
) -> Mesh:
    """A mailer of two skins that meet at their edges; what lies where is told for the places of a
    grid of so many cells, one a row.

    `drawn_in` scales a place, `rise` lifts either skin from the middle, `bend` and `crease` move
    both alike; true normals know no crease.
    """
    uv, triangles = _grid(cells)
    parts = []
    for side in (4, 5):
        frame, z = _frame(side), SIDES[side]
        if side == 5:
            drawn_in, bend, crease = _behind(drawn_in), _behind(bend), _behind(crease)
        flat = np.concatenate([uv * drawn_in, np.zeros((len(uv), 1))], 1) @ frame.T
        smooth = flat * (size / 2) + z * rise + np.array([0, 0, 1.0]) * bend
        points = (smooth + np.array([0, 0, 1.0]) * crease).astype(np.float32)
        facing = triangles if np.linalg.det(frame) > 0 else triangles[:, ::-1]
        parts.append(
            Mesh(
                points,
                _shading(points, facing),
                _shading(smooth.astype(np.float32), facing),
                _place(side, uv),
                facing,
            )
        )
    return _joined(parts)


def envelope(random: Random, size: Floats) -> Mesh:
    """A mailer of stiff paper, its edges straight: two skins, bulged, hardly wrinkled.

    Full extents `size`, the last its thickness.
    """
    uv, _ = _grid(2 * CELLS)
    swell = (1 - np.abs(uv[:, 0]) ** random.uniform(2, 5)) * (
        1 - np.abs(uv[:, 1]) ** random.uniform(2, 5)
    )
    wrinkle = sum(
        random.normal(0, 1) * np.sin(uv @ random.normal(0, 6, 2) + random.uniform(0, 6))
        for _ in range(6)
    )
    bend = 0.06 * min(size[:2]) * random.normal() * np.sin(uv @ random.normal(0, 1.5, 2))[:, None]
    rise = (swell * size[2] / 2 * (1 + 0.12 * wrinkle))[:, None]
    return _skins(size, 2 * CELLS, np.ones_like(uv), rise, bend, crease=0 * bend)


def bag(random: Random, size: Floats) -> Mesh:
    """A mailer as it lies in real hands: creased all over, its edges uneven, its corners soft."""
    uv, _ = _grid(3 * CELLS)
    count = 3 * CELLS + 1
    rough = sum(
        (textures.noise(random, count, (n, n)) / n for n in (5, 9, 17)),
        start=np.zeros((count, count), np.float32),
    )
    folds = np.abs(textures.noise(random, count, (6, 6))) + 0.5 * np.abs(
        textures.noise(random, count, (13, 13))
    )
    crease = (random.uniform(0.1, 0.5) * folds + random.uniform(0.5, 2.5) * rough).ravel()[:, None]
    swell = (
        (1 - np.abs(uv[:, 0]) ** random.uniform(2, 6))
        * (1 - np.abs(uv[:, 1]) ** random.uniform(2, 6))
    )[:, None]
    bend = 0.05 * min(size[:2]) * random.normal() * np.sin(uv @ random.normal(0, 1.5, 2))[:, None]
    soft = (
        1
        - random.uniform(0, 0.07) * (uv[:, :1] * uv[:, 1:]) ** 6
        + 0.02 * textures.noise(random, count, (7, 7)).ravel()[:, None]
    )
    return _skins(size, 3 * CELLS, soft, swell * size[2] / 2, bend, 0.6 * crease)


def padded(random: Random, size: Floats) -> Mesh:
    """A mailer with a cushion in it: plump up to a flat seam along its edges, dimpled all over, its
    edges wavy and drawn in.
    """
    uv, _ = _grid(3 * CELLS)
    count = 3 * CELLS + 1
    inner = np.clip(np.abs(uv) / (1 - random.uniform(0.4, 1.5) / (size[:2] / 2)), 0, 1)
    swell = np.prod(1 - inner ** random.uniform(1.6, 5, 2), axis=1, keepdims=True)
    rise = swell * size[2] / 2
    for cells in (7, 19):
        rise = rise + random.uniform(0.02, 0.25) * textures.noise(
            random, count, (cells, cells)
        ).ravel()[:, None] * np.sqrt(swell)
    rise = np.maximum(
        rise, 0.04 * (np.abs(uv) < 1).all(axis=1, keepdims=True)
    )  # inside, skins do not touch
    edge = np.abs(uv).max(axis=1, keepdims=True) ** 4
    waves = (
        random.uniform(0.03, 0.3) * edge * textures.noise(random, count, (8, 8)).ravel()[:, None]
    )
    bend = (
        waves
        + 0.05 * min(size[:2]) * random.normal() * np.sin(uv @ random.normal(0, 1.5, 2))[:, None]
    )
    drawn_in = 1 - random.uniform(0, 0.04) * size[2] / 2 * (1 - uv[:, ::-1] ** 2)
    drawn_in += 0.008 * textures.noise(random, count, (9, 9)).ravel()[:, None]
    return _skins(size, 3 * CELLS, drawn_in, rise, bend, crease=0 * bend)


def flaps(random: Random, size: Floats) -> Mesh:
    """Four flaps of an opened lid (+z), bent outwards."""
    parts = []
    uv, triangles = _grid(4)
    for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
        angle = random.uniform(0.6, 2.4)
        reach = size[1 - axis] * 0 + size[axis] * 0.45
        out = np.zeros(3, np.float32)
        out[axis] = sign * np.sin(angle)
        out[2] = np.cos(angle)
        along = np.zeros(3, np.float32)
        along[1 - axis] = 1
        foot = np.zeros(3, np.float32)
        foot[axis], foot[2] = sign * size[axis] / 2, size[2] / 2
        points = foot + (uv[:, :1] + 1) / 2 * reach * out + uv[:, 1:] * size[1 - axis] / 2 * along
        normal = np.broadcast_to(np.cross(out, along), points.shape).astype(np.float32)
        for flip in (1, -1):
            turned = triangles if flip > 0 else triangles[:, ::-1]
            parts.append(
                Mesh(points.astype(np.float32), flip * normal, flip * normal, _place(4, uv), turned)
            )
    return _joined(parts)


def tube(start: Floats, end: Floats, first: float, last: float, around: int = 12) -> Mesh:
    """A rounded tube from `start` to `end` with these radii: fingers, arms, bottles, cups."""
    axis = _unit((end - start)[None])[0]
    side = _unit(np.cross(axis, [0.3, 1.0, 0.2])[None].astype(np.float32))[0]
    other = np.cross(axis, side)
    steps = np.concatenate([[-0.999, -0.7, -0.3], np.linspace(0, 1, 6), [1.3, 1.7, 1.999]])
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * other
    points, normals = [], []
    for step in steps:
        along = np.clip(step, 0, 1)
        radius = first + (last - first) * along
        beyond = step - along
        points.append(
            start
            + (end - start) * along
            + axis * beyond * radius
            + ring * radius * np.sqrt(max(0, 1 - beyond**2))
        )
        normals.append(ring * np.sqrt(max(0, 1 - beyond**2)) + axis * beyond)
    rows = len(steps)
    at = np.arange(rows * around).reshape(rows, around)
    a, b = at[:-1], at[1:]
    a2, b2 = np.roll(a, -1, 1), np.roll(b, -1, 1)
    triangles = np.concatenate(
        [np.stack([a, a2, b2], -1).reshape(-1, 3), np.stack([a, b2, b], -1).reshape(-1, 3)]
    ).astype(np.uint32)
    flat = np.concatenate(points).astype(np.float32)
    out = _unit(np.concatenate(normals).astype(np.float32))
    there_and_back = np.tile(
        1 - np.abs(np.arange(around) * 2 / around - 1), rows
    )  # so that no seam shows
    uv = np.stack([there_and_back, np.repeat(np.linspace(0, 1, rows), around)], 1).astype(
        np.float32
    )
    return Mesh(flat, out, out, uv, triangles)


def ball(centre: Floats, radius: float, flat: Floats) -> Mesh:
    """An ellipsoid."""
    one = tube(
        np.array([0, -0.01, 0], np.float32), np.array([0, 0.01, 0], np.float32), 1.0, 1.0, 16
    )
    return replace(one, points=one.points * radius * flat + centre)


def rigged(random: Random, side: str) -> Mesh:
    """The modelled hand, fingers bent at random: palm towards +x, fingers towards -y, wrist near
    (0, 7, 0). About 20 cm long.
    """
    rig = assets.hand(side)
    world = rig.local.copy()
    for finger in FINGERS:
        chain = [
            f"{finger}-{part}"
            for part in ("phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip")
        ]
        links = [rig.names.index(name) for name in chain if name in rig.names]
        bend = random.uniform(0.05, 0.5) * (0.5 if finger == "thumb" else 1)
        for n, joint in enumerate(links[:-1]):
            turn = np.eye(4, dtype=np.float32)
            c, s = np.cos(-bend), np.sin(-bend)
            turn[1:3, 1:3] = [[c, -s], [s, c]]
            shift = world[joint] @ turn @ np.linalg.inv(world[joint])
            for later in links[n:]:
                world[later] = shift @ world[later]
    bones = world @ rig.unbind
    mixed = np.einsum("vj,vjab->vab", rig.weights, bones[rig.joints])
    points = np.einsum("vab,vb->va", mixed[:, :3, :3], rig.vertices) + mixed[:, :3, 3]
    normals = _unit(np.einsum("vab,vb->va", mixed[:, :3, :3], rig.normals))
    centred = 100 * (points - np.array([-0.02, -0.02, 0.01], np.float32))
    return Mesh(
        centred.astype(np.float32),
        normals,
        normals,
        np.full((len(points), 2), 0.5, np.float32),
        rig.triangles,
    )


def modelled(random: Random) -> Mesh:
    """A hand of tubes and balls, posed as the rigged one."""
    parts = [ball(np.array([-1.2, 1.0, 0], np.float32), 1.0, np.array([1.6, 5.2, 4.2], np.float32))]
    for n in range(4):
        z = -3 + 2.1 * n
        at = np.array([-1.2, -3.6, z], np.float32)
        bend, angle = random.uniform(0.1, 0.5), 0.0
        for length, radius in ((4.2, 0.95), (2.6, 0.85), (2.0, 0.75)):
            angle += bend
            tip = at + length * np.array(
                [np.sin(angle), -np.cos(angle), random.normal(0, 0.04)], np.float32
            )
            parts.append(tube(at, tip, radius, radius * 0.9))
            at = tip
    thumb = np.array([0.0, -1.0, -5.5], np.float32)
    parts += [
        tube(np.array([-1.0, 3.0, -2.5], np.float32), thumb, 1.5, 1.1),
        tube(thumb, thumb + np.array([0.8, -3.0, -0.6], np.float32), 1.1, 0.9),
    ]
    return _joined(parts)


def arm(random: Random) -> Mesh:
    """From the wrist of a hand away from its fingers."""
    bent = np.array([random.normal(-3, 4), 40, random.normal(0, 8)], np.float32)
    return tube(np.array([-1.5, 6.5, 0], np.float32), bent, 2.9, random.uniform(3.5, 5.5), 16)
