"""Which pictures a report wants, by name: key frames, and the best crop of each number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from models.examination import PictureKind, Wanted
from models.identifiers.matching import squeezed
from models.identifiers.payloads import told
from models.identifiers.symbologies import LINEAR
from models.kinds import Code, Sides, TextId
from models.media import Media
from models.observation import Observation, first, of
from models.record import Outline, Region
from models.report import Continuity, Identifier, RequirementReport

MOST = 12  # pictures an exhibit, and crops besides
MOMENTS, EDGE_S = 4, 0.5  # of the whole process; seconds from either end
NEAR_S = 1.0  # seconds by which a requirement's picture may be off


Read = Code | TextId


class Instant(NamedTuple):
    """A moment worth a picture."""

    what: PictureKind
    pts: float


def wanted(
    number: int,
    media: Media,
    seen: Sequence[Observation],
    continuity: Continuity | None,
    identifiers: Sequence[Identifier] = (),
    process: bool = False,
) -> tuple[Wanted, ...]:
    """Where identifiers were read best, before and after each break; each instant once.

    Where a person is asked whether the whole `process` is shown, moments of all of it. Then each
    identifier's best crop, and each side of the parcel. `number`: of the exhibit, from 1.
    """
    reads = best_reads(seen)
    together: dict[Instant, list[Read]] = {}
    for instant, some in _instants(reads, media, continuity):
        together.setdefault(instant, []).extend(some)
    for instant in _moments(media) if process else ():
        together.setdefault(instant, [])
    frames = [
        Wanted(
            name=_name(number, instant),
            what=instant.what,
            pts=instant.pts,
            boxes=tuple(read.region for read in some if read.region),
            readable=tuple(part for read in some for part in _readable(read, identifiers)),
        )
        for instant, some in _most(together)
    ]
    return (*frames, *_crops(number, reads, identifiers), *_sides(number, seen))


def _readable(read: Read, identifiers: Sequence[Identifier]) -> tuple[Outline, ...]:
    """What of a picture stays readable: a number's own characters, a code that holds no more.

    Of the square codes only those that hold what is expected, where something is.
    """
    if isinstance(read, TextId):
        return read.outlines
    value = read.value or ""
    if not read.region or read.digest or told(value) != value:
        return ()
    asked = [one for one in identifiers if one.match is not None]
    met = {one.value for one in asked if one.match == "expected"}
    if asked and read.symbology not in LINEAR and value not in met:
        return ()
    return (read.outline or _corners(read.region),)


def _corners(box: Region) -> Outline:
    right = box.x + box.width
    bottom = box.y + box.height
    return (box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom)


def _name(number: int, instant: Instant) -> str:
    """Stable: the same instant of the same exhibit is always called the same."""
    milliseconds = round(1000 * instant.pts)
    return f"e{number}-{milliseconds:07}-{instant.what}.jpg"


def _instants(
    reads: Sequence[Read],
    media: Media,
    continuity: Continuity | None,
) -> Iterator[tuple[Instant, tuple[Read, ...]]]:
    """Moments worth a picture, with what was read best there."""
    breaks = continuity.breaks if continuity else ()
    for read in reads[: MOST // 2]:
        yield Instant("read", round(read.best_s, 3)), (read,)
    for one in breaks:
        yield Instant("before", round(one.before_s, 3)), ()
        yield Instant("after", round(one.after_s, 3)), ()
    if not reads and not breaks:
        middle = media.start_s + media.duration_s / 2
        yield Instant("middle", round(middle, 3)), ()


def _most(together: dict[Instant, list[Read]]) -> list[tuple[Instant, list[Read]]]:
    """As many as are looked at; moments of the process besides."""
    asked = [pair for pair in together.items() if pair[0].what != "moment"]
    return asked[:MOST] + [pair for pair in together.items() if pair[0].what == "moment"]


def _moments(media: Media) -> Iterator[Instant]:
    """From the first second to the last, evenly."""
    begin = media.start_s + min(EDGE_S, media.duration_s / 4)
    end = media.start_s + media.duration_s - min(EDGE_S, media.duration_s / 4)
    for i in range(MOMENTS):
        yield Instant("moment", round(begin + (end - begin) * i / (MOMENTS - 1), 3))


def best_reads(seen: Sequence[Observation]) -> list[Read]:
    """One observation of each number, in order of time: print before code, for people read it."""
    best: dict[str, Read] = {_key(one): one for one in of(seen, Code)}
    best |= {_key(one): one for one in of(seen, TextId)}
    return sorted(best.values(), key=lambda one: one.order)


def _key(read: Read) -> str:
    """One number read twice has the same; what has no letters or digits, its own text."""
    value = read.value or ""
    return squeezed(value) or value or read.id


def _crop_name(number: int, place: int) -> str:
    return f"e{number}-{place:02}-crop.jpg"


def _crops(
    number: int,
    reads: Sequence[Read],
    identifiers: Sequence[Identifier],
) -> Iterator[Wanted]:
    for place, read in enumerate(reads[:MOST], start=1):
        readable = _readable(read, identifiers)
        if read.region and readable:
            yield Wanted(
                name=_crop_name(number, place),
                what="crop",
                pts=round(read.best_s, 6),
                boxes=(read.region,),
                readable=readable,
            )


def _sides(number: int, seen: Sequence[Observation]) -> Iterator[Wanted]:
    """The best moment of each side of the parcel that was shown."""
    counted = first(seen, Sides)
    for side in counted.faces if counted else ():
        if side.best_s is not None and side.outline:
            yield Wanted(
                name=side_name(number, str(side.part)),
                what="side",
                pts=side.best_s,
                outline=side.outline,
            )


def side_name(number: int, part: str) -> str:
    """What the picture of a side is called."""
    return f"e{number}-side{part}.jpg"


def crops_by_number(
    number: int,
    seen: Sequence[Observation],
    pictures: Sequence[Wanted],
) -> dict[str, str]:
    """The name of the best crop of each number, by its squeezed value."""
    there = {one.name for one in pictures}
    named = {}
    for place, read in enumerate(best_reads(seen)[:MOST], start=1):
        name = _crop_name(number, place)
        if name in there:
            named[squeezed(read.value or "")] = name
    return named


def with_frame(row: RequirementReport, pictures: Sequence[Wanted]) -> RequirementReport:
    """The row, naming the picture nearest to its time."""
    if row.at_s is None:
        return row
    at = row.at_s
    frames = [one for one in pictures if one.what not in ("crop", "side")]
    frames = [one for one in frames if abs(one.pts - at) < NEAR_S]
    if not frames:
        return row
    nearest = min(frames, key=lambda one: abs(one.pts - at))
    return row.model_copy(update={"frame": nearest.name})
