"""What the log of a network says it learnt from."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from training.sides import story


@given(st.lists(st.sets(st.integers(0, 10**6), max_size=30), max_size=4))
def test_the_seeds_of_all_runs_are_found_again(runs: list[set[int]]) -> None:
    log = "".join(f"axes: 8 pictures, 1 numbers, 7{story.RUN}32\n{story.learnt(seeds)}step 200: mask 0.050\n" for seeds in runs)
    assert story.seeds(log) == set().union(*runs) and story.runs(log) == len(runs)


def test_neighbours_are_told_as_one() -> None:
    assert story.learnt([12, 10, 11, 14]) == "scenes: 10-12, 14-14\n"


def test_a_mean_has_the_runs_of_both() -> None:
    before, one, other = (f"axes: {n}{story.RUN}32\n{story.learnt([n])}step 200: mask 0.05{n}\n" for n in range(3))
    log = story.both(before + one, before + other)
    assert log == before + one + other and story.seeds(log) == {0, 1, 2}
    assert story.both(before, log) == story.both(log, before) == log


def test_a_network_whose_runs_nobody_knows_is_not_gone_on_from(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"parcel_axes\.log is not there"):
        story.told_by("axes", tmp_path)


@pytest.mark.parametrize("what", ["axes", "mask"])
def test_card_and_log_of_what_is_shipped_name_the_same_scenes(what: str) -> None:
    folder = ROOT / "models/weights"
    log, card = story.told_by(what, folder), (folder / f"parcel_{what}.toml").read_text(encoding="utf-8")
    assert f'seeds = "{story.spans(story.seeds(log))}"' in card
    assert f": {story.runs(log)} runs" in card
