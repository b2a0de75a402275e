"""A report's folder: the page, its pictures, report.json, and the saved examination."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from models import errors
from models.examination import Examinations
from models.report import Report
from pipeline.render.html import page
from pipeline.render.json import as_json
from pipeline.wording.language import Speaker

PAGE = "index.html"
REPORT = "report.json"
EXAMINATION = "examination.json"
FRAMES = "frames"
PUBLIC, PRIVATE = 0o644, 0o600


def contents(
    found: Report,
    examined: Examinations,
    pictures: Mapping[str, bytes] | None = None,
    say: Speaker | None = None,
) -> dict[str, bytes]:
    """Every file of one report by its name below the report's folder; pages where `say` speaks."""
    files = {EXAMINATION: as_json(examined).encode(), REPORT: as_json(found).encode()}
    if say:
        shown = dict(sorted((pictures or {}).items()))
        files |= {f"{FRAMES}/{name}": jpeg for name, jpeg in shown.items()}
        files[PAGE] = page(found, shown, say).encode()
    return files


def write_contents(folder: Path, files: Mapping[str, bytes]) -> None:
    """The files of one report, its examination for the owner alone. Raises CannotWrite.

    `report.json` comes last: where it is, the rest is.
    """
    with writing(folder):
        _clear_pictures(folder)
        for name in sorted(files, key=lambda name: (name == REPORT, name)):
            write(folder / name, files[name], PRIVATE if name == EXAMINATION else PUBLIC)


def write_report(
    folder: Path,
    found: Report,
    examined: Examinations,
    pictures: Mapping[str, bytes],
    say: Speaker,
) -> Path:
    """Everything of one report into `folder`; the page's path. Raises CannotWrite."""
    write_contents(folder, contents(found, examined, pictures, say))
    return folder / PAGE


def _clear_pictures(folder: Path) -> None:
    """Page and pictures of an earlier report in this folder: they may show another file."""
    for old in (folder / PAGE, *(folder / FRAMES).glob("*.jpg")):
        if old.is_file() or old.is_symlink():
            old.unlink()


def check_writable(folder: Path) -> None:
    """Before the work: whether files can be written there. Raises CannotWrite."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Where nothing can be written, CannotWrite is raised."""
    try:
        yield
    except OSError as fault:
        raise errors.CannotWrite(
            "The report cannot be written to {folder}: {why}.",
            folder=str(folder),
            why=str(fault.strerror),
        ) from None


def write(
    target: Path,
    content: str | bytes,
    mode: int = PUBLIC,
) -> None:
    """All of it or nothing: a reader never sees half a file. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    raw = content.encode() if isinstance(content, str) else content
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def saved_examinations(folder: Path) -> Examinations:
    """What was saved in a report's folder. Raises Missing, Unreadable."""
    try:
        path = folder / EXAMINATION if folder.is_dir() else folder
        if path.exists() and not path.is_file():
            raise errors.Unreadable("{path} is no file.", path=str(path))
        return Examinations.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise errors.Missing(
            "There is no {name} in {folder}: `score --report` and `batch` write one.",
            name=EXAMINATION,
            folder=str(folder),
        ) from None
    except OSError as fault:
        raise errors.Unreadable(
            "{path}: {why}.",
            path=str(folder),
            why=str(fault.strerror),
        ) from None
    except ValueError:
        raise errors.Unreadable(
            "{path} is no examination that this version can read.", path=str(path)
        ) from None


def key_of(folder: Path) -> str:
    """By which a store knows the report in a folder; empty where it is none of a store's."""
    try:
        return Report.model_validate_json((folder / REPORT).read_bytes()).audit.batch_key
    except (OSError, ValueError):
        return ""


def saved_pictures(folder: Path, found: Report) -> dict[str, bytes]:
    """Those of the report's pictures that lie in a report's folder, by name."""
    names = {want.name for exhibit in found.exhibits for want in exhibit.pictures}
    paths = [folder / FRAMES / name for name in sorted(names)]
    whole = [path for path in paths if path.is_file() and not path.is_symlink()]
    return {path.name: path.read_bytes() for path in whole}
