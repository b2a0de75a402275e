"""What is said of the sides of a parcel: which were shown, and what keeps one from being told."""

from __future__ import annotations

from models.kinds import CountLost, ParcelSide
from models.message import N_, Arguments, Message
from models.record import Span
from pipeline.wording.sentences import seconds

NO_PARCEL = N_("No parcel was found whose sides could be followed.")
ALL_SIX = N_(
    "All six sides of the parcel were shown clearly from {start} to {end}, and the count was not "
    "lost on the way."
)
BOTH = N_(
    "It is a flat mailer: both its sides were shown clearly from {start} to {end}, and once how "
    "thin it is. That two are enough is a house rule."
)
SHOWN = N_("{count} side(s) of the parcel were shown clearly, as far as could be followed.")
CUTS_UNKNOWN = N_(
    "Cuts were not looked for to the end, so it is not certain that it is one parcel all the time."
)
NOT_SURE = N_("It is not certain enough that no side was counted twice.")
TOO_FEW = N_(
    "That is too little to be sure that it is the parcel: many things show a side or two that look "
    "like a box."
)
BOX_OR_MAILER = N_("Whether it is a box or a flat mailer could not be told.")
NOT_LOOKED = N_("The sides of the parcel were not looked at.")
LOST = {
    "cut": N_(
        "Lost count at {at}, where the picture may jump or is covered: what comes after may be "
        "another parcel."
    ),
    "gone": N_("Lost count at {at}: for a while no parcel could be followed."),
    "leapt": N_("Lost count at {at}: what was followed is at another place from then on."),
    "unsure": N_("Lost count at {at}: turned too fast, or too little of the parcel was in view."),
}
POOR = {
    "slanted": N_("{side} was seen only at a slant."),
    "hidden": N_("{side} was seen only in part: a hand or the edge of the picture hides it."),
    "small": N_("{side} was seen only from far away."),
    "blurred": N_("{side} was seen only blurred."),
    "brief": N_("{side} was seen clearly for {clear_s:.1f} s only."),
}
SIDE = N_("Side {part}")
LABEL_SIDE = N_("The side with the label")
BEHIND_LABEL = N_("The side opposite the label")


def shown(template: str, at: Span) -> Message:
    """All sides, and when."""
    return Message(id=template, args={"start": seconds(at.start), "end": seconds(at.end)})


def so_many(count: int) -> Message:
    """How many sides were shown clearly."""
    return Message(id=SHOWN, args={"count": count})


def lost(one: CountLost) -> Message:
    """When the count was lost, and why."""
    return Message(id=LOST[one.why], args={"at": seconds(one.at_s)})


def poor(side: ParcelSide, behind: ParcelSide) -> Message:
    """What a side that was seen lacks to be clear."""
    args: Arguments = {"side": named(side, behind), "clear_s": side.clear_s}
    return Message(id=POOR[side.lack or "slanted"], args=args)


def named(side: ParcelSide, behind: ParcelSide) -> Message:
    """A side by its label, else by its number."""
    if side.label:
        return Message(id=LABEL_SIDE)
    if behind.label:
        return Message(id=BEHIND_LABEL)
    return Message(id=SIDE, args={"part": side.part})
