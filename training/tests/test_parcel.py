"""How a parcel lies, up to the group: the tensor and its axes, the networks on boxes drawn by code,
and the recipe's truth.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.parcel import axes, pose
from tests.parcels import box, middle, turned
from training.parcel.learn import check, release, views
from training.parcel.render import clips, people, prints, scene, script, shapes, textures, truth
from training.parcel.render.rasterizer import Thing
from training.tests.conftest import ROOT, SHARED, needs_shared

Floats = NDArray[np.float64]


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


@needs_shared
def test_clips_of_another_renderer_are_read() -> None:
    nets, errors = pose.shipped_networks(), []
    for one in islice(check.clips(SHARED / "bench" / "sides"), 0, 400, 8):
        read = pose.find_parcel(one.picture, nets)
        errors.append(
            min(axes.rotation_distance(read.turn, turn) for turn in one.turns) if read else 180.0
        )
    assert len(errors) == 50 and np.median(errors) <= 10, errors


def bench(folder: Path, wrong: Floats) -> Path:
    """A folder as the bench of the six sides: one clip of eleven frames of a drawn box, its truth
    turned by `wrong`.
    """
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
    check.check(bench(tmp_path, wrong), pose.shipped_networks(), tmp_path / "drawn")
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
    assert half.far == pytest.approx(2.5) and axes.rotation_distance(
        half.turn.astype(float), np.eye(3)
    ) == pytest.approx(40, abs=0.01)


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
    look = textures.Look(none.astype(np.uint8), {})
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
    apart = [
        axes.rotation_distance(a.turn.astype(float), b.turn.astype(float))
        for a, b in pairwise(shots)
    ]
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


def test_a_check_of_nothing_fails_and_nothing_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match="no picture in"):
        check.check(tmp_path, pose.shipped_networks(), None)
    (tmp_path / "shipped").mkdir()
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes" / "7.npz").write_bytes(b"PK half a scene")
    monkeypatch.setattr(release, "TARGET", tmp_path / "shipped")
    with pytest.raises(SystemExit, match=r"7\.npz is no whole scene"):
        release.ship(ROOT / "models" / "weights", tmp_path / "scenes")
    assert not list((tmp_path / "shipped").iterdir())
