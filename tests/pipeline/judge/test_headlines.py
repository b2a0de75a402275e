"""What stands at the top: breaks with their pictures, other numbers, contradictions."""

from __future__ import annotations

from models.kinds import CounterBreak
from models.record import Span
from tests.pipeline.judge.test_link import ORDER
from tests.pipeline.judge.whole import clip, judged, jump, label

OTHER = "577318640295174836"
COUNTER = CounterBreak(
    counter="idr_pic_id",
    before=1,
    after=3,
    at=Span(start=8.96, end=9.0),
    detector="counters",
    id="counters:1",
)


def test_a_whole_clip_has_none() -> None:
    assert judged(clip(*label())).headlines == ()


def test_a_break_stands_there_with_the_pictures_around_it() -> None:
    found = judged(clip(*label(), jump(9.0)))
    (top,) = found.headlines
    assert top.kind == "cut" and "jumps at 9.0 s" in str(top.says) and top.honest_causes
    assert [name.rpartition("-")[2] for name in top.frames] == ["before.jpg", "after.jpg"]
    assert found.strength is not None and found.strength.score <= 59


def test_two_independent_ways_of_looking_weigh_more_and_are_said() -> None:
    once, twice = judged(clip(*label(), jump(9.0))), judged(clip(*label(), jump(9.0), COUNTER))
    assert once.strength is not None and twice.strength is not None
    assert "independent" in str(twice.headlines[0].says)
    assert "independent" not in str(once.headlines[0].says)
    assert twice.strength.score <= 39 < once.strength.score
    apart = judged(clip(*label(), jump(3.0), COUNTER))
    assert len(apart.headlines) == 2


def test_many_breaks_are_counted() -> None:
    found = judged(clip(*label(), *(jump(float(at)) for at in range(3, 18, 2))))
    assert len(found.headlines) == 4 and str(found.headlines[-1].says).startswith("5 further")


def test_another_number_stands_there_with_its_honest_causes() -> None:
    found = judged(clip(*label(OTHER)))
    (top,) = found.headlines
    assert OTHER in str(top.says) and top.honest_causes


def test_exhibits_that_cannot_both_be_of_the_case() -> None:
    ours, theirs = clip(*label(), path="a.mp4"), clip(*label(OTHER), path="b.mp4")
    reason = "product-damaged-or-used"
    found = judged(ours, theirs, reason=reason)
    (said,) = found.contradictions
    assert "a.mp4 and b.mp4 contradict" in str(said)
    assert found.strength is not None and "CONTRADICTION" in found.strength.caps
    assert found.strength.score <= 39.9
    assert judged(ours, clip(*label(), path="b.mp4"), reason=reason).contradictions == ()
    unnamed = judged(ours, theirs, source="none", order_id=None)
    assert "different orders" in str(unnamed.contradictions[0])
    assert ORDER not in str(unnamed.contradictions[0])


def test_every_line_that_speaks_against_names_honest_causes_and_limits_are_there() -> None:
    for found in (judged(clip(*label(OTHER), jump(9.0))), judged(clip(*label(), COUNTER))):
        (exhibit,) = found.exhibits
        against = [row for row in exhibit.requirements if row.log10_lr < 0]
        assert against and all(row.honest_causes for row in against)
        assert len(found.limits) == 3
