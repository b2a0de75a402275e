"""What the fork server loads once, so that a child starts in a twentieth of the time.

Opens no media.
"""

from contextlib import suppress
from importlib import import_module

import numpy as np

from detectors.motion import trees
from detectors.reading import barcodes, ocr
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
with suppress(Exception):  # a reader that cannot be loaded says so where it is asked to read
    ocr.engine()  # its networks
for kind in ("jump", "join"):
    trees.shipped_trees(kind)
