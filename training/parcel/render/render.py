"""Rendered pictures of parcels with their truth:

`python -m training.parcel.render.render OUT FIRST COUNT` and, if wanted:

    --held        environments, tables, faces and label designs that training never sees
    --opposite    somebody stands behind the parcel, of few colours
    --dressed     somebody in clothes of a fabric, with hair and a face, sits behind the parcel or
    has it on the knees
    --harsh       hard light, more things about
    --presented   a face is held towards the camera, as people do who show a label
    --shown       moments of clips (training/parcel/clips.py): turned and held as who shows a parcel
    does, not in every way alike
    --style S     nothing but this kind of parcel (scene.py lists them)
    --shots N     pictures a scene, else 12: with fewer of each, more parcels are seen in the same
    time

Each scene becomes OUT/<seed>.npz: `jpeg` (pictures 480x270), `truth` (PNG, half the size: true
normals and who is there), `turn` (n, 3, 3: body to camera, OpenCV axes), `place`, `focal`, `size`,
`mailer`. Seeds name scenes; the same seed gives the same scene. A scene that is there is not
rendered again: other options want another folder or other seeds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from training.parcel.render import clips, people, scene, script
from training.parcel.render.rasterizer import Painter, Picture

SHOTS = 12  # pictures a scene, if no other number is asked for
BLURRED = 3  # moments averaged where something moves
SHARP = 0.2  # pixels of defocus, sigma: so little does not show (house rule)


def pictures(seed: int, given: argparse.Namespace) -> tuple[scene.Stage, Iterator[scene.Shot]]:
    """The scene and its pictures."""
    random = np.random.default_rng(seed + 1)
    if given.shown:
        one, some = clips.shots(
            seed, random, script.any_variant(random, given.style), given.held, given.shots
        )
    else:
        one = replace(
            scene.stage(seed, given.held, style=given.style),
            **({"facing": True} if given.opposite else {}),
        )
        some = (scene.shot(one, random, given.presented) for _ in range(given.shots))
    cloth = people.fabric(random) if given.dressed else None
    return one, (scene.amid(one, random, shot, given.opposite, given.harsh, cloth) for shot in some)


def exposure(painter: Painter, shot: scene.Shot) -> Picture:
    """What the camera takes, RGB."""
    moves = np.abs(shot.motion[0]).sum() > 0
    shares = np.linspace(-0.5, 0.5, BLURRED) if moves else [0.0]
    moments = [
        painter.picture(scene.exposed(shot, s), shot.light, shot.focal, shot.shadows).astype(
            np.float32
        )
        for s in shares
    ]
    mean = np.mean(moments, axis=0)
    return np.asarray(
        cv2.GaussianBlur(mean, (0, 0), shot.focus) if shot.focus > SHARP else mean
    ).astype(np.uint8)


def render(painter: Painter, seed: int, given: argparse.Namespace) -> dict[str, object]:
    """All pictures of a scene."""
    one, some = pictures(seed, given)
    jpegs, truths, shots = [], [], list(some)
    for shot in shots:
        jpegs.append(
            cv2.imencode(
                ".jpg", exposure(painter, shot)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92]
            )[1]
        )
        truth = painter.truth(scene.exposed(shot, 0.0), shot.light, shot.focal)
        truths.append(cv2.imencode(".png", truth[1::2, 1::2])[1])
    painter.forget()
    return {
        "jpeg": np.array(jpegs, object),
        "truth": np.array(truths, object),
        "turn": np.stack([s.turn for s in shots]),
        "place": np.stack([s.place for s in shots]),
        "focal": np.array([s.focal for s in shots]),
        "size": one.size,
        "mailer": np.array(one.mailer),
    }


def main(given: argparse.Namespace) -> None:
    given.out.mkdir(parents=True, exist_ok=True)
    painter = Painter(scene.WIDTH, scene.HEIGHT)
    began = time.monotonic()
    for number, seed in enumerate(range(given.first, given.first + given.count), start=1):
        target = given.out / f"{seed}.npz"
        if not target.exists():
            with tempfile.TemporaryDirectory(
                dir=given.out
            ) as folder:  # a scene is there as a whole or not at all
                np.savez(Path(folder) / target.name, **render(painter, seed, given))  # type: ignore[arg-type]
                (Path(folder) / target.name).replace(target)
        if number % 10 == 0:
            print(
                f"{number} of {given.count} scenes, {60 * number / (time.monotonic() - began):.0f} a minute",
                flush=True,
            )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("out", type=Path)
    asked.add_argument("first", type=int)
    asked.add_argument("count", type=int)
    asked.add_argument("--held", action="store_true")
    asked.add_argument("--opposite", action="store_true")
    asked.add_argument("--dressed", action="store_true")
    asked.add_argument("--harsh", action="store_true")
    asked.add_argument("--presented", action="store_true")
    asked.add_argument("--shown", action="store_true")
    asked.add_argument("--style", default="any", choices=scene.STYLES)
    asked.add_argument("--shots", type=int, default=SHOTS)
    given = asked.parse_args()
    if given.shots < 1:
        asked.error("a scene without pictures teaches nothing: --shots 1 or more")
    if given.held and (given.style in (*scene.PRINTED, "soft") or given.dressed):
        asked.error("printed designs and fabrics are learnt from: no held-out scene may show them")
    main(given)
