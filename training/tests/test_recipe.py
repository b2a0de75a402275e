"""The recipe for the networks (training/parcel/README.md) from its first command to its last, in
small. Where what it needs is installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from training.parcel.render import assets
from training.tests.conftest import ROOT

for package in ("torch", "moderngl", "OpenEXR", "onnx"):
    pytest.importorskip(
        package,
        reason="training/requirements-networks.lock is not installed: the recipe is not run",
    )
FEW = {"render": 2, "clips": 1}  # scenes and clips at a time
STEPS = 2


def commands() -> list[list[str]]:
    """The recipe's commands without their remarks, in order."""
    text = (ROOT / "training/parcel/README.md").read_text(encoding="utf-8")
    return [
        line.split()
        for line in re.findall(r"^    python -m (training\.sides\.[^#\n]+)", text, re.MULTILINE)
    ]


def small(command: list[str]) -> list[str]:
    """The same with little to do."""
    name = command[0].rpartition(".")[2]
    if name in FEW:
        command = [*command[:3], str(FEW[name]), *command[4:]]
    if name == "train":
        at = command.index("--steps") if "--steps" in command else len(command)
        command = [*command[:at], *command[at + 2 :], "--steps", str(STEPS)]
    return command + ["--size", "144"] * (name == "clips")


def test_the_recipe_runs_from_its_first_command_to_its_last(tmp_path: Path) -> None:
    if not (ROOT / assets.FOLDER).is_dir():
        pytest.skip("the assets are not here: run python -m training.parcel.render.assets")
    (tmp_path / assets.FOLDER.parent).mkdir(parents=True)
    (tmp_path / assets.FOLDER).symlink_to(ROOT / assets.FOLDER)
    (tmp_path / "models/weights").mkdir(parents=True)
    asked = commands()
    assert asked[0] == ["training.parcel.render.assets"] and {
        "render",
        "train",
        "quantize",
        "check",
        "ship",
        "clips",
    } <= {command[0].rpartition(".")[2] for command in asked}
    said = {}
    for command in asked:
        run = subprocess.run(
            [sys.executable, "-m", *small(command)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == 0, f"{' '.join(command)}\n{run.stderr[-2000:]}"
        said[" ".join(command)] = run.stdout
    assert all(
        "beyond 25" in out for line, out in said.items() if ".check" in line or ".ship" in line
    )
    for what in ("mask", "axes", "mailer"):
        card = (tmp_path / f"models/weights/parcel_{what}.toml").read_text(encoding="utf-8")
        assert "beyond 25" in card and (tmp_path / f"models/weights/parcel_{what}.log").read_text(
            encoding="utf-8"
        )
    assert (
        sum(path.stat().st_size for path in (tmp_path / "models/weights").glob("*.onnx"))
        < 10_000_000
    )
