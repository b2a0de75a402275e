"""Forms of order IDs and tracking numbers, from data.

`formats/tracking_number_data` (Jeff Keen and others, MIT, unchanged), `formats/more.toml`, and
`formats/printed.toml`: how forms stand in print, with the spaces that carriers put there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Literal

from models.identifiers import check_digits

IdKind = Literal["order_id", "tracking_number", "package_id"]
# Forms of tracking_number_data that are specific enough to be taken without a label word:
# by a prefix, or by a prefix and a check digit.
ALONE = frozenset(
    "ups s10 amazon_logistics gofo_us landmark_global lasership_1ls7 ontrac_c ontrac_d "
    "yunexpress usps_impb_n usps_impb_c speedee".split()
)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """One form.

    `alone`: specific enough to be taken without a label word beside it. `clashes`: what else it may
    be. `prepend`: where the serial matches, this goes in front before it is checked. `known`:
    groups that must have one of these values.
    """

    kind: IdKind
    carrier: str
    name: str
    pattern: re.Pattern[str]
    alone: bool = False
    trust: str = "seen"
    clashes: str = ""
    check: Mapping[str, Any] = field(default_factory=dict)
    prepend: tuple[re.Pattern[str], str] | None = None
    known: Mapping[str, tuple[re.Pattern[str], ...]] = field(default_factory=dict)

    def valid(self, match: re.Match[str]) -> bool | None:
        """Whether check digit and lookups hold; None where the form has neither."""
        if not self.check and not self.known:
            return None
        return self._looked_up(match) and (not self.check or self._checked(match))

    def _looked_up(self, match: re.Match[str]) -> bool:
        """Has every group that must be known one of its values?"""
        parts = match.groupdict()
        return all(
            any(value.fullmatch(parts[group] or "") for value in values)
            for group, values in self.known.items()
        )

    def _checked(self, match: re.Match[str]) -> bool:
        """Does the check digit hold?"""
        digit = match.groupdict().get("CheckDigit") or match.group()[-1]
        return check_digits.holds(
            self.check["name"],
            self._serial(match),
            digit,
            self.check,
        )

    def _serial(self, match: re.Match[str]) -> str:
        """What the check digit is worked out from."""
        serial = match.groupdict().get("SerialNumber") or match.group()[:-1]
        if self.prepend and self.prepend[0].match(serial):
            return self.prepend[1] + serial
        return serial


@cache
def formats() -> tuple[NumberFormat, ...]:
    """Every form that is known: tracking_number_data in the order of its files, then ours."""
    folder = _data() / "tracking_number_data"
    files = [file for file in folder.iterdir() if file.name.endswith(".json")]
    found: list[NumberFormat] = []
    for file in sorted(files, key=lambda file: file.name):
        found += _upstream(json.loads(file.read_text("utf-8")))
    ours = tomllib.loads((_data() / "more.toml").read_text("utf-8"))
    found += [_ours("tracking_number", row) for row in ours["tracking_number"]]
    found += [_ours("order_id", row) for row in ours["order_id"]]
    return tuple(found)


@cache
def printed_forms() -> tuple[re.Pattern[str], ...]:
    """Forms that stand alone, as printed: only checked or prefixed ones may be spaced."""
    rows = tomllib.loads((_data() / "printed.toml").read_text("utf-8"))["form"]
    return tuple(re.compile(rf"(?<![0-9A-Z]){row['pattern']}(?![0-9A-Z])") for row in rows)


def _data() -> Traversable:
    """Where the forms lie."""
    return resources.files("models") / "identifiers" / "formats"


def _upstream(courier: Mapping[str, Any]) -> Iterator[NumberFormat]:
    """Forms of one courier of tracking_number_data."""
    for row in courier["tracking_numbers"]:
        name = row.get("id") or re.sub(r"[^a-z0-9]+", "-", row["name"].lower()).strip("-")
        rules = row["validation"]
        first = rules.get("serial_number_format", {}).get("prepend_if")
        yield NumberFormat(
            kind="tracking_number",
            carrier=courier["courier_code"],
            name=name,
            pattern=_pattern("".join(row["regex"])),
            alone=name in ALONE,
            check=rules.get("checksum", {}),
            prepend=(_pattern(first["matches_regex"]), first["content"]) if first else None,
            known=_lookups(row, rules),
        )


def _lookups(
    row: Mapping[str, Any], rules: Mapping[str, Any]
) -> dict[str, tuple[re.Pattern[str], ...]]:
    """Groups of the form that must have a listed value."""
    must = rules.get("additional", {}).get("exists", ())
    extras = [extra for extra in row.get("additional", ()) if extra["name"] in must]
    return {extra["regex_group_name"]: tuple(map(_value, extra["lookup"])) for extra in extras}


def _pattern(written: str) -> re.Pattern[str]:
    """Their regular expressions name groups as Perl does."""
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", written))


def _value(row: Mapping[str, str]) -> re.Pattern[str]:
    """One row of a lookup."""
    return re.compile(row["matches_regex"] if "matches_regex" in row else re.escape(row["matches"]))


def _ours(kind: IdKind, row: Mapping[str, Any]) -> NumberFormat:
    """One row of `more.toml`."""
    return NumberFormat(
        kind=kind,
        carrier=row["carrier"],
        name=row["format"],
        pattern=re.compile(row["pattern"]),
        alone=row.get("alone", False),
        trust=row["trust"],
        clashes=row.get("clashes", ""),
        check={"name": row["check"]} if "check" in row else {},
    )
