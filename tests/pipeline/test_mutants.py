"""Files broken by their own structure end by name, and no detector fails on one.

`python -m bench.mutants` does the same with a thousand.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import mutants

EACH = 1


@pytest.fixture(scope="module")
def drawn() -> dict[str, bytes]:
    return mutants.seeds()


def test_the_seeds_are_read(drawn: dict[str, bytes], tmp_path: Path) -> None:
    """Else their mutants would show nothing."""
    for name, data in drawn.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert mutants.outcome(path, "").ended == "scored", name
        assert len(mutants.parts(name, data)) >= 3, name


def test_every_mutation_changes_something(drawn: dict[str, bytes]) -> None:
    name, data = "h264.mp4", drawn["h264.mp4"]
    done = [mutants.mutant(name, data, number, seed=3) for number in range(60)]
    assert {how for what, _ in done for how in what.split("+")} == {
        one.__name__ for one in mutants.MUTATIONS
    }
    assert sum(changed != data for _, changed in done) >= 55
    assert done[5] == mutants.mutant(name, data, 5, seed=3)


def test_no_mutant_breaks_us(drawn: dict[str, bytes], tmp_path: Path) -> None:
    found = mutants.run(EACH * len(drawn), seed=2, jobs=1, keep=tmp_path)
    assert not [one for one in found if one.fault]
    assert len({one.ended for one in found}) > 1
