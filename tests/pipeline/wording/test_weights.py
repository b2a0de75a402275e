"""Weights in words: by what was measured, never as a chance of anything."""

from __future__ import annotations

import re

from models.finding import Silence
from models.kinds import Cut, JumpScores
from models.record import Span
from pipeline.wording import weights

JUMP = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))


def test_a_weight_is_told_by_what_was_measured_and_a_house_rule_as_such() -> None:
    cut = Cut(at=Span(start=1, end=2), scores=JUMP)
    told = weights.weighs(cut, None, -145, -212, house=False).text
    assert told == (
        "At least 28 times more probable if two seconds were removed than if nothing was removed "
        "(best estimate 130)."
    )
    silent = weights.weighs(
        None, Silence(detector="joins", kind="soft_join"), 50, 78, house=False
    ).text
    assert silent.startswith("At least 3 times more probable if nothing was removed than if two")
    house = weights.weighs(cut, None, -60, -90, house=True).text
    assert "house rule" in house and not re.search(r"\d", house)
    assert "nothing either way" in weights.weighs(cut, None, 4, 34, house=True).text
    assert not any("%" in text for text in (told, silent, house))
