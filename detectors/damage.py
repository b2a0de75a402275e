"""Damage: frames that the decoder patched up; a damaged file can look fine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.detector import SMALL_VIEW, Frames, detector
from models.kinds import Damaged
from models.media import Frame, Media
from models.record import Span


@detector(
    sees=[Damaged],
    wants=Frames(side=SMALL_VIEW),
    on=["video", "image"],
)
def damage(frames: Iterable[Frame], media: Media) -> Iterator[Damaged]:
    """Runs of frames whose errors the decoder concealed (a flag that pictures do not show).

    And a photo whose end is missing.
    """
    runs: list[list[float]] = []
    last = -2
    for frame in frames:
        if not frame.corrupt:
            continue
        if frame.index == last + 1:
            runs[-1].append(frame.pts)
        else:
            runs.append([frame.pts])
        last = frame.index
    if media.kind == "image" and runs:
        yield Damaged(how="end_missing")
        return
    for times in runs:
        at = Span.between(min(times), max(times))
        yield Damaged(
            at=at,
            how="concealed",
            count=len(times),
        )
