"""A box that is turned about: its faces keep their names, and those shown are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.parcel.axes import CUBE_ROTATIONS, Floats, rotations
from detectors.parcel.container import BOX, MAILER, THIN, mailer_odds, thinnest
from detectors.parcel.count import Track, certain_stretches, tracks
from detectors.parcel.faces import FACES, face_at, face_views, outline
from detectors.parcel.focus import focus
from detectors.parcel.lengths import AXES, edge_lengths
from detectors.parcel.looks import MOST_ERR, SHARP, UNIT, Look, settled
from detectors.parcel.pose import FOCAL, Parcel
from detectors.parcel.pyramid import Square
from detectors.parcel.track import STEP_S, Sample, followed, rotation_vectors
from detectors.sides import _places, _Told
from models.kinds import Blank, Cover, Cut, Sides, SideUnseen, SoftJoin
from models.record import Span

SHAPE = (540, 960)
SIZE = np.array([20.0, 14.0, 9.0])  # centimetres
EXPOSURE_S = 1 / 120
GRID = 32


def turned(axis: Floats, degrees: float) -> Floats:
    half = np.radians(degrees) / 2
    unit = axis / np.linalg.norm(axis)
    return rotations(np.array([np.cos(half), *(np.sin(half) * unit)]))


def seen(turn: Floats, size: Floats = SIZE) -> Look:
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
    return Look(
        pts=0.0,
        shape=SHAPE,
        longer=1280.0,
        square=Square(*(part / SHAPE[1] for part in square)),
        mask=hit,
        packed=np.round(normals * UNIT).astype(np.int8),
        turn=turn,
        err=6.0,
        mailer=0.01,
        sharp=True,
        turned=10.0,
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
        name = int(random.integers(24))
        one = replace(seen(shaken, size), pts=i * STEP_S, turn=renamed(shaken, name))
        looks.append(one)
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
    found = edge_lengths(seen(rotations(unit / np.linalg.norm(unit))))
    assert found
    known = found.weights > 0.3 * found.weights.max()
    apart = found.logs[known] - np.log(SIZE[known])
    assert np.ptp(apart) < 0.35


@pytest.mark.parametrize("seed", range(4))
def test_names_are_kept_while_a_box_turns(seed: int) -> None:
    turns = shown([0, 2, 4, 1, 3, 5])
    looks = film(turns, seed)
    found = followed([sample(one) for one in looks])
    kept = [one.turn @ CUBE_ROTATIONS[name] for one, name in zip(looks, found.names, strict=True)]
    apart = [one.T @ other for one, other in zip(kept, turns, strict=True)]
    first = apart[0].round()
    assert all(np.array_equal(one.round(), first) for one in apart)
    assert found.steps.min() > 0.99
    order = np.abs(first).argmax(axis=0)
    assert np.allclose(np.diff(found.edges[order]), np.diff(np.log(SIZE)), atol=0.2)


def test_six_sides_are_counted() -> None:
    (track,) = tracks(film(shown([0, 2, 4, 1, 3, 5])), [], EXPOSURE_S)
    assert clear(track) == ["clear"] * 6 and track.certain > 0.95
    best = [track.looks[face.best_at].pts for face in track.faces]
    assert len(set(best)) == 6 and all(face.spans for face in track.faces)


@pytest.mark.parametrize("left_out", range(6))
def test_a_side_that_is_not_shown_is_not_counted(left_out: int) -> None:
    """Nor one that is shown twice in its place."""
    others = [face for face in (0, 2, 4, 1, 3, 5) if face != left_out]
    (track,) = tracks(film(shown([*others, others[0]])), [], EXPOSURE_S)
    assert track.clear == 5
    missing = clear(track).index("never") if "never" in clear(track) else clear(track).index("poor")
    behind = track.faces[missing ^ 1]
    assert behind.status == "clear"


def test_sides_alike_are_told_apart_by_how_the_box_is_turned() -> None:
    """A cube: no edge tells anything."""
    cube = np.array([14.0, 14.0, 14.0])
    (track,) = tracks(film(shown([0, 2, 4, 1, 3]), size=cube), [], EXPOSURE_S)
    assert track.clear == 5


def test_a_cut_or_a_gap_ends_the_count() -> None:
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    middle = looks[len(looks) // 2].pts
    cut = Span(start=middle + 0.01, end=middle + 0.03)
    assert len(tracks(looks, [cut], EXPOSURE_S)) == 2
    late = [one for one in looks if not middle - 0.4 < one.pts < middle + 0.4]
    assert len(tracks(late, [], EXPOSURE_S)) == 2
    assert all(track.clear < 6 for track in tracks(late, [], EXPOSURE_S))


def test_a_clock_that_goes_back_ends_the_count() -> None:
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    half = len(looks) // 2
    again = [*looks[:half], *looks[:half], *looks[:2][::-1]]
    found = tracks(again, [], EXPOSURE_S)
    assert len(found) >= 3 and all(face.clear_s >= 0 for one in found for face in one.faces)


def test_a_leap_is_another_parcel() -> None:
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    half = len(looks) // 2
    moved = [
        replace(one, square=Square(one.square.x + 0.5, one.square.y, one.square.side))
        for one in looks[half:]
    ]
    assert len(tracks([*looks[:half], *moved], [], EXPOSURE_S)) == 2


def test_unsure_axes_say_nothing() -> None:
    unsure = [replace(one, err=MOST_ERR + 1) for one in film(shown([0, 2]))]
    assert tracks(unsure, [], EXPOSURE_S) == []
    assert tracks([], [], EXPOSURE_S) == []


def sample(one: Look) -> Sample:
    return Sample(one.pts, one.turn, one.err, one.turned, edge_lengths(one))


def test_names_are_the_cubes() -> None:
    assert sorted(map(tuple, AXES[:, :2])) == sorted(
        [(a, b) for a in range(3) for b in range(3) if a != b] * 4
    )
    for axis in range(3):
        vector = rotation_vectors(turned(np.eye(3)[axis], 40.0))
        assert np.allclose(vector, 40 * np.eye(3)[axis], atol=1e-6)


def test_half_a_turn_is_a_turn() -> None:
    """Its axis cannot be told from the differences of the matrix."""
    half = rotation_vectors(np.array([np.diag(signs) for signs in HALVES]))
    assert np.allclose(np.linalg.norm(half, axis=1), 180.0)
    assert np.allclose(rotation_vectors(np.eye(3)), 0)


HALVES = [(1.0, -1.0, -1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0)]


def test_unsure_looks_learn_from_sure_ones_while_nothing_turns() -> None:
    start = seen(START)
    still = [
        replace(start, pts=i * STEP_S, turned=0.3, err=6.0 if i == 3 else 40.0) for i in range(8)
    ]
    turning = [replace(one, turned=40.0) for one in still]
    found = settled(still)
    assert len(found) == 8 and all(one.err < 7 for one in found)
    assert [one.pts for one in settled(turning)] == [still[3].pts]


def test_a_stretch_is_as_long_as_it_is_certain() -> None:
    steps = np.array([1.0, 0.99, 0.2, 1.0, 1.0, 0.6, 0.7, 1.0])
    assert certain_stretches(steps) == [(0, 3), (3, 6), (6, 9)]
    assert certain_stretches(np.ones(4)) == [(0, 5)]
    assert certain_stretches(np.array([])) == [(0, 1)]


@pytest.mark.parametrize("degrees", [0, 20, 40])
def test_the_outline_of_a_face_is_where_it_is_seen(degrees: float) -> None:
    turn = turned(np.array([0.2, 1.0, 0.0]), degrees)
    one = seen(turn)
    views = face_views(one, turn)
    face = max(views, key=lambda number: views[number].cells)
    axis, sign = FACES[face]
    away = np.array([0, 0, 70.0])
    corners = []
    for a, b in [(-1, -1), (1, -1), (1, 1), (-1, 1)]:
        others = [k for k in range(3) if k != axis]
        point = sign * SIZE[axis] / 2 * turn[:, axis] + away
        point = point + a * SIZE[others[0]] / 2 * turn[:, others[0]]
        point = point + b * SIZE[others[1]] / 2 * turn[:, others[1]]
        middle = np.array([SHAPE[1], SHAPE[0]]) / SHAPE[1] / 2
        corners.append(point[:2] / point[2] * FOCAL + middle)
    found = np.array(outline(one, views[face], turn, face))
    for corner in corners:
        assert np.linalg.norm(found - corner, axis=1).min() < 1.6 * one.square.side / GRID
    middle = found.mean(axis=0)
    assert face_at(views, one, (float(middle[0]), float(middle[1]))) == face
    assert face_at(views, one, (0.0, 0.0)) is None


@pytest.mark.parametrize("contrast", [20, 90])
def test_sharpness_is_of_edges_not_of_print(contrast: int) -> None:
    """A plain box and a printed one, sharp and out of focus."""
    side = 400
    grid = np.zeros((GRID, GRID), np.float32)
    grid[8:24, 8:24] = 1
    box = Parcel(
        grid,
        np.zeros((GRID, GRID, 3), np.float32),
        Square(280.0, 70.0, float(side)),
        START,
        0.9,
        0.01,
    )
    for printed in (False, True):
        picture = np.full((540, 960, 3), 120, np.uint8)
        picture[170:370, 380:580] = 120 + contrast
        if printed:
            picture[200:340:9, 400:560] = 60
        found = [focus(cv2.GaussianBlur(picture, (0, 0), sigma), box) for sigma in (0.8, 5.0)]
        assert found[0] and found[1] and found[1] < SHARP < found[0]


ENVELOPE = np.array([22.0, 16.0, 2.5])


def mailer(turns: list[Floats]) -> list[Look]:
    return [replace(one, mailer=0.97) for one in film(turns, size=ENVELOPE)]


def test_both_sides_of_a_mailer_are_opposite_each_other() -> None:
    (track,) = tracks(mailer(shown([4, 5])), [], EXPOSURE_S)
    clear_ones = [i for i, face in enumerate(track.faces) if face.status == "clear"]
    assert len(clear_ones) == 2 and clear_ones[0] ^ 1 == clear_ones[1]
    assert track.certain > 0.9
    assert thinnest(track.looks) < THIN < thinnest(film(shown([4])))


def test_a_mailer_is_told_by_all_looks_together() -> None:
    looks = mailer(shown([4, 5]))
    assert mailer_odds(looks) > MAILER
    doubted = [replace(one, mailer=0.02 if i % 2 else 0.97) for i, one in enumerate(looks)]
    assert BOX < mailer_odds(doubted) < MAILER
    assert mailer_odds(film(shown([0]))) < BOX


@pytest.mark.parametrize(
    ("faces", "counted", "unseen"), [([0, 2], 0, True), ([0], 0, False), ([0, 2, 4], 3, True)]
)
def test_a_side_or_two_may_be_anything(faces: list[int], counted: int, unseen: bool) -> None:
    looks = film(shown(faces))
    (track,) = tracks(looks, [], EXPOSURE_S)
    found = list(_Told(track, len(looks), None).observations(()))
    assert sum(one.kind == "side" for one in found) == counted
    assert any(one.kind == "side_unseen" for one in found) == unseen
    (whole,) = (one for one in found if isinstance(one, Sides))
    assert [one.part for one in whole.faces] == [1, 2, 3, 4, 5, 6]
    assert all(whole.faces[one.opposite - 1].opposite == one.part for one in whole.faces)
    assert len({one.place for one in whole.faces}) == 6


def test_where_cuts_are_unknown_nothing_is_certain() -> None:
    """A detector of cuts that failed has not seen that there is none."""
    looks = film(shown([0, 2, 4, 1, 3, 5]))
    (track,) = tracks(looks, [], EXPOSURE_S)
    (only,) = _Told(track, len(looks), None, breaks_known=False).observations(())
    assert isinstance(only, Sides) and not only.breaks_known
    none_seen: Any = {kind: [] for kind in (Cut, SoftJoin, Cover, Blank)}
    assert _places(none_seen) == []
    for kind in (Cut, SoftJoin, Cover, Blank):
        assert _places({**none_seen, kind: None}) is None


def test_a_mailer_shown_from_one_side_shows_one() -> None:
    looks = mailer(shown([5]))
    (track,) = tracks(looks, [], EXPOSURE_S)
    assert track.clear == 1
    found = list(_Told(track, len(looks), None).observations(()))
    assert [one.part for one in found if isinstance(one, SideUnseen)] == [2]


def test_a_long_clip_is_counted_in_pieces() -> None:
    """The pieces of a long clip are worked out some at a time."""
    turns = shown([0, 2]) * 15
    (track, *_) = tracks(film(turns), [], EXPOSURE_S)
    assert len(track.looks) > 300 and track.clear >= 2
