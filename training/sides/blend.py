"""The network halfway between two rounds of its training: `python -m training.sides.blend mask|axes EARLIER LATER OUT`.

Each number is the mean of both rounds' (Wortsman et al. 2022, robust fine-tuning by averaging in weight space): nearly as good on what
the later round learnt from, and better on pictures that look like neither. OUT gets the file, the log with a line more, and `<name>.pt`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training.sides import train


def blend(what: str, earlier: Path, later: Path, out: Path) -> None:
    model, begun = train.begun(what, later), train.begun(what, earlier).state_dict()
    mean = {name: ((begun[name].double() + number.double()) / 2).to(number.dtype) for name, number in model.state_dict().items()}
    model.load_state_dict(mean)
    out.mkdir(parents=True, exist_ok=True)
    torch.save(mean, out / f"{what}.pt")
    train.export(model.eval(), what, out)
    log = (later / f"parcel_{what}.log").read_text(encoding="utf-8")
    (out / f"parcel_{what}.log").write_text(log + "mean of both rounds\n", encoding="utf-8")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["mask", "axes"])
    for folder in ("earlier", "later", "out"):
        asked.add_argument(folder, type=Path)
    blend(**vars(asked.parse_args()))
