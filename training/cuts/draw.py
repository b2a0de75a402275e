"""Draw edits with known times, and honest oddities, into honest takes:

`python -m training.cuts.draw OUT FOLDER...`.

Each FOLDER holds `manifest.jsonl` and the clips it names; only continuous clips that are no
simulation are used, one a take. Writes OUT/*.mp4 and OUT/manifest.jsonl: {file, take, group,
export, events: [[kind, seconds]]}. Fixed seeds by file name.
"""

from __future__ import annotations

import json
import random
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
PLAIN = (
    "honest",
    "reencode",
    "untouched",
    "messenger",
)  # types of continuous clip that nothing was simulated in
CLEAR_S = 1.0  # seconds between any two events and from the ends
BASE = 90_000  # ticks a second
LONGEST = 420  # frames taken of one clip
EXPORTS: dict[str, tuple[str, dict[str, str], float]] = {
    "x264_crf23": ("libx264", {"crf": "23", "preset": "medium"}, 1.0),
    "x264_phone": (
        "libx264",
        {"crf": "20", "preset": "veryfast", "profile": "baseline", "g": "30"},
        1.0,
    ),
    "messenger": ("libx264", {"crf": "29", "preset": "veryfast", "profile": "main"}, 0.85),
    "x265": (
        "libx265",
        {
            "crf": "27",
            "preset": "superfast",
            "x265-params": "log-level=none:pools=none:frame-threads=1",
        },
        1.0,
    ),
}


@dataclass(frozen=True)
class Clip:
    """Pictures with their steps in seconds, sound as mono float32, and the events drawn so far as
    (kind, index of first picture after).
    """

    pictures: list[Picture]  # planar yuv420p, as PyAV hands it over
    steps: list[float]  # seconds each picture is shown
    sound: NDArray[np.float32]
    rate: int
    events: list[tuple[str, int]] = field(default_factory=list)

    @property
    def step(self) -> float:
        return float(np.median(self.steps))

    def piece(self, first: int, last: int) -> Clip:
        """Pictures `first` up to, not including, `last`, with their sound and without events."""
        times = np.concatenate([[0.0], np.cumsum(self.steps)])
        a, b = (round(times[i] * self.rate) for i in (first, last))
        return Clip(self.pictures[first:last], self.steps[first:last], self.sound[a:b], self.rate)

    def then(self, other: Clip, *kinds: str) -> Clip:
        """This clip and `other` behind it, with an event of each of `kinds` between."""
        at = len(self.pictures)
        return Clip(
            self.pictures + other.pictures,
            self.steps + other.steps,
            np.concatenate([self.sound, other.sound]),
            self.rate,
            self.events
            + [(kind, at) for kind in kinds]
            + [(kind, at + i) for kind, i in other.events],
        )


def read(path: Path) -> Clip:
    with av.open(str(path)) as source:
        track = source.streams.video[0]
        track.thread_type = "NONE"
        shown: list[tuple[float, Picture]] = []
        heard: list[NDArray[np.float32]] = []
        rate = source.streams.audio[0].rate if source.streams.audio else 16_000
        for packet in source.demux([track, *source.streams.audio[:1]]):
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame) and len(shown) < LONGEST:
                    even = frame.reformat(
                        width=frame.width // 2 * 2, height=frame.height // 2 * 2, format="yuv420p"
                    )
                    shown.append((float(frame.time), even.to_ndarray()))
                elif isinstance(frame, av.AudioFrame):
                    samples = frame.to_ndarray()
                    samples = (
                        samples
                        if frame.format.is_planar
                        else samples.reshape(-1, len(frame.layout.channels)).T
                    )
                    scale = (
                        np.iinfo(samples.dtype).max
                        if np.issubdtype(samples.dtype, np.integer)
                        else 1
                    )
                    heard.append((samples.mean(axis=0) / scale).astype(np.float32))
    shown.sort(key=lambda pair: pair[0])
    times = [pts for pts, _ in shown]
    steps = [max(1e-3, b - a) for a, b in pairwise(times)]
    sound = np.concatenate(heard) if heard else np.zeros(0, np.float32)
    return Clip([picture for _, picture in shown], [*steps, float(np.median(steps))], sound, rate)


def write(clip: Clip, path: Path, export: str) -> list[float]:
    """Encode; the start of each picture in seconds."""
    codec, options, scale = EXPORTS[export]
    height, width = clip.pictures[0].shape[0] * 2 // 3, clip.pictures[0].shape[1]
    size = (round(width * scale) // 2 * 2, round(height * scale) // 2 * 2)
    times = np.concatenate([[0.0], np.cumsum(clip.steps)])
    with av.open(str(path), "w") as sink:
        track = sink.add_stream(codec, rate=round(1 / clip.step), options=options)
        track.width, track.height, track.pix_fmt = *size, "yuv420p"
        track.codec_context.time_base = track.time_base = Fraction(1, BASE)
        track.codec_context.thread_count = 1
        voice = sink.add_stream("aac", rate=clip.rate, layout="mono") if clip.sound.size else None
        for picture, pts in zip(clip.pictures, times, strict=False):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p").reformat(*size)
            frame.pts, frame.time_base = round(pts * BASE), Fraction(1, BASE)
            sink.mux(track.encode(frame))
        sink.mux(track.encode(None))
        if voice is not None:
            for first in range(0, clip.sound.size, 1024):
                heard = av.AudioFrame.from_ndarray(
                    clip.sound[None, first : first + 1024], format="fltp", layout="mono"
                )
                heard.sample_rate, heard.pts, heard.time_base = (
                    clip.rate,
                    first,
                    Fraction(1, clip.rate),
                )
                sink.mux(voice.encode(heard))
            sink.mux(voice.encode(None))
    return [float(t) for t in times]


# --- edits: each takes a clip and returns one with events
# ----------------------------------------------------------------------------


def removed(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    """As many removals of 0.2 to 3 s as fit."""
    kept, kind, first, n = None, "", 0, len(clip.pictures)
    room = round(dice.uniform(1.1, 1.6) / clip.step)
    while first + room < n:
        piece = clip.piece(first, first + room)
        kept = piece if kept is None else kept.then(piece, kind)
        seconds = dice.choice([0.2, 0.3, 0.5, 0.5, 1.0, 2.0, 2.0, 3.0])
        left = (n - first - 2 * room) * clip.step
        seconds = next((s for s in (seconds, 1.0, 0.5, 0.2) if s <= left), 0.0)
        if not seconds:
            break
        kind = f"del_{seconds:g}"
        first += room + max(2, round(seconds / clip.step))
        room = round(dice.uniform(1.1, 1.6) / clip.step)
    return kept or clip


def foreign(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    """Another take's piece put in."""
    n, m = len(clip.pictures), len(other.pictures)
    at = dice.randrange(n // 3, 2 * n // 3)
    long = min(m - 1, round(1.5 / clip.step))
    start = dice.randrange(0, m - long)
    like = [_fitted(picture, clip.pictures[0]) for picture in other.pictures[start : start + long]]
    sound = (
        np.resize(other.sound, round(long * clip.step * clip.rate))
        if other.sound.size
        else np.zeros(0, np.float32)
    )
    if clip.sound.size and not sound.size:
        sound = np.zeros(round(long * clip.step * clip.rate), np.float32)
    inserted = Clip(like, [clip.step] * long, sound if clip.sound.size else clip.sound, clip.rate)
    return clip.piece(0, at).then(inserted, "insert").then(clip.piece(at, n), "insert")


def reversed_piece(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    n = len(clip.pictures)
    long = min(n // 3, round(dice.uniform(1.2, 2.5) / clip.step))
    at = dice.randrange(n // 4, n - n // 4 - long)
    middle = clip.piece(at, at + long)
    back = replace(middle, pictures=middle.pictures[::-1], sound=middle.sound[::-1].copy())
    return (
        clip.piece(0, at).then(back, "reverse_start").then(clip.piece(at + long, n), "reverse_end")
    )


def looped(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    n = len(clip.pictures)
    long = min(n // 3, round(dice.uniform(1.2, 2.5) / clip.step))
    at = dice.randrange(n // 4 + long // 4, n - n // 4)
    return clip.piece(0, at).then(clip.piece(max(0, at - long), n), "loop")


# --- honest oddities: events of these kinds are no breaks
# ------------------------------------------------------------------------------


def plain(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    return clip


def odd(clip: Clip, other: Clip, dice: random.Random) -> Clip:
    """Flashes, light steps, held and lost pictures, knocks and covers, one after another."""
    pictures, steps, n = list(clip.pictures), list(clip.steps), len(clip.pictures)
    gap, at = round(CLEAR_S * 1.2 / clip.step), round(CLEAR_S / clip.step)
    events = []
    while at + gap < n:
        kind = dice.choice(
            [h_flash, h_light, h_lamp, h_lamp, h_focus, h_held, h_lost, h_knock, h_cover]
        )
        kind(pictures, steps, at, clip.step, dice)
        events.append((kind.__name__, at))
        at += gap + dice.randrange(gap)
    return replace(clip, pictures=pictures, steps=steps, events=events)


def h_flash(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    for i in range(dice.randint(1, 3)):
        pictures[at + i] = _lit(pictures[at + i], dice.uniform(1.3, 2.2), dice.uniform(10, 60))


def h_light(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    gain, lift = (
        dice.choice([dice.uniform(0.5, 0.85), dice.uniform(1.15, 1.6)]),
        dice.uniform(-12, 12),
    )
    for i in range(at, len(pictures)):
        pictures[i] = _lit(pictures[i], gain, lift)


def h_lamp(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    """A lamp or LED in the picture goes on, floods what is near it, and mostly goes off again."""
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    y, x, reach = dice.uniform(0, height), dice.uniform(0, width), dice.uniform(0.05, 0.5) * width
    down, across = np.mgrid[0:height, 0:width]
    glow = np.exp(-((down - y) ** 2 + (across - x) ** 2) / (2 * reach**2)).astype(np.float32)
    gain, lift, dark = (
        dice.uniform(0, 1.2) * glow,
        dice.uniform(10, 90) * glow,
        dice.choice([1.0, 1.0, dice.uniform(0.8, 1.0)]),
    )
    for i in range(at, min(len(pictures), at + dice.choice([3, 10, 20, 40, 400]))):
        picture = pictures[i].copy()
        picture[:height] = np.clip(picture[:height] * (dark + gain) + lift, 0, 255).astype(np.uint8)
        pictures[i] = picture


def h_focus(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    """The focus hunts: blur comes and goes."""
    long, most = dice.randint(4, 14), dice.uniform(1.0, 4.0)
    luma = pictures[0].shape[0] * 2 // 3
    for i in range(long):
        picture = pictures[at + i].copy()
        picture[:luma] = cv2.GaussianBlur(
            picture[:luma], (0, 0), 0.1 + most * np.sin(np.pi * (i + 0.5) / long)
        )
        pictures[at + i] = picture


def h_held(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    """Pictures shown again, as a phone does that could not keep up and keeps a constant rate."""
    for i in range(dice.randint(1, 5)):
        pictures[at + i] = pictures[at - 1]


def h_lost(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    """Pictures never captured, true times kept."""
    lost = dice.randint(1, 4)
    steps[at - 1] += sum(steps[at : at + lost])
    del pictures[at : at + lost], steps[at : at + lost]


def h_knock(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    reach, long = dice.uniform(0.01, 0.06), dice.randint(3, 8)
    for i in range(long):
        swing = reach * (1 - i / long)
        pictures[at + i] = _shifted(
            pictures[at + i], dice.uniform(-swing, swing), dice.uniform(-swing, swing)
        )


def h_cover(
    pictures: list[Picture], steps: list[float], at: int, step: float, dice: random.Random
) -> None:
    """A dark, soft edge sweeps over the view."""
    long = dice.randint(5, 14)
    for i in range(long):
        share = np.sin(np.pi * (i + 0.5) / long)
        picture = pictures[at + i].copy()
        height, width = picture.shape[0] * 2 // 3, picture.shape[1]
        edge = np.clip((share * 1.15 - np.arange(width) / width) / 0.08, 0, 1)
        picture[:height] = (picture[:height] * (1 - edge) + dice.uniform(35, 60) * edge).astype(
            np.uint8
        )
        pictures[at + i] = picture


def _lit(picture: Picture, gain: float, lift: float) -> Picture:
    luma = picture.shape[0] * 2 // 3
    return (
        np.concatenate([cv2.convertScaleAbs(picture[:luma], alpha=gain, beta=lift), picture[luma:]])
        if lift >= 0
        else np.concatenate(
            [
                np.clip(picture[:luma].astype(np.float32) * gain + lift, 0, 255).astype(np.uint8),
                picture[luma:],
            ]
        )
    )


def _shifted(picture: Picture, across: float, down: float) -> Picture:
    """The luma moved by a share of the size."""
    luma, width = picture.shape[0] * 2 // 3, picture.shape[1]
    move = np.array([[1, 0, across * width], [0, 1, down * luma]], np.float32)
    return np.concatenate(
        [
            cv2.warpAffine(picture[:luma], move, (width, luma), borderMode=cv2.BORDER_REPLICATE),
            picture[luma:],
        ]
    )


def _fitted(picture: Picture, like: Picture) -> Picture:
    if picture.shape == like.shape:
        return picture
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    return frame.reformat(like.shape[1], like.shape[0] * 2 // 3).to_ndarray()


EDITS: tuple[tuple[Callable[[Clip, Clip, random.Random], Clip], int], ...] = (
    (removed, 5),
    (foreign, 2),
    (reversed_piece, 2),
    (looped, 1),
    (plain, 1),
    (odd, 3),
)


def takes(folders: list[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """One plain continuous clip of each take, by name."""
    told: set[str] = set()
    for folder in folders:
        rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
        for row in sorted(
            rows,
            key=lambda row: (PLAIN.index(row["type"]) if row["type"] in PLAIN else 9, row["file"]),
        ):
            if row["label"] == "continuous" and row["type"] in PLAIN and row["take"] not in told:
                told.add(row["take"])
                yield folder / row["file"], row


def draw(job: tuple[Path, Path, dict[str, Any], Path]) -> list[dict[str, Any]]:
    path, other_path, row, out = job
    clip, other = read(path), read(other_path)
    made = []
    for edit, times in EDITS:
        for turn in range(times):
            name = f"{row['take']}__{edit.__name__}{turn}"
            dice = random.Random(zlib.crc32(name.encode()))
            export = dice.choice(sorted(EXPORTS))
            drawn = edit(clip, other, dice)
            starts = write(drawn, out / f"{name}.mp4", export)
            events = [[kind, round(starts[at], 4)] for kind, at in drawn.events if at < len(starts)]
            made.append(
                {
                    "file": f"{name}.mp4",
                    "take": row["take"],
                    "group": row["group"],
                    "stress": row["stress"],
                    "export": export,
                }
                | {"events": events}
            )
    return made


def main(out: Path, *folders: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    found = list(takes(list(folders)))
    jobs = [(path, found[(i + 7) % len(found)][0], row, out) for i, (path, row) in enumerate(found)]
    with ProcessPoolExecutor(2) as pool, (out / "manifest.jsonl").open("w") as manifest:
        for i, rows in enumerate(pool.map(draw, jobs), 1):
            manifest.writelines(json.dumps(row) + "\n" for row in rows)
            manifest.flush()
            print(f"{i} of {len(jobs)} takes", file=sys.stderr, end="\r")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
