"""One line of the table of a batch."""

from __future__ import annotations

from typing import Literal

from models.record import Record
from models.report import Match

Outcome = Literal["scored", "kept", "failed", "skipped"]


class Row(Record):
    """How one file of a batch ended.

    `order`: the best match of a number with the case. `to_check`: questions that wait for a person.
    """

    file: str
    outcome: Outcome
    score: float | None = None
    band: str = ""
    order: Match | None = None
    breaks: int | None = None
    to_check: int | None = None
    says: str = ""
    report: str = ""
