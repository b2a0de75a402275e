"""What one picture says of a parcel, kept small until the whole clip has been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.parcel.axes import Floats
from detectors.parcel.focus import focus
from detectors.parcel.pose import SEEN, Parcel
from detectors.parcel.pyramid import Small, Square
from models.media import Frame

MOST_ERR = 24.0  # degrees: axes that err by more say nothing
SHARP = 0.42  # of `focus`: of 87 looks out of focus none reaches it, of 4,441 others all but 5
UNIT = 127  # of a normal kept in eight bits
# Degrees by which axes err, by how sure their network is: medians over the bench's boxes.
SURENESS, ERRS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), (45.0, 40.0, 28.0, 17.0, 11.0, 7.0, 5.0)
BETTER = 0.7  # of its own error: that of the axes which a look takes over
REACH_S = 2.0  # seconds between the two


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A parcel as it counts. `longer`: pixels of the full picture's longer side, in shares of which
    the `square` is.

    `mask` (h, w) and `packed` (h, w, 3), its normals: on a grid over the square. `turn`: body to
    camera, up to the names of its axes, and by how many degrees it errs. `mailer`: probability.
    `sharp`: in focus. `turned`: degrees since the look before, at most, as the picture changed.
    """

    pts: float
    shape: tuple[int, int]
    longer: float
    square: Square
    mask: NDArray[np.bool_]
    packed: NDArray[np.int8]
    turn: Floats
    err: float
    mailer: float
    sharp: bool
    turned: float

    @property
    def normals(self) -> Small:
        """(h, w, 3): which way each cell faces."""
        return np.asarray(self.packed, np.float32) / np.float32(UNIT)


def look(frame: Frame, parcel: Parcel) -> Look:
    """What a picture (h, w, 3) says."""
    focused = focus(frame.pixels, parcel)
    height, width = frame.pixels.shape[:2]
    return Look(
        pts=frame.pts,
        shape=(height, width),
        longer=frame.scale * max(height, width),
        square=Square(*(part / max(height, width) for part in parcel.square)),
        mask=parcel.mask > SEEN,
        packed=np.round(parcel.normals * UNIT).astype(np.int8),
        turn=parcel.turn,
        err=float(np.interp(parcel.sure, SURENESS, ERRS)),
        mailer=parcel.mailer,
        sharp=focused is None or focused >= SHARP,
        turned=0.0,
    )


def settled(looks: Sequence[Look]) -> list[Look]:
    """Unsure looks take over the axes of the surest one from which the parcel has hardly turned.

    What is not sure even so is left out.
    """
    turned = np.cumsum([one.turned for one in looks])
    times = np.array([one.pts for one in looks])
    errs = np.array([one.err for one in looks])
    first = np.searchsorted(times, times - REACH_S)
    last = np.searchsorted(times, times + REACH_S, side="right")
    found: list[Look] = []
    before = 0
    for i, one in enumerate(looks):
        near = slice(int(first[i]), int(last[i]))
        theirs = np.hypot(errs[near], turned[near] - turned[i])
        best = int(theirs.argmin())
        if theirs[best] < BETTER * one.err:
            surest = looks[near.start + best]
            settled_one = replace(one, turn=surest.turn, err=float(theirs[best]))
        else:
            settled_one = one
        if settled_one.err <= MOST_ERR:
            since = float(turned[i] - turned[before])
            found.append(replace(settled_one, turned=since))
            before = i
    return found
