"""Cuts tried on a clip: each is judged as if the clip had really been cut there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.cuts import cuts
from detectors.joins import joins
from detectors.motion import features as features_module
from detectors.motion.features import usual
from detectors.motion.join_trials import TRIED
from detectors.motion.joins import fill, join_features, pairs, small
from detectors.motion.table import LAGS, motion_table, spliced
from detectors.motion.windows import EDGE_S, MOST, REMOVED_S, Windows
from models.kinds import Blank, Blurred, Cover, Cut, Dip, JumpTrials, Light, Trial, Trials
from models.media import Frame, Media
from models.observation import Observation, of
from tests import clips

AROUND = 30


def pictures() -> list[clips.Image]:
    """Eight seconds of a pan."""
    return clips.pan(240, start=30.0, speed=2.2)


def test_a_table_without_a_piece_is_the_table_of_the_clip_without_it() -> None:
    whole = pictures()
    windows = Windows(LAGS)
    table = motion_table(clips.frames(whole), windows)
    some = list(windows.whole(table.times[0], table.times[-1]))
    assert len(some) >= 4
    for before, after in some:
        made, join = spliced(
            table,
            before,
            after,
            AROUND,
        )
        cut = whole[: before.index + 1] + whole[after.index :]
        real = motion_table(clips.frames(cut))
        first = before.index + 1 - join
        rows = slice(first, first + len(made))
        assert np.allclose(made.signals, real.signals[rows], atol=1e-3)
        assert np.allclose(made.lags, real.lags[rows], atol=1e-5, equal_nan=True)
        assert np.allclose(made.flows, real.flows[rows], atol=1e-4)


def test_pairs_without_a_piece_are_the_pairs_of_the_clip_without_it() -> None:
    some = [small(one) for one in pictures()[::2]]
    found = pairs(some)
    left, right = slice(20, 50), slice(80, 110)
    shorter = [*some[left], *some[right]]
    made = found.without(left, right, 0)
    fill(
        made,
        shorter,
        range(14, 30),
        range(30, 46),
    )
    real = pairs(shorter)
    known = ~np.isnan(real.figures)
    assert np.allclose(made.figures[known], real.figures[known], atol=1e-3)
    assert np.allclose(made.states, real.states, atol=1e-3)
    names, rows = join_features(real)
    assert rows.shape == (60, len(names)) and np.isfinite(rows).all()


@pytest.mark.parametrize("minutes", [0.2, 1.0, 30.0])
def test_windows_are_even_and_few(minutes: float) -> None:
    windows = Windows(2)
    nothing = np.zeros((2, 2), np.uint8)
    thumbnail = np.zeros((2, 2), np.float32)
    last = minutes * 60
    for number, pts in enumerate(np.arange(0, last, 0.1)):
        windows.see(
            number,
            float(pts),
            nothing,
            thumbnail,
        )
    starts = [before.pts for before, _ in windows.whole(0.0, last)]
    assert MOST / 2 - 3 <= len(starts) <= MOST or minutes < 1
    apart = np.diff(starts)
    assert apart.min() >= 0.9 and apart.max() <= apart.min() + 0.2
    assert starts[0] >= EDGE_S and starts[-1] <= last - REMOVED_S - EDGE_S


def watch(some: list[clips.Image]) -> list[Observation]:
    return watched(list(clips.frames(some)), clips.media(len(some)))


def watched(frames: list[Frame], media: Media) -> list[Observation]:
    seen = cuts(frames, media)
    before = {kind: of(seen, kind) for kind in (Cut, Light, Cover, Blank, Dip, JumpTrials)}
    return [*seen, *joins(frames, media, before)]


def trials(some: list[clips.Image]) -> tuple[Trial, ...]:
    return tuple(trial for one in of(watch(some), Trials) for trial in one.trials)


def test_cuts_are_noticed_where_the_picture_moves() -> None:
    tried = trials(pictures())
    assert {one.join for one in tried} == {join.name for join in TRIED} | {"hard"}
    assert sum(one.noticed for one in tried) >= 0.8 * len(tried)
    assert [one.at for one in tried] == sorted(one.at for one in tried)


def test_nothing_is_noticed_where_nothing_moves() -> None:
    tried = trials([pictures()[0]] * 240)
    assert tried and not any(one.noticed for one in tried)


def test_a_short_clip_is_not_tried() -> None:
    assert trials(pictures()[:60]) == ()


def test_a_trial_is_as_the_detector_judges_a_cut() -> None:
    """What is noticed on trial is noticed where it is really done."""
    whole = pictures()
    (found,) = of(cuts(clips.frames(whole), clips.media(len(whole))), JumpTrials)
    for trial in found.trials[:3]:
        k = round(trial.at * 30)
        cut = whole[: k + 1] + whole[k + round(REMOVED_S * 30) :]
        seen = cuts(clips.frames(cut), clips.media(len(cut)))
        near = [
            one
            for one in seen
            if one.kind in ("cut", "possible_cut") and one.at and abs(one.at.start - trial.at) < 0.1
        ]
        assert bool(near) == trial.noticed


STEADY = np.arange(240) / 30


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("times", "rate"),
    [
        (np.arange(240) / 5, 5.0),
        (np.arange(240) * 1.0, 1.0),
        (np.concatenate([STEADY[:220], STEADY[220] + np.arange(20) * 0.3]), 30.0),  # it got dark
        (np.zeros(240), 30.0),  # no clock at all
        (np.concatenate([STEADY[:120] + 100, STEADY[:120]]), 30.0),  # a clock that went back
        (np.arange(240) / 1000, 1000.0),
    ],
)
def test_no_clock_ends_a_detector(times: NDArray[np.float64], rate: float) -> None:
    media = clips.media(240).model_copy(update={"frame_rate": rate})
    frames = [
        replace(f, pts=float(t)) for f, t in zip(clips.frames(pictures()), times, strict=True)
    ]
    assert of(watched(frames, media), JumpTrials)


def test_medians_are_the_same_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=(3, 200))
    whole = usual(values, 15, 4)
    monkeypatch.setattr(features_module, "PIECE", 37)
    assert np.array_equal(usual(values, 15, 4), whole)
    around = [i for i in range(85, 116) if abs(i - 100) > 4]
    assert whole[1, 100] == pytest.approx(np.median(values[1, around]))


def test_a_whip_is_told_as_blurred() -> None:
    """The camera swings in six pictures: what lies under it nobody can say."""
    some = pictures()
    for i in range(120, 126):
        smeared = np.hstack([some[i]] * 3)
        kernel = np.ones((1, 95)) / 95
        blurred = np.apply_along_axis(np.convolve, 1, smeared.astype(float), kernel[0], "same")
        some[i] = np.ascontiguousarray(blurred[:, 320:640].astype(np.uint8))
    (found,) = of(cuts(clips.frames(some), clips.media(len(some))), Blurred)
    assert found.at and found.at.start == pytest.approx(4.0, abs=0.07)
    assert found.at.end == pytest.approx(4.17, abs=0.1)
    assert of(cuts(clips.frames(pictures()), clips.media(240)), Blurred) == []
