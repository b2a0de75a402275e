"""What the fork server loads once, so that a child starts in a twentieth of the time. Opens no media."""

from contextlib import suppress
from importlib import import_module

import numpy as np

from detectors import _barcodes, _jumps
from pipeline import fanout

fanout.detectors()
for lazy in ("rapidocr", "onnxruntime", "c2pa", "numpy.ma", "numpy.fft"):  # numpy loads its own at the first median
    with suppress(ImportError):
        import_module(lazy)
_barcodes.last(np.zeros((64, 64), np.uint8))  # loads its library
_jumps.trees()
