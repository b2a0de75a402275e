"""TOML that an operator wrote, read; what is wrong with it is said in sentences with lines."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from models.errors import Usage
from models.toml_lines import line_of

LONGEST = 1 << 20  # bytes
SHOWN = 80  # characters of a value that are repeated
WORDS = {
    "missing": "is missing",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "too_long": "has more than {max_length} entries",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "tuple_type": "is no list: write it as [...]",
    "dict_type": "is no table: write it below [{name}]",
    "model_type": "is no table",
}

Fault = tuple[tuple[str | int, ...], str]
"""Where it stands, and what is wrong."""


def text_of(path: Path) -> str:
    """The file's text. Raises `Usage`."""
    try:
        with path.open("rb") as file:
            raw = file.read(LONGEST + 1)
        if len(raw) > LONGEST:
            raise ValueError(f"it has more than {LONGEST:,} bytes")
        return raw.decode("utf-8-sig")
    except (OSError, ValueError) as fault:
        raise cannot_read(path.name, fault) from None


def parsed(text: str, name: str) -> dict[str, Any]:
    """Its tables. Raises `Usage`."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise cannot_read(name, fault) from None


def cannot_read(name: str, fault: Exception) -> Usage:
    return Usage("The file {name} cannot be read: {why}.", name=name, why=str(fault)[:300])


def check(
    faults: Iterable[Fault],
    text: str,
    name: str,
) -> None:
    """Raises `Usage` with every fault at once, in the order of the lines."""
    told = sorted({(line_of(text, where), why) for where, why in faults})
    if told:
        raise Usage(
            "The file {name}: {faults}.",
            name=name,
            faults="; ".join(f"line {line}: {why}" for line, why in told),
        )


def why(one: ErrorDetails) -> str:
    """What is wrong with a value, in words."""
    given, kind = one["input"], one["type"]
    if kind == "string_type" and isinstance(given, (int, float)) and not isinstance(given, bool):
        return f'is a number: put it in quotes, "{str(given)[:SHOWN]}"'
    if kind == "string_type":
        return "is no text: put it in quotes"
    if kind == "literal_error":
        known = str(one["ctx"]["expected"]).replace("'", "")
        return f"is none of {known}"
    if kind == "value_error":
        return str(one["ctx"]["error"])[:200]
    if kind == "string_pattern_mismatch":
        region = one["loc"][:1] == ("region",)
        return "is not written as a region, such as US or GB-SCT" if region else "is empty"
    words = WORDS.get(kind)
    name = one["loc"][-1] if one["loc"] else ""
    return words.format(name=name, **one.get("ctx", {})) if words else one["msg"].lower()


def meant(name: str, known: Iterable[str]) -> str:
    """ " (did you mean X?)", where something is nearly called so."""
    near = get_close_matches(name[:SHOWN], list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
