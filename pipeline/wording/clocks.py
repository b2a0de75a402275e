"""Sentences about time limits."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.message import N_, Arguments, Message, paragraph
from models.policy import CaseDate, Clock
from pipeline.wording import words

HOUR_S = 3600


def time_left(
    clock: Clock,
    due: datetime,
    now: datetime,
) -> Message:
    """How long it still runs, or since when it has run out."""
    args: Arguments = {
        "due": due.strftime("%Y-%m-%d %H:%M %Z"),
        "left": _length(abs(due - now)),
    }
    if clock.at_least:
        early = N_("Possible from {due} on: in {left}.")
        late = N_("Possible since {due}.")
    else:
        early = N_("Runs until {due}: {left} left.")
        late = N_("Ran out at {due}, {left} ago.")
    return Message(id=early if now < due else late, args=args)


def begins(at: datetime) -> Message:
    """The event that starts it lies ahead."""
    return Message(id=N_("Begins only at {at}."), args={"at": at.strftime("%Y-%m-%d %H:%M %Z")})


def _length(left: timedelta) -> Message:
    """Days and hours, rounded down."""
    hours = int(left.total_seconds()) // HOUR_S
    days, rest = divmod(hours, 24)
    args: Arguments = {"days": days, "hours": rest}
    if days:
        return Message(id=N_("{days} d {hours} h"), args=args)
    if hours:
        return Message(id=N_("{hours} h"), args=args)
    return Message(id=N_("{minutes} min"), args={"minutes": int(left.total_seconds()) // 60})


def counted(clock: Clock, from_whole_day: bool) -> Message:
    """How it was counted, where the source leaves that open."""
    notes = []
    if clock.note:
        notes.append(Message(id=clock.note))
    if from_whole_day and clock.unit == "hours":
        notes.append(
            Message(id=N_("Counted from the beginning of that day, for no time of day was given."))
        )
    if clock.unit == "days":
        notes.append(
            Message(id=N_("The source does not say what kind of days: calendar days are counted."))
        )
    if clock.unit == "business_days":
        notes.append(
            Message(
                id=N_(
                    "Business days by the region's public holidays; the platform may count others."
                )
            )
        )
    return paragraph(*notes)


def date_missing(event: CaseDate) -> Message:
    return Message(
        id=N_(
            "Cannot be computed: the date of {event} is missing (dates.{name} in the case file)."
        ),
        args={"event": Message(id=words.EVENT[event]), "name": event},
    )


def region_missing() -> Message:
    return Message(
        id=N_("Cannot be computed: business days need a region (region in the case file).")
    )


def region_unknown(region: str) -> Message:
    return Message(
        id=N_("Cannot be computed: the holidays of {region} are not known here."),
        args={"region": region},
    )


def start_not_said() -> Message:
    return Message(id=N_("Cannot be computed: the source does not say from when it runs."))
