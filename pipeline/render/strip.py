"""The whole clip as a strip: what was read above, what to look at below, motion as a line.

Lowest, a thin line for each side of the parcel, where it was shown clearly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.kinds import Motion
from models.media import Media
from models.message import Arguments, Message
from models.observation import Family, first
from models.report import ExhibitReport
from pipeline.wording import sentences, sides, words

WIDTH = 1000  # of the strip, in its own units
READS, LOOKS = (8, 18), (30, 18)  # where its rows begin, and how high they are
SIDES, APART = (52, 3), 4
TALL = 100
NARROWEST = 3.0
READ, STILL, SHOWN = "#1b6e3c", "#b9b4aa", "#2f5d8a"
COLOUR: dict[Family, str] = {
    "break": "#b3261e",
    "damage": "#8a5a00",
    "cover": "#555555",
    "light": "#a07b00",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands on the strip: places in units of `WIDTH`."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    what: Message


def marks(exhibit: ExhibitReport) -> Iterator[Mark]:
    """Identifiers in the upper row; in the lower what a reviewer looks at, coloured by family;
    sides of the parcel at the foot.
    """
    media = exhibit.media
    if not media or not media.duration_s:
        return
    yield from _sides(exhibit, media)
    for found in exhibit.identifiers:
        if found.first_s is not None and found.last_s is not None:
            held = Message(id=words.HOLDS[found.holds or "text"])
            args: Arguments = {"noun": words.noun(found.kind), "value": found.value or held}
            what = Message(id="{noun} {value}", args=args)
            yield _mark(
                media,
                READS,
                found.first_s,
                found.last_s,
                READ,
                what,
            )
    for blind in exhibit.continuity.blind if exhibit.continuity else ():
        if blind.why == "still":  # the others are observations of their own
            yield _mark(
                media,
                LOOKS,
                blind.start_s,
                blind.end_s,
                STILL,
                Message(id=sentences.STILL),
            )
    tried = exhibit.continuity.trials if exhibit.continuity else None
    for start in tried.missed_s if tried else ():
        yield _mark(
            media,
            LOOKS,
            start,
            start,
            STILL,
            Message(id=sentences.MISSED),
        )
    for seen in exhibit.observations:
        colour = COLOUR.get(seen.about.family)
        if colour and seen.at:
            said = sentences.because(seen)
            yield _mark(
                media,
                LOOKS,
                seen.at.start,
                seen.at.end,
                colour,
                said,
            )


def _sides(exhibit: ExhibitReport, media: Media) -> Iterator[Mark]:
    """Where each side of the parcel was shown clearly."""
    for face in exhibit.sides.faces if exhibit.sides else ():
        first, height = SIDES
        line = (first + APART * (int(face.id) - 1), height)
        for start, end in face.spans:
            yield _mark(
                media,
                line,
                start,
                end,
                SHOWN,
                Message(id=sides.SIDE, args={"part": face.id}),
            )


def _mark(
    media: Media,
    row: tuple[int, int],
    start: float,
    end: float,
    colour: str,
    what: Message,
) -> Mark:
    x = _place(media, start)
    width = max(NARROWEST, _place(media, end) - x)
    y, height = row
    return Mark(
        x,
        y,
        width,
        height,
        colour,
        what,
    )


def _place(media: Media, pts: float) -> float:
    """Where a moment stands on the strip."""
    share = (pts - media.start_s) / media.duration_s
    return round(min(1.0, max(0.0, share)) * WIDTH, 1)


def motion_points(exhibit: ExhibitReport) -> str:
    """The motion of the clip as the points of a line in the lower row of the strip."""
    seen = first(exhibit.observations, Motion)
    media = exhibit.media
    if seen is None or media is None:
        return ""
    if seen.at is None or not media.duration_s:
        return ""
    scale = WIDTH / media.duration_s
    left = (seen.at.start - media.start_s) * scale
    length = (seen.at.end - seen.at.start) * scale
    apart = length / max(1, len(seen.levels) - 1)
    most = max((*seen.levels, 1e-6))
    top, height = LOOKS
    bottom = top + height
    points = [
        f"{left + apart * i:.1f},{bottom - height * level / most:.1f}"
        for i, level in enumerate(seen.levels)
    ]
    return " ".join(points)
