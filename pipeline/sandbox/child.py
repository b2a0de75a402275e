"""The child: limits itself, then works. What goes wrong is said by name or ends the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from detectors.reading import tesseract
from models import errors
from models.media import Limits
from pipeline.sandbox import box, protocol
from pipeline.sandbox.protocol import Job

MOST_DESCRIPTORS = 65_536


def work(
    pipe: Connection,
    job: Job,
    arguments: tuple[Any, ...],
    reads: Path,
    limits: Limits,
    boxed: bool,
    second: Connection | None = None,
) -> None:
    """Run `job` and end this process. `second` leads to the second reader of print."""

    def emit(kind: str, body: Any) -> None:
        protocol.send(pipe, kind, body)

    try:
        alone_with(pipe, *filter(None, [second]))
        tesseract.connect(second)
        module = import_module(job.module)
        call: Callable[..., None] = getattr(module, job.function)
        if boxed:
            box.lock(reads, limits)
        call(*arguments, emit)
        emit("done", None)
    except errors.ParcelproofError as fault:
        emit("error", protocol.error_body(fault))
    except MemoryError:
        no_memory = errors.OutOfMemory("The file needs more memory than a reader is given.")
        emit("error", protocol.error_body(no_memory))
    except BaseException as failure:  # the child reports every failure by name
        crash = errors.DecoderCrashed(
            "The reader failed on this file: {kind}: {why}.",
            kind=type(failure).__name__,
            why=str(failure),
        )
        emit("error", protocol.error_body(crash))
    pipe.close()
    os._exit(0)


def alone_with(*pipes: Connection) -> None:
    """No standard streams, no descriptor of the fork server; the parent decides when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    kept = sorted(pipe.fileno() for pipe in pipes)
    for first, last in pairwise([2, *kept, MOST_DESCRIPTORS]):
        os.closerange(first + 1, last)
