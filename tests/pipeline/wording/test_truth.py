"""Every sentence is said only where it is true: its condition stands beside it here.

Held against reports of drawn submissions (`REPORTS`) that go through the whole of judging.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import pytest
from babel.messages.pofile import read_po

from models.kinds import Clear, CounterBreak, Damaged, EditorTrace, PossibleCut, Unclear
from models.message import Message, messages_in
from models.record import Span
from models.report import ExhibitReport, Report, RequirementReport
from pipeline.judge.strength import BANDS
from pipeline.wording import extract, sentences, weights, words
from pipeline.wording.language import Speaker
from tests.pipeline.judge.whole import CLARITY, JUMP, clip, judged, jump, label

OTHER = "577318640295174836"
POSSIBLE = PossibleCut(at=Span(start=4, end=5), scores=JUMP, detector="cuts", id="cuts:p")
COUNTER = CounterBreak(
    counter="frame_num",
    before=1,
    after=3,
    at=Span(start=9, end=9),
    detector="counters",
    id="counters:1",
)
EDITOR = EditorTrace(value="CapCut", detector="container", id="container:1")
TORN = Damaged(how="refused", count=3, detector="damage", id="damage:1")
DARK = Unclear(
    sharpness=9,
    sharpness_where="whole clip",
    brightness=12,
    width=640,
    height=360,
    house_rules=CLARITY,
    lacks=("dark", "small"),
    detector="clarity",
    id="clarity:2",
)
REASON = {"reason": "product-damaged-or-used"}
REPORTS: dict[str, Report] = {
    "perfect": judged(clip(*label())),
    "nothing read": judged(clip()),
    "unnamed": judged(clip(*label()), source="none", order_id=None),
    "other order": judged(clip(*label(OTHER))),
    "cut": judged(clip(*label(), jump(9.0))),
    "cut twice over": judged(clip(*label(), jump(9.0), COUNTER)),
    "may jump": judged(clip(*label(), POSSIBLE)),
    "edited": judged(clip(*label(), EDITOR)),
    "torn": judged(clip(*label(), TORN)),
    "unboxing": judged(clip(*label(), role="unpacking_video")),
    "undecided": judged(clip(*label(), role=None)),
    "case": judged(clip(*label()), **REASON),
    "same twice": judged(clip(*label()), clip(*label(), path="b.mp4", sha256="a.mp4"), **REASON),
    "against": judged(clip(*label()), clip(*label(OTHER), path="b.mp4"), **REASON),
}


class Place(NamedTuple):
    """A sentence in a report, and the line of the table it stands in, if it stands in one."""

    report: Report
    message: Message
    exhibit: ExhibitReport | None = None
    row: RequirementReport | None = None

    def kinds(self) -> set[str]:
        assert self.exhibit is not None
        return {one.kind for one in self.exhibit.observations}

    def completed(self, detector: str) -> bool:
        assert self.exhibit is not None
        ended = [one.outcome for one in self.exhibit.runs if one.detector == detector]
        return ended == ["completed"]


def cap(code: str) -> Callable[[Place], bool]:
    """Said where the cap is at work and is no higher than it says."""

    def holds(place: Place) -> bool:
        most = place.message.args["most"]
        about = [one.strength for one in place.report.exhibits] + [place.report.strength]
        return any(one and code in one.caps and one.score <= most for one in about)  # type: ignore[operator]

    return holds


def in_row(check: Callable[[Place, RequirementReport], bool]) -> Callable[[Place], bool]:
    """Of sentences of the table; elsewhere they are held to the same report's table."""
    return lambda place: place.row is None or check(place, place.row)


CONDITIONS: dict[str, Callable[[Place], bool]] = {
    **{words.CAP[code]: cap(code) for code in words.CAP},
    "No cut was seen, hard or hidden.": in_row(
        lambda p, _: "soft_join" not in p.kinds() and p.completed("joins")
    ),
    sentences.TRIED: in_row(
        lambda p, row: row.log10_lr > 0 and p.message.args == {"places": 40, "noticed": 39}
    ),
    sentences.NOT_TRIED: in_row(lambda p, row: row.log10_lr > 0),
    sentences.COULD_HIDE: in_row(lambda p, row: row.log10_lr == 0),
    "The picture jumps at {end}.": in_row(lambda p, row: row.log10_lr < 0 and "cut" in p.kinds()),
    "The picture may jump at {end}.": in_row(
        lambda p, row: row.points == 0 and "possible_cut" in p.kinds()
    ),
    "{ways} independent ways of looking agree.": lambda p: p.message.args["ways"] == 2,
    "{number_kind} {value} is the expected one, read at {start}.": in_row(
        lambda p, row: row.verdict == "met" and row.log10_lr >= 1
    ),
    "{number_kind} {value} is the expected one, read in {frames} pictures from {start} to {end}.": (
        in_row(lambda p, row: row.verdict == "met" and row.log10_lr >= 1)
    ),
    "{number_kind} {value} is not the expected one, read in {frames} pictures from {start} to "
    "{end}.": in_row(lambda p, row: row.verdict == "not_met"),
    "The expected number was not read.": in_row(
        lambda p, row: not any(i.match == "expected" for i in p.exhibit.identifiers)
    ),
    "Nobody said which order is expected.": lambda p: not p.report.case.order_id,
    "No order information could be read with certainty.": in_row(
        lambda p, row: not p.exhibit.identifiers and row.points == 0
    ),
    "The file names no editing program; that alone confirms nothing.": in_row(
        lambda p, row: "editor_trace" not in p.kinds() and row.log10_lr == 0
    ),
    "The file names the program {value}.": in_row(lambda p, row: "editor_trace" in p.kinds()),
    str(Clear.about.says): in_row(
        lambda p, row: "clear" in p.kinds() and row.verdict == "could_not_confirm"
    ),
    "{slot}: nothing handed in.": lambda p: any(slot.value == 0 for slot in p.report.slots),
    "{path} holds the same recording as {first}, so it adds nothing to it.": (
        lambda p: len({one.sha256 for one in p.report.exhibits}) < len(p.report.exhibits)
    ),
    sentences.UNDECIDED: lambda p: any(e.role_source == "assumed" for e in p.report.exhibits),
    "{title}: nothing here looks at this yet.": in_row(
        lambda p, row: row.verdict == "not_checked" and row.checker == "machine"
    ),
    "How much this counts is a house rule, not a measurement.": in_row(lambda p, row: row.house),
    "At least {times} times more probable {first} than {second} (best estimate {best}).": in_row(
        lambda p, row: not row.house and abs(row.best_log10_lr) >= abs(row.log10_lr) > 0
    ),
    "By itself this says nothing either way.": in_row(lambda p, row: abs(row.log10_lr) < 0.05),
}


def places(found: Report) -> list[Place]:
    """Every sentence of a report, with its line."""
    there = [Place(found, one) for one in messages_in(found)]
    for exhibit in found.exhibits:
        for row in exhibit.requirements:
            telling = row.model_copy(update={"findings": row.findings[:1]})
            there += [Place(found, one, exhibit, row) for one in messages_in(telling.says)]
            there += [Place(found, one, exhibit, row) for one in messages_in(telling.weighs)]
    return there


ALL = {name: places(found) for name, found in REPORTS.items()}


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_said_is_true(name: str) -> None:
    for place in ALL[name]:
        condition = CONDITIONS.get(place.message.id)
        assert condition is None or condition(place), (place.message.text, place.row)


def test_every_condition_was_put_to_the_test() -> None:
    """A sentence that no report here says tells nothing of its condition."""
    never = {
        words.CAP[code]
        for code in (
            *("EDIT_SIGNS", "OFF_PLATFORM", "WEIGHT_DISAGREES"),
            *("C2PA_SAYS_GENERATED", "REUSED_IN_OTHER_CASE"),
        )
    }
    said = {place.message.id for some in ALL.values() for place in some}
    said |= {sentences.UNDECIDED}  # beside the table, not in the report's JSON
    assert set(CONDITIONS) - said <= never | {
        "{number_kind} {value} is the expected one, read at {start}.",
    }


@pytest.mark.parametrize("name", REPORTS)
def test_the_numbers_in_the_sentences_are_those_of_the_report(name: str) -> None:
    found = REPORTS[name]
    rows = [row for exhibit in found.exhibits for row in exhibit.requirements]
    head = next(one for one in messages_in(found.result) if "{met}" in one.id)
    assert head.args["met"] == sum(row.verdict == "met" for row in rows)
    assert head.args["whole"] == sum(row.verdict != "not_applicable" for row in rows)
    for exhibit in found.exhibits:
        strength = exhibit.strength
        assert strength is not None and strength.confirmed is not None
        assert strength.assessed is not None and strength.for_person is not None
        assert strength.for_nobody is not None
        whole = strength.assessed + strength.for_person + strength.for_nobody
        assert round(whole, 1) == 100.0
        assert f"{strength.confirmed:.1f} of the {strength.assessed:.1f}" in str(strength.says)
        earned = sum(row.points for row in exhibit.requirements)
        assert round(earned, 1) == strength.confirmed
    if found.strength:
        least = next(name for least, name in BANDS if 10 * found.strength.score >= least)
        assert found.strength.band in (least, "not_assessable")


@pytest.mark.parametrize("name", REPORTS)
def test_verdict_words_agree_with_their_sentences(name: str) -> None:
    for exhibit in REPORTS[name].exhibits:
        for row in exhibit.requirements:
            assert (row.verdict == "met") == (row.log10_lr >= 1.0), row.id
            assert (row.verdict == "not_met") == (row.log10_lr <= -1.0), row.id
            if row.log10_lr < 0 or row.verdict == "not_met":
                assert row.honest_causes, row.id


ACCUSING = {
    "en": r"\b(fake[ds]?|fraud\w*|forge[dry]*|guilty|liars?|tamper\w*|reject\w*|cheat\w*|"
    r"genuine|authentic|deceiv\w*|scam\w*|suspicious)\b",
    "zh": "造假|伪造|假冒|欺诈|诈骗|欺骗|骗子|说谎|撒谎|篡改|作弊|拒绝|驳回|有罪|真品|可疑|嫌疑",
}


def test_no_sentence_in_either_language_accuses() -> None:
    raw = (extract.LOCALE / "zh" / "parcelproof.po").read_bytes()
    catalogue = {str(m.id): str(m.string) for m in read_po(BytesIO(raw), locale="zh") if m.id}
    assert len(catalogue) > 400
    for english, chinese in catalogue.items():
        assert not re.search(ACCUSING["en"], english, re.I), english
        assert not re.search(ACCUSING["zh"], chinese), chinese


def test_the_catalogue_is_complete() -> None:
    raw = (extract.LOCALE / "zh" / "parcelproof.po").read_bytes()
    empty = [str(m.id) for m in read_po(BytesIO(raw), locale="zh") if m.id and not m.string]
    assert empty == []


@pytest.mark.parametrize("name", REPORTS)
def test_in_chinese_nothing_is_left_in_english(name: str) -> None:
    """But for names, numbers, paths and what a code or program calls itself."""
    say = Speaker("zh")
    for place in ALL[name]:
        told = say(place.message)
        left = re.findall(r"[a-z]{4,} [a-z]{3,} [a-z]{3,}", told)
        assert not left, (told, left)


def test_weights_are_never_told_as_a_chance() -> None:
    for some in ALL.values():
        for place in some:
            assert not re.search(r"\d ?% (likely|probab)", place.message.text)
    assert weights.NEUTRAL == 5
