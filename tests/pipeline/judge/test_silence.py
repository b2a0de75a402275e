"""Silence about breaks claims what was tried on the clip itself, and no more."""

from __future__ import annotations

import pytest

from models.card import cards
from models.kinds import (
    Blank,
    Blurred,
    Cover,
    Cut,
    Damaged,
    Pause,
    PossibleCut,
    PossibleJoin,
    Trial,
    Trials,
)
from models.observation import Observation, Run
from models.packs import policy
from models.record import Span
from pipeline.judge.trials import FEWEST, noticed
from pipeline.judge.weigh import findings
from pipeline.wording import sentences
from tests.pipeline.judge.whole import JUMP, LOOKED

RULES = policy("tiktok-shop-us").rules("packing_video")
RUNS = tuple(run for run in LOOKED if run.detector in ("cuts", "joins"))
AT = Span(start=2, end=3)


def tried(seen: int, places: int = 40) -> Trials:
    """So many of the cuts tried were noticed."""
    some = tuple(Trial(at=i, join="hard", noticed=i < seen) for i in range(places))
    return Trials(trials=some, detector="joins", id="joins:1")


@pytest.mark.parametrize(
    ("seen", "stratum", "share"),
    [
        ([tried(40)], "nearly_all", 1.0),
        ([tried(36)], "nearly_all", 0.9),
        ([tried(35)], "some", 0.875),
        ([tried(0)], "some", 0.0),
        ([tried(FEWEST - 1, FEWEST - 1)], "", 0.0),
        ([tried(FEWEST, FEWEST)], "nearly_all", 1.0),
        ([], "", 0.0),
        ([tried(40), Blank(at=AT, frames=9)], "", 0.0),
        ([tried(40), Blurred(at=AT, left=0.3)], "", 0.0),
        ([tried(40), Cover(at=AT, share=0.9)], "", 0.0),
        ([tried(40), Pause(at=AT)], "", 0.0),
        ([tried(40), Damaged(how="refused", count=3)], "", 0.0),
        ([tried(40), Damaged(how="concealed", count=3)], "nearly_all", 1.0),
    ],
)
def test_what_a_clip_says_of_itself(seen: list[Observation], stratum: str, share: float) -> None:
    told = noticed(seen)
    assert (told.stratum, told.share) == (stratum, pytest.approx(share))


def weight(seen: list[Observation], runs: tuple[Run, ...] = RUNS) -> int:
    """What the line "continuous" gets, in hundredths of decades."""
    found = findings(RULES, runs, seen, cards())
    theirs = [one.llr_cb for one in found if one.requirement == "continuous"]
    return max(0, *theirs) + min(0, *theirs)


def test_silence_is_worth_what_would_have_been_noticed() -> None:
    nearly, most, none = (weight([tried(seen)]) for seen in (36, 35, 0))
    assert nearly >= 100 > most >= none == 0


def test_silence_of_one_who_did_not_look_is_worth_nothing() -> None:
    failed = RUNS[1].model_copy(update={"outcome": "failed"})
    assert weight([tried(40)], (RUNS[0], failed)) == 0


@pytest.mark.parametrize(
    "seen",
    [
        PossibleCut(at=AT, scores=JUMP, detector="cuts", id="cuts:2"),
        PossibleJoin(at=AT, odds=1.0, detector="joins", id="joins:2"),
    ],
)
def test_what_may_be_a_break_takes_the_credit_away(seen: Observation) -> None:
    assert weight([tried(40), seen]) <= 0


def test_a_jump_weighs_against() -> None:
    cut = Cut(at=AT, scores=JUMP, detector="cuts", id="cuts:2")
    assert weight([tried(40), cut]) < -100


def test_the_sentence_says_so() -> None:
    measured = cards()["joins"].on("soft_join", stratum="nearly_all")
    assert measured
    trials = tried(38).trials
    told = str(sentences.silence("soft_join", measured, True, tried=trials))
    assert "at 40 places" in told and "At 38 of them" in told and "morphs" in told
    open_one = str(sentences.silence("soft_join", measured, True, weighs=False))
    assert "places" not in open_one and "could hide" in open_one
