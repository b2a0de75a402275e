"""Versions that mean something: of a detector by what it is made of, and of the libraries."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from pathlib import Path

import av
import cv2

DIGITS = 12  # of the digest that is a detector's version
LIBRARIES = ("av", "numpy", "onnxruntime", "opencv-python-headless", "zxing-cpp", "pyzbar")
# Read by pattern: to parse every source took a fifth of a second in every child.
IMPORT = re.compile(r"^ *from ([\w.]+) import (\([^)]*\)|[^\n(]+)", re.MULTILINE)
NAME = re.compile(r"(\w+)(?: as \w+)?")
WEIGHTS = re.compile(r"^WEIGHTS = (\([^)]*\)|\[[^\]]*\])", re.MULTILINE)
READERS = ("rapidocr", "tapirscan", "pytesseract", "c2pa-python", "ExifRead", "pi_heif", "biip")


@cache
def detector_version(module: str) -> str:
    """A digest of a detector's source, of the parts it shares, and of the weights it reads.

    Any change of one of them is another version; a change elsewhere is none.
    """
    digest = hashlib.sha256()
    for part in sorted(_parts(module)):
        path = _source(part)
        digest.update(f"{part}\0".encode())
        digest.update(path.read_bytes())
        if part.count(".") > 1:
            for data in sorted(path.parent.glob("*.json")):
                digest.update(data.read_bytes())
        for weights in _weights(path):
            digest.update(_card_digest(weights).encode())
    return digest.hexdigest()[:DIGITS]


def _parts(module: str) -> set[str]:
    """The module and every one of its package that it imports, directly or through others."""
    package = module.partition(".")[0]
    found: set[str] = set()
    waiting = [module]
    while waiting:
        part = waiting.pop()
        if part not in found:
            found.add(part)
            waiting += _imports(_source(part), package)
    return found


@cache
def _source(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"{module} has no source")
    return Path(spec.origin)


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8")


def _imports(path: Path, package: str) -> Iterator[str]:
    """Modules of `package` that the source at `path` imports, wherever in it."""
    for match in IMPORT.finditer(_text(path)):
        module, names = match.groups()
        if module.partition(".")[0] == package:
            inner = [f"{module}.{name}" for name in NAME.findall(names)]
            modules = [name for name in inner if _is_module(name)]
            yield from modules or (module,)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _weights(path: Path) -> Iterator[str]:
    """Names of shipped networks in the source's constant `WEIGHTS`."""
    match = WEIGHTS.search(_text(path))
    if match:
        yield from ast.literal_eval(match[1])


def _card_digest(weights: str) -> str:
    card = (resources.files("models") / "weights" / f"{weights}.toml").read_text("utf-8")
    return str(tomllib.loads(card)["sha256"])


def _of_program(name: str) -> str:
    """The first line that it says of itself."""
    said = subprocess.run(  # noqa: S603 (a name of ours)
        [name, "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )
    return said.stdout.partition("\n")[0].removeprefix(name).strip()


@cache
def library_versions() -> dict[str, str]:
    """Versions of what decodes and reads, by name; what is not installed is left out."""
    found = {"FFmpeg": av.ffmpeg_version_info, "OpenCV": cv2.__version__}
    if shutil.which("tesseract"):
        found["tesseract"] = _of_program("tesseract")
    for name in (*LIBRARIES, *READERS):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return dict(sorted(found.items()))
