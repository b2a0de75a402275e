"""Imported by the fork server before anything else: from then on neither it nor its children reach
a network, whatever a library of theirs would like to tell its maker (onnxruntime 1.32 asks for an
address of its maker's a few seconds after it was loaded).

To import it has this effect; nobody else does.
"""

from contextlib import suppress

from pipeline.sandbox import box

with suppress(ImportError, OSError, RuntimeError):  # where no box can be had, none is claimed
    box.offline()
