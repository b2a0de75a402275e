"""How a parcel lies, up to the group: the tensor and its axes, the networks on boxes drawn by code, and the recipe's truth."""

from __future__ import annotations

import gzip
import hashlib
import json
import tomllib
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors import _parcel
from tests.conftest import ROOT, SHARED, needs_shared
from training.sides import (
    check,
    clips,
    looks,
    people,
    prints,
    scene,
    script,
    shapes,
    ship,
    truth,
    views,
)
from training.sides.paint import Thing

Floats = NDArray[np.float64]
SIDES = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
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
    tensor = _parcel.tensor_of(turn)
    assert np.allclose(tensor, _parcel.tensor_of(turn @ _parcel.GROUP[named]))
    found, sure = _parcel.axes(tensor[_parcel.PLACES])
    assert _parcel.apart(found, turn) < 0.5 and sure > 0.99 and np.linalg.det(found) > 0


@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: np.linalg.norm(axis) > 0.1),
    st.floats(-3.1, 3.1),
)
def test_a_quaternion_turns_about_its_axis(axis: tuple[float, ...], angle: float) -> None:
    unit = np.array(axis) / np.linalg.norm(axis)
    both = np.array([[np.cos(angle / 2), *(np.sin(angle / 2) * unit)], [1.0, 0, 0, 0]])
    turns = _parcel.rotations(both)
    assert np.allclose(turns[0], cv2.Rodrigues(unit * angle)[0]) and np.array_equal(
        turns[1], np.eye(3)
    )
    assert np.array_equal(_parcel.rotations(both[0]), turns[0])


def test_apart_knows_the_group_and_no_more() -> None:
    tilt = np.asarray(cv2.Rodrigues(np.radians([20.0, 0, 0]))[0])
    assert [round(_parcel.apart(tilt, g)) for g in _parcel.GROUP] == [20] * 24
    assert _parcel.apart(
        np.asarray(cv2.Rodrigues(np.radians([45.0, 0, 0]))[0]), np.eye(3)
    ) == pytest.approx(45)


def box(
    turn: Floats,
    size: tuple[int, int] = (640, 360),
    middle: tuple[float, float] = (0, 0),
    far: float = 60,
) -> NDArray[np.uint8]:
    """A cardboard box of 24x18x14 cm on a grey table, seen so; faces shaded by how they lie, edges and a label drawn."""
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
    nets = _parcel.shipped()
    errors = []
    for turn in TURNS:
        read = _parcel.parcel(box(turn), nets)
        assert read is not None and read.mailer < 0.5
        errors.append(_parcel.apart(read.turn, turn))
    assert np.median(errors) <= 10 and max(errors) <= 25, errors


class Counted:
    """A network that counts how often it is asked; `flag`: what it says of mailer or box, whatever it saw."""

    def __init__(self, network: Any, flag: float | None = None) -> None:
        self.network, self.flag, self.asked = network, flag, 0

    def run(self, *asked: Any) -> Any:
        self.asked += 1
        said = self.network.run(*asked)
        return (
            said if self.flag is None else [said[0], np.array([[self.flag]], np.float32), *said[2:]]
        )


def test_what_is_plain_is_looked_at_once_and_else_twice() -> None:
    shipped, once = _parcel.shipped(), 0
    for picture in [
        *(box(turn) for turn in TURNS),
        *(cv2.GaussianBlur(box(turn, far=150), (0, 0), 14) for turn in TURNS),
    ]:
        nets = replace(shipped, axes=Counted(shipped.axes))
        read = _parcel.parcel(np.asarray(picture, np.uint8), nets)
        assert read is None or nets.axes.asked >= 2 or read.sure >= _parcel.PLAIN, (
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
    shipped = _parcel.shipped()
    nets = replace(shipped, axes=Counted(shipped.axes, flag), mailer=Counted(shipped.mailer))
    read = _parcel.parcel(box(TURNS[0]), nets)
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
    nets = replace(_parcel.shipped(), mailer=Sure())
    square = (250 - 72.5, 150 - 72.5, 145.0)
    assert least <= _parcel._closer_look(_parcel.halved(picture), square, nets, before) <= most
    (crop,) = crops
    assert crop.shape == (1, 3, _parcel.CLOSE, _parcel.CLOSE)
    assert crop.mean() == pytest.approx((1 / _parcel.TIGHT) ** 2, abs=0.01)


def test_an_upright_picture_is_read_as_it_stands() -> None:
    nets = _parcel.shipped()
    for turn in TURNS[:4]:
        read = _parcel.parcel(box(turn, (360, 640), far=80), nets)
        assert read is not None and _parcel.apart(read.turn, turn) <= 25
        x, y, side = read.square
        assert abs(x + side / 2 - 180) < 40 and abs(y + side / 2 - 320) < 40
        facing = read.normals[read.mask > 0.5].mean(0)
        assert facing[2] < -0.5, "what is seen faces the camera"


def test_where_nothing_is_nothing_is_found() -> None:
    nets = _parcel.shipped()
    y, x = np.mgrid[:360, :640]
    wall = np.stack([120 + 20 * np.sin(x / 50) + y / 9] * 3, -1)
    for picture in (np.zeros((360, 640, 3)), np.full((360, 640, 3), 200.0), wall):
        assert _parcel.parcel(picture.astype(np.uint8), nets) is None


@pytest.mark.parametrize(
    "shape", [(1, 4000), (4000, 1), (5, 5), (12, 3000), (720, 720), (480, 640)]
)
def test_pictures_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3)).astype(np.uint8)
    read = _parcel.parcel(noise, _parcel.shipped())
    assert read is None or (
        np.isfinite(read.turn).all() and 0 <= read.sure < 1.5 and 0 <= read.mailer <= 1
    )
    inside = _parcel.read(_parcel.halved(noise), (-3.0, -2.0, 40.0), _parcel.shipped())
    assert np.allclose(inside.turn @ inside.turn.T, np.eye(3), atol=1e-6)


def test_the_same_picture_is_read_alike_and_left_alone() -> None:
    nets, picture = _parcel.shipped(), box(TURNS[0])
    picture.flags.writeable = False
    one, two = _parcel.parcel(picture, nets), _parcel.parcel(picture, nets)
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


@needs_shared
def test_clips_of_another_renderer_are_read() -> None:
    nets, errors = _parcel.shipped(), []
    for one in islice(check.clips(SHARED / "bench" / "sides"), 0, 400, 8):
        read = _parcel.parcel(one.picture, nets)
        errors.append(min(_parcel.apart(read.turn, turn) for turn in one.turns) if read else 180.0)
    assert len(errors) == 50 and np.median(errors) <= 10, errors


# --- the recipe: figures, truth and scripts


def bench(folder: Path, wrong: Floats) -> Path:
    """A folder as the bench of the six sides: one clip of eleven frames of a drawn box, its truth turned by `wrong`."""
    for name in ("clips", "truth"):
        (folder / name).mkdir()
    with av.open(str(folder / "clips" / "one.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=15, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        rows = [{"K": [576, 576, 320, 180], "W": 640, "H": 360, "fps": 15, "dims": [[24, 18, 14]]}]
        for number in range(11):
            turn = turned(25 + number, 40 + 2 * number, 10)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(box(turn), "bgr24")))
            seen = [[0, 30.0, 20000, 20000, []]]
            rows.append(
                {
                    "i": number,
                    "t": number / 15,
                    "objs": [
                        {"o": 0, "R": (turn @ wrong).tolist(), "opened": False, "faces": seen}
                    ],
                }
            )
        file.mux(stream.encode())
    with gzip.open(folder / "truth" / "one.jsonl.gz", "wt") as lines:
        lines.writelines(json.dumps(one) + "\n" for one in rows)
    manifest = {"clip": "one", "variant": "drawn", "size": [640, 360], "objects": [{"kind": "box"}]}
    (folder / "manifest.jsonl").write_text(json.dumps(manifest) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("wrong", "beyond"), [(turned(0, 0, 90), "0.0 %"), (turned(0, 45, 0), "100.0 %")]
)
def test_figures_are_of_what_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: Floats, beyond: str
) -> None:
    check.check(bench(tmp_path, wrong), _parcel.shipped(), tmp_path / "drawn")
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("ALL")]
    assert "n     3" in line and f"beyond 25 {beyond:>7}" in line and "not found   0" in line
    assert cv2.imread(str(tmp_path / "drawn" / "sheet-000.png")).shape == (6 * 320, 6 * 320, 3)


def row(
    frame: int,
    angle: float,
    free: float = 1.0,
    area: int = 9000,
    blur: float = 0.5,
    focus: float = 0.5,
) -> dict[str, Any]:
    face = [4, angle, int(area * free), area, [[0, 0], [0, 1], [1, 1], [1, 0]]]
    return {
        "i": frame,
        "t": frame / 15,
        "objs": [{"o": 0, "blur": blur, "focus": focus, "opened": False, "faces": [face]}],
    }


BODY = truth.Body(np.array([20, 15, 10], np.float32), False, {})


@pytest.mark.parametrize(
    ("how", "frames", "status"),
    [
        ({"angle": 20}, 8, "clear"),
        ({"angle": 20}, 4, "poor"),  # 0.27 s
        ({"angle": 20}, 1, "never"),  # 0.07 s
        ({"angle": 70}, 8, "poor"),
        ({"angle": 80}, 8, "never"),
        ({"angle": 20, "free": 0.4}, 8, "poor"),
        ({"angle": 20, "free": 0.2}, 8, "never"),
        ({"angle": 20, "area": 3000}, 8, "poor"),
        ({"angle": 20, "area": 900}, 8, "never"),
        ({"angle": 20, "blur": 12}, 8, "poor"),
        ({"angle": 20, "focus": 4}, 8, "poor"),
    ],
)
def test_truth_says_how_a_face_was_shown(how: dict[str, Any], frames: int, status: str) -> None:
    rows = [row(n, **how) for n in range(frames)]
    said = truth.judged(BODY, rows, 0, 15.0, 640 * 1000)
    assert said["faces"]["+z"]["status"] == status
    assert said["missing"] == [name for name in truth.FACES if name != "+z" or status == "never"]


def test_a_face_is_seen_only_from_its_side() -> None:
    place, lens = np.array([0, 0, 60.0], np.float32), (576.0, 320.0, 180.0)
    seen = truth.faces(BODY, np.eye(3, dtype=np.float32), place, lens, dict.fromkeys(range(6), 500))
    (face,) = seen
    assert (
        face[0] == 5
        and face[1] == 0
        and face[3] == pytest.approx((20 * 576 / 55) * (15 * 576 / 55), rel=0.02)
    )


@pytest.mark.parametrize("name", list(script.VARIANTS))
def test_scripts_run_evenly_and_show_what_they_name(name: str) -> None:
    random, variant = np.random.default_rng(5), script.VARIANTS[name]
    up = np.array([0, -0.8, -0.6], np.float32)
    keys = script.keys(random, variant, up)
    assert all(a.at < b.at for a, b in pairwise(keys))
    moments = list(script.moments(keys, 15))
    assert 1 < len(moments) / 15 < 30
    for one in moments:
        assert np.allclose(one.turn @ one.turn.T, np.eye(3), atol=1e-4) and one.far > 0
    pairs = [(a.turn, b.turn) for a, b in pairwise(moments) if a.body == b.body]
    steps = [
        float(np.degrees(np.linalg.norm(cv2.Rodrigues((b @ a.T).astype(float))[0])))
        for a, b in pairs
    ]
    assert max(steps) < (70 if variant.spoilt == "fast" else 40), "so fast that nobody could follow"
    if variant.mode == "inhand":
        front = {int(np.argmin((script.SIDES @ one.turn.T)[:, 2])) for one in keys[::2]}
        sides = 2 if variant.mailer else 6
        assert len(front) == sides - variant.left_out


def test_a_moment_between_two_keys_lies_between_them() -> None:
    one = script.Key(0.0, np.eye(3, dtype=np.float32), far=2.0)
    two = replace(
        one,
        at=1.0,
        turn=np.asarray(cv2.Rodrigues(np.radians([0, 80.0, 0]))[0], np.float32),
        far=3.0,
    )
    half = script.between(one, two, 0.5)
    assert half.far == pytest.approx(2.5) and _parcel.apart(
        half.turn.astype(float), np.eye(3)
    ) == pytest.approx(40, abs=0.01)


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
    got = _parcel.cut(
        _parcel.halved(np.stack([disc.astype(np.uint8)] * 3, -1)), (*place, side, side), (128, 128)
    )[..., 0].astype(float)
    light = np.clip(got - 130, 0, None)  # more than where the grey begins
    spread = [light.sum(axis=axis) / light.sum() for axis in (0, 1)]
    found = [float((line * (np.arange(128) + 0.5)).sum()) for line in spread]
    assert found == pytest.approx([0.37 * 128, 0.55 * 128], abs=0.15)
    beyond = np.arange(128)[None] * side / 128 + place[0] > far + side / 64
    assert (got[np.broadcast_to(beyond, got.shape)] == _parcel.GREY[0]).all()


@pytest.mark.parametrize(
    ("width", "height"), [(1920, 1080), (1080, 1920), (720, 720), (640, 480), (480, 270)]
)
def test_what_is_shrunk_is_smoothed(width: int, height: int) -> None:
    """Noise: the mean of n pixels spreads by their square root less; where pixels were left out, it would spread as before."""
    noise = np.random.default_rng(2).normal(128, 40, (height, width)).clip(0, 255)
    picture = _parcel.halved(np.stack([noise] * 3, -1).astype(np.uint8))
    far, near = float(max(width, height)), float(min(width, height))
    for place, (columns, rows) in (
        ((0, 0, far, near), _parcel.WHOLE),
        ((0, 0, near, near), (128, 128)),
    ):
        got = _parcel.cut(picture, place, (columns, rows))[4:-4, 4:-4].astype(float)
        pixels = place[2] / columns * place[3] / rows
        assert got.std() < 1.5 * 40 / np.sqrt(pixels)


def test_halves_are_made_down_to_a_square_and_hold_the_picture_itself() -> None:
    picture = np.zeros((2160, 3840, 3), np.uint8)
    halves = _parcel.halved(picture)
    assert halves.levels[0] is picture and [level.shape[1] for level in halves.levels] == [
        3840,
        1920,
        960,
        480,
        240,
    ]
    tall = _parcel.halved(np.zeros((1280, 720, 3), np.uint8))
    assert (
        tall.tall
        and tall.shape == (720, 1280)
        and [level.shape[0] for level in tall.levels] == [1280, 640, 320, 160]
    )


def test_faces_held_towards_the_camera_are() -> None:
    random = np.random.default_rng(3)
    for mailer in (True, False):
        turns = [scene.towards_camera(random, mailer).astype(float) for _ in range(300)]
        assert all(
            np.allclose(turn @ turn.T, np.eye(3), atol=1e-5) and np.linalg.det(turn) > 0
            for turn in turns
        )
        along = np.abs(np.array(turns)[:, 2])  # body axes along the line of sight
        facing = along[:, 2] if mailer else along.max(axis=1)
        assert np.median(facing) > np.cos(np.radians(20)) and facing.min() < np.cos(np.radians(25))
        assert mailer or len(set(along.argmax(axis=1))) == 3
        edges = np.degrees(
            [np.arctan2(*turn[1::-1, (int(np.argmax(abs(turn[2]))) + 1) % 3]) for turn in turns]
        )
        upright = np.abs((edges + 45) % 90 - 45) < 15
        assert 0.45 < upright.mean() < 0.8  # rolled as it comes, a third would be


@pytest.mark.parametrize("drawn", [shapes.envelope, shapes.padded, shapes.bag])
@pytest.mark.parametrize("seed", range(4))
def test_the_two_skins_of_a_bag_meet_at_its_edges_and_nowhere_cross(drawn: Any, seed: int) -> None:
    mesh = drawn(np.random.default_rng(seed), np.array([30, 22, 2.5], np.float32))
    count = int(np.sqrt(len(mesh.points) / 2))
    front, behind = mesh.points.reshape(2, count, count, 3)
    between = front - behind[::-1]
    inner = np.zeros((count, count), bool)
    inner[1:-1, 1:-1] = True
    assert np.abs(between[~inner]).max() < 1e-3
    assert (
        np.abs(between[..., :2]).max() < 1e-3
        and between[inner][:, 2].min() > 0
        and between[..., 2].max() > 1
    )


def test_mailers_on_a_table_lie_and_boxes_stand_anyhow() -> None:
    random, up = np.random.default_rng(5), np.array([0, -0.8, -0.6], np.float32)
    for lying, sides in ((True, {4, 5}), (False, set(range(6)))):
        turns = [scene.standing(random, up, lying=lying, tips=False) for _ in range(200)]
        assert {int((shapes.SIDES @ turn.T @ up).argmax()) for turn in turns} == sides


def bare(**facts: Any) -> scene.Stage:
    """A scene with nothing in it but a box."""
    size, none = np.array([30, 20, 10], np.float32), np.zeros((2, 2, 3), np.float32)
    mesh = shapes.box(np.random.default_rng(1), size, 0.0)
    look = looks.Look(none.astype(np.uint8), {})
    made: dict[str, Any] = {
        "seed": 1,
        "size": size,
        "mailer": False,
        "parcel": mesh,
        "look": look,
        "gloss": 0.0,
        "flaps": None,
    }
    made |= {
        "table": None,
        "sky": none,
        "hands": (),
        "things": (),
        "skin": (200.0, 160, 140),
        "sleeve": (9.0, 9, 9),
        "facing": False,
    }
    return scene.Stage(**(made | facts))


def test_what_fills_the_picture_reaches_beyond_it() -> None:
    one, random = bare(), np.random.default_rng(2)
    for filling in (True, False):
        places = [
            scene._place(one, random, np.eye(3, dtype=np.float32), 430.0, filling)
            for _ in range(200)
        ]
        spans = np.array(
            [430.0 * np.linalg.norm(one.size) / place[2] / scene.HEIGHT for place in places]
        )
        assert (spans.min() >= 1.29) == filling and spans.max() <= (2.11 if filling else 1.51)


def test_a_lap_is_of_who_films_and_has_no_table() -> None:
    up, cloth = np.array([0, -0.9, -0.436], np.float32), np.full((320, 320, 3), 90, np.uint8)
    thing = Thing(bare().parcel, tint=(1.0, 2, 3))
    place, none = np.array([0, 0, 60], np.float32), np.zeros((4, 4))
    shot: Any = scene.Shot(
        np.eye(3, dtype=np.float32), place, 430.0, [thing], [], None, none, (), up, None, False
    )  # type: ignore[arg-type]
    for facing, on_table in ((True, False), (False, True), (False, False)):
        asked = replace(shot, on_table=on_table)
        some = [
            scene.amid(bare(facing=facing), np.random.default_rng(n), asked, cloth=cloth).still
            for n in range(40)
        ]
        assert all(len(still) > 3 for still in some)
        assert {any(one is thing for one in still) for still in some} == (
            {True} if facing or on_table else {True, False}
        )


@pytest.mark.parametrize("name", list(script.VARIANTS))
def test_moments_of_a_clip_are_pictures_with_their_truth(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, held = np.random.default_rng(4), shapes.modelled(np.random.default_rng(5))
    sheet = np.full((8, 8, 3), 90, np.uint8)
    monkeypatch.setattr(
        scene, "stage", lambda *_: bare(table=sheet, hands=(held, held), things=(sheet, sheet))
    )
    one, shots = clips.shots(11, random, script.VARIANTS[name], True, 12)
    assert len(shots) == 12
    for shot in shots:
        points = one.parcel.points @ shot.turn.T + shot.place
        assert (
            np.allclose(shot.moving[0].mesh.points, points, atol=1e-3)
            and shot.moving[0].who == scene.PARCEL
        )
        assert np.allclose(shot.turn @ shot.turn.T, np.eye(3), atol=1e-4) and not any(
            thing.who for thing in shot.still
        )
        (ground,) = (thing for thing in shot.still if thing.table)
        assert shot.floor is not None and np.allclose(
            ground.mesh.points @ shot.up, shot.floor, atol=0.05
        )
        lowest = float((points @ shot.up).min()) - shot.floor
        assert (
            -0.1 < lowest < 11 if shot.on_table else lowest > -40 or name == "small"
        )  # which is carried far off, into the table at times
        assert len(scene.amid(one, random, shot, opposite=True, harsh=True).still) > len(shot.still)
    apart = [_parcel.apart(a.turn.astype(float), b.turn.astype(float)) for a, b in pairwise(shots)]
    assert max(apart) > 5 or name == "mailer_one"  # whose one side is held still
    assert any(np.abs(shot.motion[0]).sum() for shot in shots) or name == "mailer_one"
    assert (max(shot.focus for shot in shots) > 1) == (script.VARIANTS[name].spoilt == "blur")


def test_as_many_clips_are_of_mailers_as_scenes_are() -> None:
    random = np.random.default_rng(1)
    some = [script.any_variant(random, "any") for _ in range(2000)]
    assert np.mean([one.mailer for one in some]) == pytest.approx(scene.MAILERS, abs=0.03) and len(
        set(some)
    ) == len(script.VARIANTS)
    assert all(script.any_variant(random, "bag").mailer for _ in range(20))
    assert {script.any_variant(random, "printed").style for _ in range(20)} == {"printed"}
    patterned = [script.any_variant(random, "patterned").mailer for _ in range(2000)]
    assert np.mean(patterned) == pytest.approx(scene.PATTERNED_MAILERS, abs=0.04)


def test_patterns_repeat_and_glows_fade(monkeypatch: pytest.MonkeyPatch) -> None:
    palette, edges = np.array([[20, 40, 60], [220, 180, 90]], np.float32), []
    for seed in range(8):
        random = np.random.default_rng(seed)
        pattern, glow = (
            prints._pattern(random, palette).mean(axis=2),
            prints._glow(random, palette).mean(axis=2),
        )
        edges.append(
            [
                max(np.abs(np.diff(face, axis=axis)).max() for axis in (0, 1)) / np.ptp(face)
                for face in (pattern, glow)
            ]
        )
        waves = np.abs(np.fft.rfft2(pattern - pattern.mean())) ** 2
        assert waves.max() > 0.02 * waves.sum(), "few waves make a pattern"
    assert (
        min(edge for edge, _ in edges) > 0.25 and np.median([edge for _, edge in edges]) < 0.05
    )  # but for rings, glows have none
    grounds = list[str]()
    for name in ("_pattern", "_glow"):
        monkeypatch.setattr(
            prints,
            name,
            lambda random, palette, name=name: (
                grounds.append(name) or prints._even(random, palette)
            ),
        )
    for seed in range(20):
        prints._face(np.random.default_rng(seed), palette, 0, patterned=True)
    assert len(grounds) == 20 and set(grounds) == {"_pattern", "_glow"}, (
        "a patterned face has one or the other"
    )


def test_mailers_are_of_every_make() -> None:
    size, stiff, soft = (
        np.array([30, 22, 2.5], np.float32),
        2 * (2 * shapes.CELLS + 1) ** 2,
        2 * (3 * shapes.CELLS + 1) ** 2,
    )  # points
    made = [
        len(scene._mailer(np.random.default_rng(seed), size, "any").points) for seed in range(40)
    ]
    assert set(made) == {stiff, soft} and 3 <= made.count(stiff) <= 20
    assert {
        len(scene._mailer(np.random.default_rng(seed), size, "bag").points) for seed in range(8)
    } == {soft}


def test_calm_views_change_less() -> None:
    picture = np.asarray(
        np.random.default_rng(1).integers(60, 190, (16, 16, 3)).repeat(8, 0).repeat(8, 1), np.uint8
    )

    def likeness(calm: bool) -> float:
        shown = [views.looked(np.random.default_rng(n), picture, calm) for n in range(150)]
        assert all(one.shape == picture.shape and one.dtype == np.uint8 for one in shown)
        return float(np.mean([np.corrcoef(one.ravel(), picture.ravel())[0, 1] for one in shown]))

    assert likeness(False) < likeness(True) < 0.999


@pytest.mark.parametrize("who", [people.dressed, people.lap])
@pytest.mark.parametrize("kind", [people._knit, people._weave, people._bands, people._checks])
def test_people_are_no_parcels_and_never_alike(who: Any, kind: Any) -> None:
    up, place, skin = (
        np.array([0, -0.9, -0.436], np.float32),
        np.array([0, 0, 60], np.float32),
        (200.0, 160.0, 140.0),
    )
    cloth = np.clip(kind(np.random.default_rng(1)), 0, 255).astype(np.uint8)
    assert cloth.shape == (320, 320, 3) and cloth.std() > 1
    one, two = (who(np.random.default_rng(seed), place, up, cloth, skin) for seed in (1, 2))
    assert all(part.who == 0 and np.isfinite(part.mesh.points).all() for part in one)
    worn = np.concatenate([part.mesh.uv for part in one if part.look is cloth])
    assert worn.min() >= 0 and worn.max() <= 1 and np.ptp(worn, axis=0).min() > 0.8
    assert not np.allclose(one[0].mesh.points, two[0].mesh.points)


@pytest.mark.parametrize(
    "square", [(600.0, 320.0, 80.0), (-200.0, 50.0, 300.0), (1100.0, 600.0, 400.0)]
)
def test_a_square_is_looked_at_without_a_roll(square: tuple[float, float, float]) -> None:
    turn = _parcel.towards(square, (720, 1280), 1152.0)
    assert np.allclose(turn @ turn.T, np.eye(3)) and np.linalg.det(turn) > 0
    ray = np.array([square[0] + square[2] / 2 - 640, square[1] + square[2] / 2 - 360, 1152.0])
    assert np.allclose(turn[:, 2], ray / np.linalg.norm(ray))
    axis, angle = cv2.Rodrigues(turn)[0].ravel(), np.arccos(ray[2] / np.linalg.norm(ray))
    assert abs(axis[2]) < 1e-9 and np.linalg.norm(axis) == pytest.approx(angle, abs=1e-6)


def test_the_largest_part_is_found_and_too_little_is_not() -> None:
    there = np.full((36, 64), 0.2, np.float32)
    there[1:3, 1:4] = 0.9  # six cells
    assert _parcel.found(there, (720, 1280)) is None
    there[6:16, 4:9] = there[20:30, 4:20] = 0.8
    x, y, side = _parcel.found(there, (720, 1280)) or (0.0, 0.0, 0.0)  # cells of 20 pixels
    assert (x + side / 2, y + side / 2, side) == pytest.approx((240, 500, _parcel.AROUND * 320))


def test_the_whole_pictures_mask_comes_to_lie_where_the_square_is() -> None:
    there = np.zeros((36, 64), np.float32)
    there[10:20, 30:44] = 1  # of a picture of 1280x720: 600..880 across, 200..400 down
    mask = _parcel._over(there, (500.0, 100.0, 640.0), (720, 1280), 32)  # cells of 20 pixels
    ys, xs = np.nonzero(mask > 0.5)
    assert (xs.min(), xs.max() + 1, ys.min(), ys.max() + 1) == (5, 19, 5, 15)
    assert not _parcel._over(
        there, (-900.0, 0.0, 640.0), (720, 1280), 32
    ).any()  # beyond the picture there is nothing


@pytest.mark.parametrize("extent", [30, 80, 150])
def test_what_is_learnt_lies_where_the_picture_shows_it(
    extent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "looked", lambda random, picture, calm=False: picture)
    y, x = np.mgrid[:270, :480]
    disc = (x - 261.0) ** 2 + (y - 133.0) ** 2 < (extent / 2) ** 2
    picture = np.repeat(disc[..., None].astype(np.uint8) * 255, 3, 2)
    said = np.dstack(
        [np.full(disc.shape, 255, np.uint8)] * 3 + [disc.astype(np.uint8) * 50 * views.PARCEL]
    )[1::2, 1::2]
    over = views.shown_of(views.parcel_of(said), (270, 480))
    small, half = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA)
        for one, size in ((picture, (320, 180)), (over, (160, 90)))
    )
    packed = (np.asarray(cv2.imencode(".png", one)[1], np.uint8) for one in (picture, said))
    held = views.held(*packed, np.eye(3, dtype=np.float32), False)
    assert held is not None
    for seed in range(30):
        shown = [
            (*views.square(np.random.default_rng(seed), held, sight)[:2], sight.cell)
            for sight in views.SIGHTS.values()
        ]
        for crop, mask, cell in (
            *shown,
            (*views.whole(np.random.default_rng(seed), small, half), 4),
        ):
            off = (
                middle(mask[0]) * cell + (cell - 1) / 2 - middle(crop[0] > 180)
            )  # in pixels; grey is beyond the picture
            assert np.abs(off).max() < (0.4 if cell == 4 else 1.3), (seed, crop.shape)


def middle(light: NDArray[Any]) -> Floats:
    """(x, y) of the mean of it."""
    ys, xs = np.indices(light.shape)
    assert light.sum() > 0
    return np.array([(xs * light).sum(), (ys * light).sum()]) / light.sum()


def test_a_check_of_nothing_fails_and_nothing_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="no picture in"):
        check.check(tmp_path, _parcel.shipped(), None)
    (tmp_path / "shipped").mkdir()
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "7.npz").write_bytes(b"PK half a scene")
    monkeypatch.setattr(ship, "TARGET", tmp_path / "shipped")
    with pytest.raises(SystemExit, match=r"7\.npz is no whole scene"):
        ship.ship(ROOT / "models" / "weights", tmp_path / "scenes")
    assert not list((tmp_path / "shipped").iterdir())
