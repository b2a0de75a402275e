"""What weights and strengths are called: ratios by what was measured, points by who can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.finding import Silence
from models.message import N_, NOTHING, Message, paragraph
from models.observation import Observation, registry
from models.report import StrengthReport
from pipeline.wording import words

MOST = 300  # centi-decades: a group counts no more
NEUTRAL = 5  # centi-decades below which a weight says nothing


def weighs(
    seen: Observation | None,
    silence: Silence | None,
    bound: int,
    best: int,
    house: bool,
) -> Message:
    """The weight of a finding as a sentence (never "97 % likely").

    `bound` and `best` in centi-decades, whichever way they speak. A house rule's weight is no ratio
    that anybody measured, so none is told.
    """
    if abs(bound) < NEUTRAL:
        return Message(id=N_("By itself this says nothing either way."))
    if house:
        return Message(id=N_("How much this counts is a house rule, not a measurement."))
    circumstances: tuple[str, ...] = ()
    if seen is not None:
        circumstances = seen.about.measured
    elif silence is not None and silence.kind in registry:
        circumstances = registry[silence.kind].about.silence_measured
    if not circumstances:
        return NOTHING
    first, second = circumstances
    return Message(
        id=N_("At least {times} times more probable {first} than {second} (best estimate {best})."),
        args={
            "times": _times(bound),
            "first": Message(id=first),
            "second": Message(id=second),
            "best": _times(best),
        },
    )


def _times(llr_cb: int) -> str:
    """Two digits, and nothing beyond a thousand: no measurement here knows more."""
    if abs(llr_cb) > MOST:
        return "1000+"
    times = 10 ** (abs(llr_cb) / 100)
    return f"{float(f'{times:.2g}'):.0f}" if times >= 2 else f"{times:.1f}"


def of_exhibit(strength: StrengthReport, role: str) -> Message:
    """How much of what could be assessed is confirmed, and who could settle the rest."""
    return paragraph(
        _assessed(strength, role),
        Message(
            id=N_(
                "{person:.1f} points wait for a person; "
                "{nobody:.1f} cannot be confirmed by anyone from footage."
            ),
            args={"person": strength.for_person or 0.0, "nobody": strength.for_nobody or 0.0},
        ),
    )


def _assessed(strength: StrengthReport, role: str) -> Message:
    if strength.band == "not_assessable":
        return Message(
            id=N_(
                "Judged as {role}: not assessable; only {coverage:.0%} of the checks could look."
            ),
            args={"role": words.role_word(role), "coverage": strength.coverage},
        )
    return Message(
        id=N_(
            "Judged as {role}: {confirmed:.1f} of the {assessed:.1f} points that could be assessed "
            "were earned, {band} so far ({score:.1f} of 100; open from {low:.1f} to {high:.1f})."
        ),
        args={
            "role": words.role_word(role),
            "confirmed": strength.confirmed or 0.0,
            "assessed": strength.assessed or 0.0,
            "band": Message(id=words.BAND[strength.band]),
            "score": strength.score,
            "low": strength.low,
            "high": strength.high,
        },
    )


def of_case(strength: StrengthReport) -> Message:
    """The case in one sentence."""
    if strength.band == "not_assessable":
        return Message(
            id=N_("The case: not assessable so far; what was handed in is for a person to look at.")
        )
    return Message(
        id=N_("The case: {band} so far ({score:.1f} of 100; open from {low:.1f} to {high:.1f})."),
        args={
            "band": Message(id=words.BAND[strength.band]),
            "score": strength.score,
            "low": strength.low,
            "high": strength.high,
        },
    )


def held_down(caps: Sequence[tuple[str, int]]) -> Iterator[Message]:
    """Caps (code, tenths) as sentences that say what was seen and accuse nobody, lowest first.

    Of caps that say less of the same, only the lowest is told.
    """
    told = set()
    for code, most in sorted(caps, key=lambda cap: cap[1]):
        about = words.CAP_ABOUT.get(code, code)
        if about not in told:
            told.add(about)
            template = words.CAP.get(code, N_("The number is {most:g} at most."))
            yield Message(id=template, args={"most": most / 10})
