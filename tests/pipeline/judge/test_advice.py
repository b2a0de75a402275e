"""Advice: only what can then be confirmed, was not done already, and by exactly how much."""

from __future__ import annotations

from models.report import Report
from tests.pipeline.judge.whole import clip, judged, jump, label


def about(found: Report, requirement: str) -> list[str]:
    return [str(one.text) for one in found.advice if one.requirement == requirement]


def test_a_perfect_video_is_told_nothing() -> None:
    assert judged(clip(*label())).advice == ()


def test_naming_the_order_is_advised_only_where_nobody_did() -> None:
    unnamed = judged(clip(*label()), source="none", order_id=None)
    named = judged(clip())
    assert "--order-id" in about(unnamed, "order-info-matches")[0]
    assert about(named, "order-info-matches") != []
    assert not any("Name the expected" in text for text in about(named, "order-info-matches"))


def test_one_take_is_advised_only_where_it_breaks() -> None:
    broken, whole = judged(clip(*label(), jump(9.0))), judged(clip(*label()))
    assert "one take" in about(broken, "continuous")[0]
    assert about(whole, "continuous") == []


def test_nothing_is_promised_for_what_nobody_can_confirm() -> None:
    found = judged(clip(role="unpacking_video"))
    assert [o.when for o in found.advice if o.requirement == "unedited"] == ["human"]
    (sides,) = (one for one in found.advice if one.requirement == "six-sides")
    assert sides.when == "next_time" and "turn the parcel slowly" in str(sides.text)
    assert all(one.exhibit == "a.mp4" and one.gain > 0 for one in found.advice)


def test_empty_slots_are_named() -> None:
    found = judged(clip(*label()), reason="product-damaged-or-used")
    (missing,) = (one for one in found.advice if not one.exhibit)
    assert str(missing.text) == "Photos/videos of damage: nothing handed in."
    assert found.strength is not None
    assert missing.score_after == found.strength.score + missing.gain == 100.0


def test_questions_say_what_a_yes_would_add() -> None:
    found = judged(clip(*label()))
    asked = {one.requirement: one.points for one in found.questions}
    assert asked["correct-product"] == 12.0 and "order-info-matches" not in asked
    lost = {row.requirement: row.lost for row in found.exhibits[0].requirements}
    assert all(points == lost[name] for name, points in asked.items())
