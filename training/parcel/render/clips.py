"""Clips of parcels being shown, with their truth:

`python -m training.parcel.render.clips OUT FIRST COUNT [--held] [--variant NAME] [--size 720]`.

OUT/clips/<clip>.mp4 (H.264), OUT/truth/<clip>.jsonl.gz and OUT/manifest.jsonl, in the form of the
bench of the six sides, so that what scores one scores the other. Seeds name clips; kinds take
turns, or `--variant` names one (training/parcel/script.py lists them). Every fourth clip is
upright. `--held`: environments, tables, faces and label designs that training never sees.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.parcel.render import scene, script, shapes, truth
from training.parcel.render.rasterizer import Light, Painter, Thing

Floats = NDArray[np.float32]
Random = np.random.Generator
SHUTTER = 0.5  # of the time between frames
STILL = 1.5  # pixels of motion in an exposure: below, one moment stands for it
FRONT_HAND = 3.0  # dislike of holding the front or the back, in the units of scene.preference
SHAKE = 0.006  # radians by which a hand-held camera sways


@dataclass(frozen=True)
class Take:
    """What stays the same in a clip.

    `lens`: focal length and middle in pixels; `floor`: height of the table along `up`.
    """

    bodies: tuple[scene.Stage, ...]
    keys: list[script.Key]
    up: Floats
    lens: tuple[float, float, float]
    size: tuple[int, int]
    fps: int
    floor: float
    light: Light
    ground: list[Thing]
    grips: list[scene.Grip]
    rather: Floats
    sway: Floats  # (3, 2): speed and phase of the camera's sway about each axis


def upright(seed: int) -> bool:
    """Every fourth clip is."""
    return seed % 4 == 3


def take(seed: int, variant: script.Variant, held: bool, size: tuple[int, int]) -> Take:
    """The clip of `seed`, of that kind; `size`: width and height in pixels."""
    random = np.random.default_rng(seed)
    bodies = tuple(
        scene.stage(seed + 7919 * n, held, variant.mailer, variant.style)
        for n in range(1 + (variant.mode == "twobox"))
    )
    bodies = tuple(replace(b, flaps=None) for b in bodies)
    focal = float(random.uniform(0.78, 1.05)) * max(size)
    up = scene.tilted(random)
    keys = script.keys(random, variant, up)
    draft = Take(
        bodies,
        keys,
        up,
        (focal, size[0] / 2, size[1] / 2),
        size,
        int(random.choice([15, 20])),
        0.0,
        scene.light(bodies[0], random, up, np.zeros(3, np.float32)),
        [],
        [scene.grip(random) for _ in range(2)],
        scene.preference(random),
        random.uniform(0.3, 1.8, (3, 2)).astype(np.float32),
    )
    place = where(draft, keys[0])
    floor = scene.lowest(bodies[0], keys[0].turn, place, up) - (
        0.0 if keys[0].lift is not None else float(random.uniform(14, 30))
    )
    ground = scene.table(bodies[0], random, up, floor) + scene.clutter(
        bodies[0], random, up, floor, place
    )
    light = replace(draft.light, middle=place)
    return replace(
        draft, floor=floor, ground=ground if bodies[0].table is not None else [], light=light
    )


def where(one: Take, key: script.Key) -> Floats:
    """Centimetres from the camera: far enough for the size wanted, or on the table where that was
    at first.
    """
    stage = one.bodies[key.body]
    diagonal = float(np.linalg.norm(stage.size))
    narrow = min(1.0, one.size[0] / one.size[1])  # upright: farther off, to stay in the picture
    far = key.far * diagonal * one.lens[0] / (0.9 * max(one.size)) / max(narrow, 0.62)
    place = np.array([*(diagonal * np.array(key.aside)), far], np.float32)
    if key.lift is None or not one.ground:
        return place
    low = scene.lowest(stage, key.turn, place, one.up)
    return np.asarray(place + one.up * (one.floor + key.lift - low), np.float32)


def things(one: Take, key: script.Key) -> tuple[Floats, Floats, list[Thing], Light]:
    """(rotation, place, all that is drawn, light) as the camera sees them, after it has gone round
    and swayed.
    """
    stage, place = one.bodies[key.body], where(one, key)
    moving = scene.body(stage, key.turn, place, key.body, key.opened)
    hidden = FRONT_HAND * (
        np.abs(shapes.SIDES @ key.turn.T)[:, 2] > 0.75
    )  # who shows a side does not hold a hand before it
    moving += scene.hands(
        stage, one.grips[: key.hands], key.turn, place, one.up, one.rather - hidden
    )
    around = scene.rotation(one.up * np.radians(key.around))
    sway = scene.rotation(SHAKE * np.sin(2 * np.pi * (one.sway[:, 0] * key.at + one.sway[:, 1])))
    turn = sway @ around
    shift = sway @ (one.light.middle - around @ one.light.middle)
    drawn = [
        replace(
            t,
            mesh=t.mesh.moved(turn, shift),
            axes=None if t.axes is None else t.axes @ turn.T,
            shift=_shift(t, turn, shift),
        )
        for t in one.ground + moving
    ]
    return turn @ key.turn, turn @ place + shift, drawn, _lit(one.light, turn, shift)


def _shift(thing: Thing, turn: Floats, shift: Floats) -> tuple[float, float]:
    """By how much a table's picture must go along so that it stays on its table."""
    if thing.axes is None:
        return (0.0, 0.0)
    back = thing.axes @ turn.T @ shift
    return (-float(back[0]), -float(back[1]))


def _lit(light: Light, turn: Floats, shift: Floats) -> Light:
    """The light, the camera having moved.

    What falls in evenly stays: an environment is the same all round to a matt surface, or nearly.
    """
    return replace(
        light,
        turn=light.turn @ turn.T,
        sun=turn @ light.sun,
        lamp=turn @ light.lamp + shift,
        middle=turn @ light.middle + shift,
    )


def frame(
    painter: Painter, random: Random, one: Take, key: script.Key
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """(picture RGB, what is true of it) at a moment of the script."""
    turn, place, drawn, light = now = things(one, key)
    before, after = _exposure(one, key)
    blur = _moved(one, key, before, after)
    spots = _spots(one, key, place)
    pictures = [
        painter.picture(m[2], m[3], one.lens[0], spots)
        for m in ([before, now, after] if blur > STILL else [now])
    ]
    picture = np.mean(pictures, axis=0).astype(np.float32)
    if key.focus > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), _defocus(one, key))
    picture += random.normal(0, 2.0, picture.shape).astype(np.float32)
    who = painter.faces(drawn, light, one.lens[0])
    seen = Counter(
        map(
            int,
            who[..., 0][(who[..., 3] // 50 == scene.PARCEL) | (who[..., 3] // 50 == scene.MAILER)]
            // 40
            - 1,
        )
    )
    said = {
        "o": key.body,
        "R": [[round(float(v), 5) for v in row] for row in turn],
        "t": [round(float(v), 3) for v in place],
        "blur": round(blur, 2),
        "focus": round(key.focus, 2),
        "opened": key.opened,
        "faces": truth.faces(_body(one.bodies[key.body]), turn, place, one.lens, seen),
    }
    hands = int((who[..., 3] // 50 == scene.HAND).sum())
    return np.clip(picture, 0, 255).astype(np.uint8), {"objs": [said], "hand_px": hands}


def shots(
    seed: int, random: Random, variant: script.Variant, held: bool, count: int
) -> tuple[scene.Stage, list[scene.Shot]]:
    """That many moments of the clip of `seed`, one in each part of it, as single pictures of a
    scene; of its first parcel's sort.
    """
    one = take(seed, variant, held, (scene.WIDTH, scene.HEIGHT))
    first, last = one.keys[0].at, one.keys[-1].at
    at = first + (last - first) * (np.arange(count) + random.random(count)) / count
    return one.bodies[0], [_shot(one, _at(one.keys, float(when))) for when in at]


def _shot(one: Take, key: script.Key) -> scene.Shot:
    """Only what is held moves while the shutter is open: the table stays sharp where the camera
    walks, unlike in a clip.
    """
    turn, place, drawn, light = things(one, key)
    before, after = _exposure(one, key)
    moves = _moved(one, key, before, after) > STILL
    turned = cv2.Rodrigues(np.asarray(after[0] @ before[0].T, np.float64))[0].ravel()
    camera = turn @ key.turn.T
    up = np.asarray(camera @ one.up, np.float32)
    floor = one.floor + float(up @ (place - camera @ where(one, key)))
    return scene.Shot(
        np.asarray(turn, np.float32),
        np.asarray(place, np.float32),
        one.lens[0],
        drawn[: len(one.ground)],
        drawn[len(one.ground) :],
        light,
        _spots(one, key, place),
        ((turned * moves).astype(np.float32), ((after[1] - before[1]) * moves).astype(np.float32)),
        up,
        floor if one.ground else None,
        key.lift is not None and bool(one.ground),
        _defocus(one, key),
    )


def _exposure(one: Take, key: script.Key) -> tuple[Any, Any]:
    """What is there as the shutter opens, and as it shuts."""
    span = SHUTTER / one.fps / 2
    return things(one, _at(one.keys, key.at - span)), things(one, _at(one.keys, key.at + span))


def _spots(one: Take, key: script.Key, place: Floats) -> Floats:
    """The dark under a parcel that stands on the table."""
    return (
        scene.contact(one.bodies[key.body], place, one.up, one.floor, 0.4)
        if key.lift is not None
        else np.zeros((4, 4), np.float32)
    )


def _defocus(one: Take, key: script.Key) -> float:
    """Sigma in pixels."""
    return key.focus * min(one.size) / 720


def _body(stage: scene.Stage) -> truth.Body:
    face, number = next(iter(stage.look.numbers.items()), (None, None))
    kind = "mailer" if stage.mailer else "box"
    return truth.Body(
        stage.size,
        stage.mailer,
        {"style": kind, "seed": stage.seed, "label_face": face, "tracking": number},
    )


def _at(keys: list[script.Key], at: float) -> script.Key:
    at = float(np.clip(at, keys[0].at, keys[-1].at))
    one, two = next((a, b) for a, b in pairwise(keys) if at <= b.at + 1e-9)
    return script.between(one, two, at)


def _moved(one: Take, key: script.Key, before: Any, after: Any) -> float:
    """Pixels by which a corner of the parcel moves while the shutter is open, at most."""
    half = one.bodies[key.body].size / 2
    corners = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, 8).T * half
    spots = [
        one.lens[0] * (p := corners @ m[0].T + m[1])[:, :2] / np.maximum(p[:, 2:], 1.0)
        for m in (before, after)
    ]
    return float(np.linalg.norm(spots[1] - spots[0], axis=1).max())


def clip(painter: Painter, out: Path, seed: int, name: str, held: bool) -> dict[str, Any]:
    """Render one, write its picture and truth, and return its line of the manifest."""
    one = take(seed, script.VARIANTS[name], held, (painter.width, painter.height))
    random, called = np.random.default_rng(seed + 1), f"{'held' if held else 'seen'}_{name}_{seed}"
    rows = []
    with av.open(str(out / "clips" / f"{called}.mp4"), "w") as file:
        stream = file.add_stream(
            "libx264",
            rate=Fraction(one.fps),
            options={"crf": "24", "preset": "veryfast", "threads": "1"},
        )
        stream.width, stream.height, stream.pix_fmt = *one.size, "yuv420p"
        for number, key in enumerate(script.moments(one.keys, one.fps)):
            picture, said = frame(painter, random, one, key)
            rows.append({"i": number, "t": round(number / one.fps, 4), **said})
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    painter.forget()
    bodies = [_body(b) for b in one.bodies]
    head = {
        "K": [one.lens[0], one.lens[0], *one.lens[1:]],
        "W": one.size[0],
        "H": one.size[1],
        "fps": one.fps,
    }
    with gzip.open(out / "truth" / f"{called}.jsonl.gz", "wt") as lines:
        for row in (
            {**head, "dims": [[round(float(v), 2) for v in b.size] for b in bodies]},
            *rows,
        ):
            lines.write(json.dumps(row) + "\n")
    objects = [
        truth.judged(b, rows, n, one.fps, one.size[0] * one.size[1]) for n, b in enumerate(bodies)
    ]
    return {
        "clip": called,
        "variant": name,
        "seed": seed,
        "split": "held" if held else "seen",
        "mode": script.VARIANTS[name].mode,
        "style": script.VARIANTS[name].style,
        "fps": one.fps,
        "size": list(one.size),
        "seconds": round(len(rows) / one.fps, 2),
        "frames": len(rows),
        "n_objects": len(bodies),
        "all_sides_shown": len(bodies) == 1 and objects[0]["all_clear"],
        "ambiguous": None,
        "objects": objects,
    }


def main(out: Path, first: int, count: int, held: bool, variant: str | None, short: int) -> None:
    for folder in ("clips", "truth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    names = [variant] if variant else list(script.VARIANTS)
    wide, high = Painter(short * 16 // 9, short), None
    with (out / "manifest.jsonl").open("a", encoding="utf-8") as manifest:
        for number, seed in enumerate(range(first, first + count), start=1):
            if upright(seed) and high is None:
                high = Painter(short, short * 16 // 9)
            painter = high if upright(seed) and high else wide
            painter.gl.__enter__()
            row = clip(painter, out, seed, names[seed % len(names)], held)
            manifest.write(json.dumps(row) + "\n")
            manifest.flush()
            print(f"{number} of {count}: {row['clip']}, {row['frames']} frames", flush=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("out", type=Path)
    asked.add_argument("first", type=int)
    asked.add_argument("count", type=int)
    asked.add_argument("--held", action="store_true")
    asked.add_argument("--variant", choices=list(script.VARIANTS))
    asked.add_argument("--size", type=int, default=720, help="pixels of the shorter side")
    given = asked.parse_args()
    main(given.out, given.first, given.count, given.held, given.variant, given.size)
