"""Train the networks on rendered scenes and write them down as ONNX.

    python -m training.parcel.learn.train mask OUT SCENES...     the one that finds the parcel
    python -m training.parcel.learn.train axes OUT SCENES...     the one that reads its axes
    python -m training.parcel.learn.train mailer OUT SCENES...   the one that says whether it is a
    mailer

`--after EARLIER` goes on from the network in that folder, as a run before left it or as it was
shipped (models/weights); its log is kept above that of this one. Where there is none for mailers
yet, it begins as that for axes has learnt to see. Writes OUT/parcel_<name>.onnx, every thousand
steps anew, and OUT/parcel_<name>.log, the log of the run. SCENES are folders that
training/parcel/render.py filled. Seeds are fixed: the same scenes, `--steps` and `--threads` give
the same networks on the same machine. Each pass sees every picture under another turn, zoom, mirror
and colour, shaded, blurred, noisy, covered and compressed; the last third of the run, and all of a
short one at a tenth of the rate that `--settle` asks for, less often so. `--rate`: the highest of
the run.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from detectors.parcel import axes, pose
from training.parcel.learn import load_onnx, net, training_log, views
from training.parcel.render import scene

BATCH = {"mask": 16, "axes": 32, "mailer": 32}
STEPS = {"mask": 14500, "axes": 15500, "mailer": 6000}
RATE = 2e-3
SETTLING = 0.1  # of it in a run that settles what earlier ones learnt
SLOWER = 0.4  # of that rate for what was trained on photographs
CALM = 2 / 3  # of a run: from there on pictures are shown more as they are
REPORT, KEPT = 200, 1000  # steps
INSIDE = 0.75  # of a cell from which it counts as the parcel's (house rule)
BESIDE = 0.3  # times the loss of the mask that is learnt beside the flag (house rule)
TOLD = 500  # scenes
THAWING = 24  # batches from which the norms of an earlier network take means and spreads


class Drawn(IterableDataset):  # type: ignore[type-arg]
    """Views of all pictures in random order without end; from number `calm` on more as they are."""

    def __init__(
        self, what: str, folders: list[Path], seed: int, calm: int, every: int = 1
    ) -> None:
        self.what, self.seed, self.calm = what, seed, calm
        self.held: list[Any] = []
        paths = [path for folder in folders for path in views.scenes(folder)[::every]]
        self.seeds = [int(path.stem) for path in paths]
        for number, path in enumerate(paths, start=1):
            if number % TOLD == 0:
                print(f"{number} scenes in memory", flush=True)
            self.held += (
                [_small(*picture[:2]) for picture in views.pictures(path)]
                if what == "mask"
                else views.parcels(path)
            )

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        random, number = np.random.default_rng(self.seed), 0
        while True:
            for index in random.permutation(len(self.held)):
                one, calm, number = self.held[index], number >= self.calm, number + 1
                yield (
                    views.whole(random, *one, calm)
                    if self.what == "mask"
                    else views.square(random, one, views.SIGHTS[self.what], calm)
                )


def _small(picture: views.Picture, said: views.Picture) -> tuple[views.Picture, views.Picture]:
    """What the mask network learns from is held as small as it is shown: the picture and, half as
    large, its mask.
    """
    small = cv2.resize(picture, views.WHOLE, interpolation=cv2.INTER_AREA)
    mask = views.shown_of(views.parcel_of(said), picture.shape[:2])
    half = cv2.resize(
        mask, (views.WHOLE[0] // 2, views.WHOLE[1] // 2), interpolation=cv2.INTER_AREA
    )
    return np.asarray(small, np.uint8), np.asarray(half, np.uint8)


def loss_of_mask(model: net.Mask, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    picture, mask = batch
    logits = model.logits(as_input(picture)).float()
    return {
        "mask": functional.binary_cross_entropy_with_logits(logits, mask),
        "dice": 0.5 * _dice(logits, mask),
    }


def _dice(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """How little of both is in both, whatever their size."""
    share = torch.sigmoid(logits)
    overlap = 2 * (share * mask).sum(dim=(1, 2, 3)) + 1
    return 1 - (overlap / ((share + mask).sum(dim=(1, 2, 3)) + 1)).mean()


def loss_of_axes(
    model: net.Axes, batch: list[torch.Tensor], more: float
) -> dict[str, torch.Tensor]:
    """`more`: log of how many times likelier a picture is of a mailer here than where the network
    is used (Menon et al. 2021).
    """
    crop, mask, normals, tensor, mailer = batch
    times = torch.tensor(axes.TIMES, dtype=torch.float32)
    said = [part.float() for part in model.raw(as_input(crop))]
    cells = _off(
        ((said[3] - tensor[:, :, None, None]) ** 2 * times[:, None, None]).sum(dim=1, keepdim=True)
    )
    one = _off(((said[4] - tensor) ** 2 * times).sum(dim=1))
    return {
        "mask": functional.binary_cross_entropy_with_logits(said[0], mask),
        "dice": 0.5 * _dice(said[0], mask),
        "mailer": functional.binary_cross_entropy_with_logits(said[1] + more, mailer),
        "normals": _off_normals(said[2], normals, mask),
        "cells": 0.5 * _inside(cells, mask),
        "whole": one.mean(),
    }


def loss_of_mailer(
    model: net.Mailer, batch: list[torch.Tensor], more: float
) -> dict[str, torch.Tensor]:
    """`more` as above.

    Where the parcel is and how it bulges is learnt beside, for what it shows of the matter; no file
    holds that part.
    """
    crop, mask, normals, _, mailer = batch
    said, seen = (part.float() for part in model.raw(as_input(crop)))
    return {
        "mailer": functional.binary_cross_entropy_with_logits(said + more, mailer),
        "mask": BESIDE * functional.binary_cross_entropy_with_logits(seen[:, :1], mask),
        "normals": _off_normals(seen[:, 1:], normals, mask),
    }


def _off_normals(said: torch.Tensor, normals: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """1 less the cosine between both."""
    return _inside(
        1
        - (functional.normalize(said, dim=1) * functional.normalize(normals, dim=1)).sum(
            dim=1, keepdim=True
        ),
        mask,
    )


def _inside(cells: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean of what cells say, over those of the parcel, each picture counting alike."""
    inside = (mask > INSIDE).float()
    return ((cells * inside).sum(dim=(1, 2, 3)) / (inside.sum(dim=(1, 2, 3)) + 1e-3)).mean()


def _off(square: torch.Tensor) -> torch.Tensor:
    """Half of the squared distance, half of the distance: the mean of two readings that exclude
    each other is neither of them.
    """
    return (square + (square + 1e-2).sqrt()) / 2


def more_mailers(held: list[views.Held]) -> float:
    """How much larger the log odds of a mailer are among these than among parcels as they come:
    scenes are also made of mailers alone.
    """
    shares = np.clip([np.mean([one.mailer for one in held]), scene.MAILERS], 0.01, 0.99)
    learnt, common = np.log(shares / (1 - shares))
    return float(learnt - common)


def as_input(picture: torch.Tensor) -> torch.Tensor:
    """A batch of pictures as the networks take it."""
    return (picture.float() / 255).contiguous(memory_format=torch.channels_last)


def train(
    what: str,
    folders: list[Path],
    out: Path,
    steps: int,
    threads: int,
    after: Path | None,
    rate: float,
    settle: bool,
) -> None:
    torch.set_num_threads(threads)
    before = training_log.told_by(first(what, after), after) if after else ""
    cv2.setNumThreads(
        0
    )  # before the loader's process is forked: OpenCV's threads would not come along
    rate, calm = (SETTLING * rate, 0) if settle else (rate, int(CALM * steps * BATCH[what]))
    drawn = Drawn(what, folders, 3 + training_log.runs(before), calm)
    loader = iter(
        DataLoader(
            drawn,
            batch_size=BATCH[what],
            num_workers=1,
            prefetch_factor=8,
            multiprocessing_context="fork",
        )
    )
    model = begun(what, after, loader).to(memory_format=torch.channels_last).train()
    loss_of: Any = loss_of_mask
    if what != "mask":
        loss_of = partial(
            loss_of_axes if what == "axes" else loss_of_mailer, more=more_mailers(drawn.held)
        )
    seen: list[Any] = []
    own: list[Any] = []
    for name, number in model.named_parameters():
        if number.requires_grad:
            (seen if ".front." in name else own).append(number)
    optimiser = torch.optim.AdamW([{"params": own}, {"params": seen}], rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [rate, SLOWER * rate], total_steps=steps, pct_start=0.08
    )
    count = sum(p.numel() for p in model.parameters())
    out.mkdir(parents=True, exist_ok=True)
    log = (out / f"parcel_{what}.log").open("w", encoding="utf-8")
    log.write(before)
    how = f"{steps}{training_log.RUN}{BATCH[what]} at up to {rate:g}, {threads} threads, torch {torch.__version__}"
    _say(log, f"{what}: {len(drawn.held)} pictures, {count:,} numbers, {how}")
    log.write(training_log.learnt(drawn.seeds))
    began, told = time.monotonic(), dict[str, float]()
    for step in range(1, steps + 1):
        with torch.autocast("cpu", torch.bfloat16):
            parts = loss_of(model, next(loader))
        loss = torch.stack(list(parts.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        for name, part in parts.items():
            told[name] = told.get(name, 0.0) + float(part.detach()) / REPORT
        if step % REPORT == 0:
            shown = ", ".join(f"{name} {value:.3f}" for name, value in told.items())
            _say(log, f"step {step}: {shown}; {(time.monotonic() - began) / step:.3f} s a step")
            told.clear()
        if step % KEPT == 0:
            export(model, what, out)  # to look at on the way, or to go on from
    export(model, what, out)


def fresh(what: str) -> Any:
    """A network that has learnt nothing but photographs."""
    torch.manual_seed(1)
    return {"mask": net.Mask, "axes": net.Axes, "mailer": net.Mailer}[what]()


def first(what: str, after: Path) -> str:
    """Which network of a folder one goes on from: that for mailers from that for axes, where it is
    not there yet.
    """
    return "axes" if what == "mailer" and not (after / "parcel_mailer.onnx").is_file() else what


def begun(what: str, after: Path | None, batches: Iterator[list[torch.Tensor]]) -> Any:
    """The network before its first step: as an earlier run left it."""
    if after is None:
        return fresh(what)
    earlier, pictures = (
        first(what, after),
        (as_input(batch[0]) for batch in islice(batches, THAWING)),
    )
    if earlier != what:
        pictures = (
            functional.interpolate(picture, (pose.CROP, pose.CROP), mode="area")
            for picture in pictures
        )
    found = load_onnx.thawed(fresh(earlier), after / f"parcel_{earlier}.onnx", pictures)
    return found if earlier == what else net.seeing_as(fresh(what), found)


def _say(log: TextIO, line: str) -> None:
    print(line, flush=True)
    log.write(line + "\n")
    log.flush()


def export(model: Any, what: str, out: Path) -> None:
    """As ONNX, one picture at a time."""
    width, height = pose.WHOLE
    name, example, inputs, outputs = {
        "mask": ("parcel_mask", torch.zeros(1, 3, height, width), ["picture"], ["mask"]),
        "axes": (
            "parcel_axes",
            torch.zeros(1, 3, pose.CROP, pose.CROP),
            ["crop"],
            ["mask", "mailer", "normals", "tensor"],
        ),
        "mailer": (
            "parcel_mailer",
            torch.zeros(1, 3, pose.CLOSE, pose.CLOSE),
            ["crop"],
            ["mailer"],
        ),
    }[what]
    model = copy.deepcopy(model).eval().to(memory_format=torch.contiguous_format)
    written = out / f"{name}.onnx.new"
    torch.onnx.export(
        model,
        (example,),
        str(written),
        input_names=inputs,
        output_names=outputs,
        opset_version=17,
        dynamo=False,
    )
    written.replace(out / f"{name}.onnx")
    print(f"wrote {name}.onnx, {(out / f'{name}.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("what", choices=list(BATCH))
    asked.add_argument("out", type=Path)
    asked.add_argument("scenes", type=Path, nargs="+")
    asked.add_argument("--steps", type=int)
    asked.add_argument("--threads", type=int, default=1)
    asked.add_argument("--after", type=Path)
    asked.add_argument("--rate", type=float, default=RATE)
    asked.add_argument("--settle", action="store_true")
    given = asked.parse_args()
    train(
        given.what,
        given.scenes,
        given.out,
        given.steps or STEPS[given.what],
        given.threads,
        given.after,
        given.rate,
        given.settle,
    )
