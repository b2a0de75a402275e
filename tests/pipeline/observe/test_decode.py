"""One decode: true times, upright pictures, damage flagged, nothing decoded twice."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pillow_heif
import pytest

from models import errors
from models.containers import container_of
from models.media import Limits, Packet, Sound
from pipeline.observe import decode, ingest
from pipeline.observe import photo as photos
from pipeline.observe.picture import Picture
from tests import clips


def pictures(path: Path, container: str = "mp4") -> list[Picture]:
    return [item for item in decode.video(path, container, Limits()) if isinstance(item, Picture)]


def test_times_are_the_files_own(tmp_path: Path) -> None:
    times = [0.0, 0.033, 0.1, 0.5, 0.533, 1.4]
    path = clips.encode(
        tmp_path / "vfr.mp4",
        clips.pan(6),
        times=times,
        options={"g": "30", "bf": "0", "threads": "1"},
    )
    assert [round(p.pts, 3) for p in pictures(path)] == times


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [
        ("a.mov", "mp4", "libx264"),
        ("a.mkv", "mkv", "libx264"),
        ("a.webm", "mkv", "libvpx"),
        ("a.avi", "avi", "mpeg4"),
        ("a.ts", "ts", "libx264"),
        ("a.3gp", "mp4", "mpeg4"),
    ],
)
def test_containers(tmp_path: Path, name: str, container: str, codec: str) -> None:
    path = clips.encode(tmp_path / name, clips.pan(12), codec=codec)
    found = pictures(path, container)
    assert len(found) == 12
    steps = np.diff([p.pts for p in found])
    assert steps == pytest.approx(np.full(11, 1 / 30), abs=0.002)
    media = ingest.video_facts(path, container, Limits())
    assert (media.width, media.height) == clips.SIZE


def test_ten_bit_luma_matches_eight_bit(tmp_path: Path) -> None:
    drawn = clips.pan(4)
    eight = pictures(clips.encode(tmp_path / "8.mp4", drawn))[2].view(160, "luma").pixels
    ten = (
        pictures(clips.encode(tmp_path / "10.mp4", drawn, pix_fmt="yuv420p10le"))[2]
        .view(160, "luma")
        .pixels
    )
    assert eight.shape == ten.shape and eight.dtype == ten.dtype
    assert np.abs(eight.astype(int) - ten.astype(int)).mean() < 6


def test_rotation_metadata_is_obeyed(tmp_path: Path) -> None:
    corner = np.full((180, 320), 40, np.uint8)
    corner[:40, :40] = 240
    flat = clips.encode(tmp_path / "flat.mp4", [corner] * 4)
    turned = tmp_path / "turned.mp4"
    data = bytearray(flat.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16  # the matrix of the track header
    data[at : at + 36] = b"".join(
        v.to_bytes(4, "big", signed=True)
        for v in (0, 1 << 16, 0, -(1 << 16), 0, 0, 180 << 16, 0, 1 << 30)
    )
    turned.write_bytes(data)
    picture = pictures(turned)[0].view(None, "luma")
    assert picture.pixels.shape == (320, 180)
    assert picture.pixels[:40, -40:].mean() > 200, (
        "turned a quarter clockwise, the bright corner is at the top right"
    )


def test_views_are_shared_read_only_and_never_enlarged(honest: Path) -> None:
    picture = pictures(honest)[0]
    small = picture.view(160, "luma")
    assert picture.view(160, "luma") is small
    assert small.pixels.shape == (90, 160) and small.scale == 2.0
    assert picture.view(4000, "luma").pixels.shape == (180, 320)
    assert picture.view(None, "bgr").pixels.shape == (180, 320, 3)
    with pytest.raises(ValueError, match="read-only"):
        small.pixels[0, 0] = 1


def test_packets_frames_and_sound_come_in_one_pass(honest: Path) -> None:
    items = list(decode.video(honest, "mp4", Limits(), sound=True))
    assert sum(isinstance(i, Picture) for i in items) == 90
    assert {i.track for i in items if isinstance(i, Packet)} == {"video", "sound"}
    heard = [i for i in items if isinstance(i, Sound)]
    assert (
        heard
        and heard[0].samples.dtype == np.float32
        and max(float(np.abs(s.samples).max()) for s in heard) <= 1.2
    )
    assert [s.pts for s in heard] == sorted(s.pts for s in heard)


def test_luma_is_the_decoders_own_plane(honest: Path) -> None:
    with av.open(str(honest)) as container:
        frame = next(container.decode(video=0))
        plane = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)[
            :180, :320
        ]
        assert np.array_equal(pictures(honest)[0].view(None, "luma").pixels, plane)


def test_limits_hold_on_the_way(honest: Path) -> None:
    with pytest.raises(errors.TooLarge, match="packets"):
        list(decode.video(honest, "mp4", Limits(packets=20)))
    with pytest.raises(errors.TooLarge, match="runs past"):
        list(decode.video(honest, "mp4", Limits(duration_s=1)))
    with pytest.raises(errors.TooLarge, match="lasts"):
        ingest.video_facts(honest, "mp4", Limits(duration_s=1))
    with pytest.raises(errors.TooLarge, match="320x180"):
        ingest.video_facts(honest, "mp4", Limits(width=200, height=200))


@pytest.mark.parametrize(
    ("suffix", "container"), [(".jpg", "jpg"), (".png", "png"), (".webp", "webp")]
)
def test_photos(tmp_path: Path, suffix: str, container: str) -> None:
    path = tmp_path / f"photo{suffix}"
    cv2.imwrite(str(path), clips.view(100.0))
    photos.check_photo_header(path, container, Limits())
    photo = photos.photo(path, container)
    assert photos.photo_facts(photo, container).width == 320
    with pytest.raises(errors.TooLarge, match="320x180"):
        photos.check_photo_header(path, container, Limits(photo_pixels=1000))


def test_heic(tmp_path: Path) -> None:
    path = tmp_path / "photo.heic"
    pillow_heif.from_bytes(mode="RGB", size=(64, 48), data=bytes([200, 30, 30]) * 64 * 48).save(
        path
    )
    assert container_of(path.read_bytes()[:64]).name == "heic"
    photos.check_photo_header(path, "heic", Limits())
    pixels = photos.photo(path, "heic").bgr
    assert pixels.shape == (48, 64, 3)
    assert pixels.flags.owndata, "of its own: the decoder's memory is free again"
    assert pixels[..., 2].mean() > 150 > pixels[..., 0].mean(), "BGR"
    with pytest.raises(errors.TooLarge, match=r"64x(64|48)"):
        photos.check_photo_header(path, "heic", Limits(photo_pixels=1000))
