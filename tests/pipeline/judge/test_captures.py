"""One recording handed in twice adds nothing; another take of the same scene may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.examination import Examination, Examined
from models.kinds import Fingerprint
from models.media import Limits
from models.observation import first
from pipeline import receive
from pipeline.judge.captures import alike, captures
from tests import clips

HASHES = st.lists(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), min_size=1, max_size=6)


def exhibit(path: Path, examined: Callable[..., Examined]) -> Examination:
    found = examined(path, "fingerprint")
    received = receive.received(path, Limits())
    return Examination(
        path=path.name,
        sha256=received.sha256,
        kind=received.kind,
        media=found.media,
        observations=found.observations,
    )


def test_copies_are_one_recording(tmp_path: Path, examined: Callable[..., Examined]) -> None:
    """The same bytes, another container, smaller and encoded again, a piece cut out."""
    take = clips.pan(150, start=50.0)
    first_one = clips.encode(tmp_path / "a.mp4", take, fps=30)
    small = [cv2.resize(p, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for p in take]
    options = {"crf": "32", "g": "30"}
    copies = [
        first_one,
        clips.encode(tmp_path / "b.mkv", take, fps=30),
        clips.encode(tmp_path / "c.mp4", small, fps=30, options=options),
        clips.encode(tmp_path / "d.mp4", take[30:], fps=30),
    ]
    other = clips.encode(tmp_path / "e.mp4", clips.pan(150, start=20.0, speed=2.0), fps=30)
    there = [exhibit(path, examined) for path in [*copies, other]]
    names = captures(there)
    assert len(set(names[:4])) == 1 and names[4] == there[4].sha256 != names[0]


def test_a_fingerprint_is_kept_of_every_file(
    tmp_path: Path, examined: Callable[..., Examined]
) -> None:
    clip = exhibit(clips.encode(tmp_path / "a.mp4", clips.pan(70)), examined)
    found = first(clip.observations, Fingerprint)
    assert found is not None and len(found.hashes) == 3


@given(HASHES)
def test_a_recording_is_like_itself_and_a_piece_of_it(hashes: list[str]) -> None:
    assert alike(hashes, hashes)
    assert alike(hashes[1:] or hashes, hashes)


@pytest.mark.parametrize("bits", [8, 9])
def test_how_far_pictures_may_differ(bits: int) -> None:
    assert alike(["0" * 64], [f"{(1 << bits) - 1:064x}"]) is (bits <= 8)
