"""Figures of the networks, read as the product reads them.

    python -m training.parcel.learn.check FOLDER [--weights FOLDER] [--draw PICTURES]

FOLDER holds scenes (training/parcel/render.py), clips with their truth (training/parcel/clips.py,
or any bench in that form), of which every fifth frame is looked at, or just pictures and clips
without truth, on which axes are only drawn. Without `--weights`: those shipped. `--draw` writes
pictures of what was read, the worst first. A parcel that was not found counts as a rotation beyond
25 degrees; where two are in sight, the rotation counts that fits better.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.parcel import axes, pose, pyramid
from training.parcel.learn import views

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
EVERY = 5  # frames of a clip
BEYOND = 25.0  # degrees
# of the picture in sight: what the bench asks of a face that is shown; less of a parcel is not
# asked for here either
LEAST = 0.008
# of the picture in sight: so much and more is told apart in the figures; shown in the bench's
# clips, 99 % of parcels fill it
NEAR = 0.04
SURE = (0.0, 0.3, 0.5, 0.7, 0.9, 9.0)
SHEET = (6, 6)  # pictures across and down


@dataclass(frozen=True)
class Asked:
    """One picture and what is true of it: rotations of the parcels in sight, the largest first;
    whole mask where that is known.
    """

    name: str
    kind: str
    picture: Picture
    turns: tuple[Floats, ...] = ()
    mailer: bool = False
    mask: NDArray[np.bool_] | None = None
    share: float = 0.0  # of the picture, in sight


@dataclass
class Told:
    """What was read of all pictures of a kind."""

    errors: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)
    crops: list[float] = field(default_factory=list)
    flat: list[bool] = field(default_factory=list)
    sures: list[float] = field(default_factory=list)
    missed: int = 0

    def line(self) -> str:
        degrees = np.array(self.errors)
        median, most = (np.quantile(degrees, share, method="higher") for share in (0.5, 0.8))
        text = f"n {len(degrees):5d}  median {median:5.1f}  p80 {most:5.1f}  beyond 25 {100 * np.mean(degrees > BEYOND):5.1f} %"
        text += (
            f"  not found {self.missed:3d}  mailer told {100 * np.mean(self.flat):5.1f} %"
            if self.flat
            else ""
        )
        return text + (
            f"  IoU {np.mean(self.crops):.3f} (whole picture {np.mean(self.overlaps):.3f})"
            if self.crops
            else ""
        )

    def by_sureness(self) -> list[str]:
        """What being sure means: errors of the surest, and of the least sure."""
        degrees, sures, lines = np.array(self.errors), np.array(self.sures), []
        for low, high in pairwise(SURE):
            these = degrees[(sures >= low) & (sures < high)]
            if len(these):
                beyond = 100 * np.mean(these > BEYOND)
                lines.append(
                    f"  sure {low:.1f} to {min(high, 1.2):.1f}: n {len(these)}, beyond 25 {beyond:.1f} %"
                )
        return lines


def scenes(folder: Path) -> Iterator[Asked]:
    """Every rendered picture that holds enough of a parcel."""
    for path in views.scenes(folder):
        for number, (picture, said, turn, mailer) in enumerate(views.pictures(path)):
            mask = views.parcel_of(said)
            share, kind = float(mask.mean()), "mailer" if mailer else "box"
            if share >= LEAST:
                yield Asked(
                    f"{path.stem}-{number}",
                    kind,
                    picture,
                    (turn.astype(float),),
                    mailer,
                    mask,
                    share,
                )


def clips(folder: Path) -> Iterator[Asked]:
    """Every fifth frame of every clip in which a parcel is in sight and shut."""
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        with gzip.open(folder / "truth" / f"{row['clip']}.jsonl.gz", "rt") as lines:
            true = [json.loads(one) for one in lines][1:]
        with av.open(str(folder / "clips" / f"{row['clip']}.mp4")) as file:
            for number, frame in enumerate(file.decode(video=0)):
                if number % EVERY == 0 and number < len(true):
                    yield from _frame(row, number, frame, true[number]["objs"])


def _frame(
    row: dict[str, Any], number: int, frame: Any, objects: list[dict[str, Any]]
) -> Iterator[Asked]:
    pixels = row["size"][0] * row["size"][1]
    seen = {one["o"]: sum(face[2] for face in one["faces"]) for one in objects if not one["opened"]}
    order = [o for o in sorted(seen, key=lambda o: -seen[o]) if seen[o] >= LEAST * pixels]
    if order:
        turns = tuple(np.array(next(one["R"] for one in objects if one["o"] == o)) for o in order)
        mailer = row["objects"][order[0]]["kind"] == "mailer"
        picture, share = frame.to_ndarray(format="bgr24"), seen[order[0]] / pixels
        yield Asked(f"{row['clip']}-{number}", row["variant"], picture, turns, mailer, share=share)


def loose(folder: Path) -> Iterator[Asked]:
    """Pictures, and six frames of every clip, without truth."""
    for path in sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".mp4", ".mov", ".webm")
    ):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            read = cv2.imread(str(path))
            if read is not None:
                yield Asked(path.name, "loose", np.asarray(read, np.uint8))
            continue
        with av.open(str(path)) as file:
            frames = [
                f.to_ndarray(format="bgr24")
                for n, f in enumerate(file.decode(video=0))
                if n % 12 == 0
            ]
        for number in np.linspace(0, len(frames) - 1, 6).astype(int):
            yield Asked(f"{path.stem}-{number}", "loose", np.asarray(frames[number], np.uint8))


def asked(folder: Path) -> Iterator[Asked]:
    if (folder / "manifest.jsonl").exists() and (folder / "truth").exists():
        return clips(folder)
    return scenes(folder) if any(folder.glob("*.npz")) else loose(folder)


def check(folder: Path, nets: pose.Networks, draw: Path | None) -> None:
    """Print figures by kind and in all. Raises SystemExit where there is nothing to look at."""
    cv2.setNumThreads(0)
    told: dict[str, Told] = defaultdict(Told)
    drawn: list[tuple[float, Picture]] = []
    took, count = 0.0, 0
    for one in asked(folder):
        began = time.process_time()
        read = pose.find_parcel(one.picture, nets)
        took, count = took + time.process_time() - began, count + 1
        error = (
            min((axes.rotation_distance(read.turn, turn) for turn in one.turns), default=0.0)
            if read
            else np.inf
        )
        if one.turns:
            for kind in (one.kind, "ALL", *["NEAR"] * (one.share >= NEAR)):
                _count(told[kind], one, read, error, nets)
        if draw:
            drawn.append((error, shown(one, read, error)))
    if not count:
        raise SystemExit(
            f"no picture in {folder}: neither scenes, nor clips with their truth, nor anything to look at"
        )
    for kind in sorted(told, key=lambda k: (k.isupper(), k)):
        print(f"{kind:20s} {told[kind].line()}")
    if told:
        print("\n".join(told["ALL"].by_sureness()))
    print(f"{count} pictures, {1000 * took / max(1, count):.1f} ms of CPU each")
    if draw:
        _sheets(draw, drawn)


def _count(
    told: Told, one: Asked, read: pose.Parcel | None, error: float, nets: pose.Networks
) -> None:
    told.errors.append(error)
    told.sures.append(read.sure if read else 0.0)
    told.missed += read is None
    if read is not None:
        told.flat.append((read.mailer > 0.5) == one.mailer)
    if one.mask is None:
        return
    full = views.shown_of(one.mask, one.picture.shape[:2])
    whole = pose.parcel_cells(pyramid.ImagePyramid.of(one.picture), nets)
    told.overlaps.append(overlap(whole, full > 127))
    if read is not None:
        truth = pyramid.ImagePyramid.of(np.repeat(full[..., None], 3, 2))
        true = truth.crop(read.square.box, (pose.CROP, pose.CROP))
        told.crops.append(overlap(read.mask, true[..., 0] > 127))


def overlap(said: Any, truth: NDArray[np.bool_]) -> float:
    """Intersection over union on the grid of what was said."""
    seen = said > pose.SEEN
    real = (
        cv2.resize(truth.astype(np.float32), seen.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    )
    return float((seen & real).sum() / max(1, (seen | real).sum()))


def shown(one: Asked, read: pose.Parcel | None, error: float) -> Picture:
    """The picture with the mask's outline and the three axes, in a tile of 320x320."""
    scale = 320 / max(one.picture.shape[:2])
    tile = cv2.resize(one.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if read is not None:
        x, y, side = (v * scale for v in read.square)
        mask = (
            cv2.resize(read.mask, (max(1, round(side)),) * 2, interpolation=cv2.INTER_LINEAR)
            > pose.SEEN
        )
        outlines, _ = cv2.findContours(
            mask.astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_NONE,
            offset=(round(x), round(y)),
        )
        cv2.drawContours(tile, outlines, -1, (255, 0, 255), 1)
        ys, xs = np.nonzero(mask)
        middle = (
            np.array([x + xs.mean(), y + ys.mean()])
            if len(xs)
            else np.array([x + side / 2, y + side / 2])
        )
        local = (
            pose.look_at_rotation(
                read.square, one.picture.shape, pose.FOCAL * max(one.picture.shape[:2])
            ).T
            @ read.turn
        )
        for axis, colour in zip(local.T, ((0, 0, 255), (0, 255, 0), (255, 128, 0)), strict=True):
            towards = axis * (-1 if axis[2] > 0 else 1)
            tip = middle + 0.4 * side * towards[:2]
            cv2.arrowedLine(
                tile, tuple(map(int, middle)), tuple(map(int, tip)), colour, 2, cv2.LINE_AA
            )
    words = f"{one.name[:38]} {'none' if read is None else f'{error:.0f} sure {read.sure:.2f} m {read.mailer:.1f}'}"
    cv2.putText(tile, words, (2, 10), cv2.FONT_HERSHEY_SIMPLEX, 0.32, (0, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(
        cv2.copyMakeBorder(
            tile, 0, 320 - tile.shape[0], 0, 320 - tile.shape[1], cv2.BORDER_CONSTANT
        ),
        np.uint8,
    )


def _sheets(out: Path, drawn: list[tuple[float, Picture]]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    tiles = [tile for _, tile in sorted(drawn, key=lambda pair: -pair[0])]
    across, down = SHEET
    for number in range(0, len(tiles), across * down):
        page = tiles[number : number + across * down]
        page += [np.zeros_like(page[0])] * (across * down - len(page))
        rows = [
            np.concatenate(page[r : r + across], axis=1) for r in range(0, across * down, across)
        ]
        cv2.imwrite(str(out / f"sheet-{number // (across * down):03d}.png"), np.concatenate(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--draw", type=Path)
    given = parser.parse_args()
    check(
        given.folder,
        pose.networks_in(given.weights) if given.weights else pose.shipped_networks(),
        given.draw,
    )
