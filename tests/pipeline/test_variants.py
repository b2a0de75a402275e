"""One honest clip as nineteen devices, chat apps and converters hand it on scores alike."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.examination import Examination, Examined
from models.kinds import expand
from models.report import Report
from tests import clips
from tests.pipeline.judge.whole import judged

SIZE = (640, 360)
KINDS = expand(
    ("family:break", "family:cover", "family:light", "family:editing", "family:clarity", "motion")
)
Make = Callable[[Path, list[clips.Image]], Path]
ALIKE = 0.3  # log10 LR: as far as a line may move


def copied(name: str, *options: str) -> Make:
    """The same pictures in another wrapper."""

    def make(folder: Path, take: list[clips.Image]) -> Path:
        first = clips.encode(folder / "first.mp4", take)
        made = folder / name
        command = ["ffmpeg", "-v", "error", "-i", first, "-c", "copy", *options, made]
        subprocess.run(command, check=True, capture_output=True)
        return made

    return make


def encoded(
    change: Callable[[list[clips.Image]], list[clips.Image]] = list,
    name: str = "a.mp4",
    **how: object,
) -> Make:
    def make(folder: Path, take: list[clips.Image]) -> Path:
        return clips.encode(folder / name, change(take), **how)  # type: ignore[arg-type]

    return make


def smaller(share: float) -> Callable[[list[clips.Image]], list[clips.Image]]:
    return lambda take: [
        cv2.resize(one, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) for one in take
    ]


def timed(drop: float, jitter: float) -> Make:
    """As a phone does in low light: some pictures are never taken, times are true and uneven."""

    def make(folder: Path, take: list[clips.Image]) -> Path:
        dice = np.random.default_rng(3)
        kept = [i for i in range(len(take)) if i == 0 or dice.random() >= drop]
        times = [i / 30 + (dice.uniform(0, jitter) if i else 0.0) for i in kept]
        return clips.encode(folder / "a.mp4", [take[i] for i in kept], times=times)

    return make


X264 = {"preset": "veryfast", "threads": "1"}
VARIANTS: dict[str, Make] = {
    "as it is": encoded(),
    "wrapped as mkv": copied("a.mkv"),
    "wrapped as mov": copied("a.mov"),
    "wrapped as ts": copied("a.ts"),
    "index in front": copied("a.mp4", "-movflags", "+faststart"),
    "turned by a flag": copied("a.mov", "-metadata:s:v", "rotate=90"),
    "without metadata": copied("a.mp4", "-map_metadata", "-1", "-fflags", "+bitexact"),
    "start trimmed": copied("a.mp4", "-ss", "1"),
    "better": encoded(options=X264 | {"crf": "16"}),
    "worse": encoded(options=X264 | {"crf": "31"}),
    "chat app": encoded(smaller(0.75), options=X264 | {"crf": "29", "profile": "baseline"}),
    "half the size": encoded(smaller(0.5)),
    "long groups": encoded(options=X264 | {"crf": "23", "g": "250", "bf": "3"}),
    "H.265": encoded(
        codec="libx265",
        options={"crf": "26", "preset": "ultrafast", "x265-params": "log-level=none:pools=none"},
    ),
    "MPEG-4 as avi": encoded(name="a.avi", codec="mpeg4", options={"q:v": "4"}),
    "pixels turned": encoded(lambda take: [np.rot90(one).copy() for one in take]),
    "with sound and a title": encoded(sound=True, metadata={"title": "my parcel"}),
    "pictures lost": timed(0.05, 0.0),
    "uneven times": timed(0.03, 0.008),
}


@pytest.fixture(scope="module")
def take() -> list[clips.Image]:
    """Five seconds of a pan over a table, twice as large as other drawn clips."""
    return [cv2.resize(one, SIZE, interpolation=cv2.INTER_CUBIC) for one in clips.pan(165)]


@pytest.fixture(scope="module")
def known() -> dict[str, Report]:
    """The report of the clip as it is, once it was made."""
    return {}


def as_scored(path: Path, found: Examined) -> Report:
    return judged(
        Examination(
            path=path.name,
            sha256="a",
            kind="video",
            role="packing_video",
            media=found.media,
            runs=found.runs,
            observations=found.observations,
        )
    )


def test_there_are_nineteen() -> None:
    assert len(VARIANTS) == 19


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_scores_like_the_clip_itself(
    name: str,
    take: list[clips.Image],
    known: dict[str, Report],
    tmp_path: Path,
    examined: Callable[..., Examined],
) -> None:
    if not known:
        first = clips.encode(tmp_path / "itself.mp4", take)
        known["itself"] = as_scored(first, examined(first, *KINDS))
    path = VARIANTS[name](tmp_path, take)
    got, itself = as_scored(path, examined(path, *KINDS)), known["itself"]
    assert got.headlines == () == itself.headlines
    for row, other in zip(
        got.exhibits[0].requirements, itself.exhibits[0].requirements, strict=True
    ):
        if row.requirement in ("continuous", "unedited"):
            assert row.verdict == other.verdict and row.log10_lr >= -0.3
            assert abs(row.log10_lr - other.log10_lr) <= ALIKE, (row.id, row.says.text)
    assert got.strength is not None and itself.strength is not None
    assert abs(got.strength.score - itself.strength.score) <= 10
