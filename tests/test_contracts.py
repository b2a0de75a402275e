"""The import contracts bite: each, broken on purpose in a copy, is told; a new file is covered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

OURS = ("models", "detectors", "pipeline")
BESIDE = ("sample_media", "bench", "tests")
LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"

BREAKS = {
    "a model that knows a detector": (
        "models/extra.py",
        "import detectors.blank",
        "pipeline -> detectors -> models, never back",
    ),
    "a detector that reads its neighbour": (
        "detectors/extra.py",
        "from detectors.cuts import cuts",
        "a detector never imports a sibling",
    ),
    "a family that uses another": (
        "detectors/motion/extra.py",
        "import detectors.reading.ocr",
        "families of shared parts stay apart; all may use vision",
    ),
    "a shared part that knows a detector": (
        "detectors/vision/extra.py",
        "import detectors.cuts",
        "a detector never imports a sibling",
    ),
    "advice that decodes": (
        "pipeline/judge/extra.py",
        "import cv2",
        "judging and wording reach no media and no detector",
    ),
    "advice that asks a detector": (
        "pipeline/judge/extra.py",
        "import detectors.cuts",
        "judging and wording reach no media and no detector",
    ),
    "a sentence that looks for itself": (
        "pipeline/wording/extra.py",
        "import pipeline.observe.decode",
        "judging and wording reach no media and no detector",
    ),
    "a page that opens the upload": (
        "pipeline/render/extra.py",
        "import av",
        "only observing imports decoders",
    ),
    "a parent that decodes": (
        "pipeline/sandbox/extra.py",
        "import cv2",
        "only observing imports decoders",
    ),
    "a detector that opens the file": (
        "detectors/extra.py",
        "import av",
        "only ingest, decode and versions open libavformat",
    ),
    "judging that writes pages": (
        "pipeline/judge/extra.py",
        "import pipeline.render.html",
        "the way of a submission goes down the layers of the pipeline",
    ),
    "a room that nobody placed": (
        "pipeline/advice.py",
        "import os",
        "the way of a submission goes down the layers of the pipeline",
    ),
    "a detector that needs its training": (
        "detectors/extra.py",
        "import training.cuts.fit",
        "the product needs nothing that only builds or measures it",
    ),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources alone, with the contracts; what only builds or measures is hollow."""
    folder = tmp_path_factory.mktemp("copy")
    for name in OURS:
        ignored = shutil.ignore_patterns("*.onnx", "*.log", "__pycache__", "*.json")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in (*BESIDE, "training", "training/cuts"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text('"""Hollow."""\n')
    (folder / "training" / "cuts" / "fit.py").write_text('"""Hollow."""\n')
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def linted(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LINTER, "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_copy_keeps_them_all(copy: Path) -> None:
    said = linted(copy)
    assert " 0 broken" in said, said


@pytest.mark.parametrize("name", BREAKS)
def test_each_bites(name: str, copy: Path) -> None:
    file, line, contract = BREAKS[name]
    extra = copy / file
    assert not extra.exists()
    extra.write_text(f'"""Broken on purpose."""\n\n{line}\n')
    try:
        said = linted(copy)
    finally:
        extra.unlink()
    assert f"{contract} BROKEN" in said, said
