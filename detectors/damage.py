"""Damage: frames that the decoder patched up; a damaged file can look fine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models.detector import Frames, detector
from models.media import Frame, Media
from models.observation import Observation, Span

SIDE = 160  # pixels: shares the view that the other continuity detectors ask for


@detector(sees=["damaged"], wants=Frames(side=SIDE))
def damage(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Runs of frames whose errors were concealed by the decoder (the flag that pictures alone do not show)."""
    corrupt = [(frame.index, frame.pts) for frame in frames if frame.corrupt]
    runs: list[list[tuple[int, float]]] = []
    for index, pts in corrupt:
        if runs and index == runs[-1][-1][0] + 1:
            runs[-1].append((index, pts))
        else:
            runs.append([(index, pts)])
    for run in runs:
        count = len(run)
        yield Observation(
            kind="damaged",
            at=Span(start=round(run[0][1], 6), end=round(run[-1][1], 6)),
            value=f"{count} frame(s) with concealed errors",
            detail={"frames": count},
        )
