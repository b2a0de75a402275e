"""Codes: which QR codes and barcodes can be read in the footage, when and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from detectors import _barcodes
from detectors._sharp import tenengrad
from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Region, Span

RATE = 3.0  # pictures a second; 3-5 finds what 30 finds, at 3 it costs a quarter of decoding 1080p (research: codes 1.3)
SECOND_TRIES = 3  # pictures on which the second family is asked about one payload
GATE_EVERY = 10  # of so many pictures without a code the sharpest is searched for codes at an angle, and by the third family
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

    A photo gets the full search; of a video every picture gets the quick reader, and the sharpest of the empty ones now and then
    the turned crops and tapirscan.
    """
    known: dict[tuple[str, str], Sighting] = {}
    for frame, reads in _read(frames, media):
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
            at=Span(start=min(sighting.times), end=max(sighting.times)),
            region=sighting.best,
            value=sighting.payload,
            detail={
                "symbology": sighting.symbology,
                "frames": len(sighting.times),
                "gs1": sighting.gs1,
                "families": sorted(sighting.families),
                "seen_s": [round(t, 3) for t in sorted(sighting.times)[:SIGHTINGS]],
                "best_s": round(sighting.best_s, 6),
            },
        )


def _read(frames: Iterable[Frame], media: Media) -> Iterator[tuple[Frame, list[_barcodes.Read]]]:
    """Each picture with what was read in it; those searched again come after the others of their handful."""
    if media.kind == "image":
        for frame in frames:
            yield frame, _barcodes.search(frame.pixels) or _barcodes.last(frame.pixels)
        return
    empty: list[Frame] = []
    for frame in frames:
        reads = _barcodes.read(frame.pixels)
        if reads:
            yield frame, reads
        else:
            empty.append(frame)
        if len(empty) == GATE_EVERY:
            yield _searched(empty)
            empty = []
    if empty:
        yield _searched(empty)


def _searched(empty: Sequence[Frame]) -> tuple[Frame, list[_barcodes.Read]]:
    sharpest = max(empty, key=lambda frame: (tenengrad(frame.pixels), -frame.pts)) if len(empty) > 1 else empty[0]
    return sharpest, list(_angled(sharpest)) or _barcodes.last(sharpest.pixels)


def _angled(frame: Frame) -> Iterator[_barcodes.Read]:
    for crop, region in _barcodes.turned(frame.pixels):
        for read in _barcodes.read(crop):
            yield replace(read, region=region)
