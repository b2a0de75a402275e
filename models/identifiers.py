"""Order IDs and tracking numbers: whose a text could be by its form and check digit, and how far that may be believed.

Forms: tracking_number_data (Jeff Keen and others, MIT; beside this file, unchanged) and `formats/more.toml`. A carrier is a
candidate, never a fact; a bare number without a label word beside it is never an identifier.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

import biip

from models import checks

IdKind = Literal["order_id", "tracking_number", "package_id"]
LONGEST = 64  # characters; no number is longer even with a space after each, and a code's payload may be anything
# Forms of tracking_number_data that are specific enough to be taken without a label word: by a prefix, or by a prefix and a check digit.
ALONE = set(
    "ups s10 amazon_logistics gofo_us landmark_global lasership_1ls7 ontrac_c ontrac_d yunexpress usps_impb_n usps_impb_c speedee".split()
)
ROUTED = re.compile(r"^420\d{5}(?:\d{4})?(?=9[1-5])")  # USPS: the routing ZIP in front is no part of the number


def squeezed(text: str) -> str:
    """What two numbers are compared by: NFKC, upper case, letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


@dataclass(frozen=True, slots=True)
class Format:
    """One form. `alone`: specific enough to be taken without a label word beside it. `clashes`: what else it may be."""

    kind: IdKind
    carrier: str
    name: str
    pattern: re.Pattern[str]
    alone: bool = False
    trust: str = "seen"
    clashes: str = ""
    check: Mapping[str, Any] = field(default_factory=dict)
    prepend: tuple[re.Pattern[str], str] | None = None  # where the serial matches, this goes in front before it is checked
    known: Mapping[str, tuple[re.Pattern[str], ...]] = field(default_factory=dict)  # groups that must have one of these values

    def valid(self, match: re.Match[str]) -> bool | None:
        """Whether check digit and lookups hold; None where the form has neither."""
        if not self.check and not self.known:
            return None
        parts = match.groupdict()
        there = all(any(value.fullmatch(parts[group] or "") for value in values) for group, values in self.known.items())
        return there and (not self.check or checks.holds(self.check["name"], self._serial(match), self._digit(match), self.check))

    def _serial(self, match: re.Match[str]) -> str:
        serial = match.groupdict().get("SerialNumber") or match.group()[:-1]
        return self.prepend[1] + serial if self.prepend and self.prepend[0].match(serial) else serial

    def _digit(self, match: re.Match[str]) -> str:
        return match.groupdict().get("CheckDigit") or match.group()[-1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a text could be. `valid`: its check digit holds; None where the form has none."""

    kind: IdKind
    carrier: str
    format: str
    valid: bool | None
    alone: bool
    why: str


@cache
def formats() -> tuple[Format, ...]:
    """Every form that is known: tracking_number_data in the order of its files, then ours."""
    folder = resources.files("models") / "formats"
    files = sorted((f for f in (folder / "tracking_number_data").iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    found = [form for file in files for form in _upstream(json.loads(file.read_text("utf-8")))]
    ours = tomllib.loads((folder / "more.toml").read_text("utf-8"))
    return (*found, *(_ours(kind, row) for kind in ("tracking_number", "order_id") for row in ours[kind]))


def _upstream(courier: Mapping[str, Any]) -> Iterator[Format]:
    for row in courier["tracking_numbers"]:
        name = row.get("id") or re.sub(r"[^a-z0-9]+", "-", row["name"].lower()).strip("-")
        rules = row["validation"]
        first = rules.get("serial_number_format", {}).get("prepend_if")
        must = rules.get("additional", {}).get("exists", ())
        yield Format(
            kind="tracking_number",
            carrier=courier["courier_code"],
            name=name,
            pattern=_pattern("".join(row["regex"])),
            alone=name in ALONE,
            check=rules.get("checksum", {}),
            prepend=(_pattern(first["matches_regex"]), first["content"]) if first else None,
            known={
                extra["regex_group_name"]: tuple(map(_value, extra["lookup"]))
                for extra in row.get("additional", ())
                if extra["name"] in must
            },
        )


def _pattern(written: str) -> re.Pattern[str]:
    """Their regular expressions name groups as Perl does."""
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", written))


def _value(row: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(row["matches_regex"] if "matches_regex" in row else re.escape(row["matches"]))


def _ours(kind: IdKind, row: Mapping[str, Any]) -> Format:
    return Format(
        kind=kind,
        carrier=row["carrier"],
        name=row["format"],
        pattern=re.compile(row["pattern"]),
        alone=row.get("alone", False),
        trust=row["trust"],
        clashes=row.get("clashes", ""),
        check={"name": row["check"]} if "check" in row else {},
    )


@lru_cache(4096)
def candidates(text: str) -> tuple[Candidate, ...]:
    """Every form that the whole of `text` fits, the surest first."""
    if len(text) > 2 * LONGEST:
        return ()
    written = unicodedata.normalize("NFKC", text).strip()
    tight = re.sub(r"\s+", "", written).upper()
    numbers = dict.fromkeys((tight, ROUTED.sub("", tight), written))
    found = []
    for form in formats():
        for number in numbers:
            if match := form.pattern.fullmatch(number):
                found.append(_candidate(form, form.valid(match)))
                break
    return tuple(sorted(found, key=_rank, reverse=True))


def _rank(one: Candidate) -> tuple[bool, bool, bool]:
    return one.alone and one.valid is not False, one.valid is True, one.valid is None


def _candidate(form: Format, valid: bool | None) -> Candidate:
    said = {True: "its check digit holds", False: "its check digit does not hold", None: "it has the form, which has no check digit"}[valid]
    hearsay = "; the form is known from hearsay only" if form.trust == "hearsay" else ""
    clashes = f"; may also be: {form.clashes}" if form.clashes else ""
    return Candidate(form.kind, form.carrier, form.name, valid, form.alone, said + hearsay + clashes)


def gs1(payload: str) -> dict[str, str] | None:
    """Values by application identifier of a GS1 message, FNC1 kept as group separator; None where it is none or a check digit fails."""
    try:
        message = biip.parse("]C1" + payload).gs1_message
    except biip.ParseError:
        return None
    parts = message.element_strings if message else ()
    failed = any(part.gtin_error or part.sscc_error or part.gln_error for part in parts)
    return None if failed or not parts else {part.ai.ai: part.value for part in parts}


def best(text: str) -> Candidate | None:
    """The surest candidate: a form that stands alone and is not refuted, else one whose check digit holds."""
    return next(iter(candidates(text)), None)


def checked(kind: IdKind, text: str) -> bool | None:
    """True where a check digit of this kind holds, False where forms that stand alone are all refuted, else None."""
    some = [one for one in candidates(text) if one.kind == kind]
    verdicts = [one.valid for one in some if one.alone] or [one.valid or None for one in some]
    return True if True in verdicts else False if verdicts and None not in verdicts else None


def close(left: str, right: str, most: int) -> bool:
    """Are the two within `most` edits? Lengths are compared first, so that long payloads cost nothing."""
    return abs(len(left) - len(right)) <= most and edits(left, right) <= most


def edits(left: str, right: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        row, above = [i], row
        for j, b in enumerate(right, start=1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]
