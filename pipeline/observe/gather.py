"""Which detectors there are, in what order they run, and what each one's version is.

Every module in `detectors/` is one; so is every module of other people's packages (see
`models/plugins.py`). Nothing is registered by hand.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from models import plugins
from models.containers import MediaKind
from models.detector import Detector
from models.observation import named
from pipeline.observe.versions import detector_version

OURS = "detectors"


@cache
def detectors() -> tuple[Detector, ...]:
    """Every detector, those that others wait for first. Raises ValueError on a cycle or a twin."""
    found: dict[str, Detector] = {}
    for one in _modules():
        detector: Detector = getattr(importlib.import_module(one), one.rpartition(".")[2])
        if detector.name in found:
            raise ValueError(f"two detectors are called {detector.name}")
        found[detector.name] = replace(detector, version=detector_version(detector.module))
    return ordered(found.values())


def _modules() -> Iterator[str]:
    """Modules that hold one detector each."""
    for package in (OURS, *plugins.packages()):
        folders = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(folders):
            if not module.ispkg and module.name != "kinds":
                yield f"{package}.{module.name}"


def ordered(some: Iterable[Detector]) -> tuple[Detector, ...]:
    """Sources before those who depend on them. Raises ValueError on a cycle."""
    waiting = sorted(some, key=lambda detector: detector.name)
    done: list[Detector] = []
    while waiting:
        pending = {kind for detector in waiting for kind in detector.sees}
        ready = [detector for detector in waiting if not pending & set(detector.depends_on)]
        if not ready:
            names = ", ".join(detector.name for detector in waiting)
            raise ValueError(f"detectors depend on each other in a circle: {names}")
        done += ready
        waiting = [detector for detector in waiting if detector not in ready]
    return tuple(done)


def chosen(
    media: MediaKind,
    kinds: frozenset[str] | None,
    known: Sequence[Detector] | None = None,
) -> tuple[Detector, ...]:
    """Those whose kinds are asked for (None = all) on this kind of media, and their sources."""
    every = detectors() if known is None else known
    pool = [one for one in every if media in one.on]
    asked = {one for one in pool if kinds is None or kinds & set(named(one.sees))}
    while True:
        wanted = {kind for one in asked for kind in one.depends_on}
        sources = {one for one in pool if wanted & set(one.sees)}
        more = sources - asked
        if not more:
            return ordered(asked)
        asked |= more


def visible_kinds(media: MediaKind) -> tuple[str, ...]:
    """Names of the kinds that some installed detector can see on this kind of media."""
    kinds = {kind for one in detectors() if media in one.on for kind in one.sees}
    return tuple(sorted(named(tuple(kinds))))
