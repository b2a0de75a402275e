"""A folder of uploads: one report each, in several processes, resumable; one bad file never stops the rest."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pipeline
from models import errors
from models.policy import Policy
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import receive, sandbox, score

SUFFIXES = {".mp4", ".mov", ".m4v", ".3gp", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}


@dataclass(frozen=True, slots=True)
class Done:
    """How one file ended: its path below the folder, and what to print."""

    name: str
    outcome: str  # scored, kept (from an earlier run), failed
    says: str


def media_below(folder: Path) -> Iterator[Path]:
    """Every file below `folder` that is media by its content, or is called so (then its error is reported). Links are not followed."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if path.is_file() and not path.is_symlink() and (path.suffix.lower() in SUFFIXES or _is_media(path)):
                yield path


def _is_media(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            receive.content(file.read(4096))
    except (OSError, errors.ParcelproofError):
        return False
    return True


def batch(folder: Path, out: Path, policy: Policy, case: Case, settings: Settings, jobs: int, told: Callable[[Done], None]) -> list[Done]:
    """Score every file below `folder` into `out`, `jobs` at a time. A report that is there and was made alike is kept."""
    key = sha256(f"{pipeline.__version__} {policy.sha256} {case.model_dump_json()} {settings.model_dump_json()}".encode()).hexdigest()
    ended = []
    with ThreadPoolExecutor(jobs) as pool:  # a thread only waits for its own boxed child
        waiting = [pool.submit(_one, path, folder, out, policy, case, settings, key) for path in media_below(folder)]
        try:
            for future in as_completed(waiting):
                ended.append(future.result())
                told(ended[-1])
        except BaseException:
            sandbox.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return sorted(ended, key=lambda done: done.name)


def _one(path: Path, folder: Path, out: Path, policy: Policy, case: Case, settings: Settings, key: str) -> Done:
    name = path.relative_to(folder).as_posix()
    target = out / name / "report.json"
    try:
        seen = receive.received(path, settings.limits).sha256
        if _kept(target, seen, key):
            return Done(name, "kept", "scored before")
        report = score.score(Submission(exhibits=(Exhibit(path=path, shown=name),), case=case), policy, settings)
    except errors.Stopped:
        raise  # nothing is said of a file that was not finished
    except errors.ParcelproofError as fault:
        write(target.with_name("error.json"), json.dumps({"name": fault.name, "says": str(fault), "advice": fault.advice}) + "\n")
        target.unlink(missing_ok=True)
        return Done(name, "failed", f"{fault.name}: {fault}")
    except Exception as fault:  # one bad file never stops the rest; what happened is written down
        write(
            target.with_name("error.json"), json.dumps({"name": type(fault).__name__, "says": str(fault), "advice": "Report this."}) + "\n"
        )
        return Done(name, "failed", f"{type(fault).__name__}: {fault}")
    write(target, score.as_json(report.model_copy(update={"audit": report.audit | {"batch_key": key}})))
    target.with_name("error.json").unlink(missing_ok=True)
    strength = report.strength
    return Done(name, "scored", f"{strength.score:.1f} ({strength.band})" if strength else report.result)


def _kept(target: Path, digest: str, key: str) -> bool:
    """Is there a report on these bytes, made by this version with these settings?"""
    try:
        report = json.loads(target.read_text("utf-8"))
        return bool(report["exhibits"][0]["sha256"] == digest and report["audit"]["batch_key"] == key)
    except (OSError, ValueError, KeyError, IndexError):
        return False


def write(target: Path, text: str) -> None:
    """All of it or nothing: a reader never sees half a report."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(target)
