"""What the log of a network says it learnt from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.parcel.learn import training_log
from training.tests.conftest import ROOT


@given(st.lists(st.sets(st.integers(0, 10**6), max_size=30), max_size=4))
def test_the_seeds_of_all_runs_are_found_again(runs: list[set[int]]) -> None:
    log = "".join(
        f"axes: 8 pictures, 1 numbers, 7{training_log.RUN}32\n{training_log.learnt(seeds)}step 200: mask 0.050\n"
        for seeds in runs
    )
    assert training_log.seeds(log) == set().union(*runs) and training_log.runs(log) == len(runs)


def test_neighbours_are_told_as_one() -> None:
    assert training_log.learnt([12, 10, 11, 14]) == "scenes: 10-12, 14-14\n"


def test_a_mean_has_the_runs_of_both() -> None:
    before, one, other = (
        f"axes: {n}{training_log.RUN}32\n{training_log.learnt([n])}step 200: mask 0.05{n}\n"
        for n in range(3)
    )
    log = training_log.both(before + one, before + other)
    assert log == before + one + other and training_log.seeds(log) == {0, 1, 2}
    assert training_log.both(before, log) == training_log.both(log, before) == log


def test_a_network_whose_runs_nobody_knows_is_not_gone_on_from(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"parcel_axes\.log is not there"):
        training_log.told_by("axes", tmp_path)


@pytest.mark.parametrize("what", ["axes", "mask"])
def test_card_and_log_of_what_is_shipped_name_the_same_scenes(what: str) -> None:
    folder = ROOT / "models/weights"
    log, card = (
        training_log.told_by(what, folder),
        (folder / f"parcel_{what}.toml").read_text(encoding="utf-8"),
    )
    assert f'seeds = "{training_log.spans(training_log.seeds(log))}"' in card
    assert f": {training_log.runs(log)} runs" in card
