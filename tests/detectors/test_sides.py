"""A box that is turned about: its faces keep their names, and those shown are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.parcel.axes import CUBE_ROTATIONS, Floats, rotations
from detectors.parcel.count import Look, Track, look, tracks
from detectors.parcel.faces import FACES
from detectors.parcel.lengths import AXES, edge_lengths
from detectors.parcel.pose import FOCAL, Parcel
from detectors.parcel.pyramid import Square
from detectors.parcel.track import STEP_S, followed, rotation_vectors
from models.record import Span

SHAPE = (540, 960)
SIZE = np.array([20.0, 14.0, 9.0])  # centimetres
GRID = 32


def turned(axis: Floats, degrees: float) -> Floats:
    half = np.radians(degrees) / 2
    unit = axis / np.linalg.norm(axis)
    return rotations(np.array([np.cos(half), *(np.sin(half) * unit)]))


def parcel(turn: Floats, sure: float = 0.95, size: Floats = SIZE) -> Parcel:
    """A box 70 centimetres away in the middle of the picture, every cell's ray followed to it."""
    side = 420.0
    square = Square(SHAPE[1] / 2 - side / 2, SHAPE[0] / 2 - side / 2, side)
    cells = (np.arange(GRID) + 0.5) * side / GRID - side / 2
    across, down = np.meshgrid(cells, cells)
    rays = np.stack([across, down, np.full_like(across, FOCAL * SHAPE[1])], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    start, way = -turn.T @ np.array([0, 0, 70.0]), rays @ turn
    near, far = (-size / 2 - start) / way, (size / 2 - start) / way
    enters, leaves = np.minimum(near, far), np.maximum(near, far)
    hit = enters.max(axis=-1) < leaves.min(axis=-1)
    axis = enters.argmax(axis=-1)
    outward = -np.sign(np.take_along_axis(way, axis[..., None], axis=-1))
    normals = np.eye(3)[axis] * outward @ turn.T
    return Parcel(
        hit.astype(np.float32), normals.astype(np.float32), square, turn, sure, mailer=0.01
    )


def renamed(turn: Floats, name: int) -> Floats:
    """The same axes, named otherwise: what one picture says."""
    return np.asarray(turn @ CUBE_ROTATIONS[name])


def film(turns: list[Floats], seed: int = 0, size: Floats = SIZE) -> list[Look]:
    """Looks at a box so turned, each with names of its own, three degrees off."""
    random = np.random.default_rng(seed)
    looks = []
    for i, turn in enumerate(turns):
        shaken = turned(random.normal(size=3), float(random.normal(0, 3))) @ turn
        seen = parcel(shaken, size=size)
        named = Parcel(
            seen.mask,
            seen.normals,
            seen.square,
            renamed(shaken, int(random.integers(24))),
            seen.sure,
            seen.mailer,
        )
        found = look(i * STEP_S, named, SHAPE)
        assert found
        looks.append(found)
    return looks


TOWARDS = np.array([0, 0, -1.0])
START = turned(np.array([1.0, 1.0, 0.2]), 12)


def shown(faces: list[int]) -> list[Floats]:
    """One face after another held towards the camera for two thirds of a second."""
    turn, turns = START, []
    for face in faces:
        axis, sign = FACES[face]
        seen = sign * turn[:, axis]
        about = np.cross(seen, TOWARDS)
        if np.linalg.norm(about) < 1e-6:
            about = np.array([1.0, 0, 0])
        angle = np.degrees(np.arccos(np.clip(seen @ TOWARDS, -1, 1)))
        steps = max(1, round(angle / 8))
        before = turn
        for step in range(1, steps + 1):
            turn = turned(about, angle * step / steps) @ before
            turns.append(turn)
        turn = turned(np.array([0.3, 1.0, 0.1]), 9) @ turn
        turns += [turn] * 10
    return turns


def clear(track: Track) -> list[str]:
    return [face.status for face in track.faces]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_silhouette_tells_the_edges(seed: int) -> None:
    """Those that it shows; one that points at the camera is told to be unknown."""
    unit = np.random.default_rng(seed).normal(size=4)
    found = edge_lengths(parcel(rotations(unit / np.linalg.norm(unit))), SHAPE)
    assert found
    known = found.weights > 0.3 * found.weights.max()
    apart = found.logs[known] - np.log(SIZE[known])
    assert np.ptp(apart) < 0.35


@pytest.mark.parametrize("seed", range(4))
def test_names_are_kept_while_a_box_turns(seed: int) -> None:
    turns = shown([0, 2, 4, 1, 3, 5])
    looks = film(turns, seed)
    found = followed([one.sample for one in looks])
    kept = [
        one.sample.turn @ CUBE_ROTATIONS[name] for one, name in zip(looks, found.names, strict=True)
    ]
    apart = [one.T @ other for one, other in zip(kept, turns, strict=True)]
    first = apart[0].round()
    assert all(np.array_equal(one.round(), first) for one in apart)
    assert found.steps.min() > 0.99
    order = np.abs(first).argmax(axis=0)
    assert np.allclose(np.diff(found.edges[order]), np.diff(np.log(SIZE)), atol=0.2)


def test_six_sides_are_counted() -> None:
    (track,) = tracks(film(shown([0, 2, 4, 1, 3, 5])), [])
    assert clear(track) == ["clear"] * 6 and track.certain > 0.95
    best = [face.best_s for face in track.faces]
    assert len(set(best)) == 6 and all(face.spans for face in track.faces)


@pytest.mark.parametrize("left_out", range(6))
def test_a_side_that_is_not_shown_is_not_counted(left_out: int) -> None:
    """Nor one that is shown twice in its place."""
    others = [face for face in (0, 2, 4, 1, 3, 5) if face != left_out]
    (track,) = tracks(film(shown([*others, others[0]])), [])
    assert track.clear == 5
    missing = clear(track).index("never") if "never" in clear(track) else clear(track).index("poor")
    behind = track.faces[missing ^ 1]
    assert behind.status == "clear"


def test_sides_alike_are_told_apart_by_how_the_box_is_turned() -> None:
    """A cube: no edge tells anything."""
    cube = np.array([14.0, 14.0, 14.0])
    (track,) = tracks(film(shown([0, 2, 4, 1, 3]), size=cube), [])
    assert track.clear == 5


def test_a_cut_or_a_gap_ends_the_count() -> None:
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    middle = looks[len(looks) // 2].pts
    cut = Span(start=middle + 0.01, end=middle + 0.03)
    assert len(tracks(looks, [cut])) == 2
    late = [one for one in looks if not middle - 0.4 < one.pts < middle + 0.4]
    assert len(tracks(late, [])) == 2
    assert all(track.clear < 6 for track in tracks(late, []))


def test_a_leap_is_another_parcel() -> None:
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    half = len(looks) // 2
    moved = [
        replace(one, square=Square(one.square.x + 500, one.square.y, one.square.side))
        for one in looks[half:]
    ]
    assert len(tracks([*looks[:half], *moved], [])) == 2


def test_unsure_axes_say_nothing() -> None:
    assert look(0.0, parcel(START, sure=0.5), SHAPE) is None
    assert tracks([], []) == []


def test_names_are_the_cubes() -> None:
    assert sorted(map(tuple, AXES[:, :2])) == sorted(
        [(a, b) for a in range(3) for b in range(3) if a != b] * 4
    )
    for axis in range(3):
        vector = rotation_vectors(turned(np.eye(3)[axis], 40.0))
        assert np.allclose(vector, 40 * np.eye(3)[axis], atol=1e-6)
