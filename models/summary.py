"""One line of the table of a batch."""

from __future__ import annotations

from typing import Literal

from models.record import Record
from models.report import Match

Outcome = Literal["scored", "judged", "kept", "failed", "quarantined", "skipped"]


class Row(Record):
    """How one submission of a batch ended.

    `judged`: from its saved examination, without the media. `quarantined`: set aside, because what
    read it died or hung again and again. `order`: the best match of a number with the case.
    `to_check`: questions that wait for a person. `reused`: how many other submissions its
    footage stands in, or may stand in. `queue`: where somebody looks next, by the operator's table.
    """

    file: str
    outcome: Outcome
    score: float | None = None
    band: str = ""
    order: Match | None = None
    breaks: int | None = None
    to_check: int | None = None
    reused: int | None = None
    says: str = ""
    report: str = ""
    queue: str = ""
