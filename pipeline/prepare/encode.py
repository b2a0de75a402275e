"""A smaller copy by ffmpeg, in two passes to a size; every picture stays, none is cut.

This is the one place where ffmpeg opens a file that we did not make: the operator's own, under a
name of ours, by a closed list of formats, from files alone.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ffmpeg

from models.containers import CONTAINERS
from models.errors import NotEncoded, Stopped, ToolMissing
from models.media import Media

OPENED = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
}
SIDES = (1920, 1280, 960, 854, 640)  # pixels of the longer side that a copy may have
FITS = 0.96  # of the bytes a form takes, for what the container adds
LESS = 0.9  # of the rate, where a copy came out too large
TRIES = 4  # rates that are tried
SOUND_BITS = 64_000  # a second of sound
BITS_A_PIXEL = 0.05  # at which H.264 still shows print (house rule; the copy is read to check)
SLOWEST = 0.01  # bits a pixel below which nothing is tried
LAST_WORDS = 300  # characters of what ffmpeg says that are repeated

Tick = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Way:
    """How a copy is made: its longer side in pixels, bits a second of picture and sound."""

    side: int
    video_bits: int
    sound: bool

    def slower(self) -> Way:
        """The same at a lower rate."""
        return Way(self.side, int(self.video_bits * LESS), self.sound)


def ways(media: Media, most_bytes: int) -> Iterator[Way]:
    """Sizes that a rate can fill, the largest first; at least the smallest."""
    sound = media.audio_codec is not None
    room = most_bytes * 8 * FITS / media.duration_s - SOUND_BITS * sound
    bits = min(room, media.bit_rate or room)  # more than the original has would show nothing more
    rate = media.frame_count / media.duration_s
    own = max(media.width, media.height)
    sides = [side for side in SIDES if side < own]
    candidates = sides if own > SIDES[0] else [own, *sides]
    shape = min(media.width, media.height) / own
    filled = [s for s in candidates if bits >= BITS_A_PIXEL * s * s * shape * rate]
    for side in filled or candidates[-1:]:
        if bits >= SLOWEST * side * side * shape * rate:
            yield Way(side, int(bits), sound)


def encoded(
    source: Path,
    container: str,
    target: Path,
    way: Way,
    media: Media,
    most_bytes: int,
    tick: Tick,
) -> Way:
    """The copy at `target`, at most so large, and how it was made. Raises NotEncoded."""
    if shutil.which("ffmpeg") is None:
        raise ToolMissing("ffmpeg is not installed.")
    for _ in range(TRIES):
        for number in (1, 2):
            _pass(
                number,
                source,
                container,
                target,
                way,
                media,
                partial(_half, tick, number),
            )
        if target.stat().st_size <= most_bytes:
            return way
        way = way.slower()
    raise NotEncoded("The copy came out larger than {most:,} bytes.", most=most_bytes)


def _half(
    tick: Tick,
    number: int,
    done: float,
) -> None:
    """Progress of one pass of two."""
    tick((number - 1 + done) / 2)


def _pass(
    number: int,
    source: Path,
    container: str,
    target: Path,
    way: Way,
    media: Media,
    tick: Tick,
) -> None:
    """One pass of two. Raises NotEncoded."""
    opened = ffmpeg.input(str(source), f=CONTAINERS[container].demuxer, **OPENED)
    wide = media.width >= media.height
    size = (way.side, -2) if wide else (-2, way.side)
    picture = opened.video.filter("scale", *size, flags="area")
    how: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "medium",
        "pix_fmt": "yuv420p",
        "b:v": way.video_bits,
        "fps_mode": "passthrough",
        "pass": number,
        "passlogfile": str(target.parent / "passes"),
        "map_metadata": 0,
        "movflags": "+faststart+use_metadata_tags",
        "threads": 1,  # so that the same bytes come out
    }
    if number == 1:
        run = ffmpeg.output(picture, "/dev/null", f="null", **how)
    elif way.sound:
        sound = {"c:a": "aac", "b:a": SOUND_BITS}
        run = ffmpeg.output(picture, opened.audio, str(target), f="mp4", **sound, **how)
    else:
        run = ffmpeg.output(picture, str(target), f="mp4", **how)
    told = run.global_args("-nostdin", "-v", "error", "-progress", "pipe:1").overwrite_output()
    _watched(told, media.duration_s, tick)


def _watched(
    run: Any,
    duration_s: float,
    tick: Tick,
) -> None:
    """Runs to its end, telling how far it is. Raises NotEncoded, Stopped."""
    process = run.run_async(pipe_stdout=True, pipe_stderr=True)
    try:
        for line in process.stdout:
            name, _, value = line.decode("ascii", "replace").strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                tick(min(1.0, max(0.0, int(value) / 1e6 / duration_s)))
        words = process.stderr.read().decode("utf-8", "replace").strip()
        code = process.wait()
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        raise
    if code == -signal.SIGINT:
        raise Stopped("Stopped.")
    if code:
        raise NotEncoded("ffmpeg could not make the copy: {why}", why=words[-LAST_WORDS:])
