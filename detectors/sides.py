"""Sides: which sides of the parcel were shown, when, and what keeps a side from being confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from detectors.parcel.container import BOX, MAILER, THIN, mailer_odds, thinnest
from detectors.parcel.count import GAP_S, Face, Track, apart, crossed, tracks
from detectors.parcel.faces import FACE_OF, FACES, Point, face_at, face_views
from detectors.parcel.looks import Look, look
from detectors.parcel.pose import find_parcel, shipped_networks
from detectors.parcel.still import DEGREES, compared, turned_at_most
from models.detector import Dependencies, Frames, Tell, detector
from models.kinds import (
    Blank,
    Code,
    Container,
    CountLost,
    Cover,
    Cut,
    ParcelAway,
    ParcelSide,
    Place,
    Side,
    Sides,
    SideUnseen,
    SoftJoin,
    TextId,
)
from models.media import Frame, Luma, Media
from models.observation import Observation
from models.record import Corner, Outline, Region, Span

VIEW = 960  # pixels, longer side: finer changes nothing (docs/sides.md)
RATE = 15.0  # pictures a second: every picture while something turns fast lost more counts
USUAL_RATE = 30.0  # pictures a second, where a file does not say (phones)
SHUTTER = 0.5  # of the time between pictures that a shutter is open: phones in a room (house rule)
# Probability that no side was taken for another, to say that one was not shown; of what is flat. No
# mailer of eleven that shows both sides reaches that with one clear, nor any of 40 other clips.
UNSEEN, FLAT_UNSEEN = 0.97, 0.99
# Sides that must be clear before any counts, and before one is said not to be shown: in 36 of 40
# honest clips without any box something shows one, in 2 of them two, in none three.
SEVERAL, TWO = 3, 2
WHOLE = 0.9  # of the looks at a parcel that a track must hold, to say that a side was not shown
READ_S = 0.1  # seconds between the reading of a label and a look at the parcel
MOST_SPANS = 100  # that are told of a side
RANK = {"clear": 0, "poor": 1, "never": 2}
PLACES: tuple[Place, ...] = ("right", "left", "bottom", "top", "back", "front")  # as FACES
FRONT = PLACES.index("front")


@detector(
    sees=[Sides, Side, SideUnseen, ParcelAway],
    wants=Frames(side=VIEW, rate=RATE, colour="bgr"),
    depends_on=[
        Cut,
        SoftJoin,
        Cover,
        Blank,
        Code,
        TextId,
    ],
    needs=["onnxruntime"],
    tells_s=2.0,
)
def sides(
    frames: Iterable[Frame],
    media: Media,
    dependencies: Dependencies,
    tell: Tell,
) -> Iterator[Observation]:
    """Which sides of the parcel were shown clearly, counted on one unbroken track."""
    seen = _Seen()
    for frame in frames:
        seen.take(frame)
    yield from seen.away
    breaks = _places(dependencies)
    exposure_s = SHUTTER / (media.frame_rate or USUAL_RATE)
    found = tracks(seen.looks, breaks or (), exposure_s)
    tell(0.9)
    if not found:
        return
    best = max(found, key=lambda one: (one.clear, one.certain, len(one.looks)))
    told = _Told(best, len(seen.looks), _label_face(best, dependencies), breaks is not None)
    yield from told.observations(tuple(_lost(found, best, breaks or ())))


class _Seen:
    """All looks at a parcel, and the stretches between them without any."""

    def __init__(self) -> None:
        self.networks = shipped_networks()
        self.looks: list[Look] = []
        self.away: list[ParcelAway] = []
        self._without: list[float] = []  # times since the last look
        self._before: Luma | None = None
        self._turned = 0.0  # degrees since the last look, at most

    def take(self, frame: Frame) -> None:
        """Look at a picture."""
        small = compared(frame.pixels)
        parcel = find_parcel(frame.pixels, self.networks)
        turned = DEGREES[-1]
        if parcel is None:
            self._without.append(frame.pts)
            self._turned += turned
        else:
            self._back()
            one = look(frame, parcel)
            if self._before is not None:
                turned = turned_at_most(self._before, small, one.square)
            self.looks.append(replace(one, turned=self._turned + turned))
            self._turned = 0.0
        self._before = small

    def _back(self) -> None:
        """A parcel is in view: it was away if there had been one, long enough before."""
        gone = self._without
        if self.looks and gone and gone[-1] - gone[0] >= GAP_S:
            self.away.append(ParcelAway(at=Span.between(gone[0], gone[-1])))
        self._without = []


def _places(dependencies: Dependencies) -> list[Span] | None:
    """Where another parcel may have come into view; None where not all of it was looked for."""
    found: list[Span] = []
    for kind in (Cut, SoftJoin, Cover, Blank):
        seen = dependencies[kind]
        if seen is None:
            return None
        found += [one.at for one in seen if one.at]
    return found


def _label_face(
    track: Track,
    dependencies: Dependencies,
) -> int | None:
    """The face on which most codes and numbers were read while it was in view."""
    votes: Counter[int] = Counter()
    reads: list[Code | TextId] = [*(dependencies[Code] or ()), *(dependencies[TextId] or ())]
    for read in reads:
        face = _face_of(track, read.best_s, read.region) if read.region else None
        if face is not None:
            votes[face] += 1
    return min(votes, key=lambda face: (-votes[face], face), default=None)


def _face_of(
    track: Track,
    pts: float,
    region: Region,
) -> int | None:
    i = int(np.abs(np.array([one.pts for one in track.looks]) - pts).argmin())
    one = track.looks[i]
    if abs(one.pts - pts) > READ_S:
        return None
    middle = (region.x + region.width / 2, region.y + region.height / 2)
    place = (middle[0] / one.longer, middle[1] / one.longer)
    return face_at(face_views(one, track.turns[i]), one, place)


def _container(track: Track) -> Container:
    """A mailer only where one of its looks shows how thin it is."""
    odds = mailer_odds(track.looks)
    if odds < BOX:
        return "box"
    return "mailer" if odds > MAILER and thinnest(track.looks) <= THIN else "unknown"


@dataclass(frozen=True)
class _Told:
    """The best track as it is told: sides by number, in the order in which they were seen.

    `looks`: at a parcel, in the whole clip. `breaks_known`: all that ends a count was looked for;
    else nothing is certain.
    """

    track: Track
    looks: int
    label: int | None
    breaks_known: bool = True

    def observations(self, lost: tuple[CountLost, ...]) -> Iterator[Observation]:
        """The whole, then each side of which something is certain."""
        numbers = self._numbers()
        container = _container(self.track)
        whole = len(self.track.looks) / self.looks
        order = sorted(numbers, key=numbers.__getitem__)
        front = order[0] if self.label is None else self.label
        faces = [self._side(face, numbers, front) for face in order]
        yield Sides(
            at=self._span(),
            container=container,
            certainty=round(self.track.certain, 4),
            whole=round(whole, 4),
            lost=lost,
            breaks_known=self.breaks_known,
            faces=tuple(faces),
        )
        if not self.breaks_known:
            return
        enough = SEVERAL if container != "mailer" else TWO
        sure_parts = {numbers[face] for face in self.track.sure}
        if len(sure_parts) < enough:
            sure_parts = set()
        for one in faces:
            if one.part in sure_parts:
                yield Side(at=one.spans[0], part=one.part, best_s=one.best_s or 0.0)
                continue
            behind = faces[one.opposite - 1]
            if one.status == "never" and whole >= WHOLE and self._is_missed(container, behind):
                yield SideUnseen(
                    at=self._span(),
                    part=one.part,
                    label=behind.label,
                    opposite_s=behind.best_s,
                )

    def _is_missed(self, container: Container, behind: ParcelSide) -> bool:
        """May a side that was never seen be said not to be shown? Of what is flat, be it mailer or
        box, only the back of the one that is clear.
        """
        if container == "box":
            return self.track.certain >= UNSEEN and self.track.clear >= TWO
        flat = mailer_odds(self.track.looks) > MAILER
        return flat and behind.status == "clear" and self.track.certain >= FLAT_UNSEEN

    def _span(self) -> Span:
        return Span.between(self.track.looks[0].pts, self.track.looks[-1].pts)

    def _numbers(self) -> dict[int, int]:
        """1 to 6 by face: clear ones first, by when they were seen; then those behind them."""
        faces = self.track.faces
        keys = [
            (RANK[one.status], _first(one), RANK[faces[i ^ 1].status])
            for i, one in enumerate(faces)
        ]
        order = sorted(range(len(FACES)), key=keys.__getitem__)
        return {face: number for number, face in enumerate(order, start=1)}

    def _side(
        self,
        number: int,
        numbers: Mapping[int, int],
        front: int,
    ) -> ParcelSide:
        face = self.track.faces[number]
        one = self.track.looks[face.best_at]
        shown = face.best > 0
        return ParcelSide(
            part=numbers[number],
            opposite=numbers[number ^ 1],
            place=_place(number, front),
            status=face.status,
            lack=None if face.status != "poor" else face.lack,
            label=number == self.label,
            clear_s=round(face.clear_s, 3),
            spans=tuple(face.spans[:MOST_SPANS]),
            best_s=round(one.pts, 6) if shown else None,
            point=_pixel(face.point, one.longer) if shown else None,
            outline=_outline(face.outline, one.longer) if shown else None,
        )


def _place(face: int, front: int) -> Place:
    """Where a face is on the parcel laid open."""
    turned = next(faces for faces in FACE_OF if faces[FRONT] == front)
    return PLACES[list(turned).index(face)]


def _lost(
    found: Sequence[Track],
    best: Track,
    breaks: Sequence[Span],
) -> Iterator[CountLost]:
    """Where the count began anew, on either side of the track that counts."""
    for track, following in pairwise(found):
        if best in (track, following):
            one, other = track.looks[-1], following.looks[0]
            why: Literal["cut", "gone", "leapt", "unsure"] = "unsure"
            if crossed(one, other, breaks):
                why = "cut"
            elif other.pts - one.pts > GAP_S:
                why = "gone"
            elif apart(one, other):
                why = "leapt"
            yield CountLost(at_s=round(one.pts, 3), why=why)


def _first(face: Face) -> float:
    return face.spans[0].start if face.spans else np.inf


def _pixel(point: Point, longer: float) -> Corner:
    return round(point[0] * longer), round(point[1] * longer)


def _outline(corners: Sequence[Point], longer: float) -> Outline:
    a, b, c, d = (_pixel(corner, longer) for corner in corners)
    return a, b, c, d
