"""All files of a batch in one table: what a person, a spreadsheet and a browser see first."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from models.report import Match, Report
from models.summary import Outcome, Row
from pipeline.batch.results import Results
from pipeline.render.cells import inert
from pipeline.render.folder import writing
from pipeline.render.index import index
from pipeline.wording.language import Speaker

CSV, JSON, PAGE = "summary.csv", "summary.json", "index.html"
RANK: tuple[Match, ...] = ("expected", "near", "other")


def row_of(
    file: str,
    outcome: Outcome,
    found: Report,
    report: str,
) -> Row:
    """What the table says of a report: of all its exhibits together."""
    matches = {one.match for exhibit in found.exhibits for one in exhibit.identifiers}
    clips = [exhibit.continuity for exhibit in found.exhibits if exhibit.continuity]
    return Row(
        file=file,
        outcome=outcome,
        score=found.strength.score if found.strength else None,
        band=found.strength.band if found.strength else "",
        order=next((match for match in RANK if match in matches), None),
        breaks=sum(len(clip.breaks) for clip in clips) if clips else None,
        to_check=len(found.questions),
        says=str(found.result),
        report=report,
    )


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


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A table with a heading; no cell is ever a formula."""
    line = io.StringIO()
    table = csv.writer(line)
    heading = list(Row.model_fields)
    values = (row.model_dump().values() for row in rows)
    for cells in chain([heading], values):
        table.writerow(["" if cell is None else inert(cell) for cell in cells])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A list, one row a line."""
    before = "[\n"
    for row in rows:
        yield before + row.model_dump_json()
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
