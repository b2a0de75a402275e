"""Words that stand beside an identifier, in print or in a payload: `formats/label_words.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from models.identifiers.number_format import IdKind

KINDS: tuple[IdKind, ...] = ("package_id", "tracking_number", "order_id")


@cache
def label_words() -> tuple[tuple[IdKind, re.Pattern[str]], ...]:
    """What such words look like in any language, kind by kind in the order to be tried."""
    folder = resources.files("models") / "identifiers" / "formats"
    rows = tomllib.loads((folder / "label_words.toml").read_text("utf-8"))
    return tuple((kind, re.compile("|".join(rows[kind].values()), re.I)) for kind in KINDS)
