"""The house stays in order: lengths, licences, locks, samples, the wheel."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.cli import doctor
from sample_media import draw
from tests.conftest import ROOT

TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
]
PRODUCT = [
    p
    for folder in ("models", "detectors", "pipeline")
    for p in sorted((ROOT / folder).rglob("*.py"))
]


def functions() -> list[tuple[str, int]]:
    """Every function of the product with its length in lines."""
    return [
        (f"{path.name}:{node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]


def test_functions_are_short() -> None:
    lengths = sorted(length for _, length in functions())
    assert max(functions(), key=lambda f: f[1])[1] <= 60
    assert lengths[len(lengths) // 2] <= 10 and lengths[len(lengths) * 9 // 10] <= 32


def test_every_module_says_what_it_is() -> None:
    assert not [p.name for p in PRODUCT if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]


def test_every_dependency_has_its_licence_listed() -> None:
    listed = (ROOT / "THIRD_PARTY.md").read_text("utf-8").lower()
    for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines():
        name, _, version = line.partition(";")[0].strip().partition("==")
        assert f"| {name.lower()} | {version} |" in listed, f"{line} is not in THIRD_PARTY.md"


def test_locks_pin_everything_without_addresses_and_one_opencv() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.txt"):
        lines = [
            line
            for line in (ROOT / name).read_text("utf-8").splitlines()
            if line and not line.startswith("#")
        ]
        assert all(
            re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9A-Za-z.+!-]+( ; .*)?", line) for line in lines
        ), name
        assert [line for line in lines if "opencv" in line] in (
            [],
            ["opencv-python-headless==5.0.0.93"],
        )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    direct = {re.split(r"[><=;\[]", d)[0].strip() for d in project["dependencies"]}
    locked = {
        line.split("==")[0] for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    }
    assert direct <= locked
    assert {name.lower().replace("_", "-") for name in doctor.PACKAGES} <= direct, (
        "doctor asks for what the project does not"
    )


def test_nothing_of_a_machine_is_committed() -> None:
    personal = re.compile(
        r"(?<![\w./])/(?:work|root|home)/|pypi\.org|pythonhosted|deb\.debian\.org|registry\.npmjs"
    )
    for path in TRACKED:
        if (
            path.suffix in (".py", ".toml", ".md", ".lock", ".txt", ".html", "")
            and path.is_file()
            and path.name != Path(__file__).name
        ):
            assert not personal.search(path.read_text("utf-8", "replace")), path


def test_samples_are_small_and_redrawn_alike(tmp_path: Path) -> None:
    folder = ROOT / "sample_media"
    media = [p for p in folder.iterdir() if p.suffix in (".mp4", ".jpg", ".png")]
    assert {p.name for p in media} == set(
        tomllib.loads((folder / "truth.toml").read_text("utf-8"))["media"]
    )
    assert sum(p.stat().st_size for p in media) < 12_000_000
    ours = draw.label(draw.ORDER, draw.TRACKING)
    cv2.imwrite(str(tmp_path / "order_page.png"), draw.screenshot(draw.ORDER, draw.TRACKING))
    cv2.imwrite(str(tmp_path / "label.jpg"), draw.photo(ours), [cv2.IMWRITE_JPEG_QUALITY, 88])
    for name in ("order_page.png", "label.jpg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    take = draw.Take("main", 14.8, draw.packed(draw.faces(ours), ours), seed=1)
    with av.open(str(folder / "main.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(shown.astype(int) - next(draw.filmed(take)).astype(int)).mean() < 6, (
        "the clip's first frame is not what the code draws"
    )


def test_encoding_is_byte_identical(tmp_path: Path) -> None:
    take = draw.Take(
        "short",
        0.25,
        draw.unpacked(draw.ALL_SIDES, draw.faces(draw.label(draw.ORDER, draw.TRACKING))),
        seed=2,
    )
    for name in ("a.mp4", "b.mp4"):
        draw.encode(tmp_path / name, draw.filmed(take))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("number", [draw.TRACKING, draw.OTHER_TRACKING])
def test_sample_numbers_have_valid_check_digits(number: str) -> None:
    assert draw.mod10(number[:-1]) == number[-1]


def test_the_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    """Policies, cards, templates are inside; `parcelproof score` runs from it and finds nothing of
    the checkout.
    """
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    where = (
        "import models, detectors, pipeline; "
        "print(models.__file__, detectors.__file__, pipeline.__file__)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(target), "HOME": str(tmp_path)}
    places = subprocess.run(
        [sys.executable, "-c", where],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert all(place.startswith(str(target)) for place in places)
    command = [
        str(target / "bin" / "parcelproof"),
        "score",
        str(ROOT / "sample_media" / "label.jpg"),
        "--format",
        "json",
        "--report",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["cards"] and {i["value"] for i in report["exhibits"][0]["identifiers"]} == {
        draw.ORDER,
        draw.TRACKING,
    }
    assert (tmp_path / "out" / "index.html").stat().st_size > 10_000


def test_nothing_that_a_run_writes_is_tracked() -> None:
    """Reports, drafts and case files that somebody tried commands with belong to nobody else."""
    written = {"report.json", "examination.json", "findings.csv", "summary.csv", "answers.toml"}
    assert not [path for path in TRACKED if path.name in written]
    loose = {path.name for path in TRACKED if path.parent == ROOT}
    assert not [name for name in loose if name.endswith((".html", ".csv")) or name == "case.toml"]
