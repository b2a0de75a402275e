"""Two seconds that are taken out of a clip on trial: what is kept of either side of them.

What would have been seen, had something been removed here? The detector that looks for it answers
for this very clip, at many places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.media import Luma

REMOVED_S = 2.0  # seconds: the shortest cut that the policy cares about
STEP_S = 1.0  # seconds between two windows; twice as many each time there are too many
MOST = 48  # windows that are kept
EDGE_S = 0.5  # seconds at either end: a cut there is a trim

Thumbnail = NDArray[np.float32]


@dataclass
class Side:
    """A picture with its place and time; its thumbnail and those of pictures further out."""

    index: int
    pts: float
    picture: Luma
    thumbnails: list[Thumbnail] = field(default_factory=list)


@dataclass
class Window:
    """The last picture before what is taken out, and the first one after, once it is there."""

    before: Side
    after: Side | None = None


class Windows:
    """Windows at even distances over a clip of any length, in bounded memory."""

    def __init__(self, thumbnails: int) -> None:
        self.thumbnails = thumbnails
        self.step = STEP_S
        self.kept: list[Window] = []
        self.recent: deque[Thumbnail] = deque(maxlen=thumbnails)

    def see(
        self,
        index: int,
        pts: float,
        picture: Luma,
        thumbnail: Thumbnail,
    ) -> None:
        """The next picture of the clip."""
        self.recent.appendleft(thumbnail)
        for window in self.kept:
            if window.after is None:
                if pts >= window.before.pts + REMOVED_S:
                    window.after = Side(index, pts, picture, [thumbnail])
            elif len(window.after.thumbnails) < self.thumbnails:
                window.after.thumbnails.append(thumbnail)
        if len(self.recent) == self.thumbnails and self._due(pts):
            self.kept.append(Window(Side(index, pts, picture, list(self.recent))))
        if len(self.kept) > MOST:
            self.kept = self.kept[::2]
            self.step *= 2

    def _due(self, pts: float) -> bool:
        return not self.kept or pts >= self.kept[-1].before.pts + self.step

    def whole(self, first: float, last: float) -> Iterator[tuple[Side, Side]]:
        """Those with both sides, away from both ends of a clip from `first` to `last`."""
        for window in self.kept:
            after = window.after
            if after and len(after.thumbnails) == self.thumbnails:
                early = window.before.pts < first + EDGE_S
                late = after.pts > last - EDGE_S
                overlong = after.pts - window.before.pts > 2 * REMOVED_S
                if not (early or late or overlong):
                    yield window.before, after
