"""Which sides of a parcel were shown over a clip: on one unbroken track, face by face."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import CUBE_ROTATIONS, Floats
from detectors.parcel.container import MAILER, mailer_odds
from detectors.parcel.faces import FACES, FaceView, Point, face_views, inside, outline
from detectors.parcel.lengths import Lengths, distance, edge_lengths
from detectors.parcel.looks import Look, settled
from detectors.parcel.pose import AROUND
from detectors.parcel.steady import speeds, steadied
from detectors.parcel.track import Sample, followed
from models.record import Span

GAP_S = 0.5  # seconds without a sample after which it may be another parcel
MOVED, RESIZED = 0.8, 0.6  # of its side; log ratio: between two samples a parcel does not jump so
CERTAIN = 0.5  # probability that no name was lost on a track; where it would be less, it is split
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

    `turns` (n, 3, 3): of the looks' axes, named. `edges` (3,): log lengths, mean 0.
    """

    looks: Sequence[Look]
    turns: Floats
    faces: Sequence[Face]
    certain: float
    edges: Floats

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
            track = _Faces(
                piece[first:last],
                [one.lengths for one in samples[first:last]],
                named.names[first:last],
                named.edges,
                exposure_s,
            )
            certain = float(np.prod(named.steps[first : last - 1]))
            found.append(
                Track(piece[first:last], track.turns, track.counted(), certain, named.edges)
            )
    return found


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
    """Does a break lie between them?"""
    return any(at.start < other.pts and at.end > one.pts for at in breaks)


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


def certain_stretches(steps: Floats) -> list[tuple[int, int]]:
    """First and last + 1 of the longest stretches on which all steps together are certain."""
    left, done = [(0, len(steps) + 1)], []
    while left:
        first, last = left.pop()
        within = steps[first : last - 1]
        if np.prod(within) >= CERTAIN:
            done.append((first, last))
            continue
        weakest = first + int(within.argmin()) + 1
        left += [(first, weakest), (weakest, last)]
    return sorted(done)


class _Faces:
    """The sides over a track."""

    def __init__(
        self,
        looks: Sequence[Look],
        lengths: Sequence[Lengths | None],
        names: NDArray[np.intp],
        edges: Floats,
        exposure_s: float,
    ) -> None:
        self.looks, self.lengths, self.names, self.edges = looks, lengths, names, edges
        times = np.array([one.pts for one in looks])
        named = np.array([one.turn for one in looks]) @ CUBE_ROTATIONS[names]
        self.turns = steadied(times, named, np.array([1 / one.err for one in looks]))
        speed = speeds(times, self.turns, [one.square for one in looks], HALF)
        self.smeared = speed * exposure_s > SMEARED
        self.views = [face_views(one, turn) for one, turn in zip(looks, self.turns, strict=True)]
        self.lasts = [min(GAP_S, after - before) for before, after in pairwise(times)]
        self.lasts.append(self.lasts[-1] if self.lasts else 0.0)

    def counted(self) -> list[Face]:
        """Each of them."""
        return [self._face(number) for number in range(len(FACES))]

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
