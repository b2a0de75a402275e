"""One uncut take, through the real reader: what each finding fires at, what it leaves alone, and
that no device or copy changes it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.motion.table import motion_table
from models.examination import Examined
from models.kinds import Cut
from models.observation import Observation
from tests import clips
from tests.detectors.test_counters import copied

Look = Callable[..., Examined]
BREAKS = {"cut", "possible_cut", "counter_break", "dip", "gap", "freeze", "repeat", "overlay"}
SIGNS = {
    "light",
    "cover",
    "blank",
    "sound_step",
    "editor_trace",
    "edit_list",
    "reencode",
    "damaged",
}
FEW = settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def findings(looked: Examined) -> dict[str, list[Observation]]:
    assert all(run.outcome == "completed" for run in looked.runs), looked.runs
    found: dict[str, list[Observation]] = {}
    for one in looked.observations:
        if one.kind in BREAKS | SIGNS:
            found.setdefault(one.kind, []).append(one)
    return found


def jumped() -> list[clips.Image]:
    return clips.pan(60) + clips.pan(60, start=400.0)


def frozen() -> list[clips.Image]:
    pictures = clips.pan(120)
    return pictures[:40] + [pictures[40]] * 25 + pictures[65:]


def looped() -> list[clips.Image]:
    pictures = clips.pan(150, speed=4.0)
    return pictures[:120] + pictures[60:150]


def flooded() -> list[clips.Image]:
    pictures = clips.pan(90)
    glow = cv2.GaussianBlur(
        np.eye(1, clips.SIZE[0] * clips.SIZE[1], 90 * 320 + 200).reshape(clips.SIZE[::-1]),
        (0, 0),
        60,
    )
    glow = 110 * glow / glow.max()
    return pictures[:45] + [np.clip(p + glow, 0, 255).astype(np.uint8) for p in pictures[45:]]


def overlaid() -> list[clips.Image]:
    """From picture 45 on a part of another picture lies still over the pan."""
    pictures = clips.pan(100)
    for picture in pictures[45:]:
        picture[40:130, 60:190] = clips.view(900.0)[40:130, 60:190]
    return pictures


def blanked() -> list[clips.Image]:
    pictures = clips.pan(90)
    pictures[40:46] = [np.full_like(pictures[0], 3)] * 6
    return pictures


@pytest.mark.parametrize(
    ("drawn", "kind", "at", "also"),
    [
        (jumped, "cut", 2.0, set()),
        (lambda: clips.dipped(16.0), "dip", 2.0, set()),
        (frozen, "freeze", 40 / 30, {"cut"}),  # what follows a freeze or a repeat jumps, too
        (looped, "repeat", 4.0, {"cut"}),
        (overlaid, "overlay", 1.5, {"cut", "possible_cut"}),
        (flooded, "light", 1.5, set()),
        (clips.shut, "cover", 1.0, set()),
        (blanked, "blank", 40 / 30, set()),
    ],
)
def test_pictures_are_told_for_what_they_are(
    drawn: Callable[[], list[clips.Image]],
    kind: str,
    at: float,
    also: set[str],
    tmp_path: Path,
    examined: Look,
) -> None:
    found = findings(examined(clips.encode(tmp_path / "clip.mp4", drawn()), *BREAKS, *SIGNS))
    (one,) = found[kind]
    assert one.at is not None and one.at.start == pytest.approx(at, abs=0.2)
    assert not set(found) & BREAKS - {kind} - also


@pytest.mark.parametrize(
    "drawn",
    [
        lambda: clips.pan(90),
        lambda: [clips.view(100.0)] * 90,
        clips.shaken,
        clips.whipped,
        clips.flashed,
        clips.lit,
        clips.covered,
    ],
)
def test_honest_pictures_show_no_break(
    drawn: Callable[[], list[clips.Image]], tmp_path: Path, examined: Look
) -> None:
    assert (
        not set(findings(examined(clips.encode(tmp_path / "clip.mp4", drawn()), *BREAKS))) & BREAKS
    )


def test_a_hole_in_the_time_stamps_is_a_gap_and_slower_pictures_are_none(
    tmp_path: Path, examined: Look
) -> None:
    steady = [i / 30 for i in range(90)]
    hole = clips.encode(
        tmp_path / "hole.mp4", clips.pan(90), times=steady[:45] + [t + 1 for t in steady[45:]]
    )
    (gap,) = findings(examined(hole, "gap"))["gap"]
    assert gap.at is not None and (gap.at.start, gap.at.end) == (
        pytest.approx(44 / 30, abs=0.01),
        pytest.approx(2.5, abs=0.01),
    )
    slower = steady[:45] + [1.5 + i / 15 for i in range(45)]
    assert not findings(
        examined(clips.encode(tmp_path / "slower.mp4", clips.pan(90), times=slower), "gap")
    )


def test_sound_that_changes_with_the_picture_is_a_hint(tmp_path: Path, examined: Look) -> None:
    hiss = clips.noise(64_000, 1)
    other = hiss.copy()
    other[32_000:] = np.convolve(clips.noise(64_000, 2), np.ones(8) / 8, "same")[32_000:].astype(
        np.float32
    )
    both = clips.encode(tmp_path / "both.mp4", jumped(), sound=other)
    (step,) = findings(examined(both, "sound_step", "cut"))["sound_step"]
    assert step.at is not None and step.at.start == pytest.approx(2.0, abs=0.2)
    for name, pictures, heard in (("sound", clips.pan(120), other), ("picture", jumped(), hiss)):
        path = clips.encode(tmp_path / f"{name}.mp4", pictures, sound=heard)
        assert "sound_step" not in findings(examined(path, "sound_step", "cut")), name


def test_traces_of_programs_are_facts_of_the_file(tmp_path: Path, examined: Look) -> None:
    said = clips.encode(tmp_path / "said.mp4", clips.pan(30), metadata={"comment": "CapCut"})
    assert "editor_trace" not in findings(examined(said, "editor_trace")), "anybody may write so"
    edited = tmp_path / "edited.mp4"
    edited.write_bytes(said.read_bytes().replace(b"\xa9cmt", b"\xa9swr"))
    assert findings(examined(edited, "editor_trace"))["editor_trace"][0].value == "CapCut"
    titled = clips.encode(
        tmp_path / "titled.mp4", clips.pan(30), metadata={"title": "Nice cut of a cap"}
    )
    found = findings(examined(titled, "editor_trace", "reencode"))
    assert set(found) == {"reencode"}, "an encoder's name is no editor's"


def test_an_edit_list_that_plays_at_another_rate_is_told(tmp_path: Path, examined: Look) -> None:
    plain = clips.encode(tmp_path / "plain.mp4", clips.pan(60))
    assert "edit_list" not in findings(examined(plain, "edit_list"))
    data = bytearray(plain.read_bytes())
    at = data.index(b"elst") + 12
    assert struct.unpack_from(">h", data, at + 8) == (1,)
    struct.pack_into(">h", data, at + 8, 2)
    doubled = tmp_path / "doubled.mp4"
    doubled.write_bytes(data)
    assert len(findings(examined(doubled, "edit_list"))["edit_list"]) == 1


# ---------------------------------------------------------------- whatever device, whatever copy


COPIES = st.fixed_dictionaries(
    {
        "scale": st.sampled_from([0.5, 1.0, 1.6]),
        "turn": st.sampled_from([0, 1, 2, 3]),
        "codec": st.sampled_from(["libx264", "libx265", "mpeg4"]),
        "format": st.sampled_from(["mp4", "mov", "matroska", "mpegts"]),
        "lost": st.sets(st.integers(5, 114).filter(lambda i: abs(i - 60) > 4), max_size=6),
        "start": st.integers(20, 300),
    }
)
OPTIONS = {
    "libx264": {"crf": "28", "preset": "veryfast", "g": "30", "threads": "1"},
    "libx265": {
        "crf": "28",
        "preset": "ultrafast",
        "x265-params": "log-level=none:pools=none:frame-threads=1",
    },
    "mpeg4": {"b": "2M", "threads": "1"},
}


def made(path: Path, pictures: list[clips.Image], how: dict[str, Any]) -> Path:
    """The pictures as one device or copy would hand them over; `lost` ones were never captured."""
    kept = [i for i in range(len(pictures)) if i not in how["lost"]]
    size = tuple(round(side * how["scale"]) // 2 * 2 for side in clips.SIZE)
    changed = [
        np.rot90(cv2.resize(pictures[i], size, interpolation=cv2.INTER_AREA), how["turn"])
        for i in kept
    ]
    times = (
        None if how["codec"] == "mpeg4" else [i / 30 for i in kept]
    )  # mpeg4 has no time base fine enough: it shows them all evenly
    return clips.encode(
        path,
        changed,
        times=times,
        codec=how["codec"],
        format=how["format"],
        options=OPTIONS[how["codec"]],
    )


@FEW
@given(how=COPIES)
def test_no_device_or_copy_makes_an_honest_take_a_cut_one(
    how: dict[str, Any], tmp_path: Path, examined: Look
) -> None:
    path = made(tmp_path / "honest", clips.pan(120, start=float(how["start"])), how)
    assert not set(findings(examined(path, *BREAKS))) & BREAKS


@FEW
@given(how=COPIES)
def test_no_device_or_copy_hides_a_cut(how: dict[str, Any], tmp_path: Path, examined: Look) -> None:
    start = float(how["start"])
    looked = examined(
        made(tmp_path / "cut", clips.pan(60, start=start) + clips.pan(60, start=start + 400), how),
        *BREAKS,
    )
    found = findings(looked)
    assert len(found["cut"]) == 1 and not set(found) & BREAKS - {"cut"}
    expected = 2.0 if how["codec"] != "mpeg4" else (60 - sum(i < 60 for i in how["lost"])) / 30
    assert found["cut"][0].at is not None
    assert found["cut"][0].at.end - looked.media.start_s == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("format", ["mov", "matroska", "mpegts"])
def test_another_container_tells_the_same(format: str, tmp_path: Path, examined: Look) -> None:
    first = clips.encode(tmp_path / "first.mp4", jumped())
    again = copied(first, tmp_path / "again", format=format)
    (one,), (two,) = (findings(examined(path, "cut"))["cut"] for path in (first, again))
    scores = [seen.scores.model_dump() for seen in (one, two) if isinstance(seen, Cut)]
    assert scores[0] == pytest.approx(scores[1], abs=0.5), "but for times in whole milliseconds"


def test_a_turned_display_tells_the_same(tmp_path: Path, examined: Look) -> None:
    """Turned by a display matrix, as phones do, instead of by its pixels."""
    stored = clips.encode(tmp_path / "stored.mp4", jumped())
    turned = tmp_path / "turned.mp4"
    data = bytearray(stored.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    assert struct.unpack_from(">i", data, matrix) == (1 << 16,)
    struct.pack_into(">9i", data, matrix, 0, 1 << 16, 0, -(1 << 16), 0, 0, 180 << 16, 0, 1 << 30)
    turned.write_bytes(data)
    with av.open(str(turned)) as media:
        assert next(media.decode(video=0)).rotation in (-90, 90)
    looked = examined(turned, "cut")
    assert looked.media.width == clips.SIZE[1]
    assert len(findings(looked)["cut"]) == 1


@pytest.mark.parametrize("size", [(160, 2), (160, 11), (160, 30), (12, 160), (160, 40), (3, 3)])
def test_strips_of_pictures_are_measured(size: tuple[int, int]) -> None:
    """OpenCV's flow brings the process down on such strips."""
    table = motion_table(
        clips.frames(
            [np.ascontiguousarray(picture[: size[1], : size[0]]) for picture in clips.pan(14)]
        )
    )
    assert len(table) == 14 and np.isfinite(table.signals).all()


def test_a_camera_that_fills_up_its_rate_neither_freezes_nor_cuts(
    tmp_path: Path, examined: Look
) -> None:
    """Low light: each picture is stored four times, then the next one four steps on."""
    moving = clips.pan(210, speed=1.0)
    held = [moving[i if i < 60 or i >= 150 else i - i % 4] for i in range(210)]
    found = findings(examined(clips.encode(tmp_path / "filled.mp4", held), *BREAKS))
    assert not set(found) & BREAKS
    stopped = [moving[i if i < 60 else max(60, i - 60)] for i in range(210)]
    found = findings(examined(clips.encode(tmp_path / "stopped.mp4", stopped), *BREAKS))
    assert "freeze" in found, "one picture held for two seconds is still told"


def test_a_recorders_stamp_is_no_overlay(tmp_path: Path, examined: Look) -> None:
    plain = clips.pan(120, speed=2.5)
    letters = np.random.default_rng(3).integers(0, 2, (6, 140)).astype(np.uint8) * 220
    for name, top, tall, kind in (("edge", 0, 3, "stamp"), ("middle", 60, 10, "overlay")):
        strip = np.repeat(np.repeat(letters, tall, axis=0), 2, axis=1)
        drawn = [picture.copy() for picture in plain]
        for picture in drawn[60:]:
            picture[top : top + strip.shape[0], 10 : 10 + strip.shape[1]] = strip
        seen = examined(clips.encode(tmp_path / f"{name}.mp4", drawn), "overlay", "stamp")
        assert {one.kind for one in seen.observations} & {"overlay", "stamp"} == {kind}, name


def test_at_a_high_rate_a_cut_is_still_seen_and_nothing_else(
    tmp_path: Path, examined: Look
) -> None:
    """240 pictures a second, as phones film slow motion."""
    slow = clips.pan(480, speed=0.16)
    assert not set(findings(examined(clips.encode(tmp_path / "a.mp4", slow, fps=240), *BREAKS)))
    cut = slow[:240] + clips.pan(240, start=400.0, speed=0.16)
    found = findings(examined(clips.encode(tmp_path / "b.mp4", cut, fps=240), *BREAKS))
    (jump,) = found["cut"]
    assert jump.at is not None and jump.at.end == pytest.approx(1.0, abs=0.02)


def test_held_pictures_do_not_hide_cuts(tmp_path: Path, examined: Look) -> None:
    """Three cuts to another place, three pictures held before each."""
    scenes = [clips.pan(20, start=50.0 + 400.0 * n, speed=2.5) for n in (0, 1, 0, 1)]
    held = [picture for scene in scenes for picture in [*scene, *[scene[-1]] * 3]]
    assert "cut" in findings(examined(clips.encode(tmp_path / "held.mp4", held), *BREAKS))
