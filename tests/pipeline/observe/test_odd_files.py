"""Clocks, tracks, mirrors, sizes and photos as people really send them, drawn by our own code."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from detectors.bitstream.endings import reaches_its_end
from models import errors
from models.containers import container_of
from models.kinds import ClockRestart, Damaged
from models.media import Limits
from models.observation import of
from pipeline.observe import decode, ingest, photo
from pipeline.observe.clock import RunningClock
from pipeline.observe.picture import Picture, Turn
from tests import clips
from tests.detectors.test_continuity import Look

PICTURE = clips.view(50.0)


@pytest.mark.parametrize(
    ("stamps", "running", "restarts"),
    [
        ([0.0, 0.1, 0.2], [0.0, 0.1, 0.2], 0),
        ([0.0, 0.2, 0.1, 0.3], [0.0, 0.2, 0.1, 0.3], 0),  # pictures change places
        ([5.0, 5.1, 0.0, 0.1], [5.0, 5.1, 5.2, 5.3], 1),
        ([0.0, 0.1, 95_000.0, 95_000.1], [0.0, 0.1, 0.2, 0.3], 1),
        ([0.0, 40.0], [0.0, 40.0], 0),  # a gap is a gap
    ],
)
def test_a_clock_goes_on(stamps: list[float], running: list[float], restarts: int) -> None:
    clock = RunningClock(longest=3600.0, step=0.1)
    assert [clock.running(stamp) for stamp in stamps] == pytest.approx(running)
    assert clock.restarts == restarts


def test_joined_transport_streams_are_told_where_they_are_joined(
    tmp_path: Path, examined: Look
) -> None:
    parts = [clips.encode(tmp_path / f"{n}.ts", clips.pan(60, start=n * 300.0)) for n in (0, 1)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    seen = examined(joined)
    assert all(run.outcome == "completed" for run in seen.runs), seen.runs
    (restart,) = of(seen.observations, ClockRestart)
    assert restart.at is not None and restart.at.end - seen.media.start_s == pytest.approx(
        2, abs=0.1
    )
    assert seen.media.frame_count == 120 and seen.media.duration_s == pytest.approx(4, abs=0.1)
    assert not of(examined(parts[0]).observations, ClockRestart)
    stills = dict(decode.stills(joined, "ts", [restart.at.end], Limits()))
    (shown,) = stills.values()
    drawn = clips.pan(60, start=300.0)[0]
    assert np.abs(cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY).astype(int) - drawn).mean() < 12


@pytest.mark.parametrize("first", [0, 100])
@pytest.mark.parametrize("step", [188, 192, 204])
def test_a_transport_stream_may_begin_inside_a_packet(first: int, step: int) -> None:
    packet = b"\x47" + bytes(step - 1)
    assert container_of((packet * 30)[first:]).name == "ts"


def test_a_second_camera_is_counted_and_a_cover_is_not(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as file:
        tracks = [file.add_stream("libx264", rate=30) for _ in range(2)]
        for track in tracks:
            track.height, track.width = PICTURE.shape[:2]
            track.pix_fmt = "yuv420p"
        for i, picture in enumerate(clips.pan(10)):
            for track in tracks:
                frame = av.VideoFrame.from_ndarray(picture, format="gray")
                frame.pts, frame.time_base = i, Fraction(1, 30)
                file.mux(track.encode(frame))
        for track in tracks:
            file.mux(track.encode(None))
    assert ingest.video_facts(path, "mkv", Limits()).other_video_tracks == 1
    alone = clips.encode(tmp_path / "one.mp4", clips.pan(10))
    assert ingest.video_facts(alone, "mp4", Limits()).other_video_tracks == 0


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), Turn()),
        ((-1, 0, 0, 1), Turn(flipped_across=True)),
        ((1, 0, 0, -1), Turn(flipped_down=True)),
        ((-1, 0, 0, -1), Turn(flipped_across=True, flipped_down=True)),
        ((0, 1, -1, 0), Turn(transposed=True, flipped_across=True)),
        ((0, -1, 1, 0), Turn(transposed=True, flipped_down=True)),
        ((0, 1, 1, 0), Turn(transposed=True)),
    ],
)
def test_a_film_is_shown_as_its_matrix_says(
    matrix: tuple[int, int, int, int], turn: Turn, tmp_path: Path
) -> None:
    """Each corner of the picture goes where the matrix takes it."""
    corner = np.full((180, 320), 40, np.uint8)
    corner[:40, :60] = 240  # the upper left one
    flat = bytearray(clips.encode(tmp_path / "flat.mp4", [corner] * 4).read_bytes())
    a, b, c, d = matrix
    plain = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    at = flat.index(plain, flat.index(b"tkhd"))
    flat[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path = tmp_path / "shown.mp4"
    path.write_bytes(flat)
    items = decode.video(path, "mp4", Limits())
    shown = next(item for item in items if isinstance(item, Picture))
    pixels = shown.view(None, "luma").pixels
    assert shown.size == (pixels.shape[1], pixels.shape[0])
    assert (
        np.array_equal(pixels > 128, turn.apply(corner) > 128)
        or ((pixels > 128) ^ (turn.apply(corner) > 128)).mean() < 0.01
    )


def saved(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], suffix: str) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


@pytest.mark.parametrize(
    ("raw", "container", "whole"),
    [
        (saved(PICTURE, ".jpg"), "jpg", True),
        (saved(PICTURE, ".jpg") + b"a trailer of the phone's own", "jpg", True),
        (saved(PICTURE, ".jpg")[:-2], "jpg", False),
        (saved(PICTURE, ".png"), "png", True),
        (saved(PICTURE, ".png")[:-12], "png", False),
        (saved(PICTURE, ".webp"), "webp", True),
        (saved(PICTURE, ".webp")[:-30], "webp", False),
    ],
)
def test_a_photo_without_its_end_is_read_and_told(
    raw: bytes, container: str, whole: bool, tmp_path: Path, examined: Look
) -> None:
    assert reaches_its_end(memoryview(raw), container) is whole
    path = tmp_path / f"a.{container}"
    path.write_bytes(raw)
    if container == "webp" and not whole:
        with pytest.raises(errors.ParcelproofError):
            photo.photo(path, container)
        return
    assert bool(of(examined(path).observations, Damaged)) is not whole


def test_black_print_on_nothing_is_laid_on_white(tmp_path: Path) -> None:
    clear = np.zeros((60, 80, 4), np.uint8)
    clear[20:40, 20:60, 3] = 255
    path = tmp_path / "a.png"
    path.write_bytes(saved(clear, ".png"))
    bgr = photo.photo(path, "png").bgr
    assert bgr[0, 0].tolist() == [255, 255, 255] and bgr[30, 40].tolist() == [0, 0, 0]


def test_an_animation_is_counted(tmp_path: Path) -> None:
    some = [Image.fromarray(np.roll(PICTURE, 20 * i, axis=1)) for i in range(3)]
    raw = io.BytesIO()
    some[0].save(raw, "WEBP", save_all=True, append_images=some[1:])
    path = tmp_path / "a.webp"
    path.write_bytes(raw.getvalue())
    assert photo.photo(path, "webp").pictures == 3


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"PK\x03\x04", "ZIP"),
        (b"II*\0", "TIFF"),
        (b"GIF89a", "GIF"),
    ],
)
def test_other_files_are_called_by_their_name(head: bytes, says: str) -> None:
    with pytest.raises(errors.NotMedia, match=says):
        container_of(head + bytes(300))
