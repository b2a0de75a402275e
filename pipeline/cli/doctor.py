"""The doctor: what is installed, what is missing, what that costs, whether the box works here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from ctypes.util import find_library
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from models import errors
from models.media import Limits
from pipeline.sandbox import box, protocol, server

OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Part:
    """Something installed: whether it is needed, and what for."""

    needed: bool
    use: str


PACKAGES = {
    "av": Part(True, "decoding"),
    "opencv-python-headless": Part(True, "pixels"),
    "numpy": Part(True, "pixels"),
    "c2pa-python": Part(True, "Content Credentials"),
    "zxing-cpp": Part(True, "codes"),
    "tapirscan": Part(True, "codes that stay unread, third family"),
    "biip": Part(True, "GS1 check digits"),
    "pyzbar": Part(True, "codes, second family"),
    "babel": Part(True, "languages"),
    "rapidocr": Part(
        False, "printed text; without it no order ID or tracking number is read from print"
    ),
    "onnxruntime": Part(False, "printed text"),
    "tesserocr": Part(
        False,
        "stands in for rapidocr, with a shorter reach: upright and clean pages "
        "(pip install parcelproof[tesseract])",
    ),
    "ExifRead": Part(True, "EXIF of photos"),
    "pi_heif": Part(True, "HEIC photos"),
    "pyseccomp": Part(False, "the box; without it media are read unsandboxed or not at all"),
}
SYSTEM: dict[str, tuple[Callable[[], str | None], Part]] = {
    "libzbar0": (lambda: find_library("zbar"), Part(True, "pyzbar")),
    "ffmpeg": (
        lambda: shutil.which("ffmpeg"),
        Part(False, "drawing clips and proxies of our own; uploads are never given to it"),
    ),
    "tesseract-ocr": (
        lambda: shutil.which("tesseract"),
        Part(False, "language data of tesserocr"),
    ),
}
PROGRAMS = {"ffmpeg": ["ffmpeg", "-version"], "tesseract-ocr": ["tesseract", "--version"]}


def show(console: Console) -> bool:
    """Prints the findings; True where everything needed is there."""
    good = sys.version_info >= OLDEST_PYTHON
    version = sys.version.split()[0]
    console.print(f"{_mark(good)} Python {version}", highlight=False)
    for name, part in PACKAGES.items():
        version = _version(name)
        good &= bool(version) or not part.needed
        _tell(
            console,
            name,
            version or "missing",
            bool(version),
            part,
        )
    for name, (where, part) in SYSTEM.items():
        there = bool(where())
        good &= there or not part.needed
        version = _tool_version(name) if there else f"missing (apt-get install {name})"
        _tell(
            console,
            name,
            version,
            there,
            part,
        )
    return _box(console) and good


def _tell(
    console: Console,
    name: str,
    version: str,
    there: bool,
    part: Part,
) -> None:
    """One line: there or not, what for."""
    mark = _mark(there, part.needed)
    said = escape(f"{name} {version}: {part.use}")
    console.print(f"{mark} {said}", highlight=False)


def _mark(there: bool, needed: bool = True) -> str:
    if there:
        return "[green]●[/]"
    return "[red]▲[/]" if needed else "[yellow]○[/]"


def _version(package: str) -> str:
    """Of an installed package; empty where it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _tool_version(name: str) -> str:
    program = PROGRAMS.get(name)
    if program is None:
        return "installed"
    said = subprocess.run(  # noqa: S603 (ours)
        program,
        capture_output=True,
        text=True,
        check=False,
    )
    words = (said.stdout or said.stderr).split()
    return next((word for word in words if word[:1].isdigit()), "installed")


def _box(console: Console) -> bool:
    """Tries from inside the box what a hostile file would try."""
    why = box.unavailable()
    if why:
        cost = "`score` reads unsandboxed, `batch` only with --allow-unsandboxed."
        console.print(f"{_mark(False)} the box cannot be had: {why}. {cost}", highlight=False)
        return False
    try:
        tried = _probed()
    except errors.ParcelproofError as fault:
        said = escape(str(fault))
        console.print(f"{_mark(False)} the box does not work here: {said}", highlight=False)
        return False
    for what, refused in tried.items():
        answer = "refused" if refused else "ALLOWED"
        mark = _mark(bool(refused))
        console.print(f"{mark} box: {what}: {answer}", highlight=False)
    return bool(tried) and all(tried.values())


def _probed() -> dict[str, Any]:
    """What a boxed child was refused, by what it tried."""
    tried: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="parcelproof-") as folder:
        allowed = Path(folder) / "allowed"
        victim = Path(folder) / "victim"
        for file in (allowed, victim):
            file.write_text("x")
        server.run(
            protocol.PROBE,
            (victim,),
            allowed,
            Limits(),
            lambda _, body: tried.update(body),
        )
    return tried
