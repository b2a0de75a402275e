"""The operator's case facts by submission: a table as spreadsheets write it.

One line a submission: its name, and any of a case file's facts; dates as `dates.delivery`, several
products or tracking numbers with a semicolon between them. What is wrong is told all at once.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from models.case_file import DATES, KEYS
from models.errors import Usage
from models.operator_file import SHOWN, meant, why
from models.submission import Case
from pipeline.batch.bucket import SCHEME

NAME = "submission"
MANY = frozenset({"products", "tracking_numbers"})
NUMBERS = frozenset({"package_count", "effective_digits"})
COLUMNS = (*(key for key in KEYS if key not in {"dates", "files"}), *(f"dates.{d}" for d in DATES))
SHORTENED = re.compile(r"\d[.,]\d+[eE]\+?\d+")  # as 5.76920418365107E+17
MOST_TOLD = 20  # faults of one table
LONGEST_CELL = 1 << 16  # characters


def facts_by_submission(
    path: Path,
    check: Callable[[Case], None],
) -> Iterator[tuple[bytes, str]]:
    """Each submission's name and its facts as JSON. Raises Usage with every fault and its line.

    `check` raises Usage for a case that the policy does not know.
    """
    faults: list[str] = []
    known: set[bytes] = set()
    for line, name, facts in _lines(path, faults):
        if name in known:
            faults.append(f"line {line}: {os.fsdecode(name)[:SHOWN]} stands there twice")
        known.add(name)
        faults += [f"line {line}: {said}" for said in _spoilt(facts)]
        try:
            check(case_with(Case(), facts))
        except ValidationError as fault:
            faults += [f"line {line}: {_where(one)} {why(one)}" for one in fault.errors()]
        except Usage as fault:
            faults.append(f"line {line}: {fault}")
        if not faults:
            yield name, json.dumps(facts, ensure_ascii=False, sort_keys=True)
        if len(faults) > MOST_TOLD:
            break
    if faults:
        raise Usage("The table {name}: {faults}.", name=path.name, faults="; ".join(faults))


def case_with(case: Case, facts: Mapping[str, Any]) -> Case:
    """The case with these facts over its own. Raises ValidationError."""
    if not facts:
        return case
    mine = case.model_dump() if case.source == "operator" else {}
    dates = {**mine.get("dates", {}), **facts.get("dates", {})}
    return Case.model_validate({**mine, **facts, "dates": dates, "source": "operator"})


def _where(one: Any) -> str:
    return ".".join(str(part) for part in one["loc"] if part != "[key]")[:SHOWN]


def _lines(path: Path, faults: list[str]) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            mark = ";" if ";" in first and "," not in first else ","  # as spreadsheets in Europe do
            table = csv.DictReader(file, restkey="", delimiter=mark)
            faults += _misnamed(table.fieldnames or ())
            if faults:
                return
            for row in table:
                if row.get(""):
                    faults.append(f"line {table.line_num}: more cells than columns")
                name = (row[NAME] or "").strip()
                if name:
                    yield table.line_num, _name(name), _facts(row)
                elif any(row.values()):
                    faults.append(f"line {table.line_num}: no {NAME} is named")
    except UnicodeError:
        faults.append("it cannot be read: save it as CSV in UTF-8")
    except OSError as fault:
        faults.append(f"it cannot be read: {fault.strerror}")
    except (ValueError, csv.Error) as fault:
        faults.append(f"it cannot be read: {fault}")


def _misnamed(columns: Any) -> Iterator[str]:
    if NAME not in columns:
        yield f"line 1: there is no column {NAME}"
    for column, count in Counter(columns).items():
        if count > 1:
            yield f"line 1: the column {column[:SHOWN]} stands there twice"
        if column not in (NAME, *COLUMNS):
            near = meant(column, (NAME, *COLUMNS, *DATES))
            yield f"line 1: no column is called {column[:SHOWN] or 'nothing'}{near}"


def _name(written: str) -> bytes:
    """As the source has it: below the folder, or the key."""
    if written.startswith(SCHEME):
        written = written.removeprefix(SCHEME).partition("/")[2]
    return os.fsencode(written.removesuffix("/") if written.strip("/") else written)


def _spoilt(facts: Mapping[str, Any]) -> Iterator[str]:
    """What a spreadsheet makes of long numbers, and formulas that it left."""
    for name, value in facts.items():
        if isinstance(value, str) and SHORTENED.fullmatch(value):
            yield f"{name}: the spreadsheet shortened this number; format the column as text"
        if isinstance(value, str) and value.startswith("="):
            yield f"{name} is a formula"


def _facts(row: Mapping[str, str | None]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for column, cell in row.items():
        written = (cell or "").strip() if isinstance(cell, str) else ""
        if column == NAME or not written:
            continue
        whole, _, part = column.partition(".")
        if part:
            facts.setdefault(whole, {})[part] = written
        elif column in MANY:
            facts[column] = [one.strip() for one in written.split(";") if one.strip()]
        elif column in NUMBERS and written.isdecimal():
            facts[column] = int(written)
        else:
            facts[column] = written
    return facts
