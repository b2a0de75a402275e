"""Does any broken file break us? Files mutated by their own structure, through the whole way.

    python -m bench.mutants [COUNT] [--seed N] [--jobs N]

Fourteen small files are drawn, one a format. Each mutant has boxes, elements, chunks, packets, EXIF
entries or NAL units of one of them removed, doubled, swapped, renamed, resized, cut off or
overwritten. Nothing may crash us, hang, or make a detector fail but by a named error. Exits 1 where
one does, and keeps the file.
"""

from __future__ import annotations

import argparse
import collections
import io
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pillow_heif
import zxingcpp
from PIL import Image

from models import errors
from models.packs import policy
from models.settings import Settings
from models.submission import Exhibit, Submission
from pipeline import score

os.environ.setdefault("SVT_LOG", "0")
SIZE, COUNT = (160, 120), 24  # of the clips: pixels, pictures
SLOW_S = 30.0  # seconds from which a file counts as a hang
NAMED = tuple(f"{name}:" for name in errors.ParcelproofError.named)
EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HOLDS_BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"moof", b"traf"}
HOLDS_ELEMENTS = {b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\xe0", b"\x1f\x43\xb6\x75"}
RIFF_HEAD, TS_PACKET, PNG_HEAD = 12, 188, 8


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file: where it lies, how long its head is, where its size and name stand."""

    start: int
    end: int
    head: int
    size_at: int | None = None
    size_bytes: int = 4
    name_at: int | None = None


# ------------------------------------------------------------------ seeds


def pictures() -> Iterator[np.ndarray]:
    """A code that wanders over a grey ground."""
    code = zxingcpp.create_barcode("576920418365107249", zxingcpp.BarcodeFormat.QRCode)
    bars = np.array(code.to_image(scale=2, add_quiet_zones=True))
    for i in range(COUNT):
        picture = np.full((SIZE[1], SIZE[0], 3), 120 + 3 * i, np.uint8)
        x, y = 10 + 3 * i, 20 + i
        part = picture[y : y + bars.shape[0], x : x + bars.shape[1]]
        part[:] = bars[: part.shape[0], : part.shape[1], None]
        yield picture


def clip(codec: str, form: str, **options: str) -> bytes:
    """A clip with sound."""
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=form, options=options) as container:
            video = container.add_stream(codec, rate=12)
            video.width, video.height = SIZE
            video.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
            video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            sound = container.add_stream("libopus" if form == "webm" else "aac", rate=48000)
            for i, picture in enumerate(pictures()):
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = i, Fraction(1, 12)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            for start in range(0, 96000, 960):
                hum = np.sin(np.arange(start, start + 960) * 0.03).astype(np.float32)[None]
                tone = av.AudioFrame.from_ndarray(hum, format="fltp", layout="mono")
                tone.sample_rate, tone.pts = 48000, start
                container.mux(sound.encode(tone))
            container.mux(sound.encode(None))
        return Path(file.name).read_bytes()


def photo(form: str, **options: object) -> bytes:
    """A photo with EXIF where the format has it."""
    image = Image.fromarray(next(pictures())[..., ::-1])
    exif = image.getexif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Maker", "Model", "2026:11:26 10:00:00"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:26 10:00:00"
    target = io.BytesIO()
    if form == "heif":
        pillow_heif.from_pillow(image).save(target, exif=exif.tobytes())
    else:
        image.save(target, form, exif=exif.tobytes(), **options)
    return target.getvalue()


def seeds() -> dict[str, bytes]:
    """Fourteen files, one a format, by name."""
    return {
        "h264.mp4": clip("libx264", "mp4", movflags="faststart"),
        "h264_end.mp4": clip("libx264", "mp4"),
        "fragments.mp4": clip("libx264", "mp4", movflags="frag_keyframe+empty_moov"),
        "hevc.mov": clip("libx265", "mov"),
        "av1.mp4": clip("libsvtav1", "mp4"),
        "h264.3gp": clip("libx264", "3gp"),
        "h264.mkv": clip("libx264", "matroska"),
        "vp9.webm": clip("libvpx-vp9", "webm"),
        "mjpeg.avi": clip("mjpeg", "avi"),
        "h264.ts": clip("libx264", "mpegts"),
        "photo.jpg": photo("jpeg", quality=90),
        "photo.png": photo("png"),
        "photo.webp": photo("webp"),
        "photo.heic": photo("heif"),
    }


# ------------------------------------------------------------------ structure


def parts(name: str, data: bytes) -> list[Part]:
    """What the file is made of, by its format."""
    kind = name.rpartition(".")[2]
    if kind in ("mp4", "mov", "3gp", "heic"):
        found = list(boxes(data, 0, len(data)))
    elif kind in ("mkv", "webm"):
        found = list(elements(data, 0, len(data)))
    elif kind in ("avi", "webp"):
        found = list(chunks(data, RIFF_HEAD, len(data)))
    elif kind == "ts":
        found = [Part(at, at + TS_PACKET, 4) for at in range(0, len(data), TS_PACKET)]
    elif kind == "png":
        found = list(png_chunks(data))
    else:
        found = list(segments(data))
    return found


def boxes(data: bytes, start: int, end: int) -> Iterator[Part]:
    """ISO base media: size, name, content; those that hold boxes, too."""
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        stop = min(end, start + max(size, 8))
        yield Part(start, stop, 8, start, 4, start + 4)
        name = data[start + 4 : start + 8]
        if name in HOLDS_BOXES:
            yield from boxes(data, start + 8, stop)
        start = stop


def elements(data: bytes, start: int, end: int) -> Iterator[Part]:
    """EBML: name and size of variable length."""
    while start + 2 <= end:
        name = _vint_length(data[start])
        size_at = start + name
        size = _vint_length(data[size_at]) if size_at < end else 1
        raw = int.from_bytes(data[size_at : size_at + size], "big") & ((1 << 7 * size) - 1)
        stop = min(end, size_at + size + raw)
        yield Part(start, stop, name + size, size_at, size, start)
        if data[start:size_at] in HOLDS_ELEMENTS:
            yield from elements(data, size_at + size, stop)
        start = max(stop, start + 2)


def _vint_length(first: int) -> int:
    return next((i + 1 for i in range(8) if first & (0x80 >> i)), 1)


def chunks(data: bytes, start: int, end: int) -> Iterator[Part]:
    """RIFF: name, size, content, padded."""
    while start + 8 <= end:
        size = int.from_bytes(data[start + 4 : start + 8], "little")
        stop = min(end, start + 8 + size + size % 2)
        yield Part(start, stop, 8, start + 4, 4, start)
        if data[start : start + 4] == b"LIST":
            yield from chunks(data, start + 12, stop)
        start = stop


def png_chunks(data: bytes) -> Iterator[Part]:
    """Size, name, content, checksum."""
    start = PNG_HEAD
    while start + 12 <= len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        yield Part(start, start + 12 + size, 8, start, 4, start + 4)
        start += 12 + size


def segments(data: bytes) -> Iterator[Part]:
    """JPEG markers, and the entries of the first EXIF directory."""
    start = 2
    while start + 4 <= len(data) and data[start] == 0xFF and data[start + 1] != 0xDA:
        size = int.from_bytes(data[start + 2 : start + 4], "big")
        yield Part(start, start + 2 + size, 4, start + 2, 2, start)
        if data[start + 4 : start + 10] == b"Exif\0\0":
            first = start + 20
            yield from (Part(at, at + 12, 2) for at in range(first, start + size - 10, 12))
        start += 2 + size
    yield Part(start, len(data), 4)


def packets(data: bytes) -> Iterator[Part]:
    """Compressed pictures, with the first bytes of their NAL units."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            with av.open(file.name) as container:
                for packet in container.demux(video=0):
                    if packet.pos is not None and packet.size:
                        yield Part(packet.pos, packet.pos + packet.size, 4, packet.pos)
        except (OSError, IndexError, ValueError):
            return  # a photo


# ------------------------------------------------------------------ mutations

Mutation = Callable[[bytearray, list[Part], np.random.Generator], None]


def _any(some: Sequence[Part], rng: np.random.Generator) -> Part:
    return some[int(rng.integers(len(some)))]


def remove(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    part = _any(some, rng)
    del data[part.start : part.end]


def double(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    part = _any(some, rng)
    data[part.end : part.end] = data[part.start : part.end]


def swap(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    first, second = sorted((_any(some, rng), _any(some, rng)), key=lambda part: part.start)
    if first.end <= second.start:
        one, other = data[first.start : first.end], data[second.start : second.end]
        data[second.start : second.end] = one
        data[first.start : first.end] = other


def cut_off(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    part = _any(some, rng)
    del data[int(rng.integers(part.start, part.end + 1)) :]


def resize(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    sized = [part for part in some if part.size_at is not None]
    part = _any(sized or some, rng)
    at = part.size_at if part.size_at is not None else part.start
    old = int.from_bytes(data[at : at + part.size_bytes], "big")
    new = [*EXTREMES, max(0, old - 1), old + 1, old // 2, 2 * old]
    value = new[int(rng.integers(len(new)))] % (1 << 8 * part.size_bytes)
    data[at : at + part.size_bytes] = value.to_bytes(part.size_bytes, "big")


def rename(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    called = [part for part in some if part.name_at is not None]
    if len(called) < 2:
        return
    one, other = _any(called, rng), _any(called, rng)
    assert one.name_at is not None and other.name_at is not None
    data[one.name_at : one.name_at + 4] = data[other.name_at : other.name_at + 4]


def extreme(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    """A figure in the content becomes the least or the largest there is."""
    part = _any(some, rng)
    room = part.end - part.start - part.head - 4
    if room <= 0:
        return
    at = part.start + part.head + int(rng.integers(min(room, 256)))
    width = int(rng.choice((1, 2, 4)))
    value = EXTREMES[int(rng.integers(len(EXTREMES)))] % (1 << 8 * width)
    data[at : at + width] = value.to_bytes(width, "big")


def flip(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    """Single bits, near the beginning of a part where slice headers and tables stand."""
    part = _any(some, rng)
    reach = min(part.end - part.start, int(rng.choice((16, 64, 4096))))
    for _ in range(int(rng.integers(1, 9))):
        at = part.start + int(rng.integers(max(1, reach)))
        if at < len(data):
            data[at] ^= 1 << int(rng.integers(8))


def blank(data: bytearray, some: list[Part], rng: np.random.Generator) -> None:
    part = _any(some, rng)
    start = int(rng.integers(part.start, max(part.start + 1, part.end)))
    data[start : part.end] = bytes(max(0, part.end - start))


MUTATIONS: tuple[Mutation, ...] = (
    remove,
    double,
    swap,
    cut_off,
    resize,
    rename,
    extreme,
    flip,
    blank,
)


def mutant(name: str, data: bytes, number: int, seed: int) -> tuple[str, bytes]:
    """(what was done, the file): one to three mutations; PNG checksums are put right again."""
    rng = np.random.default_rng((seed, number))
    changed = bytearray(data)
    done: list[str] = []
    for _ in range(int(rng.integers(1, 4))):
        some = parts(name, bytes(changed))
        if not done:
            some += packets(data)
        some = [part for part in some if part.start < part.end <= len(changed)]
        if not some:
            break
        how = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
        how(changed, some, rng)
        done.append(how.__name__)
    if name.endswith(".png"):
        for part in png_chunks(bytes(changed)):
            content = bytes(changed[part.start + 4 : part.end - 4])
            if part.end <= len(changed):
                changed[part.end - 4 : part.end] = zlib.crc32(content).to_bytes(4, "big")
    return "+".join(done), bytes(changed)


# ------------------------------------------------------------------ the run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mutant; `fault` where that may not be."""

    name: str
    how: str
    ended: str
    seconds: float
    fault: str = ""


def outcome(path: Path, how: str) -> Outcome:
    """The whole way of one file."""
    began = time.monotonic()
    fault = ""
    try:
        submission = Submission(exhibits=(Exhibit(path=path, shown=path.name),))
        found = score.score(submission, policy("tiktok-shop-us"), Settings(every_detector=True))
        runs = [run for one in found.exhibits for run in one.runs if run.outcome == "failed"]
        failed = [f"{run.detector}: {run.reason}" for run in runs]
        fault = "; ".join(one for run, one in zip(runs, failed, strict=True) if not _named(run))
        ended = "scored"
    except errors.ParcelproofError as error:
        ended = error.name
        if error.name == "DecoderCrashed" and "exit code" in str(error):
            fault = str(error)
    except Exception as error:  # whatever it is, it is what we look for
        ended = fault = f"{type(error).__name__}: {error}"
    seconds = time.monotonic() - began
    if seconds > SLOW_S:
        fault = fault or f"{seconds:.0f} s"
    return Outcome(path.name, how, ended, seconds, fault)


def _named(run: object) -> bool:
    return str(getattr(run, "reason", "")).startswith(NAMED)


def run(count: int, seed: int, jobs: int, keep: Path) -> list[Outcome]:
    """`count` mutants, the seeds in turn; those with a fault are kept in `keep`."""
    drawn = seeds()
    names = list(drawn)

    def one(number: int) -> Outcome:
        name = names[number % len(names)]
        how, data = mutant(name, drawn[name], number, seed)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{number:05}_{name}"
            path.write_bytes(data)
            found = outcome(path, how)
            if found.fault:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, keep)
        return found

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, range(count)))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("count", nargs="?", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--keep", type=Path, default=Path("reports/mutants"))
    said = asked.parse_args()
    found = run(said.count, said.seed, said.jobs, said.keep)
    for name, number in collections.Counter(one.ended for one in found).most_common():
        print(f"{number:5}  {name}")
    slowest = max(found, key=lambda one: one.seconds)
    print(f"slowest: {slowest.seconds:.1f} s ({slowest.name}, {slowest.how})")
    faults = [one for one in found if one.fault]
    for one in faults:
        print(f"{one.name} ({one.how}): {one.fault}")
    print(f"{len(faults)} faults in {len(found)} files")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
