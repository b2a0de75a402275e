"""Screening: an index and a few key frames, by parts of the bytes; the rest is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import errors
from models.examination import KeyFrame
from models.media import Limits
from pipeline.batch.bucket import Bucket, place_of
from pipeline.batch.ranges import BLOCK, Parts, index_of, top_boxes
from pipeline.batch.screen import KEY_FRAMES, affordable
from pipeline.batch.sources import Folder
from tests import clips
from tests.conftest import ROOT, Run
from tests.pipeline.conftest import Cloud

ORDER = "576920418365107249"
LOUD = {"crf": "1", "preset": "ultrafast", "g": "30", "threads": "1"}


@pytest.fixture(scope="module", params=["index at the end", "index in front"])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of more than 20 MB that any phone could have made, but for what it shows."""
    chance = np.random.default_rng(1)
    noise = [chance.integers(0, 255, (360, 640, 3), np.uint8) for _ in range(6)]
    pictures = [noise[number % 6] for number in range(90)]
    path = tmp_path_factory.mktemp("large") / "large.mp4"
    options = LOUD | ({"movflags": "faststart"} if "front" in request.param else {})
    clips.encode(path, pictures, options=options, sound=True)
    if "front" in request.param:
        import av

        with (
            av.open(str(path)) as source,
            av.open(
                str(path.with_name("front.mp4")), "w", options={"movflags": "faststart"}
            ) as target,
        ):
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(source.streams.video[0]):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
        path = path.with_name("front.mp4")
    assert path.stat().st_size > 20_000_000
    return path


def screened(run: Run, folder: Path, *words: object) -> dict[str, dict[str, Any]]:
    out = folder.parent / "out"
    done = run("batch", folder, "--out", out, "--screen", *words)
    rows = {row["file"]: row for row in json.loads((out / "screening.json").read_text())}
    some = any(row["outcome"] == "failed" for row in rows.values())
    assert done.returncode == (75 if some else 0), done.stderr
    return rows


def test_the_index_costs_little(large: Path, tmp_path: Path) -> None:
    """Not more than 2 % of the bytes in 10 requests, over the real reader of parts."""
    parts = Folder(large.parent).parts(large.name.encode(), tmp_path / "parts")
    index_of(parts)
    assert parts.bytes_read <= 0.02 * parts.size and parts.requests <= 10
    kept = parts.path.stat().st_blocks * 512
    assert kept <= parts.bytes_read + 2 * BLOCK  # the rest is a hole


def test_key_frames_cost_little_in_a_bucket(
    run: Run, large: Path, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.put("in/a.mp4", large.read_bytes())
    done = run("batch", "s3://uploads/in", "--out", tmp_path / "out", "--screen")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "out" / "screening.json").read_text())
    assert row["outcome"] == "screened" and row["media"]["frame_count"] == 90
    assert 0 < row["bytes_read"] <= 0.07 * row["bytes"]
    assert "Every picture but" in row["not_looked_at"]


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("screen") / "in"
    folder.mkdir()
    often = {"crf": "20", "preset": "veryfast", "g": "12", "threads": "1"}
    plain = clips.pan(60)
    shown = [clips.with_code(picture, ORDER) for picture in plain]
    clips.encode(folder / "shown.mp4", shown, options=often)
    clips.encode(folder / "plain.mp4", plain, options=often)
    late = [n / 30 + 3 * (n >= 30) for n in range(60)]
    clips.encode(folder / "gap.mp4", shown, times=late, options=often)
    whole = (folder / "shown.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.mp4").write_text("nothing")
    clips.encode(folder / "other.mkv", plain[:10])
    return folder


def test_what_stands_out_stands_first(run: Run, uploads: Path) -> None:
    rows = screened(run, uploads)
    why = {name: row["why"] for name, row in rows.items()}
    assert why == {
        "gap.mp4": "break",
        "cut.mp4": "not_screened",
        "notes.mp4": "not_screened",
        "other.mkv": "not_screened",
        "plain.mp4": "no_number",
        "shown.mp4": "nothing_stands_out",
    }
    priorities = [row["priority"] for row in rows.values()]
    assert priorities == sorted(priorities, reverse=True)
    assert rows["shown.mp4"]["numbers"] == [ORDER]
    assert rows["gap.mp4"]["says"] == "Its index has a gap at 4.0 s."
    assert rows["cut.mp4"]["says"].startswith("Not screened: The index (moov) is missing")
    assert all(row["not_looked_at"] for row in rows.values())
    again = run("batch", uploads, "--out", uploads.parent / "out", "--screen")
    assert "shown.mp4" not in again.stdout and "6 files" in again.stdout
    table = (uploads.parent / "out" / "screening.csv").read_text().splitlines()
    assert table[0].startswith("file,priority,why") and table[1].startswith("gap.mp4,80,break")


def test_another_number_stands_first(run: Run, tmp_path: Path) -> None:
    folder, cases = tmp_path / "in", tmp_path / "cases.csv"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(ROOT / "sample_media" / "label.jpg", folder / name)
    right, other = "9400111899560012345677", "9400111899223344556672"
    cases.write_text(f"submission,tracking_number\na.jpg,{right}\nb.jpg,{other}\n")
    rows = screened(run, folder, "--cases", cases)
    assert [(name, row["why"], row["order"]) for name, row in rows.items()] == [
        ("b.jpg", "other_number", "other"),
        ("a.jpg", "nothing_stands_out", "expected"),
    ]
    assert rows["a.jpg"]["says"] == "Nothing stands out in its data and the photo."


@given(st.binary(max_size=400), st.lists(st.sampled_from([b"moov", b"mdat", b"free", b"moof"])))
def test_boxes_that_make_no_sense(tail: bytes, kinds: list[bytes]) -> None:
    """Walking ends, and nothing outside the file is asked for."""
    import tempfile

    raw = b"".join(b"\0\0\0\x10" + kind + b"\0" * 8 for kind in kinds) + tail
    with tempfile.TemporaryDirectory() as folder:

        def read(start: int, end: int) -> bytes:
            assert 0 <= start < end <= len(raw)
            return raw[start:end]

        parts = Parts(read, len(raw), Path(folder) / "parts")
        assert all(box.start < box.end <= len(raw) for box in top_boxes(parts))
        try:
            index_of(parts)
        except errors.ParcelproofError as fault:
            assert str(fault)


@given(
    st.lists(st.integers(1, 400_000), min_size=0, max_size=40),
    st.integers(1_000_000, 100_000_000),
)
def test_key_frames_stay_within_their_share(sizes: list[int], size: int) -> None:
    frames, place = [], 0
    for number, length in enumerate(sizes):
        frames.append(KeyFrame(float(number), place, length))
        place += length + 50_000
    some = affordable(frames, size)
    assert len(some) <= KEY_FRAMES and len(set(some)) == len(some)
    blocks = {b for f in some for b in range(f.place // BLOCK, -(-(f.place + f.size) // BLOCK))}
    assert len(blocks) * BLOCK <= max(0.05 * size, 512 << 10)


def test_a_file_that_changes_on_the_way(cloud: Cloud, tmp_path: Path) -> None:
    """Parts of two versions are never put together."""
    cloud.put("a.mp4", b"x" * 300_000)
    parts = Bucket(place_of("s3://uploads"), Limits()).parts(b"a.mp4", tmp_path / "parts")
    parts.need([(0, 10)])
    cloud.put("a.mp4", b"y" * 300_000)
    with pytest.raises(errors.ChangedWhileRead):
        parts.need([(200_000, 200_010)])
