"""Other people's packages: laid out as ours, found by the entry point `parcelproof.detectors`.

The entry point names a package. In it, `kinds.py` declares kinds (it may import `models` only: the
parent process imports it), `cards/*.toml` are detector cards, and every other module is a detector.
"""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from importlib import metadata
from pathlib import Path

GROUP = "parcelproof.detectors"


@cache
def packages() -> tuple[str, ...]:
    """Names of the installed packages that add detectors, sorted."""
    return tuple(sorted({entry.value for entry in metadata.entry_points(group=GROUP)}))


@cache
def folders() -> tuple[Path, ...]:
    """Where those packages lie."""
    specs = [importlib.util.find_spec(name) for name in packages()]
    places = [place for spec in specs if spec for place in spec.submodule_search_locations or ()]
    return tuple(Path(place) for place in places)


def load_kinds() -> None:
    """Declare their kinds, so that answers and reports of them are valid."""
    for name in packages():
        if importlib.util.find_spec(f"{name}.kinds"):
            importlib.import_module(f"{name}.kinds")
