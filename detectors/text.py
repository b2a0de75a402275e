"""Text: which order IDs and tracking numbers are printed in the footage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from detectors import _context, _facts, _ocr, _printed, _vote
from detectors._sharp import tenengrad
from models import identifiers as ids
from models.detector import Frames, Heeded, detector
from models.media import Frame, Media
from models.observation import Observation, Span

RATE = 5.0  # pictures a second among which the sharpest are chosen
KEPT, KEPT_BYTES = 48, 200_000_000  # stretches of the clip, of each of which the sharpest picture is kept; fewer where pictures are large
READ, MORE = 5, 8  # pictures read of each segment; and while a number beside a label word is in doubt (research: ocr 4)
APART_S = 0.2  # seconds between two pictures of a segment
SEGMENTS, GAP_S = 4, 2.0  # stretches in which a label is in view, by the codes on it; and seconds without a code that end one


@detector(
    sees=["text_id", "token", "word", "fact", "reader"],
    wants=Frames(rate=RATE),
    heeds=["code"],
    on=["video", "image"],
    needs=["rapidocr|tesserocr"],
)
def text(frames: Iterable[Frame], media: Media, heeded: Heeded) -> Iterator[Observation]:
    """Identifiers printed beside a label word or in a form of their own, read on the sharpest pictures and voted on.

    Stretches in which a code was seen come first: there the label is. Names and addresses are read past and never kept.
    """
    kept = _sharpest(frames, media)
    codes = heeded["code"] or ()
    reads: list[_vote.Read] = []
    words: set[str] = set()
    facts: dict[tuple[str, str], Observation] = {}
    for segment in _segments(kept, sorted(t for code in codes for t in code.detail["seen_s"])):
        here: list[_vote.Read] = []
        for number, frame in enumerate(segment):
            if number >= READ and not _doubtful(here):
                break
            lines = _ocr.lines(frame.pixels)
            words |= _context.returns(lines)
            role = _context.role(lines)
            for fact in _facts.facts(lines, frame):
                facts.setdefault((str(fact.detail["kind"]), fact.value or ""), fact)
            here += [_vote.Read(printed, frame.pts, frame.scale, role) for printed in _printed.identifiers(lines)]
            if _settled(here):
                break
        reads += here
    for one in _vote.voted(reads):
        yield _observation(one)
    yield from facts.values()
    for word in sorted(words):
        yield Observation(kind="word", value=word)
    if reader := _ocr.limited():
        yield Observation(kind="reader", value=reader, detail={"reach": "limited"})


def _sharpest(frames: Iterable[Frame], media: Media) -> list[tuple[float, Frame]]:
    """(sharpness, picture) of the sharpest picture of each window of the clip, in time order."""
    best: dict[int, tuple[float, Frame]] = {}
    windows = KEPT
    for frame in frames:
        windows = max(READ, min(KEPT, KEPT_BYTES // frame.pixels.size))
        sharp = tenengrad(frame.pixels)
        window = int((frame.pts - media.start_s) / max(media.duration_s / windows, APART_S))
        if window not in best or sharp > best[window][0]:
            best[window] = (sharp, frame)
        if len(best) > 2 * windows:  # a header that lies about the length must not fill the memory
            del best[min(best, key=lambda w: best[w][0])]
    return sorted(best.values(), key=lambda kept: kept[1].pts)


def _segments(kept: Sequence[tuple[float, Frame]], label_times: Sequence[float]) -> Iterator[list[Frame]]:
    """The sharpest pictures, `MORE` at most, of each stretch with a code in view, the longest stretches first, then of all that is left."""
    stretches: list[list[float]] = []
    for t in label_times:
        if stretches and t - stretches[-1][-1] <= GAP_S:
            stretches[-1].append(t)
        else:
            stretches.append([t])
    longest = sorted(stretches, key=lambda times: (times[0] - times[-1], times[0]))[: SEGMENTS - 1]
    left = list(kept)
    for times in longest:
        inside = [item for item in left if times[0] - APART_S <= item[1].pts <= times[-1] + APART_S]
        left = [item for item in left if item not in inside]
        yield _best(inside)
    yield _best(left)


def _best(some: Sequence[tuple[float, Frame]]) -> list[Frame]:
    chosen: list[Frame] = []
    for _, frame in sorted(some, key=lambda item: (-item[0], item[1].pts)):
        if len(chosen) < MORE and all(abs(frame.pts - other.pts) >= APART_S for other in chosen):
            chosen.append(frame)
    return chosen


def _doubtful(reads: Sequence[_vote.Read]) -> bool:
    """Do the pictures disagree about a number that stands beside a label word?"""
    return any(not one.settled and one.best.printed.kind for one in _vote.voted(reads))


def _settled(reads: Sequence[_vote.Read]) -> bool:
    """An order ID and a tracking number were each read alike in two pictures."""
    sure = {
        one.best.printed.kind for one in _vote.voted(reads) if one.settled and one.pictures >= 2 and one.best.printed.valid is not False
    }
    return {"order_id", "tracking_number"} <= sure


def _observation(one: _vote.Voted) -> Observation:
    printed, times = one.best.printed, sorted({read.at for read in one.reads})
    exact = [read for read in one.reads if read.value == one.value]
    return Observation(
        kind="token" if printed.kind is None else "text_id",
        at=Span(start=times[0], end=times[-1]),
        region=printed.line.region(one.best.scale),
        value=_written(exact[0].printed.value) if exact else one.value,
        detail={
            "kind": printed.kind,
            "label": printed.label,
            "role": next((read.role for read in one.reads if read.role), None),
            "valid": printed.valid if exact else ids.checked(printed.kind, one.value) if printed.kind else None,
            "confidence": round(max((read.printed.confidence for read in exact), default=one.weakest), 3),
            "weakest": round(one.weakest, 3),
            "settled": one.settled,
            "frames": one.pictures,
            "best_s": round(one.best.at, 6),
        },
    )


def _written(value: str) -> str:
    return ids.squeezed(value) if " " in value else value
