"""The log of a network, kept from run to run: what each was, and the seeds of the scenes that it
learnt from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

RUN, SCENES = (
    " steps of ",
    "scenes: ",
)  # what every run says once; how the line with its seeds begins


def told_by(what: str, folder: Path) -> str:
    """The log of all runs before. Raises SystemExit where there is none."""
    path = folder / f"parcel_{what}.log"
    if not path.is_file():
        raise SystemExit(
            f"{path} is not there: no network to go on from, or one whose runs nobody knows"
        )
    return path.read_text(encoding="utf-8")


def runs(story: str) -> int:
    """How many there were."""
    return story.count(RUN)


def both(first: str, second: str) -> str:
    """The log of a network made of two: what they share, then what either did since."""
    one, other = first.splitlines(keepends=True), second.splitlines(keepends=True)
    shared = next(
        (n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )
    return "".join(one + other[shared:])


def spans(seeds: Iterable[int]) -> str:
    """First and last of every run of seeds."""
    numbers = np.unique(np.fromiter(seeds, int))
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    return ", ".join(f"{run[0]}-{run[-1]}" for run in np.split(numbers, breaks) if len(run))


def learnt(seeds: Iterable[int]) -> str:
    """The line that says from which scenes a run learnt."""
    return f"{SCENES}{spans(seeds)}\n"


def seeds(story: str) -> set[int]:
    """Those of all runs."""
    told = [
        line.removeprefix(SCENES).split(", ")
        for line in story.splitlines()
        if line.startswith(SCENES)
    ]
    ends = [span.split("-") for line in told for span in line if span]
    return {seed for first, last in ends for seed in range(int(first), int(last) + 1)}
