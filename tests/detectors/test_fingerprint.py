"""Hashes by which a recording is known again."""

from __future__ import annotations

from detectors.fingerprint import fingerprint
from detectors.moments import moments
from tests import clips


def test_fingerprint() -> None:
    """The same for the same pictures, another for others, nothing for none."""
    pictures = clips.pan(60)[::20]
    (first,) = fingerprint(clips.frames(pictures, fps=1.0), clips.media(3, fps=1.0))
    (again,) = fingerprint(clips.frames(pictures, fps=1.0), clips.media(3, fps=1.0))
    assert first == again and len(first.hashes) == 3
    turned = [picture[::-1] for picture in pictures]
    (other,) = fingerprint(clips.frames(turned, fps=1.0), clips.media(3, fps=1.0))
    assert not set(first.hashes) & set(other.hashes)
    assert fingerprint([], clips.media(3)) == []


def test_moments() -> None:
    """The same picture has the same hash, another one another; times begin at the first."""
    still, *_, moved = clips.pan(60)
    seen = moments(clips.frames([still, still, moved], fps=10.0), clips.media(3, fps=10.0))
    (found,) = seen
    assert found.times_s == (0.0, 0.1, 0.2)
    assert found.hashes[0] == found.hashes[1] != found.hashes[2]
    assert moments([], clips.media(3)) == []
