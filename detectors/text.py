"""Text: which order IDs and tracking numbers are printed in the footage."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel.pose import shipped_networks, upright_cells
from detectors.reading import ocr, second_reader
from detectors.reading.barcodes import CodeRead, read_zxing
from detectors.reading.facts import printed_facts
from detectors.reading.labels import Printed, identifiers
from detectors.reading.sheets import Sheet as FoundSheet
from detectors.reading.sheets import sheets
from detectors.reading.text_line import outline, region_of
from detectors.reading.vote import NumberRead, Voted, voted
from detectors.vision.sharpness import tenengrad
from models.detector import Dependencies, Frames, Tell, detector
from models.identifiers.candidates import check_holds
from models.identifiers.matching import squeezed
from models.kinds import Code, PrintedFact, Reader, Sheet, TextId, Token
from models.media import Frame, Luma, Media
from models.observation import Observation
from models.record import Region, Span

RATE = 5.0  # pictures a second among which the sharpest are chosen
# Stretches of the clip, of each of which the sharpest picture is kept; fewer where pictures are
# large.
KEPT, KEPT_BYTES = 48, 200_000_000
READ, MORE = 5, 8  # pictures read of each segment; and while a labelled number is in doubt
APART_S = 0.2  # seconds between two pictures of a segment
SEGMENTS, GAP_S = 4, 2.0  # stretches with a code in view; and seconds without one that end one
TELLS_S = 8.0  # seconds that reading usually takes: 20 pictures
MOST_ON_A_SHEET = 40  # numbers, and codes, of one sheet that are told
ASKED, MOST_ASKED = 2, 12  # times the second reader is asked about one number, and in all
FAMILY = "ppocr"  # of the usual reader
LONGEST = 100  # characters of a number or label word that are kept


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture and how sharp it is."""

    sharpness: float
    frame: Frame


@dataclass
class Findings:
    """What was read so far, of how many pictures at most."""

    most: int
    tell: Tell
    codes: Sequence[Code]
    left: int = field(init=False)
    facts: dict[tuple[str, str], PrintedFact] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = self.most

    def read(self, frame: Frame) -> list[NumberRead]:
        """The numbers of one picture; its facts and sheets are kept."""
        lines = ocr.lines(frame.pixels)
        for fact in printed_facts(lines, frame):
            self.facts.setdefault((fact.fact, fact.value or ""), fact)
        there = sheets(frame.pixels, lines, codes_in(frame, self.codes))
        found = list(identifiers(lines))
        if there:
            cells = parcel_cells(frame)
            self.sheets += [
                self._sheet(
                    one,
                    found,
                    frame,
                    cells,
                )
                for one in there
            ]
        reads = []
        for printed in found:
            home = next((one for one in there if printed.line in one.lines), None)
            role = home.surface if home else None
            reads.append(
                NumberRead(
                    printed,
                    frame.pts,
                    frame.scale,
                    role,
                )
            )
        return reads

    def _sheet(
        self,
        one: FoundSheet,
        found: Sequence[Printed],
        frame: Frame,
        cells: NDArray[np.float32],
    ) -> Sheet:
        """A sheet as it is told: with named numbers only, for bare ones may be anybody's."""
        numbers = [
            squeezed(printed.value)
            for printed in found
            if printed.kind is not None and printed.line in one.lines
        ]
        payloads = {(code.symbology, code.payload) for code in one.codes}
        names = [code.id for code in self.codes if (code.symbology, code.value) in payloads]
        return Sheet(
            at=Span.between(frame.pts, frame.pts),
            region=one.region.scaled(frame.scale),
            surface=one.surface,
            on_parcel=round(share_of(one.region, cells, frame.pixels.shape), 3),
            numbers=tuple(sorted(set(numbers)))[:MOST_ON_A_SHEET],
            codes=tuple(names)[:MOST_ON_A_SHEET],
        )


@dataclass
class Second:
    """The second family of readers, asked about numbers that rest on print alone."""

    pictures: Mapping[float, Frame]
    decoded: Container[str]
    left: int = MOST_ASKED
    failed: str = ""

    def agrees(self, one: Voted) -> bool:
        """Does it read a named number alike in one of the pictures in which it was read so?"""
        if one.best.printed.kind is None or not one.settled or one.value in self.decoded:
            return False
        exact = [read for read in one.reads if read.value == one.value and read.printed.corners]
        for read in sorted(exact, key=lambda read: -read.printed.confidence)[:ASKED]:
            if self.left and not self.failed and self._agrees(read):
                return True
        return False

    def _agrees(self, read: NumberRead) -> bool:
        self.left -= 1
        try:
            return second_reader.agrees(
                self.pictures[read.at].pixels,
                read.printed.corners,
                read.value,
            )
        except (ImportError, OSError) as fault:
            self.failed = str(fault) or type(fault).__name__
            return False


@detector(
    sees=[TextId, Token, Sheet, PrintedFact, Reader],
    wants=Frames(rate=RATE),
    depends_on=[Code],
    on=["video", "image", "document"],
    needs=["rapidocr|pytesseract"],
    tells_s=TELLS_S,
)
def text(
    frames: Iterable[Frame],
    media: Media,
    dependencies: Dependencies,
    tell: Tell,
) -> Iterator[Observation]:
    """Identifiers printed beside a label word or in a form of their own, read and voted on.

    On the sharpest pictures; stretches in which a code was seen come first: there the label is.
    Names and addresses are read past and never kept.
    """
    kept = _sharpest(frames, media)
    codes = dependencies[Code] or ()
    label_times = sorted(t for code in codes for t in code.seen_s)
    segments = list(_segments(kept, label_times))
    if media.kind == "document":
        segments = [[item.frame] for item in kept]  # each page is read, and for itself
    found = Findings(sum(map(len, segments)), tell, codes)
    of_segments = []
    for segment in segments:
        of_segments.append(_read_segment(segment, found))
        found.left -= len(segment)
    pictures = {item.frame.pts: item.frame for item in kept}
    second = Second(pictures, {squeezed(code.value or "") for code in codes})
    views_of_one = media.kind != "document"
    together = [list(chain.from_iterable(of_segments))] if views_of_one else of_segments
    for one in chain.from_iterable(map(voted, together)):
        if len(one.value) <= LONGEST:
            yield _observation(one, second.agrees(one))
    yield from found.facts.values()
    yield from found.sheets
    if ocr.limited():
        yield Reader(value=ocr.limited())
    elif second.failed:
        yield Reader(value=second.failed, reach="single")


def _read_segment(segment: Sequence[Frame], found: Findings) -> list[NumberRead]:
    """The numbers of one stretch: until they are settled, longer while one is in doubt."""
    reads: list[NumberRead] = []
    for number, frame in enumerate(segment):
        if number >= READ and not _doubtful(reads):
            break
        found.tell(1 - (found.left - number) / found.most)
        reads += found.read(frame)
        if _settled(reads):
            break
    return reads


def codes_in(frame: Frame, known: Sequence[Code]) -> list[CodeRead]:
    """Codes in one picture, for the place they stand in; in a photo they were searched for."""
    if not known:
        return []
    found = read_zxing(frame.pixels)
    there = {(code.symbology, code.payload) for code in found}
    here = [code for code in known if code.best_s == round(frame.pts, 6)]
    for code in here:
        payload = code.value or ""
        if code.region and (code.symbology, payload) not in there:
            read = CodeRead(
                code.symbology,
                payload,
                code.region,
                "",
                outline=code.outline,
            )
            found.append(read)
    return found


def parcel_cells(frame: Frame) -> NDArray[np.float32]:
    """Where a parcel is in the picture, as a coarse grid of probabilities."""
    bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_GRAY2BGR)
    return upright_cells(cast(Luma, bgr), shipped_networks())


def share_of(
    region: Region,
    cells: NDArray[np.float32],
    shape: tuple[int, ...],
) -> float:
    """Mean probability of the cells that a region of a picture of that shape touches."""
    down, across = cells.shape[0] / shape[0], cells.shape[1] / shape[1]
    top, left = int(region.y * down), int(region.x * across)
    bottom = int((region.y + region.height) * down) + 1
    right = int((region.x + region.width) * across) + 1
    part = cells[top:bottom, left:right]
    return float(np.clip(part.mean(), 0, 1)) if part.size else 0.0


def _sharpest(frames: Iterable[Frame], media: Media) -> list[Kept]:
    """The sharpest picture of each window of the clip, in time order."""
    best: dict[int, Kept] = {}
    windows = KEPT
    for frame in frames:
        windows = max(READ, min(KEPT, KEPT_BYTES // frame.pixels.size))
        sharpness = tenengrad(frame.pixels)
        length = max(media.duration_s / windows, APART_S)
        window = int((frame.pts - media.start_s) / length)
        if window not in best or sharpness > best[window].sharpness:
            best[window] = Kept(sharpness, frame)
        if len(best) > 2 * windows:  # a header that lies about the length must not fill the memory
            del best[min(best, key=lambda w: best[w].sharpness)]
    return sorted(best.values(), key=lambda kept: kept.frame.pts)


def _segments(kept: Sequence[Kept], label_times: Sequence[float]) -> Iterator[list[Frame]]:
    """The sharpest pictures, `MORE` at most, of each stretch with a code in view, longest first.

    Then those of all that is left.
    """
    stretches = _stretches(label_times)
    longest_first = [(times[0] - times[-1], times[0], times) for times in stretches]
    longest = [times for _, _, times in sorted(longest_first)]
    left = list(kept)
    for times in longest[: SEGMENTS - 1]:
        start = times[0] - APART_S
        end = times[-1] + APART_S
        inside = [item for item in left if start <= item.frame.pts <= end]
        left = [item for item in left if not start <= item.frame.pts <= end]
        yield _best(inside)
    yield _best(left)


def _stretches(times: Sequence[float]) -> list[list[float]]:
    """Times grouped where less than `GAP_S` lies between them."""
    stretches: list[list[float]] = []
    for t in times:
        if stretches and t - stretches[-1][-1] <= GAP_S:
            stretches[-1].append(t)
        else:
            stretches.append([t])
    return stretches


def _best(some: Sequence[Kept]) -> list[Frame]:
    """The sharpest, some time apart."""
    chosen: list[Frame] = []
    for item in sorted(some, key=lambda item: (-item.sharpness, item.frame.pts)):
        frame = item.frame
        distances = [abs(frame.pts - other.pts) for other in chosen]
        apart = all(distance >= APART_S for distance in distances)
        if len(chosen) < MORE and apart:
            chosen.append(frame)
    return chosen


def _doubtful(reads: Sequence[NumberRead]) -> bool:
    """Do the pictures disagree about a number that stands beside a label word?"""
    open_ones = [one for one in voted(reads) if not one.settled]
    return any(one.best.printed.kind for one in open_ones)


def _settled(reads: Sequence[NumberRead]) -> bool:
    """An order ID and a tracking number were each read alike in two pictures."""
    sure = set()
    for one in voted(reads):
        printed = one.best.printed
        if one.settled and one.pictures >= 2 and printed.valid is not False:
            sure.add(printed.kind)
    return {"order_id", "tracking_number"} <= sure


def _observation(one: Voted, agreed: bool) -> TextId | Token:
    """What is told of one number; `agreed`: by the second family of readers, too."""
    printed = one.best.printed
    times = sorted({read.at for read in one.reads})
    exact = [read for read in one.reads if read.value == one.value]
    confidence = max((read.printed.confidence for read in exact), default=one.weakest)
    facts = {
        "at": Span(start=times[0], end=times[-1]),
        "region": _region(printed, one.best.scale),
        "outlines": tuple(outline(part, one.best.scale) for part in printed.corners),
        "value": _written(exact[0].printed.value) if exact else one.value,
        "label": printed.label[:LONGEST],
        "role": next((read.role for read in one.reads if read.role), None),
        "valid": _valid(one, exact),
        "confidence": round(min(1.0, confidence), 3),
        "weakest": round(min(1.0, one.weakest), 3),
        "settled": one.settled,
        "families": (FAMILY, "tesseract") if agreed else (ocr.limited() or FAMILY,),
        "frames": one.pictures,
        "best_s": round(one.best.at, 6),
    }
    if printed.kind is None:
        return Token.model_validate(facts)
    return TextId.model_validate({**facts, "number_kind": printed.kind})


def _region(printed: Printed, scale: float) -> Region:
    """The box around its own characters, else around its line."""
    parts = printed.corners
    return region_of(np.concatenate(parts), scale) if parts else printed.line.region(scale)


def _valid(one: Voted, exact: Sequence[NumberRead]) -> bool | None:
    """Whether the check digit holds of the number as voted."""
    printed = one.best.printed
    if exact:
        return printed.valid
    return check_holds(printed.kind, one.value) if printed.kind else None


def _written(value: str) -> str:
    """Spaces between groups of digits are no part of a number."""
    return squeezed(value) if " " in value else value
