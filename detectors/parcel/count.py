"""Which sides of a parcel were shown over a clip: on one unbroken track, face by face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.container import MAILER, mailer_odds
from detectors.parcel.faces import FACES, FaceView, Point, face_views, inside, outline
from detectors.parcel.lengths import distance, edge_lengths
from detectors.parcel.looks import Look, settled
from detectors.parcel.pose import AROUND
from detectors.parcel.steady import speeds, steadied
from detectors.parcel.track import THIN_AXIS, Followed, Sample, followed
from models.record import Span

GAP_S = 0.5  # seconds without a sample after which it may be another parcel
MOVED, RESIZED = 0.8, 0.6  # of its side; log ratio: between two samples a parcel does not jump so
# Probability that no name was lost on a track: where it would be less, it is split; and from which
# its sides are certainly different ones.
CERTAIN, SURE = 0.5, 0.9
HALF = 0.5 / AROUND  # of a square's side: from its middle to the parcel's outline
# Clear and poor, as the bench of the six sides has them; angles a little stricter, for they err.
CLEAR_S, RUN_S, CLEAR_ANGLE, CLEAR_FREE, CLEAR_AREA = 0.34, 0.19, 57.0, 0.6, 0.008
POOR_S, POOR_ANGLE, POOR_FREE, POOR_AREA = 0.1, 80.0, 0.2, 0.0015
SMEARED = 11 / 1280  # of the longer side: a face that moves by more in an exposure is not clear


Lack = Literal["slanted", "hidden", "small", "blurred", "brief"]


@dataclass
class Face:
    """A side on a track: seconds it was clear and poor, when, and its best moment.

    `point` on it and the `outline` of what is seen of it, in shares of the picture's longer side.
    `lacks`: seconds in which it was poor, by what it lacked to be clear.
    """

    clear_s: float = 0.0
    run_s: float = 0.0
    poor_s: float = 0.0
    spans: list[Span] = field(default_factory=list)
    best: float = 0.0
    best_at: int = 0
    point: Point = (0.0, 0.0)
    outline: list[Point] = field(default_factory=list)
    lacks: Counter[Lack] = field(default_factory=Counter)

    @property
    def status(self) -> Literal["clear", "poor", "never"]:
        """As the bench of the six sides has them."""
        if self.clear_s >= CLEAR_S and self.run_s >= RUN_S:
            return "clear"
        return "poor" if self.poor_s >= POOR_S or self.clear_s > 0 else "never"

    @property
    def lack(self) -> Lack:
        """What kept it longest from being clear."""
        if self.clear_s > 0:
            return "brief"
        return max(sorted(self.lacks), key=self.lacks.__getitem__, default="slanted")


@dataclass(frozen=True, eq=False)
class Track:
    """An unbroken stretch: its looks, the six faces, how certain every step of it is.

    `turns` (n, 3, 3): of the looks' axes, named. `edges` (3,): log lengths, mean 0. `sure`: faces
    of which it is certain that none is another one of them.
    """

    looks: Sequence[Look]
    turns: Floats
    faces: Sequence[Face]
    certain: float
    edges: Floats
    sure: frozenset[int]

    @property
    def clear(self) -> int:
        """Sides shown clearly."""
        return sum(face.status == "clear" for face in self.faces)


def tracks(
    looks: Sequence[Look],
    breaks: Sequence[Span],
    exposure_s: float,
) -> list[Track]:
    """Every unbroken stretch, in order of time."""
    found = []
    for piece in _pieces(looks, breaks):
        samples = [_sample(one) for one in piece]
        flat = mailer_odds(piece) > MAILER
        named = followed(samples, flat)
        for first, last in certain_stretches(named.steps):
            some = _Faces(piece, samples, named, slice(first, last), exposure_s)
            faces = some.counted(flat)
            steps = named.steps[first : last - 1]
            found.append(
                Track(
                    piece[first:last],
                    some.turns,
                    faces,
                    float(np.prod(steps)),
                    named.edges,
                    _sure(some, faces, steps, flat),
                )
            )
    return found


def _sure(
    some: _Faces,
    faces: Sequence[Face],
    steps: Floats,
    flat: bool,
) -> frozenset[int]:
    """Those clear on one stretch that is certain: the stretch with most of them."""
    if np.prod(steps) >= SURE:
        return _clear(faces)
    parts = [some.part(first, last) for first, last in certain_stretches(steps, SURE)]
    return max((_clear(part.counted(flat)) for part in parts), key=len)


def _clear(faces: Sequence[Face]) -> frozenset[int]:
    return frozenset(i for i, face in enumerate(faces) if face.status == "clear")


def _sample(one: Look) -> Sample:
    return Sample(one.pts, one.turn, one.err, one.turned, edge_lengths(one))


def _pieces(looks: Sequence[Look], breaks: Sequence[Span]) -> Iterator[list[Look]]:
    """Stretches without a cut, a cover, a gap or a leap of the parcel."""
    uncut: list[Look] = []
    for one in looks:
        if uncut and crossed(uncut[-1], one, breaks):
            yield from _unbroken(settled(uncut))
            uncut = []
        uncut.append(one)
    yield from _unbroken(settled(uncut))


def crossed(one: Look, other: Look, breaks: Sequence[Span]) -> bool:
    """Does a break lie between them, or a clock that does not go forward?"""
    backward = other.pts <= one.pts
    return backward or any(at.start < other.pts and at.end > one.pts for at in breaks)


def _unbroken(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """Where a parcel is soon back where it was before a leap, another thing was seen between."""
    piece: list[Look] = []
    aside: list[Look] = []
    for one in looks:
        if not piece or not apart(piece[-1], one):
            piece.append(one)
            aside = []
            continue
        if aside and apart(aside[-1], one):
            aside = []
        aside.append(one)
        if one.pts - piece[-1].pts > GAP_S:
            yield piece
            piece, aside = aside, []
    yield from (part for part in (piece, aside) if part)


def apart(one: Look, other: Look) -> bool:
    """Is it too long after, too far from there or too much larger or smaller to be the same?"""
    (x, y), (u, v) = one.square.centre, other.square.centre
    side = max(one.square.side, other.square.side)
    moved = max(abs(x - u), abs(y - v)) > MOVED * side
    resized = abs(np.log(one.square.side / other.square.side)) > RESIZED
    return other.pts - one.pts > GAP_S or moved or bool(resized)


def certain_stretches(steps: Floats, least: float = CERTAIN) -> list[tuple[int, int]]:
    """First and last + 1 of the longest stretches on which all steps together are that certain."""
    left, done = [(0, len(steps) + 1)], []
    while left:
        first, last = left.pop()
        within = steps[first : last - 1]
        if np.prod(within) >= least:
            done.append((first, last))
            continue
        weakest = first + int(within.argmin()) + 1
        left += [(first, weakest), (weakest, last)]
    return sorted(done)


class _Faces:
    """The sides over a track."""

    def __init__(
        self,
        piece: Sequence[Look],
        samples: Sequence[Sample],
        named: Followed,
        where: slice,
        exposure_s: float,
    ) -> None:
        self.piece, self.samples, self.named, self.exposure_s = piece, samples, named, exposure_s
        self.first = where.start
        self.looks, self.names = piece[where], named.names[where]
        self.lengths = [one.lengths for one in samples[where]]
        self.edges = named.edges
        times = np.array([one.pts for one in self.looks])
        turns = np.array([one.turn for one in self.looks]) @ CUBE_ROTATIONS[self.names]
        self.turns = steadied(times, turns, np.array([1 / one.err for one in self.looks]))
        speed = speeds(times, self.turns, [one.square for one in self.looks], HALF)
        self.smeared = speed * exposure_s > SMEARED
        self.views = [
            face_views(one, turn) for one, turn in zip(self.looks, self.turns, strict=True)
        ]
        self.lasts = [min(GAP_S, after - before) for before, after in pairwise(times)]
        self.lasts.append(self.lasts[-1] if self.lasts else 0.0)

    def part(self, first: int, last: int) -> _Faces:
        """The same, of some of the looks."""
        where = slice(self.first + first, self.first + last)
        return _Faces(self.piece, self.samples, self.named, where, self.exposure_s)

    def counted(self, flat: bool) -> list[Face]:
        """Each of them; of something flat only the two that its thin axis goes through."""
        return [
            Face() if flat and axis != THIN_AXIS else self._face(number)
            for number, (axis, _) in enumerate(FACES)
        ]

    def _face(self, number: int) -> Face:
        face, run = Face(), 0.0
        for i, one in enumerate(self.looks):
            view = self.views[i].get(number)
            lasts = self.lasts[i]
            if view is None:
                run = 0.0
                continue
            free = self._free(view, i, number)
            lack = self._lack(view, i, free)
            run = 0.0 if lack else run + lasts
            if not lack:
                face.clear_s += lasts
                face.run_s = max(face.run_s, run)
                _extend(face, one.pts, lasts)
                worth = view.cosine * view.area * free
                if worth > face.best:
                    face.best, face.best_at = worth, i
            elif _is_poor(view, free):
                face.lacks[lack] += lasts
            if _is_poor(view, free):
                face.poor_s += lasts
        if face.best:
            one, view = self.looks[face.best_at], self.views[face.best_at][number]
            face.point = inside(one, view)
            face.outline = outline(one, view, self.turns[face.best_at], number)
        return face

    def _lack(
        self,
        view: FaceView,
        i: int,
        free: float,
    ) -> Lack | None:
        """What a face lacks to be clear; None where it is."""
        if view.cosine < np.cos(np.radians(CLEAR_ANGLE)):
            return "slanted"
        if free < CLEAR_FREE:
            return "hidden"
        if view.area < CLEAR_AREA:
            return "small"
        return None if self.looks[i].sharp and not self.smeared[i] else "blurred"

    def _free(
        self,
        view: FaceView,
        i: int,
        number: int,
    ) -> float:
        """Share of a face that is seen, of what its edges say would be."""
        lengths = self.lengths[i]
        if lengths is None:
            return 0.0
        near = distance(lengths, self.edges, int(self.names[i]))
        axis, _ = FACES[number]
        others = [k for k in range(3) if k != axis]
        whole = float(np.exp(self.edges[others].sum() + 2 * near)) * view.cosine
        return min(1.0, view.cells / max(whole, 1.0))


def _is_poor(view: FaceView, free: float) -> bool:
    straight = view.cosine >= np.cos(np.radians(POOR_ANGLE))
    return bool(straight and free >= POOR_FREE and view.area >= POOR_AREA)


def _extend(
    face: Face,
    pts: float,
    lasts: float,
) -> None:
    """The spans of a face, one more sample long."""
    if face.spans and pts - face.spans[-1].end < lasts / 2:
        face.spans[-1] = Span.between(face.spans[-1].start, pts + lasts)
    else:
        face.spans.append(Span.between(pts, pts + lasts))
