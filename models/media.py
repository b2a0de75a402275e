"""What is read from one file: its facts, and the packets, frames and sound that detectors get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.containers import MediaKind
from models.record import Count, Level, Record, Seconds, Word

Colour = Literal["luma", "bgr"]
Luma = NDArray[np.uint8]


class Limits(Record):
    """What is refused before it costs anything (house rules), each an option."""

    width: int = Field(
        7680,
        gt=0,
        description="pixels, either way up",
    )
    height: int = Field(
        4320,
        gt=0,
        description="pixels, either way up",
    )
    duration_s: float = Field(
        3600.0,
        gt=0,
        description="seconds of video",
    )
    bytes: int = Field(
        8 << 30,
        gt=0,
        description="size of a file",
    )
    packets: int = Field(
        1_000_000,
        gt=0,
        description="packets of a video",
    )
    photo_pixels: int = Field(
        120_000_000,
        gt=0,
        description="pixels of a photo",
    )
    members: int = Field(
        200,
        gt=0,
        description="files of an archive",
    )
    pages: int = Field(
        30,
        gt=0,
        description="pages of a document that are looked at",
    )
    silence_s: float = Field(
        300.0,
        gt=0,
        description="seconds the boxed reader may say nothing before it is ended",
    )
    reader_s: float = Field(
        14_400.0,
        gt=0,
        description="seconds in all that the boxed reader may take for a file",
    )
    address_space: int = Field(
        6 << 30,
        gt=0,
        description="bytes of address space of the boxed reader",
    )


class Media(Record):
    """Facts of one readable file. Sizes are upright; `start_s` is the PTS of the first frame."""

    kind: MediaKind
    container: Word
    codec: Word = ""
    width: Count = 0
    height: Count = 0
    rotation: int = Field(
        0,
        ge=-360,
        le=360,
        description="degrees clockwise that turn the stored picture upright",
    )
    duration_s: Seconds = 0.0
    start_s: Seconds = 0.0
    frame_count: Count = 0
    frame_rate: Level = 0.0
    variable_frame_rate: bool = False
    pages: Count = Field(0, description="of a document; `frame_count` of them are looked at")
    pixel_format: Word = ""
    bit_rate: int = Field(
        0,
        ge=0,
        le=1 << 62,
    )
    other_video_tracks: Count = Field(0, description="further ones, which are not looked at")
    clock_restarts: Count = Field(
        0, description="times at which the clock of the file starts anew; those given here go on"
    )
    audio_codec: Word | None = None
    audio_duration_s: Seconds | None = None
    tags: dict[Word, Word] = Field({})


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as stored: times in seconds, `None` where the file gives none.

    `failed`: the decoder refused it. `data` is the beginning of its bytes, enough for headers;
    `parameter_sets` what the container says of the codec, where that is new. `restarts`: the clock
    of the file starts anew here; the times given go on.
    """

    track: Literal["video", "sound"]
    pts: Seconds | None
    dts: Seconds | None
    duration: Seconds
    size: int
    keyframe: bool
    failed: bool = False
    data: bytes = b""
    parameter_sets: bytes = b""
    restarts: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture: `pixels` is read-only uint8, HxW (luma) or HxWx3 (bgr).

    A full-size pixel is a pixel of this view times `scale`; `size` is the full width and height.
    `corrupt`: the decoder patched it up, or it is not there to its end.
    """

    pts: Seconds
    index: int
    pixels: Luma
    scale: float = 1.0
    keyframe: bool = False
    corrupt: bool = False
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of sound: mono float32 in -1..1, `rate` samples a second."""

    pts: Seconds
    rate: int
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class File:
    """The bytes of the file, read-only and lazily paged, and the name of its container."""

    data: memoryview
    container: str
