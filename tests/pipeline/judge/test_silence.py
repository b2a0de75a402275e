"""Silence about breaks counts for the part of the clip in which one could have been seen."""

from __future__ import annotations

import pytest

from models.card import cards
from models.kinds import Blank, Cover, Cut, Damaged, JumpScores, Motion, Pause, PossibleCut
from models.observation import Observation, Run, registry
from models.policy import policy
from models.record import Span
from pipeline.judge.weigh import findings, open_share
from pipeline.wording import sentences

RULES = policy("tiktok-shop-us").rules("packing_video")
RUN = Run(detector="cuts", version="1", outcome="completed", sees=("cut", "possible_cut"))
JUMP = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))
AT = Span(start=2, end=3)


def motion(share: float, seconds: float = 10.0) -> Motion:
    """So much of the clip moves."""
    moving = round(100 * share)
    levels = (0.5,) * moving + (0.0,) * (100 - moving)
    return Motion(at=Span(start=0, end=seconds), levels=levels, detector="cuts", id="cuts:1")


@pytest.mark.parametrize(
    ("seen", "share"),
    [
        ([motion(1.0)], 1.0),
        ([motion(0.6)], 0.6),
        ([motion(0.0)], 0.0),
        ([motion(1.0, 2.9)], 0.0),
        ([motion(0.5, 5.0)], 0.0),
        ([], 0.0),
        ([motion(1.0), Blank(at=AT, frames=9)], 0.0),
        ([motion(1.0), Cover(at=AT, share=0.9)], 0.0),
        ([motion(1.0), Pause(at=AT)], 0.0),
        ([motion(1.0), Damaged(how="refused", count=3)], 0.0),
        ([motion(1.0), Damaged(how="concealed", count=3)], 1.0),
    ],
)
def test_how_much_could_be_seen(seen: list[Observation], share: float) -> None:
    assert open_share(seen) == pytest.approx(share)


def weight(seen: list[Observation]) -> int:
    """What the line "continuous" gets, in hundredths of decades."""
    found = findings(RULES, [RUN], seen, cards())
    theirs = [one.llr_cb for one in found if one.requirement == "continuous"]
    return max(0, *theirs) + min(0, *theirs)


def test_silence_is_worth_its_share() -> None:
    whole, half = weight([motion(1.0)]), weight([motion(0.5)])
    assert whole > 0 and half == whole // 2 and weight([motion(0.0)]) == 0


def test_a_possible_jump_takes_the_credit_away() -> None:
    jump = PossibleCut(at=AT, scores=JUMP, detector="cuts", id="cuts:2")
    assert weight([motion(1.0), jump]) <= 0
    cut = Cut(at=AT, scores=JUMP, detector="cuts", id="cuts:2")
    assert weight([motion(1.0), cut]) < -100


def test_the_sentence_says_so() -> None:
    (measured,) = (one for one in cards()["cuts"].measured if one.kind == "cut")
    told = str(sentences.silence("cut", measured, True))
    open_one = str(sentences.silence("cut", measured, True, weighs=False))
    assert "finds 9" in told and "finds" not in open_one and "could hide" in open_one
    assert all(kind.about.silence for kind in registry.values() if kind.about.recall_says)
