"""The doctor: what is installed, what is missing, what that costs, and whether the box works here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from ctypes.util import find_library
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console

from models import errors
from models.media import Limits
from pipeline import sandbox

# Package on PyPI: (needed?, what it is for)
PACKAGES = {
    "av": (True, "decoding"),
    "opencv-python-headless": (True, "pixels"),
    "numpy": (True, "pixels"),
    "c2pa-python": (True, "Content Credentials"),
    "zxing-cpp": (True, "codes"),
    "tapirscan": (True, "codes that stay unread, third family"),
    "biip": (True, "GS1 check digits"),
    "pyzbar": (True, "codes, second family"),
    "rapidocr": (False, "printed text; without it no order ID or tracking number is read from print"),
    "onnxruntime": (False, "printed text"),
    "tesserocr": (False, "stands in for rapidocr, with a shorter reach: upright and clean pages (pip install parcelproof[tesseract])"),
    "ExifRead": (True, "EXIF of photos"),
    "pi_heif": (True, "HEIC photos"),
    "pyseccomp": (False, "the box; without it media are read unsandboxed or not at all"),
}
# Debian package: (how to tell, needed?, what it is for)
SYSTEM: dict[str, tuple[Callable[[], str | None], bool, str]] = {
    "libzbar0": (lambda: find_library("zbar"), True, "pyzbar"),
    "ffmpeg": (lambda: shutil.which("ffmpeg"), False, "drawing clips and proxies of our own; uploads are never given to it"),
    "tesseract-ocr": (lambda: shutil.which("tesseract"), False, "language data of tesserocr"),
}


def show(console: Console) -> bool:
    """Prints the findings; True where everything needed is there."""
    good = sys.version_info >= (3, 11)
    console.print(f"{_mark(good)} Python {sys.version.split()[0]}", highlight=False)
    for name, (needed, use) in PACKAGES.items():
        version = _version(name)
        good &= bool(version) or not needed
        console.print(f"{_mark(bool(version), needed)} {name} {version or 'missing'}: {use}", highlight=False)
    for name, (where, needed, use) in SYSTEM.items():
        there = where()
        good &= bool(there) or not needed
        console.print(
            f"{_mark(bool(there), needed)} {name} {_tool_version(name) if there else 'missing (apt-get install ' + name + ')'}: {use}",
            highlight=False,
        )
    return _box(console) and good


def _mark(there: bool, needed: bool = True) -> str:
    return "[green]●[/]" if there else "[red]▲[/]" if needed else "[yellow]○[/]"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _tool_version(name: str) -> str:
    program = {"ffmpeg": ["ffmpeg", "-version"], "tesseract-ocr": ["tesseract", "--version"]}.get(name)
    if program is None:
        return "installed"
    said = subprocess.run(program, capture_output=True, text=True, check=False)
    words = (said.stdout or said.stderr).split()
    return next((word for word in words if word[:1].isdigit()), "installed")


def _box(console: Console) -> bool:
    """Tries from inside the box what a hostile file would try."""
    if why := sandbox.unavailable():
        console.print(f"{_mark(False)} the box cannot be had: {why}. `batch` refuses; `score` needs --allow-unsandboxed.", highlight=False)
        return False
    tried: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="parcelproof-") as folder:
        allowed, victim = Path(folder) / "allowed", Path(folder) / "victim"
        for file in (allowed, victim):
            file.write_text("x")
        try:
            sandbox.run("pipeline.sandbox:probe", (victim,), allowed, Limits(), lambda _, body: tried.update(body))
        except errors.ParcelproofError as fault:
            console.print(f"{_mark(False)} the box does not work here: {fault}", highlight=False)
            return False
    for what, refused in tried.items():
        console.print(f"{_mark(bool(refused))} box: {what}: {'refused' if refused else 'ALLOWED'}", highlight=False)
    return bool(tried) and all(tried.values())
