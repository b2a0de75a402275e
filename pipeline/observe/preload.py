"""What the fork server loads once, so that a child starts in a twentieth of the time.

Opens no media.
"""

from contextlib import suppress
from importlib import import_module

import numpy as np

from detectors.motion import trees
from detectors.reading import barcodes
from pipeline.observe import gather, versions

LAZY = (
    "rapidocr",
    "onnxruntime",
    "c2pa",
    "pypdfium2",
    "numpy.ma",
    "numpy.fft",
    "scipy.fftpack",
)  # loaded at first use

gather.detectors()
versions.library_versions()
for name in LAZY:
    with suppress(ImportError):
        import_module(name)
barcodes.read_tapirscan(np.zeros((64, 64), np.uint8))  # loads its library
for kind in ("jump", "join"):
    trees.shipped_trees(kind)
