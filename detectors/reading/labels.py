"""From lines of print to identifiers.

What stands beside a label word, or has a form specific enough to stand alone; bare numbers last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from detectors.reading.text_line import Points, TextLine
from models.identifiers.candidates import best, candidates, check_holds
from models.identifiers.label_words import label_words
from models.identifiers.matching import close, squeezed
from models.identifiers.number_format import IdKind, printed_forms

# Label words squeezed, for print that is read with one letter wrong
BLURRED: tuple[tuple[IdKind, str], ...] = (
    ("package_id", "PACKAGEID"),
    ("tracking_number", "TRACKINGID"),
    ("tracking_number", "TRACKINGNO"),
    ("tracking_number", "TRACKINGNUMBER"),
    ("order_id", "ORDERID"),
    ("order_id", "ORDERNO"),
    ("order_id", "ORDERNUMBER"),
    ("order_id", "NOPESANAN"),
)
LONG_NUMBER = re.compile(r"[0-9][0-9A-Z_-]{7,}$")
VALUE = re.compile(r"[0-9A-Z]{8,34}(?![-_]?[0-9A-Z])")
# Groups as carriers print them, all with the same sign between them.
GROUPED = re.compile(r"\d{2,6}([ -])\d{2,6}(?:\1\d{2,6}){0,6}(?![ -]?[0-9A-Z])")
DIGITS = 8  # an identifier has at least so many; routing and sorting codes beside it have fewer
MEESHO = re.compile(
    r"(?<![0-9A-Z])(\d{18})(\d)(?=_[a-z]{3}(?![a-z]))"
)  # the first underscore is easily lost
FEDEX = re.compile(r"(?<![0-9A-Z])\d{4} ?\d{4} ?\d{4}(?! ?[0-9A-Z])")
FEDEX_WORD = re.compile(r"\btrk\b|fedex|\bactwgt\b", re.I)
TOKEN = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{8,34}(?![0-9A-Z])")
SEPARATORS = " :：#.-"
# A number that a line ends with, and a line that is nothing but the rest of one.
BEGUN = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{2,}(?: [0-9A-Z]+)*$")
GOES_ON = re.compile(r"\d[\d ]*(?:[A-Z]{2})?")
NEXT, ALIKE = 2.0, 0.7  # heights from one line to the next; share of its height that the next has
ROW = 0.7  # of the line's height: how far across a value may lie and still be in its label's row
REACH = 14.0  # heights along the row to look for it
BELOW = 2.6  # heights across to look for it in the next row
NEAREST = 4  # lines around a label that are looked at


class Row(NamedTuple):
    """A line and its text in one way of writing."""

    line: TextLine
    text: str


@dataclass(frozen=True, slots=True)
class Printed:
    """One identifier as printed once. `kind` None: a bare number, no identifier by itself.

    `line`: where it stands, or begins, if it goes on in the line `below`.
    """

    kind: IdKind | None
    value: str
    label: str
    valid: bool | None
    confidence: float
    line: TextLine
    below: TextLine | None = None

    @property
    def sure(self) -> tuple[float, ...]:
        """Confidence of each character of the squeezed value, where the reader tells it."""
        found = _found_in(self.line, squeezed(self.value))
        if not found or len(self.line.text) != len(self.line.sure):
            return ()
        return tuple(self.line.sure[i] for i in found)

    @property
    def corners(self) -> tuple[Points, ...]:
        """Around its own characters, in each line; nothing where these are not known."""
        value = squeezed(self.value)
        if self.below is None:
            found = _found_in(self.line, value)
            return (self.line.part(found[0], found[-1]),) if found else ()
        rest = squeezed(self.below.text)
        begun = _found_in(self.line, value.removesuffix(rest))
        return (self.line.part(begun[0], begun[-1]), self.below.corners) if begun else ()


def _found_in(line: TextLine, value: str) -> list[int]:
    """Which characters of a line are those of a squeezed value, where it stands last."""
    text = unicodedata.normalize("NFKC", line.text)
    if len(text) != len(line.text) or not value:
        return []
    kept = [(i, squeezed(sign)) for i, sign in enumerate(text)]
    kept = [(i, sign) for i, sign in kept if len(sign) == 1]
    start = "".join(sign for _, sign in kept).rfind(value)
    return [i for i, _ in kept[start : start + len(value)]] if start >= 0 else []


def identifiers(lines: Sequence[TextLine]) -> Iterator[Printed]:
    """All that the lines of one picture name: each value once, labelled before alone before bare.

    A line that the edge of the picture cuts off may go on outside: its number is bare.
    """
    rows = [Row(line, _one_dash(line.text)) for line in lines]
    finders: tuple[Callable[[Sequence[Row]], Iterator[Printed]], ...]
    finders = (_broken, _labelled, _alone, _bare)
    taken: set[str] = set()
    for finder in finders:
        for found in finder(rows):
            value = squeezed(found.value)
            if any(value in other for other in taken):
                continue
            taken.add(value)
            cut_off = found.line.cut and not found.valid
            yield replace(found, kind=None) if cut_off else found


def _one_dash(text: str) -> str:
    """NFKC, with one kind of dash."""
    return unicodedata.normalize("NFKC", text).replace("—", "-").replace("–", "-")


def _broken(rows: Sequence[Row]) -> Iterator[Printed]:
    """Numbers that go on in the next line: of a form of their own, and only the whole checks."""
    for line, text in rows:
        begun = BEGUN.search(text)
        if begun is None:
            continue
        for below in rows:
            if GOES_ON.fullmatch(below.text) and _right_below(line, below.line):
                value = squeezed(begun.group() + below.text)
                one = best(value)
                if one and one.alone and one.valid and not _plausible(begun.group()):
                    confidence = min(line.confidence, below.line.confidence)
                    yield Printed(
                        one.kind,
                        value,
                        "",
                        True,
                        confidence,
                        line,
                        below.line,
                    )


def _right_below(line: TextLine, below: TextLine) -> bool:
    """Is it the next line of the same print, begun at the same margin?"""
    axis = line.along / max(line.length, 1e-6)
    down = np.array([-axis[1], axis[0]])
    apart = below.corners[0] - line.corners[0]
    across = float(apart @ down)
    alike = ALIKE <= below.height / max(line.height, 1e-6) <= 1 / ALIKE
    same_margin = abs(float(apart @ axis)) <= line.height
    return alike and same_margin and 0 < across <= NEXT * line.height


def _labelled(rows: Sequence[Row]) -> Iterator[Printed]:
    """Numbers beside a label word."""
    for line, text in rows:
        kind, label, rest = _label(text)
        if kind is None:
            continue
        for place, after in (Row(line, rest), *neighbours(line, rows)):
            value = _value(after.lstrip(SEPARATORS))
            if value and not _of_another_kind(kind, value):
                confidence = min(line.confidence, place.confidence)
                yield Printed(
                    kind,
                    value,
                    label,
                    check_holds(kind, value),
                    confidence,
                    place,
                )
                break


def _of_another_kind(kind: IdKind, value: str) -> bool:
    """A tracking number beside the words "Order ID" is still one.

    By a form that stands alone, or by letters that only it has.
    """
    found = [one for one in candidates(value) if one.valid is not False]
    if any(one.alone and one.kind != kind for one in found):
        return True
    lettered = bool(found) and not value[0].isdigit() and kind != "package_id"
    return lettered and all(one.kind != kind for one in found)


def _label(text: str) -> tuple[IdKind | None, str, str]:
    """(kind, label word, what follows it); of a label in two languages, what follows the last."""
    for kind, word in label_words():
        matches = list(word.finditer(text))
        if matches:
            last = matches[-1]
            return kind, last.group().strip(), text[last.end() :]
    number = LONG_NUMBER.search(text)
    if number:
        before = re.sub(r"[^A-Z]", "", text[: number.start()].upper())
        for kind, letters in BLURRED:
            if _ends_like(before, letters):
                return kind, letters.lower(), number.group()
    return None, "", ""


def _ends_like(before: str, letters: str) -> bool:
    """Does the text end in these letters, up to one wrong, missing or too many?"""
    lengths = (len(letters) - 1, len(letters), len(letters) + 1)
    return any(close(before[-length:], letters, 1) for length in lengths)


def _value(text: str) -> str | None:
    """The identifier that `text` begins with.

    A spaced form with a check or prefix, else one unbroken run, else groups of digits. A known form
    may have few digits.
    """
    for form in (*printed_forms(), FEDEX):
        match = form.match(text)
        if match and _plausible(match.group()):
            return match.group()
    match = VALUE.match(text)
    if match and (_digits(match.group()) >= DIGITS or _plausible(match.group())):
        return match.group()
    match = GROUPED.match(text)
    return match.group() if match and _digits(match.group()) >= DIGITS else None


def _digits(text: str) -> int:
    """How many there are."""
    return sum(character.isdigit() for character in text)


def _plausible(value: str) -> bool:
    """Is it in a known form that no check digit refutes?"""
    candidate = best(value)
    return candidate is not None and candidate.valid is not False


def neighbours(label: TextLine, rows: Sequence[Row]) -> list[Row]:
    """Lines in the row of `label`, then the next row, nearest first; print may be turned."""
    axis = label.along / max(label.length, 1e-6)
    across_axis = (-axis[1], axis[0])
    near: list[tuple[int, float, Row]] = []
    for row in rows:
        if row.line is label:
            continue
        offset = row.line.centre - label.centre
        along = abs(float(offset @ axis))
        across = abs(float(offset @ across_axis))
        gap = along - (label.length + row.line.length) / 2
        if across <= ROW * label.height and gap <= REACH * label.height:
            near.append((0, max(gap, 0.0), row))
        elif across <= BELOW * label.height and gap <= 0:
            near.append((1, across, row))
    nearest = sorted(near, key=lambda n: n[:2])
    return [row for _, _, row in nearest[:NEAREST]]


def _alone(rows: Sequence[Row]) -> Iterator[Printed]:
    """Numbers in a form of their own."""
    fedex = any(FEDEX_WORD.search(text) for _, text in rows)
    forms = (*printed_forms(), FEDEX) if fedex else printed_forms()
    for line, written in rows:
        text = MEESHO.sub(r"\1_\2", written)
        for match in (found for form in forms for found in form.finditer(text)):
            one = best(match.group())
            if one and one.valid is not False and (one.alone or one.valid):
                yield Printed(
                    one.kind,
                    match.group(),
                    "",
                    one.valid,
                    line.confidence,
                    line,
                )


def _bare(rows: Sequence[Row]) -> Iterator[Printed]:
    """Any long number."""
    for line, text in rows:
        for match in TOKEN.finditer(text):
            if _digits(match.group()) >= DIGITS:
                yield Printed(
                    None,
                    match.group(),
                    "",
                    None,
                    line.confidence,
                    line,
                )
