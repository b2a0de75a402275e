"""Text: which order IDs and tracking numbers are printed in the footage."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from detectors import _ocr, _printed
from models import identifiers as ids
from models.detector import Frames, Heeded, detector
from models.media import Frame, Luma, Media
from models.observation import Observation, Region, Span

RATE = 3.0  # pictures a second among which the sharpest are chosen
WINDOWS = 16  # stretches of the clip, of each of which the sharpest picture is kept
READ = 5  # pictures read at most: more adds no recall, only variants (research: ocr 4)
CLUSTER = 2  # edits within which two reads are one number read twice
# What return labels say; "return address" and "return service requested" stand on outbound ones
RETURNS = re.compile(r"\breturn (?:label|order|parcel|package|shipment|authori[sz]ation)\b|\brma\b|\bretur\b|\bdevoluci[oó]n\b|退货", re.I)


@dataclass
class Reading:
    """One number in all the pictures it was read in."""

    printed: _printed.Printed
    region: Region
    times: list[float] = field(default_factory=list)
    confidence: float = 0.0


@detector(sees=["text_id", "token", "word"], wants=Frames(rate=RATE), heeds=["code"], on=["video", "image"], needs=["rapidocr"])
def text(frames: Iterable[Frame], media: Media, heeded: Heeded) -> Iterator[Observation]:
    """Identifiers printed beside a label word or in a form of their own, read on the sharpest pictures.

    Pictures in which a code was seen come first: there the label is. Names and addresses are read past and never kept.
    """
    kept = _sharpest(frames, media)
    codes = heeded["code"] or ()
    chosen = _chosen(kept, [t for code in codes for t in code.detail["seen_s"]])
    readings: dict[tuple[str | None, str], Reading] = {}
    words: set[str] = set()
    for frame in chosen:
        lines = _ocr.lines(frame.pixels)
        words |= {match.group().lower() for line in lines if (match := RETURNS.search(line.text))}
        for printed in _printed.identifiers(lines):
            key = (printed.kind, ids.squeezed(printed.value))
            reading = readings.setdefault(key, Reading(printed, printed.line.region(frame.scale)))
            reading.times.append(frame.pts)
            reading.confidence = max(reading.confidence, printed.confidence)
        if _settled(readings.values()):
            break
    for reading in _clustered(list(readings.values())):
        yield _observation(reading)
    for word in sorted(words):
        yield Observation(kind="word", value=word)


def _sharpest(frames: Iterable[Frame], media: Media) -> list[tuple[float, Frame]]:
    """(sharpness, picture) of the sharpest picture of each window of the clip."""
    best: dict[int, tuple[float, Frame]] = {}
    length = max(media.duration_s / WINDOWS, 1 / RATE)
    for frame in frames:
        sharp = tenengrad(frame.pixels)
        window = int((frame.pts - media.start_s) / length)
        if window not in best or sharp > best[window][0]:
            best[window] = (sharp, frame)
        if len(best) > 2 * WINDOWS:  # a header that lies about the length must not fill the memory
            del best[min(best, key=lambda w: best[w][0])]
    return list(best.values())


def tenengrad(luma: Luma) -> float:
    """Mean gradient at half size: larger is sharper. About 0.3 ms at 720p."""
    half = cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) if min(luma.shape) >= 64 else luma
    slopes = cv2.norm(cv2.Sobel(half, cv2.CV_16S, 1, 0)) + cv2.norm(cv2.Sobel(half, cv2.CV_16S, 0, 1))
    return float(slopes / np.sqrt(half.size))


def _chosen(kept: Sequence[tuple[float, Frame]], label_times: Sequence[float]) -> list[Frame]:
    """At most `READ` pictures: with a code in view before without, sharper before blurred."""

    def rank(item: tuple[float, Frame]) -> tuple[bool, float, float]:
        sharp, frame = item
        near = any(abs(frame.pts - t) < 0.5 / RATE for t in label_times)
        return not near, -sharp, frame.pts

    return [frame for _, frame in sorted(kept, key=rank)[:READ]]


def _settled(readings: Iterable[Reading]) -> bool:
    """An order ID and a tracking number were each read alike in two pictures."""
    twice = {r.printed.kind for r in readings if len(r.times) >= 2 and r.printed.valid is not False}
    return {"order_id", "tracking_number"} <= twice


def _clustered(readings: list[Reading]) -> Iterator[Reading]:
    """Of reads that differ by a slip, only the best: check digit first, then pictures, then confidence."""
    ranked = sorted(
        readings, key=lambda r: (r.printed.kind is None, r.printed.valid is not True, -len(r.times), -r.confidence, r.printed.value)
    )
    kept: list[Reading] = []
    for reading in ranked:
        value = ids.squeezed(reading.printed.value)
        others = [ids.squeezed(k.printed.value) for k in kept if k.printed.kind == reading.printed.kind or reading.printed.kind is None]
        if not any(value in other or other in value or ids.close(value, other, CLUSTER) for other in others):
            kept.append(reading)
            yield reading


def _observation(reading: Reading) -> Observation:
    printed = reading.printed
    return Observation(
        kind="token" if printed.kind is None else "text_id",
        at=Span(start=min(reading.times), end=max(reading.times)),
        region=reading.region,
        value=ids.squeezed(printed.value) if " " in printed.value else printed.value,
        detail={
            "kind": printed.kind,
            "label": printed.label,
            "valid": printed.valid,
            "confidence": round(reading.confidence, 3),
            "frames": len(set(reading.times)),
            "best_s": round(reading.times[0], 6),
        },
    )
