"""By what a result is known again: what was read, what read it, and by what it was judged."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path

import pipeline
from models import plugins
from models.containers import MediaKind
from models.examination import Examinations
from models.policy import Policy
from models.record import Record
from models.settings import Settings
from models.submission import Case
from pipeline.judge import roles
from pipeline.score import operator_key

COMPILED = {".pyc", ".pyo"}
WHOLE = ("models", "detectors", "pipeline")
READERS = (  # what an observation hangs on
    *("models", "detectors", "pipeline/observe", "pipeline/sandbox"),
    *("pipeline/score.py", "pipeline/receive.py", "pipeline/unpack.py"),
)
JUDGING = ("models/policies", "models/cards", "models/case_template.toml", "models/forms.toml")


class FileSeen(Record):
    """One file of a submission as it was received: its name for people, its digest, its kind."""

    shown: str
    sha256: str = ""
    kind: MediaKind | None = None
    error: str = ""


def seen(examined: Examinations) -> list[FileSeen]:
    """The files of an examination."""
    return [
        FileSeen(
            shown=one.path,
            sha256=one.sha256,
            kind=one.kind,
            error=one.error.name if one.error else "",
        )
        for one in examined.exhibits
    ]


@cache
def program_digest(parts: tuple[str, ...] = WHOLE, but: tuple[str, ...] = ()) -> str:
    """Of all that this program is made of, detectors, cards and weights among it; of a part."""
    root = Path(pipeline.__file__).parents[1]
    given = [root / part for part in parts]
    files = [path for place in given for path in (place, *place.rglob("*")) if path.is_file()]
    theirs = [path for place in plugins.folders() for path in place.rglob("*") if path.is_file()]
    left_out = tuple(root / part for part in but)
    whole = sha256()
    for path in sorted(path for path in (*files, *theirs) if path.suffix not in COMPILED):
        if not any(path.is_relative_to(place) for place in left_out):
            name = path.relative_to(root) if path.is_relative_to(root) else path.name
            whole.update(f"{name} {path.stat().st_size}\n".encode())
            whole.update(path.read_bytes())
    return whole.hexdigest()


def batch_key(
    policy: Policy,
    case: Case,
    settings: Settings,
    trust: bool = False,
) -> str:
    """Reports made alike have the same: program, rules, case of all, whom to trust, settings."""
    return _digest(
        program_digest(),
        policy.sha256,
        case.model_dump_json(),
        str(trust),
        *_settings(settings),
    )


def examination_key(
    media: Iterable[FileSeen],
    case: Case,
    policy: Policy,
    settings: Settings,
) -> str:
    """Observations made alike have the same: the media, their readers, and what was asked of them.

    Which policy asked does not matter, nor how it is judged.
    """
    asked = []
    for one in media:
        role = case.files.get(one.shown) if case.source == "operator" else None
        role = role or roles.role_of_all(case, policy, one.kind)
        kinds = roles.kinds_asked(policy, role, one.kind) if one.kind else frozenset()
        private = roles.is_private(policy, role)
        every = settings.every_detector and not private
        wanted = "every" if every else " ".join(sorted(kinds))
        asked.append(f"{one.sha256} {one.error} {len(one.shown)} {one.shown} {wanted}")
    return _digest(program_digest(READERS, JUDGING), *_settings(settings), *sorted(asked))


def report_key(
    examination: str,
    key: str,
    case: Case,
    submission: str,
) -> str:
    """The report on an examination in a batch whose key is `key`, for one case and submission."""
    return _digest(
        examination,
        key,
        case.model_dump_json(),
        submission,
    )


def _settings(settings: Settings) -> tuple[str, ...]:
    """All settings; of a key file what it holds, for its name says nothing."""
    key = sha256(operator_key(settings.seal_key)).hexdigest() if settings.seal_key else ""
    return settings.model_dump_json(exclude={"seal_key"}), key


def _digest(*parts: str) -> str:
    whole = sha256()
    for part in parts:
        whole.update(f"{len(part)} {part}".encode(errors="surrogateescape"))
    return whole.hexdigest()
