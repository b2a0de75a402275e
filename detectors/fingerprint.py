"""Fingerprint: what the pictures look like, so that one recording is known again in other bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import imagehash
from PIL import Image

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Fingerprint
from models.media import Frame, Media

RATE = 1.0  # hashes a second
SIDE = 16  # bits along a hash's side; 8 do not tell two takes of one scene apart
MOST = 3600  # hashes of one file


@detector(
    sees=[Fingerprint],
    wants=Frames(side=SMALL_VIEW, rate=RATE),
    on=["video", "image", "document"],
)
def fingerprint(frames: Iterable[Frame], media: Media) -> Iterator[Fingerprint]:
    """Perceptual hashes (pHash, 256 bits), one a second; of a photo, one."""
    pictures = (Image.fromarray(frame.pixels) for frame in frames)
    hashes = [str(imagehash.phash(picture, hash_size=SIDE)) for picture in pictures]
    if hashes:
        yield Fingerprint(hashes=tuple(hashes[:MOST]))
