"""Truth of a clip as the bench of the six sides writes it: per frame every face in sight, per clip
which faces were shown.

`clear`, `poor` and `never` are what its README says: so long, so square-on, so free, so large, so
sharp. Times in seconds, lengths in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.parcel.render.shapes import SIDES

Floats = NDArray[np.float32]
FACES = ("+x", "-x", "+y", "-y", "+z", "-z")
CLEAR_S, RUN_S, CLEAR_ANGLE, CLEAR_FREE, CLEAR_AREA, MOST_BLUR, MOST_DEFOCUS = (
    0.34,
    0.19,
    60.0,
    0.60,
    0.008,
    9.0,
    2.5,
)
POOR_S, POOR_ANGLE, POOR_FREE, POOR_AREA = 0.1, 78.0, 0.25, 0.0015


@dataclass(frozen=True)
class Body:
    """One parcel:

    `size` (3,) full extents in centimetres, whether it is a mailer (two faces count), what is
    written on it.
    """

    size: Floats
    mailer: bool
    info: dict[str, Any]

    @property
    def sides(self) -> tuple[int, ...]:
        return (4, 5) if self.mailer else tuple(range(6))


def quad(
    body: Body, side: int, turn: Floats, place: Floats, lens: tuple[float, float, float]
) -> Floats:
    """(4, 2): corners of a face in pixels; `lens` is focal length and middle of the picture."""
    half = body.size / 2
    axis = side // 2
    u, v = [k for k in range(3) if k != axis]
    corners = np.zeros((4, 3), np.float32)
    corners[:, axis] = SIDES[side][axis] * half[axis]
    corners[:, u] = np.array([1, 1, -1, -1]) * half[u]
    corners[:, v] = np.array([1, -1, -1, 1]) * half[v]
    seen = corners @ turn.T + place
    return np.asarray(
        lens[0] * seen[:, :2] / np.maximum(seen[:, 2:], 1.0) + np.array(lens[1:]), np.float32
    )


def area(corners: Floats) -> float:
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def faces(
    body: Body, turn: Floats, place: Floats, lens: tuple[float, float, float], seen: dict[int, int]
) -> list[list[Any]]:
    """[face, angle, visible, projected, quad] of every face that looks this way and is in sight;
    `seen`: pixels by face.
    """
    found: list[list[Any]] = []
    for side in body.sides:
        normal = turn @ SIDES[side]
        middle = place + normal * body.size[side // 2] / 2
        angle = float(
            np.degrees(np.arccos(np.clip(-(normal @ middle) / np.linalg.norm(middle), -1, 1)))
        )
        if angle < 90 and seen.get(side, 0):
            corners = quad(body, side, turn, place, lens)
            found.append(
                [
                    side,
                    round(angle, 1),
                    seen[side],
                    round(area(corners)),
                    [[round(float(n), 1) for n in c] for c in corners],
                ]
            )
    return found


def _frames(
    rows: list[dict[str, Any]], number: int, side: int, pixels: int, poor: bool
) -> list[bool]:
    """By frame: was this face of this parcel shown clearly (or, `poor`, at all)?"""
    angle, free, size = (
        (POOR_ANGLE, POOR_FREE, POOR_AREA) if poor else (CLEAR_ANGLE, CLEAR_FREE, CLEAR_AREA)
    )
    found = []
    for row in rows:
        one = next((o for o in row["objs"] if o["o"] == number), None)
        face = (
            next((f for f in one["faces"] if f[0] == side), None)
            if one and not one["opened"]
            else None
        )
        good = (
            face is not None
            and face[1] <= angle
            and face[2] >= free * face[3]
            and face[2] >= size * pixels
        )
        sharp = poor or (
            one is not None and one["blur"] <= MOST_BLUR and one["focus"] <= MOST_DEFOCUS
        )
        found.append(bool(good and sharp))
    return found


def runs(shown: list[bool]) -> list[tuple[int, int]]:
    """First and last of each run of frames."""
    edges = np.flatnonzero(np.diff([0, *map(int, shown), 0]))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def judged(
    body: Body, rows: list[dict[str, Any]], number: int, fps: float, pixels: int
) -> dict[str, Any]:
    """What the manifest says of one parcel."""
    sides: dict[str, Any] = {}
    for side in body.sides:
        clear, seen = (_frames(rows, number, side, pixels, poor) for poor in (False, True))
        stretches = [(a, b) for a, b in runs(clear) if (b - a + 1) / fps >= RUN_S]
        status = (
            "clear"
            if sum(clear) / fps >= CLEAR_S and stretches
            else "poor"
            if sum(seen) / fps >= POOR_S
            else "never"
        )
        sides[FACES[side]] = {
            "status": status,
            "clear_s": round(sum(clear) / fps, 2),
            "seen_s": round(sum(seen) / fps, 2),
            "ranges": [[round(a / fps, 2), round((b + 1) / fps, 2)] for a, b in stretches],
            "best_frame": _best(rows, number, side, clear),
        }
    seen_at = [row["t"] for row in rows for o in row["objs"] if o["o"] == number]
    opened = next(
        (row["t"] for row in rows for o in row["objs"] if o["o"] == number and o["opened"]), None
    )
    return {
        "kind": "mailer" if body.mailer else "box",
        "dims_cm": [round(float(v), 1) for v in body.size],
        "info": body.info,
        "faces": sides,
        "all_clear": all(s["status"] == "clear" for s in sides.values()),
        "missing": [name for name, s in sides.items() if s["status"] == "never"],
        "poor": [name for name, s in sides.items() if s["status"] == "poor"],
        "window": [seen_at[0], round(seen_at[-1] + 1 / fps, 2)] if seen_at else [0.0, 0.0],
        "opened_at": opened,
    }


def _best(rows: list[dict[str, Any]], number: int, side: int, clear: list[bool]) -> int | None:
    """The frame in which a clear face is largest and squarest."""
    worth = {}
    for n in np.flatnonzero(clear):
        one = next(o for o in rows[n]["objs"] if o["o"] == number)
        face = next(f for f in one["faces"] if f[0] == side)
        worth[int(n)] = face[2] * float(np.cos(np.radians(face[1])))
    return max(worth, key=lambda n: worth[n]) if worth else None
