"""Copies for upload forms: nothing cut, bound to the original; and whether a copy is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.errors import DoesNotFit, FitsAsItIs
from models.form import Form, form, forms
from models.kinds import Moments
from models.media import Media
from models.settings import Settings
from pipeline.prepare import copy as making
from pipeline.prepare.compare import stretches_missing
from pipeline.prepare.encode import ways
from tests import clips
from tests.conftest import Run, once

SETTINGS = Settings(allow_unsandboxed=True)
SMALL = Form(id="small", platform="a test", video=True, bytes=60_000, source="drawn")


def quiet(_share: float) -> None:
    return None


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def draw(folder: Path) -> None:
        clips.encode(folder / "take.mp4", clips.pan(90), sound=True)

    return once(tmp_path_factory, "take", draw) / "take.mp4"


def test_a_copy_fits_and_holds_every_moment(take: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy.mp4"
    manifest = making.prepared(take, SMALL, out, SETTINGS, quiet)
    assert take.stat().st_size > SMALL.bytes >= out.stat().st_size
    assert manifest.compared.whole and manifest.compared.pictures == (90, 90)
    assert manifest.made.sha256 != manifest.original.sha256
    again = making.prepared(take, SMALL, out.with_name("again.mp4"), SETTINGS, quiet)
    assert again == manifest, "the same bytes in, the same copy out"


def test_a_copy_that_lacks_two_seconds_is_told(take: Path, tmp_path: Path) -> None:
    frames = clips.pan(90)
    cut = clips.encode(tmp_path / "cut.mp4", [*frames[:20], *frames[65:]])
    original, copy = (making.clip_at(path, SETTINGS, quiet) for path in (take, cut))
    found = making.compared(original, copy)
    assert not found.whole and found.missing and found.missing[0].start < 1.0
    assert making.compared(original, original).whole


@pytest.mark.parametrize(
    ("form_", "error", "said"),
    [
        (form("ebay"), DoesNotFit, "takes no video"),
        (SMALL.model_copy(update={"seconds": 1.0}), DoesNotFit, "holds 1 s; nothing is cut"),
        (SMALL.model_copy(update={"bytes": 500}), DoesNotFit, "nothing could be seen"),
        (SMALL.model_copy(update={"bytes": 10**9}), FitsAsItIs, "takes 1,000,000,000"),
    ],
)
def test_what_cannot_be_had_is_said_and_nothing_is_written(
    form_: Form, error: type[Exception], said: str, take: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        making.prepared(take, form_, tmp_path / "copy.mp4", SETTINGS, quiet)
    assert list(tmp_path.iterdir()) == []


def moments(*marks: str, step: float = 0.1) -> Moments:
    times = tuple(round(n * step, 3) for n in range(len(marks)))
    return Moments(times_s=times, hashes=tuple(mark * 64 for mark in marks))


@pytest.mark.parametrize(
    ("one", "other", "missing"),
    [
        ("0123456789", "0123456789", []),
        ("0123456789", "01234567", [(0.8, 0.9)]),
        ("00110011", "01100110", []),  # a picture's length of slip
        ("00000fffff00000", "000000000000000", [(0.5, 0.9)]),
        ("ffffffff", "00000000", [(0.0, 0.7)]),
    ],
)
def test_stretches_that_are_missing(
    one: str, other: str, missing: list[tuple[float, float]]
) -> None:
    found = stretches_missing(moments(*one), moments(*other))
    assert [(span.start, span.end) for span in found] == missing


def test_sizes_follow_the_room_there_is() -> None:
    media = Media(
        kind="video", container="mp4", width=1080, height=1920, duration_s=60, frame_count=1800
    )
    sides = [way.side for way in ways(media, 30_000_000)]
    assert sides == sorted(sides, reverse=True) and 1280 in sides
    assert max(way.side for way in ways(media, 3_000_000)) < max(sides)
    assert list(ways(media, 1000)) == []
    slow = media.model_copy(update={"bit_rate": 500_000})
    assert all(way.video_bits <= 500_000 for way in ways(slow, 30_000_000))


def test_every_form_names_its_source() -> None:
    assert all(one.source and one.bytes for one in forms().values())


def test_from_the_command_line(run: Run, take: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.mp4"
    done = run("prepare", take, "--megabytes", "0.1", "--out", out)
    if take.stat().st_size <= 100_000:
        assert done.returncode == 0 and done.stderr.startswith("FitsAsItIs")
        return
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "c.mp4.manifest.json").read_text("utf-8"))
    assert manifest["compared"]["missing"] == []
    assert run("prepare", "--check", out, take).returncode == 0
    assert run("prepare", take, "--megabytes", "0.1", "--out", out).returncode == 2


def test_a_cut_copy_has_its_exit_code(run: Run, take: Path, tmp_path: Path) -> None:
    cut = clips.encode(tmp_path / "cut.mp4", clips.pan(90)[45:])
    done = run("prepare", "--check", cut, take)
    assert done.returncode == 65 and "Only in the original" in done.stdout
