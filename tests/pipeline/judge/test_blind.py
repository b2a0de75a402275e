"""Where a cut could hide is told: still, blank, covered and paused stretches."""

from __future__ import annotations

from models.kinds import Blank, Cover, Motion, Pause
from models.record import Span
from pipeline.judge.blind import blind_stretches
from tests.pipeline.judge.whole import clip, judged, label


def moving(*shares: tuple[float, float]) -> Motion:
    """Ten seconds in a hundred pieces; still within each (start, end)."""
    levels = [0.5] * 100
    for start, end in shares:
        for i in range(round(10 * start), round(10 * end)):
            levels[i] = 0.0
    return Motion(at=Span(start=0, end=10), levels=tuple(levels), detector="cuts", id="cuts:m")


def test_stretches_by_why() -> None:
    at = Span(start=6, end=7)
    seen = [
        moving((1.0, 2.0), (4.0, 4.3)),
        Blank(at=at, frames=9),
        Cover(at=Span(start=7.5, end=8), share=0.9),
        Pause(at=Span(start=9, end=9.5)),
    ]
    found = [(one.start_s, one.end_s, one.why) for one in blind_stretches(seen)]
    assert found == [
        (1.0, 2.0, "still"),
        (6.0, 7.0, "blank"),
        (7.5, 8.0, "covered"),
        (9.0, 9.5, "paused"),
    ]
    assert blind_stretches([moving()]) == () == blind_stretches([])


def test_they_are_in_the_report() -> None:
    found = judged(clip(*label(), Blank(at=Span(start=3, end=4), frames=30, id="blank:1")))
    assert found.exhibits[0].continuity is not None
    assert [one.why for one in found.exhibits[0].continuity.blind] == ["blank"]
