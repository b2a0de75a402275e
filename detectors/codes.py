"""Codes: which QR codes and barcodes can be read in the footage, when and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from detectors.reading import barcodes
from detectors.reading.barcodes import CodeRead
from detectors.vision.sharpness import tenengrad
from models.detector import Frames, detector
from models.identifiers.symbologies import Symbology
from models.kinds import Code
from models.media import Frame, Media
from models.record import Span

# Pictures a second that are looked at for sharpness (all of the usual 30), and that are read at
# once: 3-5 finds nearly what 30 finds, at a quarter of decoding 1080p.
RATE, READ_RATE = 40.0, 3.0
SECOND_TRIES = 3  # pictures on which the second family is asked about one payload
# After so many pictures without a code the sharpest of all pictures since the last time are read,
# and of these the sharpest is searched thoroughly: of 31 shaken clips of 8 pictures 26 are read so,
# 22 where only every tenth of a second is looked at (bench/codes).
SEARCH_AFTER, SHARPEST = 10, 3
ROWS = 4  # every so many rows tell how sharp a picture is
SIGHTINGS = 400  # times kept per payload
MOST = 300  # different payloads kept; a clip made to show thousands must not fill the report
LONGEST = 10_000  # characters of a payload; no symbology holds more


@dataclass
class Sighting:
    """All that is known of one payload so far."""

    symbology: Symbology
    payload: str
    times: list[float] = field(default_factory=list)
    families: set[str] = field(default_factory=set)
    best: CodeRead | None = None
    best_s: float = 0.0
    asked: int = 0
    gs1: bool = False

    def add(self, pts: float, read: CodeRead) -> None:
        """Once more, in the picture at `pts`."""
        self.families.add(read.family)
        self.gs1 |= read.gs1
        if not self.times or self.times[-1] != pts:
            self.times.append(pts)
        if self.best is None or read.region.area > self.best.region.area:
            self.best = read
            self.best_s = pts

    def observation(self) -> Code:
        """What is told of it."""
        times = sorted(self.times)
        return Code(
            at=Span(start=times[0], end=times[-1]),
            region=self.best.region if self.best else None,
            outline=self.best.outline if self.best else None,
            value=self.payload,
            symbology=self.symbology,
            frames=len(times),
            gs1=self.gs1,
            families=tuple(sorted(self.families)),
            seen_s=tuple(round(t, 3) for t in times[:SIGHTINGS]),
            best_s=round(self.best_s, 6),
        )


@detector(
    sees=[Code],
    wants=Frames(rate=RATE),
    on=["video", "image", "document"],
)
def codes(frames: Iterable[Frame], media: Media) -> Iterator[Code]:
    """Payloads of codes as encoded, every time they were read, by which families of readers.

    A photo gets the full search; of a video every picture gets the quick reader, and the sharpest
    of the empty ones now and then the turned crops and tapirscan.
    """
    known: dict[tuple[str, str], Sighting] = {}
    for frame, reads in _reads(frames, media):
        for read in reads:
            key = (read.symbology, read.payload)
            full = key not in known and len(known) >= MOST
            if full or len(read.payload) > LONGEST:
                continue
            sighting = known.setdefault(key, Sighting(*key))
            sighting.add(frame.pts, read)
            if "zbar" not in sighting.families and sighting.asked < SECOND_TRIES:
                sighting.asked += 1
                sighting.families |= _second_opinion(frame, read)
    for sighting in known.values():
        yield sighting.observation()


def _second_opinion(frame: Frame, read: CodeRead) -> set[str]:
    """Families beside the first that read the same payload there."""
    again = barcodes.read_zbar(frame.pixels, read.region)
    return {
        other.family
        for other in again
        if (other.symbology, other.payload) == (read.symbology, read.payload)
    }


def _reads(frames: Iterable[Frame], media: Media) -> Iterator[tuple[Frame, list[CodeRead]]]:
    """Each picture with what was read in it.

    Those searched again come after the others of their ten.
    """
    if media.kind != "video":
        for frame in frames:
            found = barcodes.read_thoroughly(frame.pixels)
            yield frame, found or barcodes.read_tapirscan(frame.pixels)
        return
    pool = Pool()
    due = -float("inf")
    for frame in frames:
        reads = []
        if not due - 2 / READ_RATE < frame.pts < due:
            due = frame.pts + 1 / READ_RATE
            reads = barcodes.read_zxing(frame.pixels)
            pool.empty += not reads
        if reads:
            yield frame, reads
        else:
            pool.add(frame)
        if pool.empty == SEARCH_AFTER:
            yield pool.searched()
            pool = Pool()
    if pool.sharpest:
        yield pool.searched()


@dataclass
class Pool:
    """The sharpest pictures since the last search, sharpest first; how many read ones were empty.

    Of a shaken clip one picture in ten may be sharp, for a thirtieth of a second.
    """

    sharpest: list[tuple[float, Frame]] = field(default_factory=list)
    empty: int = 0

    def add(self, frame: Frame) -> None:
        """Kept if it is one of the sharpest."""
        self.sharpest.append((tenengrad(frame.pixels[::ROWS]), frame))
        self.sharpest.sort(key=lambda one: (-one[0], one[1].pts))
        del self.sharpest[SHARPEST:]

    def searched(self) -> tuple[Frame, list[CodeRead]]:
        """Each is read; where none says anything, the sharpest at an angle, by a third family."""
        frames = [frame for _, frame in self.sharpest]
        for frame in frames:
            reads = barcodes.read_zxing(frame.pixels)
            if reads:
                return frame, reads
        sharpest = frames[0]
        return sharpest, list(_angled(sharpest)) or barcodes.read_tapirscan(sharpest.pixels)


def _angled(frame: Frame) -> Iterator[CodeRead]:
    """What is read in crops turned upright, placed where the crop lies."""
    for crop, region in barcodes.deskewed_crops(frame.pixels):
        for read in barcodes.read_zxing(crop):
            yield replace(
                read,
                region=region,
                outline=None,
            )
