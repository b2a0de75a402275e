"""What stands at the top of a report: breaks with their pictures, other numbers, other cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from models.examination import Wanted
from models.kinds import ElsewhereToo, IdentifierContrary, IdentifierOther
from models.message import Message, paragraph
from models.observation import Observation
from models.report import Headline
from pipeline.judge.judged import JudgedExhibit
from pipeline.judge.weigh import figures_of, weight
from pipeline.wording import sentences

TOLD_FIRST = (IdentifierOther, IdentifierContrary, ElsewhereToo)
SAME_S = 0.5  # seconds within which two detectors tell of one place
MOST = 3  # breaks of one exhibit that are told at the top; the others are counted


def headlines(one: JudgedExhibit, pictures: Sequence[Wanted]) -> Iterator[Headline]:
    """Of one exhibit: what its labels say, where else it stands, then breaks, weightiest first."""
    for seen in one.observations:
        if isinstance(seen, TOLD_FIRST):
            yield _headline(
                one,
                [seen],
                pictures,
                sentences.because(seen, one.examination.kind),
            )
    places = _places(one)
    for place in places[:MOST]:
        yield _headline(
            one,
            place,
            pictures,
            _said(one, place),
        )
    if len(places) > MOST:
        yield Headline(
            exhibit=one.path,
            kind="break",
            says=sentences.more_breaks(len(places) - MOST),
        )


def _places(one: JudgedExhibit) -> list[list[Observation]]:
    """Breaks by place: those that lie within `SAME_S` of the one before."""
    breaks = [seen for seen in one.observations if seen.about.family == "break" and seen.at]
    places: list[list[Observation]] = []
    for seen in sorted(breaks, key=_at):
        if places and _at(seen) - _at(places[-1][-1]) <= SAME_S:
            places[-1].append(seen)
        else:
            places.append([seen])
    places.sort(key=lambda place: -sum(_weights(one, place).values()))
    return places


def _at(seen: Observation) -> float:
    return seen.at.end if seen.at else 0.0


def _weights(one: JudgedExhibit, place: Sequence[Observation]) -> dict[str, int]:
    """Centi-decades by dependence group: what each independent way of looking weighs."""
    by_group: dict[str, int] = {}
    for seen in place:
        figures = figures_of(seen, one.cards)
        most = by_group.get(figures.group, 0)
        by_group[figures.group] = max(most, weight(seen, one.cards).llr_cb)
    return by_group


def _said(one: JudgedExhibit, place: Sequence[Observation]) -> Message:
    said = [sentences.because(seen) for seen in place]
    ways = sum(llr_cb > 0 for llr_cb in _weights(one, place).values())
    return paragraph(*said, *sentences.seen_in_ways(ways))


def _headline(
    one: JudgedExhibit,
    place: Sequence[Observation],
    pictures: Sequence[Wanted],
    says: Message,
) -> Headline:
    first = place[0]
    causes = chain.from_iterable(sentences.honest_causes(seen) for seen in place)
    return Headline(
        exhibit=one.path,
        kind=first.kind,
        says=says,
        at_s=first.at.start if first.at else None,
        frames=tuple(_frames(place, pictures)),
        honest_causes=tuple({cause.text: cause for cause in causes}.values()),
    )


def _frames(place: Sequence[Observation], pictures: Sequence[Wanted]) -> Iterator[str]:
    """Names of the pictures on either side of a break, or of where a number was read."""
    times = {round(t, 3) for seen in place if seen.at for t in (seen.at.start, seen.at.end)}
    breaks = place[0].about.family == "break"
    for picture in pictures:
        if picture.what in (("before", "after") if breaks else ("read",)) and picture.pts in times:
            yield picture.name
