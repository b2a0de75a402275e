"""All files of a batch in one table: what a person, a spreadsheet and a browser see first."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.report import Match, Report
from models.summary import Outcome, Row
from pipeline.render.cells import inert
from pipeline.render.folder import write, writing
from pipeline.render.index import index
from pipeline.wording.language import Speaker

CSV, PAGE = "summary.csv", "index.html"
RANK: tuple[Match, ...] = ("expected", "near", "other")


def row_of(
    file: str,
    outcome: Outcome,
    found: Report,
    report: str,
) -> Row:
    """What the table says of a report."""
    (exhibit,) = found.exhibits
    matches = {one.match for one in exhibit.identifiers}
    clip = exhibit.continuity
    return Row(
        file=file,
        outcome=outcome,
        score=found.strength.score if found.strength else None,
        band=found.strength.band if found.strength else "",
        order=next((match for match in RANK if match in matches), None),
        breaks=len(clip.breaks) if clip else None,
        to_check=len(found.questions),
        says=str(found.result),
        report=report,
    )


def write_summary(
    out: Path,
    rows: Sequence[Row],
    say: Speaker | None,
) -> None:
    """`summary.csv`, and with a language `index.html`. Raises CannotWrite."""
    with writing(out):
        write(out / CSV, as_csv(rows))
        if say:
            write(out / PAGE, index(rows, say))


def as_csv(rows: Iterable[Row]) -> str:
    """A table with a heading; no cell is ever a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(Row.model_fields)
    for row in rows:
        cells = row.model_dump().values()
        table.writerow(["" if cell is None else inert(cell) for cell in cells])
    return text.getvalue()
