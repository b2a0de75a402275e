"""A policy's clocks: when each runs out, by the operator's dates. No clock is read here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import holidays

from models.message import NOTHING, Message
from models.policy import CaseDate, Clock, Policy
from models.report import Deadline, DeadlineState
from models.submission import Case
from pipeline.wording import clocks as words

WHOLE_DAY = timedelta(days=1)
MOST_DAYS = 400  # that are looked through for business days


class Moment(NamedTuple):
    """When a clock starts or runs out; `whole_day` where only a day is known."""

    at: datetime
    whole_day: bool


def deadlines(
    policy: Policy,
    case: Case,
    now: str,
) -> Iterator[Deadline]:
    """Every clock that runs for this case, at the time `now` (ISO 8601), in the pack's order.

    None where nobody said what time it is.
    """
    if not now:
        return
    at = _moment(now).at
    for clock in policy.clocks_for(case.reason):
        yield _deadline(clock, case, at)


def _deadline(
    clock: Clock,
    case: Case,
    now: datetime,
) -> Deadline:
    due, why_not = _due(clock, case)
    state: DeadlineState = "cannot_be_computed"
    if due is None:
        text = why_not
    else:
        begins = _moment(_date(case, _known(clock, case)[0])).at
        state = "passed" if now >= due.at else "running" if now >= begins else "not_begun"
        text = words.time_left(clock, due.at, now) if now >= begins else words.begins(begins)
    return Deadline(
        id=clock.id,
        title=Message(id=clock.title),
        party=clock.party,
        state=state,
        due=due.at.isoformat() if due else None,
        at_least=clock.at_least,
        text=text,
        note=words.counted(clock, due is not None and due.whole_day),
        cites=clock.cites,
        missed=clock.missed,
    )


def _due(clock: Clock, case: Case) -> tuple[Moment | None, Message]:
    """When it runs out; else why that cannot be told."""
    if not clock.starts:
        return None, words.start_not_said()
    known = _known(clock, case)
    if not known:
        return None, words.date_missing(clock.starts[0])
    start = _moment(_date(case, known[0]))
    if clock.unit == "hours":
        return Moment(start.at + timedelta(hours=clock.length), start.whole_day), NOTHING
    if clock.unit == "business_days":
        if not case.region:
            return None, words.region_missing()
        days = _business_days(start.at.date(), clock.length, case.region)
        if days is None:
            return None, words.region_unknown(case.region)
        return _end_of(days, start.at), NOTHING
    return _end_of(start.at.date() + clock.length * WHOLE_DAY, start.at), NOTHING


def _known(clock: Clock, case: Case) -> list[CaseDate]:
    """Events that start the clock and whose date was given."""
    return [event for event in clock.starts if case.date_of(event)]


def _date(case: Case, event: CaseDate) -> str:
    return case.date_of(event) or ""


def _moment(written: str) -> Moment:
    """A day counts from its beginning; a time without a zone is taken as UTC."""
    whole_day = len(written) <= len("2026-11-20")
    at = datetime.fromisoformat(written)
    return Moment(at if at.tzinfo else at.replace(tzinfo=UTC), whole_day)


def _end_of(day: date, start: datetime) -> Moment:
    """Limits in days run to the end of the last one, in the zone of the event."""
    midnight = datetime.combine(day, time(), start.tzinfo)
    return Moment(midnight + WHOLE_DAY, True)


def _business_days(
    start: date,
    length: int,
    region: str,
) -> date | None:
    """The last of so many business days after `start`; None for a region that is not known."""
    country, _, part = region.partition("-")
    try:
        calendar = holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        return None
    day, left = start, length
    for _ in range(MOST_DAYS):
        day += WHOLE_DAY
        left -= calendar.is_working_day(day)
        if not left:
            return day
    return None
