"""All files of a batch in one table: what a person, a spreadsheet and a browser see first."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from models.kinds import ElsewhereToo
from models.observation import of
from models.report import ExhibitReport, Match, Report
from models.screening import Screened
from models.summary import Outcome, Row
from pipeline.batch.results import Results
from pipeline.render.cells import inert
from pipeline.render.folder import writing
from pipeline.render.index import index
from pipeline.wording.language import Speaker

CSV, JSON, PAGE = "summary.csv", "summary.json", "index.html"
SCREENED = ("file", "priority", "why", "says", "order", "numbers", "provenance", "not_looked_at")
SCREENING_CSV, SCREENING_JSON = "screening.csv", "screening.json"
RANK: tuple[Match, ...] = ("expected", "near", "other")


def row_of(
    file: str,
    outcome: Outcome,
    found: Report,
    report: str,
) -> Row:
    """What the table says of a report: of all its exhibits together."""
    clips = [exhibit.continuity for exhibit in found.exhibits if exhibit.continuity]
    return Row(
        file=file,
        outcome=outcome,
        score=found.strength.score if found.strength else None,
        band=found.strength.band if found.strength else "",
        order=best_match(found.exhibits),
        breaks=sum(len(clip.breaks) for clip in clips) if clips else None,
        to_check=len(found.questions),
        reused=_elsewhere(found),
        says=str(found.result),
        report=report,
    )


def best_match(exhibits: Iterable[ExhibitReport]) -> Match | None:
    """How the best of all numbers read stands to the case."""
    matches = {one.match for exhibit in exhibits for one in exhibit.identifiers}
    return next((match for match in RANK if match in matches), None)


def _elsewhere(found: Report) -> int:
    """In how many other submissions footage of this one stands, or may stand."""
    seen = (one for exhibit in found.exhibits for one in of(exhibit.observations, ElsewhereToo))
    return len({one.other for one in seen})


def write_summary(
    results: Results,
    rows: Callable[[], Iterable[Row]],
    say: Speaker | None,
) -> None:
    """`summary.csv` and `summary.json`, with a language `index.html`. Raises CannotWrite.

    Written line by line: a batch of a million needs no more memory than one of ten.
    """
    with writing(Path(gettempdir())), TemporaryDirectory(prefix="parcelproof-") as scratch:
        path = Path(scratch) / "table"
        for name, lines in (
            (CSV, csv_lines(rows())),
            (JSON, json_lines(rows())),
            *([(PAGE, index(rows, say))] if say else []),
        ):
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            results.sum_up(name, path)


def write_screening(results: Results, rows: Callable[[], Iterable[str]]) -> None:
    """`screening.csv` and `screening.json`, what needs reading first at the top."""
    with writing(Path(gettempdir())), TemporaryDirectory(prefix="parcelproof-") as scratch:
        path = Path(scratch) / "table"
        cells = (_screened(Screened.model_validate_json(row)) for row in rows())
        for name, lines in (
            (SCREENING_CSV, table_lines(SCREENED, cells)),
            (SCREENING_JSON, joined(rows())),
        ):
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            results.sum_up(name, path)


def _screened(row: Screened) -> list[object]:
    told = row.model_dump() | {"numbers": " ".join(row.numbers)}
    return [told[name] for name in SCREENED]


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The table of a batch."""
    return table_lines(list(Row.model_fields), (row.model_dump().values() for row in rows))


def table_lines(heading: Sequence[str], values: Iterable[Iterable[object]]) -> Iterator[str]:
    """A table with a heading; no cell is ever a formula."""
    line = io.StringIO()
    table = csv.writer(line)
    for cells in chain([heading], values):
        table.writerow(["" if cell is None else inert(cell) for cell in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The same as JSON."""
    return joined(row.model_dump_json() for row in rows)


def joined(rows: Iterable[str]) -> Iterator[str]:
    """A list in JSON, one row a line."""
    before = "[\n"
    for row in rows:
        yield before + row
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
