"""Which sides of a parcel were shown over a clip: on one unbroken track, face by face."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import Floats
from detectors.parcel.faces import FACE_OF, FACES, FaceView, face_views
from detectors.parcel.lengths import distance, edge_lengths
from detectors.parcel.pose import Parcel
from detectors.parcel.pyramid import Square
from detectors.parcel.track import Sample, followed
from models.record import Span

SURE = 0.55  # of axes: with less, a sample says nothing
GAP_S = 0.5  # seconds without a sample after which it may be another parcel
MOVED, RESIZED = 0.8, 0.6  # of its side; log ratio: between two samples a parcel does not jump so
KEPT = 0.5  # probability of a step below which the count is lost there
# Clear and poor, as the bench of the six sides has them; angles a little stricter, for they err.
CLEAR_S, RUN_S, CLEAR_ANGLE, CLEAR_FREE, CLEAR_AREA = 0.34, 0.19, 57.0, 0.6, 0.008
POOR_S, POOR_ANGLE, POOR_FREE, POOR_AREA = 0.1, 80.0, 0.2, 0.0015


@dataclass(frozen=True, slots=True)
class Look:
    """What one picture says of a parcel."""

    square: Square
    sample: Sample
    mailer: float
    views: dict[int, FaceView]

    @property
    def pts(self) -> float:
        """When."""
        return self.sample.pts


def look(
    pts: float,
    parcel: Parcel,
    shape: tuple[int, ...],
) -> Look | None:
    """A parcel as it counts; None where its axes are not sure enough."""
    if parcel.sure < SURE:
        return None
    sample = Sample(
        pts,
        parcel.turn,
        parcel.sure,
        edge_lengths(parcel, shape),
    )
    return Look(
        parcel.square,
        sample,
        parcel.mailer,
        face_views(parcel, shape),
    )


@dataclass
class Face:
    """A side on a track: seconds it was clear and poor, when, and its best moment."""

    clear_s: float = 0.0
    run_s: float = 0.0
    poor_s: float = 0.0
    spans: list[Span] = field(default_factory=list)
    best: float = 0.0
    best_s: float = 0.0
    point: tuple[float, float] = (0.0, 0.0)

    @property
    def status(self) -> str:
        """clear, poor or never."""
        if self.clear_s >= CLEAR_S and self.run_s >= RUN_S:
            return "clear"
        return "poor" if self.poor_s >= POOR_S or self.clear_s > 0 else "never"


@dataclass(frozen=True)
class Track:
    """An unbroken stretch: its looks, the six faces, how certain every step of it is."""

    looks: Sequence[Look]
    faces: Sequence[Face]
    certain: float
    edges: Floats

    @property
    def clear(self) -> int:
        """Sides shown clearly."""
        return sum(face.status == "clear" for face in self.faces)


def tracks(looks: Sequence[Look], breaks: Sequence[Span]) -> list[Track]:
    """Every unbroken stretch, in order of time."""
    found = []
    for piece in _pieces(looks, breaks):
        named = followed([one.sample for one in piece])
        lost = [i + 1 for i, kept in enumerate(named.steps) if kept < KEPT]
        for first, last in pairwise([0, *lost, len(piece)]):
            steps = named.steps[first : max(first, last - 1)]
            found.append(
                Track(
                    piece[first:last],
                    _faces(piece[first:last], named.names[first:last], named.edges),
                    float(np.prod(steps)) if len(steps) else 1.0,
                    named.edges,
                )
            )
    return found


def _pieces(looks: Sequence[Look], breaks: Sequence[Span]) -> Iterator[Sequence[Look]]:
    """Stretches without a cut, a cover, a gap or a leap of the parcel."""
    piece: list[Look] = []
    for one in looks:
        if piece and _apart(piece[-1], one, breaks):
            yield piece
            piece = []
        piece.append(one)
    if piece:
        yield piece


def _apart(
    one: Look,
    other: Look,
    breaks: Sequence[Span],
) -> bool:
    cut = any(at.start < other.pts and at.end > one.pts for at in breaks)
    (x, y), (u, v) = one.square.centre, other.square.centre
    side = max(one.square.side, other.square.side)
    moved = max(abs(x - u), abs(y - v)) > MOVED * side
    resized = abs(np.log(one.square.side / other.square.side)) > RESIZED
    return cut or other.pts - one.pts > GAP_S or moved or bool(resized)


def _faces(
    looks: Sequence[Look],
    names: NDArray[np.intp],
    edges: Floats,
) -> list[Face]:
    """Each side over a track."""
    faces = [Face() for _ in FACES]
    runs = [0.0] * len(FACES)
    for i, (one, name) in enumerate(zip(looks, names, strict=True)):
        lasts = _lasts(looks, i)
        for number, face in enumerate(faces):
            view = one.views.get(int(FACE_OF[int(name), number]))
            free = _free(view, one, edges, int(name), number) if view else 0.0
            clear = view is not None and _is_clear(view, free)
            runs[number] = runs[number] + lasts if clear else 0.0
            if view and clear:
                face.clear_s += lasts
                face.run_s = max(face.run_s, runs[number])
                _extend(face, one.pts, lasts)
                worth = view.cosine * view.area * free
                if worth > face.best:
                    face.best, face.best_s, face.point = worth, one.pts, view.point
            if view and _is_poor(view, free):
                face.poor_s += lasts
    return faces


def _lasts(looks: Sequence[Look], i: int) -> float:
    """Seconds a sample stands for."""
    if i + 1 < len(looks):
        return min(GAP_S, looks[i + 1].pts - looks[i].pts)
    return looks[i].pts - looks[i - 1].pts if i else 0.0


def _free(
    view: FaceView,
    one: Look,
    edges: Floats,
    name: int,
    number: int,
) -> float:
    """Share of a face that is seen, of what its edges say would be."""
    lengths = one.sample.lengths
    if lengths is None:
        return 0.0
    near = distance(lengths, edges, name)
    axis, _ = FACES[number]
    others = [k for k in range(3) if k != axis]
    whole = float(np.exp(edges[others].sum() + 2 * near)) * view.cosine
    return min(1.0, view.cells / max(whole, 1.0))


def _is_clear(view: FaceView, free: float) -> bool:
    straight = view.cosine >= np.cos(np.radians(CLEAR_ANGLE))
    return bool(straight and free >= CLEAR_FREE and view.area >= CLEAR_AREA)


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
