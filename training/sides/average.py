"""The mean of two networks of which one went on from the other: `python -m training.sides.average mask|axes ONE OTHER SCENES OUT`.

Numbers of runs that begin alike and end apart can be averaged, and the mean is often right where either errs (Wortsman et al. 2022).
ONE and OTHER are folders with the network as ONNX and its log; norms take means and spreads anew from pictures of SCENES.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from training.sides import net, thaw, train

BATCHES = 24  # from which norms take their means and spreads
SPARSE = 12  # every so many-th scene is enough for that


def average(what: str, one: Path, other: Path, scenes: Path, out: Path) -> None:
    """The mean and its log: that of OTHER with a line more."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = list(islice(_pictures(what, scenes), BATCHES))
    states = [thaw.thawed(_new(what), folder / f"parcel_{what}.onnx", pictures).state_dict() for folder in (one, other)]
    mean = _new(what)
    mean.load_state_dict({name: (states[0][name] + states[1][name]) / 2 for name in states[0]})
    _settle(mean, pictures)
    train.export(mean, what, out)
    runs = (one / f"parcel_{what}.log").read_text(encoding="utf-8").count(" steps of ")
    story = (other / f"parcel_{what}.log").read_text(encoding="utf-8")
    (out / f"parcel_{what}.log").write_text(f"{story}mean of this network and of that after run {runs}\n", encoding="utf-8")


def _new(what: str) -> torch.nn.Module:
    torch.manual_seed(1)
    return net.Mask() if what == "mask" else net.Axes()


def _pictures(what: str, scenes: Path) -> Iterator[Tensor]:
    drawn = train.Drawn(what, [scenes], seed=1, calm=0, every=SPARSE)
    for batch in torch.utils.data.DataLoader(drawn, batch_size=train.BATCH[what]):
        yield train.as_input(batch[0])


def _settle(model: torch.nn.Module, pictures: list[Tensor]) -> None:
    """Norms with the means and spreads that the mean of both has."""
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and part.weight.requires_grad:
            part.reset_running_stats()
            part.momentum = None  # the mean of all batches
    model.train()
    with torch.no_grad():
        for batch in pictures:
            model(batch)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["mask", "axes"])
    for name in ("one", "other", "scenes", "out"):
        asked.add_argument(name, type=Path)
    given = asked.parse_args()
    average(given.what, given.one, given.other, given.scenes, given.out)
