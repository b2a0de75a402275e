"""The box of the second reader of print: it may start Tesseract, and is given pixels alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from detectors.reading import tesseract
from models import errors
from pipeline.sandbox import box, child

LARGEST_ASKED = tesseract.LARGEST + 100  # bytes


@contextmanager
def beside(context: Any, boxed: bool) -> Iterator[Connection | None]:
    """A reader at work beside a child, and the child's end of the pipe to it.

    None where the program is not installed. Raises CannotWrite where there is no room for it.
    """
    where = tesseract.program()
    if where is None:
        yield None
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="parcelproof-", ignore_cleanup_errors=True)
    except OSError as fault:
        raise errors.CannotWrite(
            "Nothing can be written to {folder}: {why}.",
            folder=tempfile.gettempdir(),
            why=str(fault.strerror),
        ) from None
    with folder as scratch:
        ours, theirs = context.Pipe()
        process = context.Process(
            target=work,
            args=(theirs, Path(where), Path(scratch), boxed),
            daemon=True,
        )
        process.start()
        theirs.close()
        try:
            yield ours
        finally:
            ours.close()
            process.kill()
            process.join()
            process.close()


def work(
    pipe: Connection,
    program: Path,
    scratch: Path,
    boxed: bool,
) -> None:
    """Answer until the other end is closed, then end this process."""
    try:
        child.alone_with(pipe)
        tempfile.tempdir = str(scratch)
        if boxed:
            box.lock_to(program, scratch)
        while True:
            pipe.send_bytes(tesseract.answering(pipe.recv_bytes(LARGEST_ASKED)))
    finally:  # whatever it was, the other end sees the pipe close
        os._exit(1)
