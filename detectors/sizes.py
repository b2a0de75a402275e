"""Sizes: places where pictures of another size follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import SizeChange
from models.media import Frame, Media
from models.record import Span

MOST = 20  # told of one file


@detector(sees=[SizeChange], wants=Frames(side=SMALL_VIEW))
def sizes(frames: Iterable[Frame], media: Media) -> Iterator[SizeChange]:
    """Changes of the picture's size within the take, as where the phone is turned."""
    last: Frame | None = None
    told = 0
    for frame in frames:
        if last is not None and frame.size != last.size and told < MOST:
            told += 1
            yield SizeChange(
                at=Span.between(last.pts, frame.pts),
                before=_named(last.size),
                after=_named(frame.size),
            )
        last = frame


def _named(size: tuple[int, int]) -> str:
    width, height = size
    return f"{width}x{height}"
