"""Train the two networks on rendered scenes and write them down as ONNX.

    python -m training.sides.train mask SCENES OUT [--steps N]     the one that finds the parcel
    python -m training.sides.train axes SCENES OUT [--steps N]     the one that reads its axes
    python -m training.sides.train check SCENES [WEIGHTS]            figures of both, as they run in the product, on scenes held out

SCENES is a folder that training/sides/render.py filled. Fixed seeds; the number of steps is fixed by `--steps`, so that the same
scenes give the same networks on the same machine. Each pass sees every picture under another turn, zoom, mirror, colour and blur.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from training.sides import net, parcel

Floats = NDArray[np.float32]
Random = np.random.Generator
BATCH = {"mask": 16, "axes": 32}
RATE = 2e-3
REPORT = 200  # steps
GREY = (114, 114, 114)


class Scenes:
    """Every picture of every scene in a folder, as stored."""

    def __init__(self, folder: Path) -> None:
        self.rows: list[tuple[Any, Any, Floats, Floats, float, bool]] = []
        for path in sorted(folder.glob("*.npz")):
            held = np.load(path, allow_pickle=True)
            whole = zip(held["jpeg"], held["truth"], held["turn"], held["place"], held["focal"], strict=True)
            self.rows += [(*row, bool(held["mailer"])) for row in whole]

    def __len__(self) -> int:
        return len(self.rows)

    def picture(self, index: int) -> tuple[NDArray[np.uint8], Floats, NDArray[np.uint8], Floats, float, bool]:
        """(picture BGR, normals in camera axes at half the size, who is there, rotation, focal length, mailer?)."""
        jpeg, truth, turn, _, focal, mailer = self.rows[index]
        picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        said = cv2.imdecode(truth, cv2.IMREAD_UNCHANGED)
        normals = said[..., :3].astype(np.float32) / 127.5 - 1
        return np.asarray(picture, np.uint8), normals, said[..., 3] // 50, turn, float(focal), mailer


def looked(random: Random, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as another camera would have taken it: colour, light, blur, noise, compression, something in front."""
    out = picture.astype(np.float32)
    if random.random() < 0.9:
        out = (out - 128) * random.uniform(0.6, 1.4) + 128 + random.normal(0, 18)
        out *= 1 + random.normal(0, 0.08, 3)
    if random.random() < 0.15:
        out = np.repeat(out.mean(axis=2, keepdims=True), 3, axis=2)
    if random.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), float(random.uniform(0.3, 1.6)))
    if random.random() < 0.6:
        out = out + float(random.uniform(1, 12)) * random.standard_normal(out.shape, np.float32)
    done = np.clip(out, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        done = cv2.imdecode(cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 80))])[1], cv2.IMREAD_COLOR)
    if random.random() < 0.25:
        size = done.shape[0] // 4
        y, x = random.integers(0, done.shape[0] - size), random.integers(0, done.shape[1] - size)
        done[y : y + random.integers(4, size), x : x + random.integers(4, size)] = random.uniform(0, 255, 3)
    return np.asarray(done, np.uint8)


def whole(random: Random, scenes: Scenes, index: int) -> tuple[Floats, Floats]:
    """(picture of `WHOLE`, mask of a quarter of it) after a turn, zoom and mirror at random."""
    picture, _, who, *_ = scenes.picture(index)
    mask = ((who == 1) | (who == 2)).astype(np.float32)
    width, height = parcel.WHOLE
    scale = width / picture.shape[1] * random.uniform(0.7, 1.4)
    angle = random.normal(0, 12) if random.random() < 0.6 else random.uniform(-180, 180)
    move = cv2.getRotationMatrix2D((picture.shape[1] / 2, picture.shape[0] / 2), angle, scale)
    move[:, 2] += np.array([width / 2 - picture.shape[1] / 2, height / 2 - picture.shape[0] / 2]) + random.normal(0, 12, 2)
    if random.random() < 0.5:
        move[0] = [-move[0, 0], -move[0, 1], width - move[0, 2]]
    seen = cv2.warpAffine(picture, move, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=GREY)
    halves = np.diag([2.0, 2.0, 1.0])
    shown = cv2.warpAffine(mask, (move @ halves)[:2], (width, height), flags=cv2.INTER_LINEAR)
    return parcel.network_input(looked(random, np.asarray(seen, np.uint8)))[0], cv2.resize(
        shown, (width // 4, height // 4), interpolation=cv2.INTER_AREA
    )[None]


def square(random: Random, scenes: Scenes, index: int) -> tuple[Floats, ...] | None:
    """(crop, mask, normals, rotation as tensor, mailer) around the parcel, seen by a camera that looks at it, at random."""
    picture, normals, who, turn, focal, mailer = scenes.picture(index)
    mask = ((who == 1) | (who == 2)).astype(np.float32)
    ys, xs = np.nonzero(mask)
    if len(xs) < 120:
        return None
    side = 2 * parcel.AROUND * max(np.ptp(xs), np.ptp(ys)) * random.uniform(0.85, 1.25)
    centre = 2 * np.array([xs.min() + np.ptp(xs) / 2, ys.min() + np.ptp(ys) / 2]) + random.normal(0, 0.04, 2) * side
    place = (centre[0] - side / 2, centre[1] - side / 2, side)
    focal = parcel.FOCAL * picture.shape[1]
    local = parcel.towards(place, picture.shape, focal).T
    angle = float(random.normal(0, 20) if random.random() < 0.6 else random.uniform(-180, 180))
    flip = bool(random.random() < 0.5)
    move = cv2.getRotationMatrix2D(tuple(map(float, centre)), angle, parcel.CROP / side)
    move[:, 2] += parcel.CROP / 2 - centre
    spin = cv2.Rodrigues(np.array([0, 0, -np.radians(angle)]))[0]
    if flip:
        move[0] = [-move[0, 0], -move[0, 1], parcel.CROP - move[0, 2]]
        spin = np.diag([-1.0, 1, 1]) @ spin
    size = (parcel.CROP, parcel.CROP)
    crop = cv2.warpAffine(picture, move, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT, borderValue=GREY)
    small = np.diag([0.25, 0.25]) @ move @ np.diag([2.0, 2.0, 1.0])
    cells = (parcel.CROP // 4, parcel.CROP // 4)
    shown = cv2.warpAffine(cv2.blur(mask, (2, 2)), small, cells, flags=cv2.INTER_LINEAR)
    facing = cv2.warpAffine(normals, small, cells, flags=cv2.INTER_NEAREST) @ (spin @ local).T
    tensor = parcel.tensor_of(spin @ local @ turn)
    return (
        parcel.network_input(looked(random, np.asarray(crop, np.uint8)))[0],
        shown[None].astype(np.float32),
        facing.transpose(2, 0, 1).astype(np.float32),
        tensor.astype(np.float32),
        np.array([mailer], np.float32),
    )


class Drawn(IterableDataset):  # type: ignore[type-arg]
    """Pictures in random order without end."""

    def __init__(self, scenes: Scenes, what: str, seed: int) -> None:
        self.scenes, self.what, self.seed = scenes, what, seed

    def __iter__(self) -> Iterator[tuple[Floats, ...]]:
        random = np.random.default_rng(self.seed)
        cv2.setNumThreads(1)
        while True:
            for index in random.permutation(len(self.scenes)):
                one = whole(random, self.scenes, int(index)) if self.what == "mask" else square(random, self.scenes, int(index))
                if one is not None:
                    yield one


def loss_of_mask(model: net.Mask, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    picture, mask = batch
    logits = model.logits(picture.contiguous(memory_format=torch.channels_last)).float()
    share = torch.sigmoid(logits)
    overlap = 2 * (share * mask).sum(dim=(1, 2, 3)) + 1
    dice = 1 - (overlap / ((share + mask).sum(dim=(1, 2, 3)) + 1)).mean()
    return {"mask": functional.binary_cross_entropy_with_logits(logits, mask), "dice": 0.5 * dice}


def loss_of_axes(model: net.Axes, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    crop, mask, normals, tensor, mailer = batch
    times = torch.tensor(parcel.TIMES, dtype=torch.float32)
    said = [part.float() for part in model.raw(crop.contiguous(memory_format=torch.channels_last))]
    inside = (mask > 0.75).float()
    area = inside.sum(dim=(1, 2, 3)) + 1e-3
    cosine = (functional.normalize(said[2], dim=1) * functional.normalize(normals, dim=1)).sum(dim=1, keepdim=True)
    off_normals = ((1 - cosine) * inside).sum(dim=(1, 2, 3)) / area
    cells = (((said[3] - tensor[:, :, None, None]) ** 2 * times[:, None, None]).sum(dim=1, keepdim=True) * inside).sum(dim=(1, 2, 3)) / area
    one = ((said[4] - tensor) ** 2 * times).sum(dim=1)
    return {
        "mask": functional.binary_cross_entropy_with_logits(said[0], mask),
        "mailer": 0.3 * functional.binary_cross_entropy_with_logits(said[1], mailer),
        "normals": off_normals.mean(),
        "cells": cells.mean(),
        "whole": one.mean(),
    }


def train(what: str, folder: Path, out: Path, steps: int, begun: Path | None) -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    scenes = Scenes(folder)
    model: Any = net.Mask() if what == "mask" else net.Axes()
    if begun:
        model.load_state_dict(torch.load(begun, weights_only=True))
    model = model.to(memory_format=torch.channels_last)
    loss_of: Any = loss_of_mask if what == "mask" else loss_of_axes
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.08)
    loader = iter(DataLoader(Drawn(scenes, what, seed=3), batch_size=BATCH[what], num_workers=1, prefetch_factor=8))
    count = sum(p.numel() for p in model.parameters())
    print(f"{what}: {len(scenes)} pictures, {count:,} numbers, {steps} steps of {BATCH[what]}", flush=True)
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
            print(f"step {step}: {shown}; {(time.monotonic() - began) / step:.3f} s a step", flush=True)
            told.clear()
    out.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), out / f"{what}.pt")
    _export(model.eval(), what, out)


def _export(model: Any, what: str, out: Path) -> None:
    """As ONNX, one picture at a time."""
    width, height = parcel.WHOLE
    name, example, inputs, outputs = {
        "mask": ("parcel_mask", torch.zeros(1, 3, height, width), ["picture"], ["mask"]),
        "axes": ("parcel_axes", torch.zeros(1, 3, parcel.CROP, parcel.CROP), ["crop"], ["mask", "mailer", "normals", "tensor"]),
    }[what]
    model = model.to(memory_format=torch.contiguous_format)
    torch.onnx.export(
        model, (example,), str(out / f"{name}.onnx"), input_names=inputs, output_names=outputs, opset_version=17, dynamo=False
    )
    print(f"wrote {name}.onnx, {(out / f'{name}.onnx').stat().st_size / 1e6:.1f} MB")


def check(folder: Path, weights: Path) -> None:
    """Figures on scenes held out, read as the product would."""
    scenes, nets = Scenes(folder), parcel.networks(weights)
    errors, overlaps, crops, flat, missed, took = [], [], [], [], 0, 0.0
    for index in range(len(scenes)):
        picture, _, who, turn, _, mailer = scenes.picture(index)
        mask = (who == 1) | (who == 2)
        if mask.mean() < 2 * parcel.LEAST:
            continue
        view = np.asarray(cv2.resize(picture, parcel.WHOLE, interpolation=cv2.INTER_AREA), np.uint8)
        (said,) = nets.mask.run(None, {"picture": parcel.network_input(view)})
        overlaps.append(_overlap(said[0, 0], mask))
        began = time.process_time()
        one = parcel.parcel(picture, nets)
        took += time.process_time() - began
        if one is None:
            missed += 1
            continue
        whole = np.asarray(parcel.cut(np.repeat(mask[..., None], 3, 2).astype(np.uint8) * 255, tuple(v / 2 for v in one.square)))  # type: ignore[arg-type]
        crops.append(_overlap(one.mask, whole[..., 0] > 127))
        errors.append(parcel.apart(one.turn, turn.astype(float)))
        flat.append((one.mailer > 0.5) == mailer)
    degrees = np.array(errors)
    print(f"n = {len(overlaps)}, no parcel found {missed}")
    print(f"IoU of the mask: whole picture {np.mean(overlaps):.3f}, square {np.mean(crops):.3f}")
    print(f"mailer told {100 * np.mean(flat):.1f} %; {1000 * took / len(overlaps):.1f} ms a picture")
    print(f"rotation up to the group: median {np.median(degrees):.1f}, p80 {np.quantile(degrees, 0.8):.1f} degrees")
    print(f"beyond 25 degrees: {100 * np.mean(degrees > 25):.1f} %")


def _overlap(said: Floats, truth: NDArray[np.bool_]) -> float:
    """Intersection over union on the grid of what was said."""
    seen = said > parcel.SEEN
    real = cv2.resize(truth.astype(np.float32), seen.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    return float((seen & real).sum() / max(1, (seen | real).sum()))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["mask", "axes", "check"])
    asked.add_argument("scenes", type=Path)
    asked.add_argument("out", type=Path, nargs="?", default=Path("weights"))
    asked.add_argument("--steps", type=int, default=0)
    asked.add_argument("--begun", type=Path, help="go on from these numbers, a .pt that an earlier run left")
    given = asked.parse_args()
    if given.what == "check":
        check(given.scenes, given.out)
    else:
        train(given.what, given.scenes, given.out, given.steps or {"mask": 8000, "axes": 12000}[given.what], given.begun)
