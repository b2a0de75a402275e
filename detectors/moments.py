"""Moments: what the clip looks like ten times a second, so that a copy can be held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import imagehash
from PIL import Image

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import MOST_MOMENTS, Moments
from models.media import Frame, Media

RATE = 10.0  # hashes a second
SIDE = 16  # bits along a hash's side


@detector(
    sees=[Moments],
    wants=Frames(side=SMALL_VIEW, rate=RATE),
    on=["video"],
)
def moments(frames: Iterable[Frame], media: Media) -> Iterator[Moments]:
    """Perceptual hashes (pHash, 256 bits) with their times, from the first picture on."""
    times: list[float] = []
    hashes: list[str] = []
    for frame in frames:
        if len(times) == MOST_MOMENTS:
            break
        picture = Image.fromarray(frame.pixels)
        hashes.append(str(imagehash.phash(picture, hash_size=SIDE)))
        times.append(round(frame.pts - media.start_s, 3))
    if hashes:
        yield Moments(times_s=tuple(times), hashes=tuple(hashes))
