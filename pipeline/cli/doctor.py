"""The doctor: what is installed, what is missing, what that costs, whether the box works here."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from ctypes.util import find_library
from dataclasses import asdict, dataclass
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
    "pytesseract": Part(True, "printed text, second family"),
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
        Part(False, "printed text, second family; without it no print alone is confirmed"),
    ),
}
PROGRAMS = {"ffmpeg": ["ffmpeg", "-version"], "tesseract-ocr": ["tesseract", "--version"]}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: is it as it should be, must it be, and what is said of it."""

    name: str
    good: bool
    needed: bool
    version: str
    says: str

    def as_row(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def findings() -> Iterator[Finding]:
    """Everything that matters here: Python, packages, programs, the box."""
    good = sys.version_info >= OLDEST_PYTHON
    yield Finding(
        "Python",
        good,
        True,
        sys.version.split()[0],
        "",
    )
    for name, part in PACKAGES.items():
        version = _version(name)
        yield Finding(
            name,
            bool(version),
            part.needed,
            version or "missing",
            part.use,
        )
    for name, (where, part) in SYSTEM.items():
        there = bool(where())
        version = _tool_version(name) if there else f"missing (apt-get install {name})"
        yield Finding(
            name,
            there,
            part.needed,
            version,
            part.use,
        )
    yield from _box()


def show(some: Iterable[Finding], console: Console) -> None:
    """A line each: there or not, what for."""
    for one in some:
        said = " ".join(filter(None, (one.name, one.version)))
        said = f"{said}: {one.says}" if one.says else said
        mark = _mark(one.good, one.needed)
        console.print(
            f"{mark} {escape(said)}",
            highlight=False,
            soft_wrap=True,
        )


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


def _box() -> Iterator[Finding]:
    """Tries from inside the box what a hostile file would try."""
    why = box.unavailable()
    if why:
        cost = "`score` reads unsandboxed, `batch` only with --allow-unsandboxed."
        yield Finding(
            "box",
            False,
            True,
            "",
            f"cannot be had: {why}. {cost}",
        )
        return
    try:
        tried = _probed()
    except errors.ParcelproofError as fault:
        yield Finding(
            "box",
            False,
            True,
            "",
            f"does not work here: {fault}",
        )
        return
    if not tried:
        yield Finding(
            "box",
            False,
            True,
            "",
            "gave no answer",
        )
    for what, refused in tried.items():
        answer = "refused" if refused else "ALLOWED"
        yield Finding(
            f"box: {what}",
            bool(refused),
            True,
            "",
            answer,
        )


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
