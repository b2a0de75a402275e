"""What footage looks like and what moves in it: hashed so that a copy is known again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.footage import footage, tells, views, without_bars
from models.footage import VIEWS, packed, unpacked
from models.kinds import Footage
from tests import clips

PICTURES = [clips.view(50 + 12 * number) for number in range(6)]


def test_footage() -> None:
    """A sample each half second; motion from a second on; the same for the same pictures."""
    (seen,) = footage(clips.frames(PICTURES, fps=2.0), clips.media(6, fps=2.0))
    (again,) = footage(clips.frames(PICTURES, fps=2.0), clips.media(6, fps=2.0))
    assert seen == again and seen.times_s == (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
    found = seen.samples()
    assert found.look.shape == (6, VIEWS) and found.telling.all()
    assert (found.moved[:2] == 0).all() and (found.moved[2:] > 2.5).all()
    assert not found.motion[:2].any() and found.motion[2:].any(axis=1).all()
    assert footage([], clips.media(3)) == []


def test_times_that_go_back_are_put_in_order() -> None:
    frames = clips.frames(PICTURES, times=[0.0, 0.5, 1.0, 0.2, 0.7, 1.2])
    (seen,) = footage(frames, clips.media(6))
    assert list(seen.times_s) == sorted(seen.times_s)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((120, 160), np.uint8),
        np.full((120, 160), 200, np.uint8),
        np.tile(np.linspace(60, 200, 160).astype(np.uint8), (120, 1)),
        np.random.default_rng(1).normal(20, 3, (120, 160)).clip(0, 255).astype(np.uint8),
    ],
    ids=["dark", "wall", "lamp on a wall", "covered"],
)
def test_what_says_nothing(picture: np.ndarray) -> None:
    assert not tells(picture) and tells(PICTURES[0])


@pytest.mark.parametrize("black", [0, 16])
def test_bars_are_left_out_and_darkness_is_none(black: int) -> None:
    """Black of pictures, and black of video."""
    picture = cv2.copyMakeBorder(PICTURES[0], 30, 30, 0, 0, cv2.BORDER_CONSTANT, value=black)
    high, wide = PICTURES[0].shape
    rows, columns = without_bars([picture])
    assert (rows.start, rows.stop) == (31, 29 + high)
    assert (columns.start, columns.stop) == (0, wide)
    dark = np.full((50, 60), black, np.uint8)
    assert without_bars([dark]) == (slice(0, 50), slice(0, 60))


def test_words_come_back_as_they_were() -> None:
    words = np.array([views(picture) for picture in PICTURES])
    assert words.shape == (6, VIEWS) and (unpacked(packed(words), 6) == words).all()
    with pytest.raises(ValueError, match="not as many"):
        unpacked(packed(words), 2)
    with pytest.raises(ValueError, match="not as many"):
        Footage(times_s=(0.0,), look="AAAA", motion="", moved=(0.0,), telling="1")
