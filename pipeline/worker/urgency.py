"""What is worked on next: how many minutes each reason to hurry is worth in the line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from models.policy import Policy
from models.report import Deadline
from models.screening import PRIORITY, Screened
from models.submission import Case
from pipeline.batch.case_table import case_with
from pipeline.judge.deadlines import deadlines

# House rules. A line that moves: nobody waits for ever, however much is more urgent.
POINT_S = 600  # seconds that one point is worth in the line
HEAD_START_S = 10_000_000  # seconds by which what takes seconds (screening) goes before readings
NEAR_S, SOON_S = 86_400, 3 * 86_400  # seconds until a clock of the case runs out
NEAR, SOON = 200, 100  # points where that is near, or soon
WEAK, ASKS = 20, 10  # points of a weak band, and of something that only a person can say
WEAK_BANDS = ("weak", "insufficient")


class Urgency(NamedTuple):
    """What is known of a submission before it is read in full."""

    due: int | None = None
    screened: Screened | None = None

    def points(self, now: int) -> int:
        """The more, the sooner."""
        screened = self.screened
        points = screened.priority if screened else PRIORITY["not_screened"]
        if screened and screened.band in WEAK_BANDS:
            points += WEAK
        if screened and screened.to_check:
            points += ASKS
        if self.due is not None and self.due - now < SOON_S:
            points += NEAR if self.due - now < NEAR_S else SOON
        return points


def reading_rank(now: int, urgency: Urgency) -> int:
    """Its place in the line: as if it had come so much earlier."""
    return now - POINT_S * urgency.points(now)


def screening_rank(now: int) -> int:
    """Before every reading, in the order of coming."""
    return now - HEAD_START_S


def due_of(
    policy: Policy,
    case: Case,
    facts: str,
    now: int,
) -> int | None:
    """When the first clock of the case runs out that has not yet (seconds since 1970)."""
    known = case_with(case, json.loads(facts or "{}"))
    if not known.dates:
        return None
    at = datetime.fromtimestamp(now, UTC).isoformat()
    return min(_running(deadlines(policy, known, at)), default=None)


def _running(clocks: Iterable[Deadline]) -> Iterable[int]:
    for clock in clocks:
        if clock.state == "running" and clock.due and not clock.at_least:
            due = datetime.fromisoformat(clock.due)
            yield int((due if due.tzinfo else due.replace(tzinfo=UTC)).timestamp())
