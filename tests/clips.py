"""Little clips drawn by code, the truth being what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from models.media import Frame, Media

Image = NDArray[np.uint8]
SIZE = (320, 180)
WORLD = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 255, (700, 1600), np.uint8), (0, 0), 3
)
WORLD = cv2.normalize(WORLD, None, 10, 245, cv2.NORM_MINMAX)


def view(x: float, y: float = 200.0, size: tuple[int, int] = SIZE) -> Image:
    """What a camera sees that looks at place (x, y) of a textured world."""
    return np.asarray(cv2.getRectSubPix(WORLD, size, (x + size[0] / 2, y + size[1] / 2)), np.uint8)


def pan(count: int, start: float = 50.0, speed: float = 1.3) -> list[Image]:
    """A hand-held pan: `count` pictures, a little shake, a little noise."""
    random = np.random.default_rng(round(start))
    pictures = []
    for i in range(count):
        place = start + speed * i + random.normal(0, 0.15)
        noisy = view(place, 200 + 6 * np.sin(i / 9)).astype(np.float32) + random.normal(
            0, 1.5, SIZE[::-1]
        )
        pictures.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return pictures


def shaken() -> list[Image]:
    random = np.random.default_rng(3)
    return [view(300 + random.normal(0, 3), 200 + random.normal(0, 3)) for _ in range(90)]


def whipped() -> list[Image]:
    places = np.concatenate(
        [np.linspace(50, 90, 30), np.linspace(90, 700, 12), np.linspace(700, 740, 48)]
    )
    return [view(float(x)) for x in places]


def flashed() -> list[Image]:
    pictures = pan(90)
    pictures[40] = cv2.convertScaleAbs(pictures[40], alpha=0.3, beta=170)
    pictures[41] = cv2.convertScaleAbs(pictures[41], alpha=0.5, beta=110)
    return pictures


def lit() -> list[Image]:
    pictures = pan(90)
    return pictures[:45] + [cv2.convertScaleAbs(p, alpha=1.0, beta=45) for p in pictures[45:]]


def covered() -> list[Image]:
    pictures = pan(90)
    for i in range(30, 50):
        reach = round(320 * min(i - 30, 49 - i) / 10)
        pictures[i][:, :reach] = 60 + (np.arange(reach) % 9).astype(np.uint8)
    return pictures


def dipped(colour: float, fade: int = 6) -> list[Image]:
    """A pan in which 60 pictures are gone behind a blend to one colour and back."""
    pictures = pan(60) + pan(60, start=250.0)
    for i in range(-fade, fade):
        share = 1 - (abs(i + 0.5) - 0.5) / fade
        pictures[60 + i] = np.clip(pictures[60 + i] * (1 - share) + colour * share, 0, 255).astype(
            np.uint8
        )
    return pictures


def shut() -> list[Image]:
    """A dark flap comes over the lens from one side and goes again."""
    pictures = pan(90)
    for i in range(30, 60):
        pictures[i][:, : round(320 * min(1.0, (i - 29) / 6, (60 - i) / 6))] = 12
    return pictures


def frames(
    pictures: Iterable[Image], fps: float = 30.0, times: Sequence[float] | None = None
) -> list[Frame]:
    """Pictures as a detector gets them: read-only, at the times given or at a constant rate."""
    found = []
    for i, picture in enumerate(pictures):
        own = picture.copy()
        own.flags.writeable = False
        found.append(Frame(times[i] if times else i / fps, i, own, keyframe=i % 30 == 0))
    return found


def media(
    count: int, fps: float = 30.0, size: tuple[int, int] = SIZE, kind: Any = "video"
) -> Media:
    return Media(
        kind=kind,
        container="mp4",
        codec="h264",
        width=size[0],
        height=size[1],
        duration_s=count / fps,
        frame_count=count,
        frame_rate=fps,
    )


def encode(
    path: Path,
    pictures: Sequence[Image],
    fps: int = 30,
    times: Sequence[float] | None = None,
    codec: str = "libx264",
    sound: bool | NDArray[np.float32] = False,
    metadata: dict[str, str] | None = None,
    format: str | None = None,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> Path:
    """A real file of `pictures` (grey or BGR), each at its time; with a tone, or the samples given
    at 16 kHz, as sound where asked.
    """
    with av.open(str(path), "w", format=format) as container:
        container.metadata.update(metadata or {})
        default = (
            {"crf": "20", "preset": "veryfast", "g": "30", "threads": "1"}
            if codec == "libx264"
            else {}
        )
        stream = container.add_stream(codec, rate=fps, options=options or default)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000) if times else Fraction(1, fps)
        tone = container.add_stream("aac", rate=16000) if sound is not False else None
        for i, picture in enumerate(pictures):
            colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
            frame = av.VideoFrame.from_ndarray(colour, format="bgr24")
            frame.pts = round(times[i] * 1000) if times else i
            frame.time_base = Fraction(1, 1000) if times else Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone:
            hum = np.sin(np.arange(round(16000 * len(pictures) / fps)) * 0.1).astype(np.float32)
            whole = sound if isinstance(sound, np.ndarray) else hum
            for start in range(0, len(whole) - 1024, 1024):
                part = av.AudioFrame.from_ndarray(
                    whole[None, start : start + 1024], format="fltp", layout="mono"
                )
                part.sample_rate, part.pts = 16000, start
                container.mux(tone.encode(part))
            container.mux(tone.encode(None))
    return path


def noise(samples: int, seed: int, loud: float = 0.1) -> NDArray[np.float32]:
    """A room's hiss."""
    return np.asarray(np.random.default_rng(seed).normal(0, loud, samples), np.float32)


def code(
    text: str, kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode, scale: int = 4
) -> Image:
    """A code with its quiet zone."""
    return np.array(
        zxingcpp.create_barcode(text, kind).to_image(scale=scale, add_quiet_zones=True), np.uint8
    )


def with_code(
    picture: Image,
    text: str,
    at: tuple[int, int] = (60, 20),
    kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode,
    scale: int = 4,
) -> Image:
    """`picture` with a code stuck on it."""
    bars = code(text, kind, scale)
    found = picture.copy()
    found[at[1] : at[1] + bars.shape[0], at[0] : at[0] + bars.shape[1]] = bars[
        : found.shape[0] - at[1], : found.shape[1] - at[0]
    ]
    return found


def print_lines(
    lines: Sequence[str], size: tuple[int, int] = (900, 420), height: int = 34
) -> Image:
    """A sheet with lines of print."""
    sheet = np.full((size[1], size[0], 3), 250, np.uint8)
    for i, line in enumerate(lines):
        cv2.putText(
            sheet,
            line,
            (30, 60 + i * round(height * 1.9)),
            (20, 20, 20),
            cv2.FontFace("sans"),
            height,
            500,
        )  # type: ignore[call-overload]
    return np.asarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY), np.uint8)
