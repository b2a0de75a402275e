"""The mean of two networks of which one went on from the other:

`python -m training.parcel.learn.average WHAT ONE OTHER SCENES OUT`.

WHAT is mask, axes or mailer. Numbers of runs that begin alike and end apart can be averaged, and
the mean is often right where either errs (Wortsman et al. 2022). ONE and OTHER are folders with the
network as ONNX and its log; norms take means and spreads anew from pictures of SCENES.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.parcel.learn import load_onnx, train, training_log

BATCHES = 24  # from which norms take their means and spreads
SPARSE = 12  # every so many-th scene is enough for that


def average(what: str, one: Path, other: Path, scenes: Path, out: Path) -> None:
    """The mean and its log: that of both, and that it is their mean."""
    out.mkdir(parents=True, exist_ok=True)
    first, second = (training_log.told_by(what, folder) for folder in (one, other))
    pictures = list(islice(_pictures(what, scenes), BATCHES))
    models = [
        load_onnx.thawed(train.fresh(what), folder / f"parcel_{what}.onnx", pictures)
        for folder in (one, other)
    ]
    train.export(mean(train.fresh(what), models, pictures), what, out)
    mixed = f"mean of a network after {training_log.runs(first)} runs and of one after {training_log.runs(second)}\n"
    (out / f"parcel_{what}.log").write_text(
        training_log.both(first, second) + mixed, encoding="utf-8"
    )


def mean(into: Any, models: list[Any], pictures: list[Tensor]) -> Any:
    """`into` with the mean of the numbers of two models, its norms with the means and spreads that
    it has itself.
    """
    one, other = (model.state_dict() for model in models)
    into.load_state_dict({name: (one[name] + other[name]) / 2 for name in one})
    for part in into.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and part.weight.requires_grad:
            part.reset_running_stats()
            part.momentum = None  # the mean of all batches
    into.train()
    with torch.no_grad():
        for batch in pictures:
            into(batch)
    return into


def _pictures(what: str, scenes: Path) -> Iterator[Tensor]:
    drawn = train.Drawn(what, [scenes], seed=1, calm=0, every=SPARSE)
    for batch in torch.utils.data.DataLoader(drawn, batch_size=train.BATCH[what]):
        yield train.as_input(batch[0])


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("what", choices=list(train.BATCH))
    for name in ("one", "other", "scenes", "out"):
        asked.add_argument(name, type=Path)
    given = asked.parse_args()
    average(given.what, given.one, given.other, given.scenes, given.out)
