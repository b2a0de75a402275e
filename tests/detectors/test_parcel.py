"""How a parcel lies, up to the group: the tensor and its axes, the networks on boxes drawn by code,
and the recipe's truth.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.parcel import axes, pose, pyramid
from tests.conftest import ROOT
from tests.parcels import box, turned

Floats = NDArray[np.float64]


ROTATIONS = st.builds(
    lambda x, y, z, a: np.asarray(
        cv2.Rodrigues(np.array([x, y, z]) / (np.linalg.norm([x, y, z]) + 1e-9) * a)[0]
    ),
    *[st.floats(-1, 1)] * 3,
    st.floats(0.1, 3.1),
)


@settings(max_examples=40, deadline=None)
@given(ROTATIONS, st.integers(0, 23))
def test_axes_are_found_again_whatever_they_are_called(turn: Floats, named: int) -> None:
    tensor = axes.tensor_of(turn)
    assert np.allclose(tensor, axes.tensor_of(turn @ axes.CUBE_ROTATIONS[named]))
    found, sure = axes.nearest_axes(tensor[axes.PLACES])
    assert axes.rotation_distance(found, turn) < 0.5 and sure > 0.99 and np.linalg.det(found) > 0


@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    st.floats(-3.1, 3.1),
)
def test_a_quaternion_turns_about_its_axis(axis: tuple[float, ...], angle: float) -> None:
    unit = np.array(axis) / np.linalg.norm(axis)
    both = np.array([[np.cos(angle / 2), *(np.sin(angle / 2) * unit)], [1.0, 0, 0, 0]])
    turns = axes.rotations(both)
    assert np.allclose(turns[0], cv2.Rodrigues(unit * angle)[0]) and np.array_equal(
        turns[1], np.eye(3)
    )
    assert np.array_equal(axes.rotations(both[0]), turns[0])


def test_apart_knows_the_group_and_no_more() -> None:
    tilt = np.asarray(cv2.Rodrigues(np.radians([20.0, 0, 0]))[0])
    assert [round(axes.rotation_distance(tilt, g)) for g in axes.CUBE_ROTATIONS] == [20] * 24
    assert axes.rotation_distance(
        np.asarray(cv2.Rodrigues(np.radians([45.0, 0, 0]))[0]), np.eye(3)
    ) == pytest.approx(45)


TURNS = [
    turned(*angles)
    for angles in (
        (30, 35, 0),
        (-35, 25, 10),
        (25, -50, -15),
        (40, 45, 30),
        (20, 20, 80),
        (-25, -35, 150),
        (35, 60, 200),
    )
]


def test_boxes_drawn_by_code_are_read() -> None:
    nets = pose.shipped_networks()
    errors = []
    for turn in TURNS:
        read = pose.find_parcel(box(turn), nets)
        assert read is not None and read.mailer < 0.5
        errors.append(axes.rotation_distance(read.turn, turn))
    assert np.median(errors) <= 10 and max(errors) <= 25, errors


class Counted:
    """A network that counts how often it is asked; `flag`: what it says of mailer or box, whatever
    it saw.
    """

    def __init__(self, network: Any, flag: float | None = None) -> None:
        self.network, self.flag, self.asked = network, flag, 0

    def run(self, *asked: Any) -> Any:
        self.asked += 1
        said = self.network.run(*asked)
        return (
            said if self.flag is None else [said[0], np.array([[self.flag]], np.float32), *said[2:]]
        )


def test_what_is_plain_is_looked_at_once_and_else_twice() -> None:
    shipped, once = pose.shipped_networks(), 0
    for picture in [
        *(box(turn) for turn in TURNS),
        *(cv2.GaussianBlur(box(turn, far=150), (0, 0), 14) for turn in TURNS),
    ]:
        nets = replace(shipped, axes=Counted(shipped.axes))
        read = pose.find_parcel(np.asarray(picture, np.uint8), nets)
        assert read is None or nets.axes.asked >= 2 or read.sure >= pose.PLAIN, (
            "one look is enough only where it says so itself"
        )
        once += nets.axes.asked == 1
    assert 0 < once < 2 * len(TURNS)


@pytest.mark.parametrize(
    ("flag", "closer"), [(0.01, 0), (0.049, 0), (0.06, 1), (0.5, 1), (0.94, 1), (0.99, 0)]
)
def test_a_closer_look_is_taken_only_where_it_is_not_clear_whether_it_is_a_mailer(
    flag: float, closer: int
) -> None:
    shipped = pose.shipped_networks()
    nets = replace(shipped, axes=Counted(shipped.axes, flag), mailer=Counted(shipped.mailer))
    read = pose.find_parcel(box(TURNS[0]), nets)
    assert read is not None and nets.mailer.asked == closer
    assert closer or read.mailer == pytest.approx(flag)


@pytest.mark.parametrize(
    ("before", "said", "least", "most"),
    [(0.5, 0.9, 0.7, 0.8), (0.9, 0.1, 0.49, 0.51), (0.2, 0.0, 0.0, 0.01), (0.5, 1.0, 0.9, 1)],
)
def test_a_closer_look_is_weighed_with_what_was_thought_before(
    before: float, said: float, least: float, most: float
) -> None:
    crops = list[Any]()

    class Sure:
        def run(self, _: None, given: dict[str, Any]) -> Any:
            crops.append(given["crop"])
            return [np.array([[said]], np.float32)]

    picture = np.zeros((360, 640, 3), np.uint8)
    picture[100:200, 200:300] = (
        255  # where the parcel is, half of whose surroundings a closer look leaves out
    )
    nets = replace(pose.shipped_networks(), mailer=Sure())
    square = (250 - 72.5, 150 - 72.5, 145.0)
    assert (
        least
        <= pose.closer_look(pyramid.ImagePyramid.of(picture), pyramid.Square(*square), nets, before)
        <= most
    )
    (crop,) = crops
    assert crop.shape == (1, 3, pose.CLOSE, pose.CLOSE)
    assert crop.mean() == pytest.approx((1 / pose.TIGHT) ** 2, abs=0.01)


def test_an_upright_picture_is_read_as_it_stands() -> None:
    nets = pose.shipped_networks()
    for turn in TURNS[:4]:
        read = pose.find_parcel(box(turn, (360, 640), far=80), nets)
        assert read is not None and axes.rotation_distance(read.turn, turn) <= 25
        x, y, side = read.square
        assert abs(x + side / 2 - 180) < 40 and abs(y + side / 2 - 320) < 40
        facing = read.normals[read.mask > 0.5].mean(0)
        assert facing[2] < -0.5, "what is seen faces the camera"


def test_where_nothing_is_nothing_is_found() -> None:
    nets = pose.shipped_networks()
    y, x = np.mgrid[:360, :640]
    wall = np.stack([120 + 20 * np.sin(x / 50) + y / 9] * 3, -1)
    for picture in (np.zeros((360, 640, 3)), np.full((360, 640, 3), 200.0), wall):
        assert pose.find_parcel(picture.astype(np.uint8), nets) is None


@pytest.mark.parametrize(
    "shape", [(1, 4000), (4000, 1), (5, 5), (12, 3000), (720, 720), (480, 640)]
)
def test_pictures_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3)).astype(np.uint8)
    read = pose.find_parcel(noise, pose.shipped_networks())
    assert read is None or (
        np.isfinite(read.turn).all() and 0 <= read.sure < 1.5 and 0 <= read.mailer <= 1
    )
    inside = pose.read_parcel(
        pyramid.ImagePyramid.of(noise), pyramid.Square(-3.0, -2.0, 40.0), pose.shipped_networks()
    )
    assert np.allclose(inside.turn @ inside.turn.T, np.eye(3), atol=1e-6)


def test_the_same_picture_is_read_alike_and_left_alone() -> None:
    nets, picture = pose.shipped_networks(), box(TURNS[0])
    picture.flags.writeable = False
    one, two = pose.find_parcel(picture, nets), pose.find_parcel(picture, nets)
    assert one is not None and two is not None
    assert (
        np.array_equal(one.turn, two.turn)
        and np.array_equal(one.mask, two.mask)
        and one.square == two.square
    )


def test_weights_are_small_and_say_where_they_come_from() -> None:
    folder = ROOT / "models" / "weights"
    cards = {
        name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
        for name in ("parcel_mask", "parcel_axes", "parcel_mailer")
    }
    assert sum((folder / card["file"]).stat().st_size for card in cards.values()) < 10_000_000
    for card in cards.values():
        assert hashlib.sha256((folder / card["file"]).read_bytes()).hexdigest() == card["sha256"]
        assert (
            card["recipe"]
            and card["seeds"]
            and card["figures"]
            and (folder / card["log"]).is_file()
        )
        assert all(asset["licence"] for asset in card["assets"])


@pytest.mark.parametrize(
    ("width", "height"),
    [(1280, 720), (720, 1280), (1365, 767), (767, 1365), (480, 640), (600, 400)],
)
@pytest.mark.parametrize("side", [110.0, 230.0, 600.0])
def test_what_is_cut_out_lies_where_it_should(width: int, height: int, side: float) -> None:
    far, near = max(width, height), min(width, height)  # as landscape
    x, y = 0.61 * far, 0.42 * near
    column, row = (width - y, x) if height > width else (x, y)  # where that is in a tall picture
    radius = side / 14
    v, u = np.mgrid[:height, :width] + 0.5
    disc = 255 * np.clip(radius - np.hypot(u - column, v - row) + 0.5, 0, 1)
    place = (x - 0.37 * side, y - 0.55 * side)
    picture = pyramid.ImagePyramid.of(np.stack([disc.astype(np.uint8)] * 3, -1))
    cut = picture.crop(pyramid.Square(*place, side).box, (128, 128))
    got = cut[..., 0].astype(float)
    light = np.clip(got - 130, 0, None)  # more than where the grey begins
    spread = [light.sum(axis=axis) / light.sum() for axis in (0, 1)]
    found = [float((line * (np.arange(128) + 0.5)).sum()) for line in spread]
    assert found == pytest.approx([0.37 * 128, 0.55 * 128], abs=0.15)
    beyond = np.arange(128)[None] * side / 128 + place[0] > far + side / 64
    assert (got[np.broadcast_to(beyond, got.shape)] == pyramid.GREY[0]).all()


@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (1080, 1920), (720, 720), (640, 480), (480, 270)]
)
def test_what_is_shrunk_is_smoothed(width: int, height: int) -> None:
    """Noise: the mean of n pixels spreads by their square root less; where pixels were left out, it
    would spread as before.
    """
    noise = np.random.default_rng(2).normal(128, 40, (height, width)).clip(0, 255)
    picture = pyramid.ImagePyramid.of(np.stack([noise] * 3, -1).astype(np.uint8))
    far, near = float(max(width, height)), float(min(width, height))
    for place, (columns, rows) in (
        ((0, 0, far, near), pose.WHOLE),
        ((0, 0, near, near), (128, 128)),
    ):
        got = picture.crop(pyramid.Box(*place), (columns, rows))[4:-4, 4:-4].astype(float)
        pixels = place[2] / columns * place[3] / rows
        assert got.std() < 1.5 * 40 / np.sqrt(pixels)


def test_halves_are_made_down_to_a_square_and_hold_the_picture_itself() -> None:
    picture = np.zeros((2160, 3840, 3), np.uint8)
    halves = pyramid.ImagePyramid.of(picture)
    assert halves.levels[0] is picture and [level.shape[1] for level in halves.levels] == [
        3840,
        1920,
        960,
        480,
        240,
    ]
    tall = pyramid.ImagePyramid.of(np.zeros((1280, 720, 3), np.uint8))
    assert (
        tall.tall
        and tall.shape == (720, 1280)
        and [level.shape[0] for level in tall.levels] == [1280, 640, 320, 160]
    )


@pytest.mark.parametrize(
    "square", [(600.0, 320.0, 80.0), (-200.0, 50.0, 300.0), (1100.0, 600.0, 400.0)]
)
def test_a_square_is_looked_at_without_a_roll(square: tuple[float, float, float]) -> None:
    turn = pose.look_at_rotation(pyramid.Square(*square), (720, 1280), 1152.0)
    assert np.allclose(turn @ turn.T, np.eye(3)) and np.linalg.det(turn) > 0
    ray = np.array([square[0] + square[2] / 2 - 640, square[1] + square[2] / 2 - 360, 1152.0])
    assert np.allclose(turn[:, 2], ray / np.linalg.norm(ray))
    axis, angle = cv2.Rodrigues(turn)[0].ravel(), np.arccos(ray[2] / np.linalg.norm(ray))
    assert abs(axis[2]) < 1e-9 and np.linalg.norm(axis) == pytest.approx(angle, abs=1e-6)


def test_the_largest_part_is_found_and_too_little_is_not() -> None:
    there = np.full((36, 64), 0.2, np.float32)
    there[1:3, 1:4] = 0.9  # six cells
    assert pose.largest_square(there, (720, 1280)) is None
    there[6:16, 4:9] = there[20:30, 4:20] = 0.8
    x, y, side = pose.largest_square(there, (720, 1280)) or (0.0, 0.0, 0.0)  # cells of 20 pixels
    assert (x + side / 2, y + side / 2, side) == pytest.approx((240, 500, pose.AROUND * 320))


def test_the_whole_pictures_mask_comes_to_lie_where_the_square_is() -> None:
    there = np.zeros((36, 64), np.float32)
    there[10:20, 30:44] = 1  # of a picture of 1280x720: 600..880 across, 200..400 down
    mask = pose.resampled_cells(
        there, pyramid.Square(500.0, 100.0, 640.0), (720, 1280), 32
    )  # cells of 20 pixels
    ys, xs = np.nonzero(mask > 0.5)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (5, 19, 5, 15)
    assert not pose.resampled_cells(
        there, pyramid.Square(-900.0, 0.0, 640.0), (720, 1280), 32
    ).any()  # beyond the picture there is nothing
