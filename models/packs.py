"""Policy packs as shipped: read, joined with their sources, and refused where anything is off.

A pack is a folder: `policy.toml` (what we make of the sources) and `sources.toml` (their sentences,
to the letter). What several packs ask alike is written once, in `checks.toml`: which kinds of
observation settle it, what a person is asked, which caps hang on it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.errors import Usage
from models.kinds import unknown_kinds
from models.operator_file import meant
from models.policy import AdviceText, Authority, Cap, Checker, Citation, Policy
from models.record import Record
from models.toml_lines import Path, line_of

CHECKS = "checks.toml"
POLICY = "policy.toml"
SOURCES = "sources.toml"
STATES = "states"  # in a pack: ids of statements, which become `cites`
CITED_AS = {STATES: "cites", "missed_states": "missed"}


class PackError(ValueError):
    """A pack that cannot be used, with file and line."""

    def __init__(
        self,
        file: str,
        line: int,
        why: str,
    ) -> None:
        super().__init__(f"{file}, line {line}: {why}")


class Source(Record):
    """A text that a pack rests on."""

    id: str
    title: str
    as_of: str
    authority: Authority
    language: str = "en"
    note: str = ""


class Statement(Record):
    """A sentence of a source, to the letter; `id` is its name in the list of all statements."""

    id: str
    source: str
    line: int
    quote: str
    rendering: str = ""


class Check(Record):
    """What several requirements ask alike. `id`: the requirement's, where it names none."""

    id: str
    title: str
    checker: Checker
    essential: bool = False
    parts: int = 1
    not_for: tuple[str, ...] = ()
    supported_by: tuple[str, ...] = ()
    contradicted_by: tuple[str, ...] = ()
    by_eye: bool = False
    question: str = ""
    if_relevant: bool = False
    advice: tuple[AdviceText, ...] = ()
    caps: tuple[Cap, ...] = ()


class Text(NamedTuple):
    """One file of a pack: its name for people, its text."""

    name: str
    text: str

    def fault(self, path: Path, why: str) -> PackError:
        """What is wrong at `path`."""
        return PackError(self.name, line_of(self.text, path), why)

    def line_with(self, word: str) -> int:
        """The first line that bears a word; 1 where none does."""
        lines = enumerate(self.text.splitlines(), start=1)
        return next((number for number, line in lines if word in line), 1)

    def parsed(self) -> dict[str, Any]:
        """Raises PackError."""
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as fault:
            raise PackError(self.name, _line_in(str(fault)), str(fault)) from None


def _line_in(message: str) -> int:
    """The line that tomllib names."""
    _, _, rest = message.partition("at line ")
    digits = rest.split(",")[0]
    return int(digits) if digits.isdigit() else 1


@cache
def policies() -> dict[str, Policy]:
    """Every shipped pack by id, in order. Raises PackError."""
    folder = resources.files("models") / "policies"
    checks = Text(CHECKS, (folder / CHECKS).read_text("utf-8"))
    packs = {}
    for pack in sorted((one for one in folder.iterdir() if one.is_dir()), key=lambda one: one.name):
        rules, sources = (
            Text(f"{pack.name}/{name}", (pack / name).read_text("utf-8"))
            for name in (POLICY, SOURCES)
        )
        found = pack_from(rules, sources, checks)
        packs[found.id] = found
    return packs


def policy(name: str) -> Policy:
    """The pack called `name`. Raises `Usage`."""
    known = policies()
    if name not in known:
        raise Usage(
            "No policy is called '{policy}'; there are {known}.",
            policy=name,
            known=", ".join(known),
        )
    return known[name]


def pack_from(
    policy_text: Text,
    sources_text: Text,
    checks_text: Text,
) -> Policy:
    """A pack from its texts. Raises PackError with the line at fault."""
    statements = citations(sources_text)
    raw = policy_text.parsed()
    used: set[str] = set()
    _cite(raw, (), statements, used, policy_text)
    _fill(raw, _checks(checks_text), policy_text)
    unused = sorted(set(statements) - used)
    if unused:
        raise PackError(policy_text.name, 1, f"carries no statement {', '.join(unused)}")
    whole = "\0".join((policy_text.text, sources_text.text, checks_text.text))
    digest = hashlib.sha256(whole.encode()).hexdigest()
    found: Policy = _validated(Policy, raw | {"sha256": digest}, policy_text)
    _can_be_checked(found, policy_text)
    return found


def citations(text: Text) -> dict[str, Citation]:
    """Every statement of a pack's sources by id. Raises PackError."""
    raw = text.parsed()
    sources = {
        one.id: one
        for n, row in enumerate(raw.get("sources", ()))
        for one in [_validated(Source, row, text, ("sources", n))]
    }
    found: dict[str, Citation] = {}
    for n, row in enumerate(raw.get("statements", ())):
        at: Path = ("statements", n)
        one = _validated(Statement, row, text, at)
        if one.source not in sources:
            raise text.fault((*at, "source"), f"no source is called {one.source}")
        if one.id in found:
            raise text.fault((*at, "id"), f"the statement {one.id} is listed twice")
        source = sources[one.source]
        found[one.id] = Citation.model_validate(
            {
                "statement": one.id,
                "quote": one.quote,
                "rendering": one.rendering,
                "language": source.language,
                "title": source.title,
                "as_of": source.as_of,
                "authority": source.authority,
                "line": one.line,
            }
        )
    return found


def _cite(
    node: Any,
    at: Path,
    statements: Mapping[str, Citation],
    used: set[str],
    text: Text,
) -> None:
    """Ids of statements, wherever they stand, become the statements. Raises PackError."""
    if isinstance(node, list):
        for n, inner in enumerate(node):
            _cite(inner, (*at, n), statements, used, text)
    if not isinstance(node, dict):
        return
    for key, inner in list(node.items()):
        if key not in CITED_AS:
            _cite(inner, (*at, key), statements, used, text)
            continue
        names = node.pop(key)
        for name in names:
            if name not in statements:
                why = f"no statement is called {name}{meant(name, statements)}"
                raise text.fault((*at, key), why)
        used.update(names)
        node[CITED_AS[key]] = [statements[name].model_dump() for name in names]


def _checks(text: Text) -> dict[str, Check]:
    raw = text.parsed()
    return {name: _validated(Check, {"id": name} | row, text, (name,)) for name, row in raw.items()}


def _fill(
    raw: dict[str, Any],
    checks: Mapping[str, Check],
    text: Text,
) -> None:
    """Requirements that name a check get what it says and they do not. Raises PackError."""
    for n, item in enumerate(raw.get("items", ())):
        caps = list(item.get("caps", ()))
        for m, rule in enumerate(item.get("requirements", ())):
            name = rule.pop("check", None)
            if name is None:
                continue
            if name not in checks:
                at: Path = ("items", n, "requirements", m)
                raise text.fault((*at, "check"), f"no check is called {name}{meant(name, checks)}")
            check = checks[name]
            known = check.model_dump(exclude={"caps"}, exclude_unset=True) | {"id": check.id}
            for key, value in known.items():
                rule.setdefault(key, value)
            caps += [cap.model_dump() | {"req": rule["id"]} for cap in check.caps]
        item["caps"] = caps


def _can_be_checked(pack: Policy, text: Text) -> None:
    """Raises PackError for a kind that nothing declares, and for what nobody is asked about."""
    for n, item in enumerate(pack.items):
        for name in unknown_kinds(item.informed_by):
            raise text.fault(("items", n, "informed_by"), f"no kind is called {name}")
        for m, rule in enumerate(item.requirements):
            at: Path = ("items", n, "requirements", m)
            if not (rule.supporting or rule.contradicting or rule.by_person):
                raise text.fault(at, f"{rule.id}: neither a kind of observation nor a person")
            if rule.by_person and not rule.question:
                raise text.fault(at, f"{rule.id}: a person can settle it, but nothing is asked")
            for name in unknown_kinds((*rule.supported_by, *rule.contradicted_by)):
                raise text.fault(at, f"{rule.id}: no kind is called {name}")


def _validated(
    kind: type[Any],
    raw: Any,
    text: Text,
    at: Path = (),
) -> Any:
    """The record. Raises PackError with the line of the first fault."""
    try:
        return kind.model_validate(raw)
    except ValidationError as fault:
        faults = fault.errors()
        first = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        place = (*at, *first["loc"])
        if not place:  # of the pack as a whole: the line that bears the name at fault
            said = str(first["msg"])
            raise PackError(text.name, text.line_with(said.rsplit(maxsplit=1)[-1]), said) from None
        if first["type"] == "extra_forbidden":
            why = f"nothing is called {place[-1]}{meant(str(place[-1]), _fields(kind))}"
        else:
            why = f"{'.'.join(map(str, place))}: {first['msg']}"
        raise text.fault(place, why) from None


def _fields(kind: type[Any]) -> Iterator[str]:
    """Names of fields of a record and of the records in it."""
    for record in (kind, *Record.__subclasses__()):
        yield from record.model_fields
