"""The operator's case file, read; every fault is told at once, in a sentence with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from models.operator_file import SHOWN, Fault, check, meant, parsed, text_of, why
from models.packs import policies
from models.policy import CaseDate
from models.submission import Case

OURS = frozenset({"source", "claimed", "claim_fault"})  # never said in a file
KEYS = tuple(name for name in Case.model_fields if name not in OURS)
DATES: tuple[str, ...] = get_args(CaseDate)


def template() -> str:
    """A commented case file to fill in."""
    return (resources.files("models") / "case_template.toml").read_text("utf-8")


def case_from(path: Path) -> Case:
    """The operator's case file at `path`. Raises `Usage` with every fault and its line."""
    return case_of(text_of(path), path.name)


def case_of(text: str, name: str) -> Case:
    """The case that a text says. Raises `Usage`."""
    facts = parsed(text, name)
    faults = (*_misnamed(facts), *_wrong(facts), *_unknown_to_policy(facts))
    check(faults, text, name)
    return Case.model_validate(facts | {"source": "operator"})


def _misnamed(facts: Mapping[str, Any]) -> Iterator[Fault]:
    """Keys that nothing is called."""
    for key in facts:
        if key not in KEYS:
            yield (key,), f"nothing is called {key[:SHOWN]}{meant(key, (*KEYS, *DATES))}"
    dates = facts.get("dates")
    if isinstance(dates, dict):
        for key in dates:
            if key not in DATES:
                yield ("dates", key), f"no date is called {key[:SHOWN]}{meant(key, DATES)}"


def _wrong(facts: Mapping[str, Any]) -> Iterator[Fault]:
    """Values that do not fit."""
    known = {name: value for name, value in facts.items() if name in KEYS}
    if isinstance(known.get("dates"), dict):
        known["dates"] = {name: day for name, day in known["dates"].items() if name in DATES}
    try:
        Case.model_validate(known | {"source": "operator"})
    except ValidationError as fault:
        for one in fault.errors():
            where = tuple(part for part in one["loc"] if part != "[key]")
            yield where, f"{'.'.join(map(str, where))[:SHOWN]} {why(one)}"


def _unknown_to_policy(facts: Mapping[str, Any]) -> Iterator[Fault]:
    """Policy, reason and roles that are not there."""
    packs = policies()
    platform = facts.get("platform")
    chosen = list(packs.values())
    if isinstance(platform, str):
        if platform in packs:
            chosen = [packs[platform]]
        else:
            yield ("platform",), f"no policy is called {platform[:SHOWN]}{meant(platform, packs)}"
    reasons = {reason.id for pack in chosen for reason in pack.reasons}
    roles = {item.id for pack in chosen for item in pack.items}
    named: list[tuple[tuple[str | int, ...], Any, set[str], str]] = [
        (("reason",), facts.get("reason"), reasons, "reason"),
        (("role",), facts.get("role"), roles, "role"),
    ]
    files = facts.get("files")
    if isinstance(files, dict):
        named += [(("files", file), role, roles, "role") for file, role in files.items()]
    for where, name, known, what in named:
        if isinstance(name, str) and name not in known:
            yield where, f"no {what} is called {name[:SHOWN]}{meant(name, known)}"
