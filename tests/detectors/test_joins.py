"""Joins: cuts hidden by blended, blank or held pictures, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from detectors.joins import joins
from models.kinds import (
    Blank,
    Cover,
    Cut,
    Dip,
    JumpScores,
    JumpTrials,
    Light,
    PossibleJoin,
    SoftJoin,
)
from models.observation import Observation, of
from models.record import Span
from tests import clips

CUT, GONE = 75, 90  # pictures before the join; left out


def take() -> list[clips.Image]:
    """Eight seconds of a pan over a table."""
    return clips.pan(240, start=30.0, speed=2.2)


def flat(level: int, count: int) -> list[clips.Image]:
    return [np.full((180, 320), level, np.uint8)] * count


def blended(count: int) -> list[clips.Image]:
    whole = take()
    mix = [
        np.asarray(
            cv2.addWeighted(
                whole[CUT + i],
                1 - (i + 1) / (count + 1),
                whole[CUT + GONE + i],
                (i + 1) / (count + 1),
                0,
            ),
            np.uint8,
        )
        for i in range(count)
    ]
    return whole[:CUT] + mix + whole[CUT + GONE + count :]


def put_in(some: list[clips.Image], gone: int) -> list[clips.Image]:
    whole = take()
    return whole[:CUT] + some + whole[CUT + gone :]


MUST: dict[str, Callable[[], list[clips.Image]]] = {
    "four blended": lambda: blended(4),
    "eight blended": lambda: blended(8),
    "two white": lambda: put_in(flat(255, 2), GONE),
    "four black": lambda: put_in(flat(0, 4), GONE),
}
MUST_NOT: dict[str, Callable[[], list[clips.Image]]] = {
    "a pan": take,
    "one black picture": lambda: put_in(flat(0, 1), 0),
    "two white pictures": lambda: put_in(flat(255, 2), 0),
    "three pictures lost": lambda: put_in([take()[CUT - 1]] * 3, 3),
    "a quick pan": clips.whipped,
    "shaken": clips.shaken,
    "nothing moves": lambda: [take()[0]] * 120,
}


def seen(pictures: list[clips.Image], *told: Observation) -> list[SoftJoin | PossibleJoin]:
    """What may be a join, and what is said to be one: drawn textures are unlike what it learnt."""
    media = clips.media(len(pictures))
    besides = {kind: of(told, kind) for kind in (Cut, Light, Cover, Blank, Dip, JumpTrials)}
    return [
        one
        for one in joins(clips.frames(pictures), media, besides)
        if isinstance(one, (SoftJoin, PossibleJoin))
    ]


@pytest.mark.parametrize("name", MUST)
def test_joins_are_seen_where_they_are(name: str) -> None:
    pictures = MUST[name]()
    found = seen(pictures)
    assert found
    nearest = min(abs((one.at.start + one.at.end) / 2 - CUT / 30) for one in found if one.at)
    assert nearest < 0.35


@pytest.mark.parametrize("name", MUST_NOT)
def test_what_goes_on_is_no_join(name: str) -> None:
    pictures = MUST_NOT[name]()
    assert seen(pictures) == []


def test_short_clips_are_not_judged() -> None:
    assert seen(take()[:20]) == []


def test_a_change_of_size_is_no_join() -> None:
    whole = take()[:120]
    smaller = [cv2.resize(one, (240, 135), interpolation=cv2.INTER_AREA) for one in whole[60:]]
    assert seen([*whole[:60], *smaller]) == []


def test_what_hides_the_view_is_told_as_that() -> None:
    """A second behind a hand: something may have changed, and a cover says so."""
    pictures = clips.shut()
    cover = Cover(at=Span(start=1.0, end=2.0), share=1.0)
    assert seen(pictures, cover) == []


def test_what_is_told_as_a_jump_is_not_told_again() -> None:
    pictures = blended(4)
    (join,) = seen(pictures)
    assert isinstance(join, SoftJoin) and join.at
    scores = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))
    told = Cut(at=Span(start=join.at.start, end=join.at.end), scores=scores)
    assert seen(pictures, told) == []
