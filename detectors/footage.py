"""Footage: what the pictures look like and what moves in them, so that a copy is known again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.detector import SMALL_VIEW, Frames, detector
from models.footage import CROPS, VIEWS, Words, packed
from models.kinds import MOST_SAMPLES, Footage
from models.media import Frame, Luma, Media

RATE = 4.0  # samples a second; what they are held against has half of them (`models.footage`)
LAG_S, EARLY_S = 1.0, 0.15  # to the picture against which motion is taken; how far it may be off
# A black bar is a line of which 98 % are darker and whose spread is less, in every picture; a line
# more goes with it. Grey levels of 256, of which video's black is 16; looser bounds cut dark scenes
# differently in every copy.
BAR_DARK, BAR_FLAT, LEAST_LEFT = 24, 2, 0.2
FINE, LOW = 32, 8  # pixels a side by which a picture is judged; coefficients a side that say much
# A picture tells itself from others where its spread in grey levels, and so many coefficients that
# are clearly on one side of their median, are no less: of 60 drawn walls, lenses covered, stripes
# and dark noises each none does, of real pictures all but 1 in 700.
SPREAD, CLEARLY, CLEAR = 6.0, 8.0, 32


@detector(
    sees=[Footage],
    wants=Frames(side=SMALL_VIEW, rate=RATE),
    on=["video", "image"],
)
def footage(frames: Iterable[Frame], media: Media) -> Iterator[Footage]:
    """Perceptual hashes of the pictures, of parts of them, and of what moves; 4 times a second."""
    some: list[Frame] = []
    for frame in frames:
        if len(some) == MOST_SAMPLES:
            break
        some.append(frame)
    if not some:
        return
    some.sort(key=lambda frame: frame.pts)
    place = without_bars([frame.pixels for frame in some])
    pictures = [frame.pixels[place] for frame in some]
    times = [frame.pts for frame in some]
    look = np.array([views(picture) for picture in pictures])
    motion = np.zeros((len(some), VIEWS), np.uint64)
    moved = [0.0] * len(some)
    for number, earlier in _earlier(times):
        change = pictures[number].astype(np.float32) - pictures[earlier]
        moved[number] = round(float(_fine(change).std()), 1)
        motion[number] = views(np.clip(128 + change / 2, 0, 255).astype(np.uint8))
    yield Footage(
        times_s=tuple(round(time, 3) for time in times),
        look=packed(look),
        motion=packed(motion),
        moved=tuple(moved),
        telling="".join("1" if tells(picture) else "0" for picture in pictures),
    )


def _earlier(times: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Each picture with the one a second before it, where there is one."""
    all_times = np.array(times)
    for number, time in enumerate(times):
        then = int(np.abs(all_times - (time - LAG_S)).argmin())
        if then < number and abs(times[then] - (time - LAG_S)) <= EARLY_S:
            yield number, then


def without_bars(pictures: Sequence[Luma]) -> tuple[slice, slice]:
    """Rows and columns between black bars that all pictures have."""
    return _lit(pictures, 1), _lit(pictures, 0)


def _lit(pictures: Sequence[Luma], along: int) -> slice:
    bright = np.max([np.percentile(one, 98, axis=along) for one in pictures], axis=0)
    flat = np.max([one.std(axis=along) for one in pictures], axis=0)
    lit = np.flatnonzero((bright > BAR_DARK) | (flat > BAR_FLAT))
    size = len(bright)
    if not len(lit) or lit[-1] - lit[0] < LEAST_LEFT * size:
        return slice(0, size)
    first, last = int(lit[0]), int(lit[-1]) + 1
    return slice(first + (first > 0), last - (last < size))


def views(picture: Luma) -> Words:
    """The hash of each view: see `models.footage`."""
    high, wide = picture.shape
    some = []
    for left, top, right, down in CROPS:
        rows = slice(round(top * high), round(down * high))
        columns = slice(round(left * wide), round(right * wide))
        some.append(picture[rows, columns])
    some += [picture[:, ::-1], np.rot90(picture, -1)]
    return np.array([_hash(one) for one in some], np.uint64)


def _hash(picture: Luma) -> int:
    bits = imagehash.phash(Image.fromarray(np.ascontiguousarray(picture))).hash
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _fine(picture: NDArray[np.float32] | Luma) -> NDArray[np.float32]:
    small = cv2.resize(picture, (FINE, FINE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def tells(picture: Luma) -> bool:
    """Has it enough in it to be told from others? A wall, a covered lens, darkness has not."""
    fine = _fine(picture)
    low = cv2.dct(fine)[:LOW, :LOW]
    clear = int((np.abs(low - np.median(low)) > CLEARLY).sum())
    return float(fine.std()) >= SPREAD and clear >= CLEAR
