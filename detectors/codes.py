"""Codes: which QR codes and barcodes can be read in the footage, when and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from detectors import _barcodes
from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Region, Span

RATE = 3.0  # pictures a second; 3-5 finds what 30 finds, at 3 it costs a quarter of decoding 1080p (research: codes 1.3)
SECOND_TRIES = 3  # pictures on which the second family is asked about one payload
GATE_EVERY = 6  # of the pictures without a code, one in so many is searched for codes at an angle
SIGHTINGS = 400  # times kept per payload
MOST = 300  # different payloads kept; a clip made to show thousands must not fill the report


@dataclass
class Sighting:
    """All that is known of one payload so far."""

    symbology: str
    payload: str
    times: list[float] = field(default_factory=list)
    families: set[str] = field(default_factory=set)
    best: Region | None = None
    best_s: float = 0.0
    asked: int = 0
    gs1: bool = False

    def add(self, pts: float, read: _barcodes.Read) -> None:
        self.families.add(read.family)
        self.gs1 |= read.gs1
        if not self.times or self.times[-1] != pts:
            self.times.append(pts)
        if self.best is None or read.region.width * read.region.height > self.best.width * self.best.height:
            self.best, self.best_s = read.region, pts


@detector(sees=["code"], wants=Frames(rate=RATE), on=["video", "image"])
def codes(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Payloads of codes as encoded, with every time they were read and by which families of readers.

    A photo gets the full search; of a video every picture gets the quick reader, and empty ones now and then
    the turned crops and tapirscan.
    """
    known: dict[tuple[str, str], Sighting] = {}
    empty = 0
    for frame in frames:
        reads = _barcodes.search(frame.pixels) if media.kind == "image" else _barcodes.read(frame.pixels)
        if not reads and media.kind == "video":
            empty += 1
            reads = (list(_angled(frame)) or _barcodes.last(frame.pixels)) if empty % GATE_EVERY == 1 else []
        if not reads and media.kind == "image":
            reads = _barcodes.last(frame.pixels)
        for read in reads:
            key = (read.symbology, read.payload)
            if key not in known and len(known) >= MOST:
                continue
            sighting = known.setdefault(key, Sighting(*key))
            sighting.add(frame.pts, read)
            if "zbar" not in sighting.families and sighting.asked < SECOND_TRIES:
                sighting.asked += 1
                for other in _barcodes.second(frame.pixels, read.region):
                    if (other.symbology, other.payload) == (read.symbology, read.payload):
                        sighting.families.add(other.family)
    for sighting in known.values():
        yield Observation(
            kind="code",
            at=Span(start=sighting.times[0], end=sighting.times[-1]),
            region=sighting.best,
            value=sighting.payload,
            detail={
                "symbology": sighting.symbology,
                "frames": len(sighting.times),
                "gs1": sighting.gs1,
                "families": sorted(sighting.families),
                "seen_s": [round(t, 3) for t in sighting.times[:SIGHTINGS]],
                "best_s": round(sighting.best_s, 6),
            },
        )


def _angled(frame: Frame) -> Iterator[_barcodes.Read]:
    for crop, region in _barcodes.turned(frame.pixels):
        for read in _barcodes.read(crop):
            yield replace(read, region=region)
