"""The catalogue of sentences: every string for people is said here, through gettext. Facts, never verdicts on people."""

from __future__ import annotations

import gettext
from collections.abc import Sequence

from models.finding import Measured
from models.observation import Observation

_ = gettext.translation("parcelproof", localedir=None, fallback=True).gettext

STATUS = {
    "met": _("met"),
    "not_met": _("not met"),
    "could_not_confirm": _("could not confirm"),
    "not_checked": _("not checked"),
    "not_applicable": _("not applicable"),
}
MARK = {"met": "●", "not_met": "▲", "could_not_confirm": "◐", "not_checked": "○", "not_applicable": "–"}
BAND = {
    "very_strong": _("very strong"),
    "strong": _("strong"),
    "moderate": _("moderate"),
    "weak": _("weak"),
    "insufficient": _("insufficient"),
    "not_assessable": _("not assessable"),
}
CAP = {
    "LINK_OTHER_ORDER": _("The label read is another order's."),
    "LINK_UNCONFIRMED": _("The link to the order could not be confirmed."),
    "BREAK_IN_FOOTAGE": _("The footage has a break."),
    "BREAK_POSSIBLE": _("The footage may have a break."),
    "EDIT_SIGNS": _("The file carries signs of an editing program."),
    "EDITOR_USED": _("The file may have passed through an editing program."),
    "OFF_PLATFORM": _("The conversation was held off the platform."),
    "WEIGHT_DISAGREES": _("The weight on the receipt does not agree with the product page."),
    "WEAKEST_REQUIRED": _("A case is as strong as its weakest required evidence."),
    "CONTRADICTION": _("Exhibits contradict each other; a person must look."),
}
HONEST_CAUSES = {
    "possible_cut": (_("a very fast pan or knock"), _("something passing close to the lens"), _("a lamp or display switching")),
    "cut": (_("a very fast pan or knock"), _("something passing close to the lens"), _("a lamp or display switching")),
    "counter_break": (_("a recording paused and taken up again in the same file"), _("a part of the file lost or repaired")),
    "dip": (_("a lamp going out and on again"),),
    "overlay": (_("a stamp or sticker that an app lays over the picture while filming"),),
    "gap": (_("the phone paused recording for a call"), _("frames lost while the phone was busy"), _("a damaged copy")),
    "freeze": (_("the phone stalled for a moment"), _("a conversion that filled missing frames"), _("a tripod and nothing moving")),
    "repeat": (_("a conversion that repeated frames"), _("a machine that moves in a cycle")),
    "edit_list": (_("a phone or chat app trimming start or end"), _("sound and picture being aligned")),
    "editor_trace": (_("the phone's share sheet or a chat app"), _("compressing the file to fit an upload limit")),
    "damaged": (_("an interrupted upload"), _("a worn memory card")),
}
CREDENTIALS = {
    "trusted": _("Content Credentials of {signer} are intact: the file is as it was signed."),
    "unverified": _("There are Content Credentials, but their signer is on no trust list: they confirm nothing."),
    "broken": _("The Content Credentials do not fit the file: it was changed or damaged after it was signed."),
    "unreadable": _("There are Content Credentials that cannot be read."),
}
LIMITS = (
    _("It cannot show what happened outside the picture, before or after it, or inside a sealed box."),
    _("A staged scene can be continuous, and anyone can print a label: this says what was seen, not that it is true."),
    _("This is not a decision about anyone; a person decides."),
)


def plain(text: object) -> str:
    """Text from outside, without control or direction characters (and what stands for undecodable bytes in file names)."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def seconds(value: float) -> str:
    """1:02.4 or 4.2 s."""
    return f"{int(value // 60)}:{value % 60:04.1f}" if value >= 60 else f"{value:.1f} s"


def because(seen: Observation) -> str:
    """One sentence: what was seen, when."""
    at, value, detail = seen.at, seen.value or "", seen.detail
    start = seconds(at.start) if at else ""
    end = seconds(at.end) if at else ""
    where = _("in {frames} pictures from {start} to {end}").format(frames=detail.get("frames", 1), start=start, end=end)
    if detail.get("frames", 1) == 1 or start == end:
        where = _("at {start}").format(start=start)
    match seen.kind:
        case "cut":
            return _("The picture jumps at {end}.").format(end=end)
        case "possible_cut":
            return _("The picture may jump at {end}.").format(end=end)
        case "counter_break":
            return _("The encoder's own count of pictures jumps at {end} ({value}).").format(end=end, value=value)
        case "dip":
            return _("The whole picture fades out and in again around {start}.").format(start=start)
        case "overlay":
            return _("From {end} on a part of the picture stands still while the rest goes on moving.").format(end=end)
        case "blank":
            return _("The picture is one flat colour from {start} to {end}.").format(start=start, end=end)
        case "cover":
            return _("The view is hidden from {start} to {end} ({value}): look at what is different afterwards.").format(
                start=start, end=end, value=value
            )
        case "light":
            return _("The light changes at {end} ({value}), the picture goes on.").format(end=end, value=value)
        case "gap":
            return _("{length:.2f} s pass without a frame from {start}.").format(length=at.end - at.start if at else 0, start=start)
        case "freeze":
            return _("The picture stands still from {start} to {end} while it moves before and after.").format(start=start, end=end)
        case "repeat":
            return _("The pictures from {start} repeat those from {value} s.").format(start=start, value=value)
        case "editor_trace":
            return _("The file names the program {value}.").format(value=value)
        case "edit_list":
            return _("The file's edit list plays its video in {value}.").format(value=value)
        case "damaged":
            return _("{value}.").format(value=value)
        case "credentials":
            return CREDENTIALS[value].format(signer=detail.get("signer", ""))
        case "sound_step":
            return _("The sound changes at {start}, too ({value}).").format(start=start, value=value)
        case "clear" | "unclear":
            return _("The picture is {value}.").format(value=value)
        case "identifier_read":
            return _("{kind} {value} can be read {where}.").format(kind=noun(str(detail["kind"])), value=value, where=where)
        case "identifier_expected":
            return _("{kind} {value} is the expected one, read {where}.").format(kind=noun(str(detail["kind"])), value=value, where=where)
        case "identifier_other":
            return _("{kind} {value} is not the expected one, read {where}.").format(
                kind=noun(str(detail["kind"])), value=value, where=where
            )
        case _:
            return f"{seen.kind}: {value}"


def noun(kind: str) -> str:
    return {
        "order_id": _("Order ID"),
        "tracking_number": _("Tracking number"),
        "package_id": _("Package ID"),
        "code": _("Code"),
        "product_code": _("Product code"),
    }.get(kind, kind)


def silence(kind: str, measured: Measured, anything_expected: bool) -> str:
    """What it means that nothing of `kind` was seen."""
    match kind:
        case "cut":
            rate = _(" Of ten two-second cuts this finds {n}.").format(n=round(10 * measured.recall.point)) if measured.recall else ""
            return _("No jump was seen.") + rate
        case "gap":
            return _("No gap in the time stamps.")
        case "counter_break":
            return _("The encoder's count of pictures goes on without a jump.")
        case "dip":
            return _("The picture never fades out.")
        case "overlay":
            return _("No part of the picture stands still while the rest moves.")
        case "freeze":
            return _("No stretch stands still.")
        case "repeat":
            return _("No stretch repeats.")
        case "editor_trace":
            return _("The file names no editing program; that alone confirms nothing.")
        case "edit_list":
            return _("The edit list is plain.")
        case "damaged":
            return _("Every frame was decoded without an error.")
        case "identifier_read":
            return _("No order information could be read with certainty.")
        case "identifier_expected":
            return _("The expected number was not read.") if anything_expected else _("Nobody said which order is expected.")
        case _:
            return ""


def likelihood(lam: int) -> str:
    """The weight as a sentence (never "97 % likely")."""
    times = round(10 ** (abs(lam) / 100))
    if abs(lam) < 5:
        return _("says nothing either way")
    way = _("if the requirement is met than if it is not") if lam > 0 else _("if the requirement is not met than if it is")
    return _("about {times} times more probable {way}").format(
        times=max(times, 1) if times > 1 else f"{10 ** (abs(lam) / 100):.1f}", way=way
    )


def result(met: int, unsure: int, contrary: int, human: int, unchecked: int) -> str:
    """The report's first sentence."""
    whole = met + unsure + contrary + human + unchecked
    parts = [_("Shows {met} of {whole} things the policy asks for").format(met=met, whole=whole)]
    for count, text in (
        (contrary, _("{n} seen not to be met")),
        (unsure, _("{n} could not be confirmed")),
        (unchecked, _("{n} not checked")),
        (human, _("{n} for your eyes")),
    ):
        if count:
            parts.append(text.format(n=count))
    return "; ".join(parts) + "."


def role_note(role: str, source: str) -> str:
    title = role.replace("_", " ")
    if source == "assumed":
        return _("Judged as a {title}, because nobody said what it is (use --role).").format(title=title)
    return _("Judged as a {title}, guessed from what it shows (use --role).").format(title=title) if source == "guessed" else ""


def not_checked(titles: Sequence[str]) -> tuple[str, ...]:
    return tuple(_("{title}: nothing here looks at this yet.").format(title=title) for title in titles)


def caption(what: str, pts: float) -> str:
    """Below a key frame."""
    names = {"read": _("identifiers, at {at}"), "before": _("before a break, at {at}"), "after": _("after a break, at {at}")}
    return names.get(what, _("at {at}")).format(at=seconds(pts))
