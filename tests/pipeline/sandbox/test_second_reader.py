"""The second reader of print, in its box: it may start Tesseract, and nothing else."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from detectors.reading import second_reader, tesseract
from pipeline.sandbox import box, server
from pipeline.sandbox.second_reader import beside
from tests import clips
from tests.conftest import ROOT

ORDER = "576920418365107249"
HERE = np.array([[8, 8], [630, 8], [630, 60], [8, 60]], float)
pytestmark = pytest.mark.skipif(
    tesseract.program() is None or bool(box.unavailable()), reason="no Tesseract or no box here"
)
TRIES = """
import json, os, socket, subprocess, sys
from pathlib import Path
from pipeline.sandbox import box
program, scratch, upload = map(Path, sys.argv[1:])
box.lock_to(program, scratch)
def tried(call):
    try:
        call()
        return True
    except OSError:
        return False
print(json.dumps({
    "program": tried(lambda: subprocess.run([program, "--version"], capture_output=True)),
    "scratch": tried(lambda: (scratch / "a").write_text("x")),
    "shell": tried(lambda: subprocess.run(["/bin/sh", "-c", "true"])),
    "python": tried(lambda: subprocess.run([sys.executable, "-c", ""])),
    "upload": tried(upload.read_bytes),
    "beside": tried(lambda: (scratch.parent / "b").write_text("x")),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
    "socket": tried(lambda: socket.socket()),
    "copied": tried(lambda: subprocess.run([scratch / "a"])),
}))
"""


def test_it_may_start_one_program_and_write_into_one_folder(tmp_path: Path) -> None:
    scratch, upload = tmp_path / "scratch", tmp_path / "upload.mp4"
    scratch.mkdir()
    upload.write_bytes(b"x")
    where = [str(tesseract.program()), str(scratch), str(upload)]
    done = subprocess.run(
        [sys.executable, "-c", TRIES, *where], cwd=ROOT, capture_output=True, text=True, check=True
    )
    may = json.loads(done.stdout)
    assert {name for name, could in may.items() if could} == {"program", "scratch"}


@pytest.mark.parametrize("boxed", [True, False])
def test_it_reads_pixels_and_leaves_nothing_behind(
    boxed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sheet = clips.print_lines([ORDER])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with beside(server.start(), boxed) as pipe:
        tesseract.connect(pipe)
        try:
            (word,) = tesseract.words(sheet, tesseract.LINE)
        finally:
            tesseract.connect(None)
    assert word.text == ORDER and word.confidence > 0.5
    assert not list(tmp_path.glob("parcelproof-*"))


def test_what_is_no_picture_is_answered_by_name() -> None:
    for asked in (b"", b"[1,2,7]\n", b"[9999999,9999999,7]\nx", b"[1,1,4]\nx", b"nonsense\nxx"):
        said = json.loads(tesseract.answering(asked))
        assert isinstance(said, str) and said, asked


def test_a_reader_that_is_gone_is_an_error_of_the_system() -> None:
    ours, theirs = multiprocessing.Pipe()
    theirs.close()
    tesseract.connect(ours)
    try:
        with pytest.raises(OSError):
            tesseract.words(clips.print_lines([ORDER]), tesseract.LINE)
    finally:
        tesseract.connect(None)


def test_it_agrees_to_what_stands_there_and_to_nothing_else() -> None:
    sheet = clips.print_lines([ORDER])
    ink = np.argwhere(sheet < 128)
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    there = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    assert second_reader.agrees(sheet, [there], ORDER)
    assert not second_reader.agrees(sheet, [there], ORDER[:-1] + "8")
    turned = np.ascontiguousarray(np.rot90(sheet, 2))
    height, width = sheet.shape
    upside_down = np.array([width - 1, height - 1]) - there
    assert second_reader.agrees(turned, [upside_down], ORDER)
