"""From lines of print to identifiers: what stands beside a label word, or has a form specific enough to stand alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from detectors._line import Line
from models import identifiers as ids

# Label words (en, zh, id, es, vi, ms), as printed on labels and order pages.
LABELS: tuple[tuple[ids.IdKind, re.Pattern[str]], ...] = (
    ("package_id", re.compile(r"(?:package|parcel|paket)\s*(?:id|no\.?|number|#)|包裹(?:编?号|ID)|id\s*paket", re.I)),
    (
        "tracking_number",
        re.compile(
            r"tracking\s*(?:id|no\.?|number|num\.?|#|:)|trk\s*#|(?:\b|_)awb\b\s*(?:no\.?|number|#)?|waybill\s*(?:no\.?|number|#)?|"
            r"(?:运单|快递单|物流单|面单)编?号|no\.?\s*resi|nomor\s*resi|n(?:[úu]mero|\.?[°ºo.])\s*de\s*(?:seguimiento|rastreo|gu[ií]a)|"
            r"(?:c[óo]digo de )?(?:seguimiento|rastreo)|m[ãa]\s*v[ậa]n\s*đ[ơo]n|no\.?\s*penjejakan",
            re.I,
        ),
    ),
    (
        "order_id",
        re.compile(
            r"order\s*(?:id|no\.?|number|num\.?|#)|订单(?:编?号|ID)|(?:no\.?|nomor|id)\s*pesanan|n(?:[úu]mero|\.?[°ºo.])\s*de\s*pedido|"
            r"(?:id\s*(?:del?\s*)?)?pedido\s*(?:n[°º.]|no\.?|#|:)|m[ãa]\s*đ[ơo]n\s*h[àa]ng",
            re.I,
        ),
    ),
)
# The same squeezed, for print that is read with one letter wrong
BLURRED: tuple[tuple[ids.IdKind, str], ...] = (
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
DIGITS = 8  # an identifier has at least so many; routing and sorting codes beside it have fewer
# Forms that stand alone, as printed: carriers space their numbers, so only checked or prefixed ones may be squeezed.
FORMS = tuple(
    re.compile(rf"(?<![0-9A-Z]){form}(?![0-9A-Z])")
    for form in (
        r"1Z ?[0-9A-Z](?: ?[0-9A-Z]){14} ?\d",
        r"(?:420 ?\d{5}(?: ?\d{4})? ?)?9[1-5]\d{2}(?: ?\d{4}){4}(?: ?\d{2})?",
        r"[A-Z]{2} ?\d{3} ?\d{3} ?\d{3} ?[A-Z]{2}",
        r"TB[ACM] ?\d{12}",
        r"SPX[A-Z]{2}\d{11}[0-9A-Z]",
        r"SF ?[0-9A-Z](?: ?\d){12}",
        r"LP ?\d{14}",
        r"J[DPTXZ]\d{10}(?:\d{3})?",
        r"YT\d{13}(?:\d{3})?",
        r"4PX\d{13}CN",
        r"R\d{10}(?:FPL|MEO)",
        r"\d{3}-\d{7}-?\d{7}",
        r"PO-\d{3}-\d{14,20}",
        r"\d{17,18}_\d{1,2}",  # Meesho; a carrier's three letters may follow and are no part of it
    )
)
MEESHO = re.compile(r"(?<![0-9A-Z])(\d{18})(\d)(?=_[a-z]{3}(?![a-z]))")  # the first underscore is easily lost
FEDEX = re.compile(r"(?<![0-9A-Z])\d{4} ?\d{4} ?\d{4}(?! ?[0-9A-Z])")
FEDEX_WORD = re.compile(r"\btrk\b|fedex|\bactwgt\b", re.I)
TOKEN = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{8,34}(?![0-9A-Z])")
ROW = 0.7  # of the line's height: how far across a value may lie from its label and still be in its row
REACH = 14.0  # heights along the row to look for it
BELOW = 2.6  # heights across to look for it in the next row


@dataclass(frozen=True, slots=True)
class Printed:
    """One identifier as printed once. `kind` None: a bare number, which is no identifier by itself."""

    kind: ids.IdKind | None
    value: str
    label: str
    valid: bool | None
    confidence: float
    line: Line

    @property
    def sure(self) -> tuple[float, ...]:
        """Confidence of each character of the squeezed value, where the reader tells it."""
        text = unicodedata.normalize("NFKC", self.line.text)
        if len(text) != len(self.line.sure):
            return ()
        kept = [(c.upper(), sure) for c, sure in zip(text, self.line.sure, strict=True) if ids.squeezed(c)]
        value = ids.squeezed(self.value)
        at = "".join(c for c, _ in kept).rfind(value)
        return tuple(sure for _, sure in kept[at : at + len(value)]) if at >= 0 else ()


def identifiers(lines: Sequence[Line]) -> Iterator[Printed]:
    """All that the lines of one picture name: each value once, labelled before alone before bare."""
    texts = [(line, unicodedata.normalize("NFKC", line.text).replace("—", "-").replace("–", "-")) for line in lines]
    taken: set[str] = set()
    for finder in (_labelled, _alone, _bare):
        for found in finder(texts):
            value = ids.squeezed(found.value)
            if not any(value in other for other in taken):
                taken.add(value)
                yield replace(found, kind=None) if found.line.cut and not found.valid else found  # it may go on outside the picture


def _labelled(texts: Sequence[tuple[Line, str]]) -> Iterator[Printed]:
    for line, text in texts:
        kind, label, rest = _label(text)
        if kind is None:
            continue
        for place, after in [(line, rest), *neighbours(line, texts)]:
            value = _value(after.lstrip(" :：#.-"))
            if value and not _of_another_kind(kind, value):
                yield Printed(kind, value, label, ids.checked(kind, value), min(line.confidence, place.confidence), place)
                break


def _of_another_kind(kind: ids.IdKind, value: str) -> bool:
    """A tracking number beside the words "Order ID" is still one: of a form that stands alone, or with letters that only it has."""
    found = [c for c in ids.candidates(value) if c.valid is not False]
    return any(c.alone and c.kind != kind for c in found) or (
        bool(found) and not value[0].isdigit() and all(c.kind != kind for c in found) and kind != "package_id"
    )


def _label(text: str) -> tuple[ids.IdKind | None, str, str]:
    """(kind, label word, what follows it) of a line; of a label in two languages, what follows the last."""
    for kind, word in LABELS:
        if matches := list(word.finditer(text)):
            return kind, matches[-1].group().strip(), text[matches[-1].end() :]
    if number := LONG_NUMBER.search(text):
        before = re.sub(r"[^A-Z]", "", text[: number.start()].upper())
        for kind, letters in BLURRED:
            if any(ids.close(before[-n:], letters, 1) for n in (len(letters) - 1, len(letters), len(letters) + 1)):
                return kind, letters.lower(), number.group()
    return None, "", ""


def _value(text: str) -> str | None:
    """The identifier that `text` begins with: a spaced form with a check or prefix, else one unbroken run."""
    for form in (*FORMS, FEDEX):
        if (match := form.match(text)) and _plausible(match.group()):
            return match.group()
    match = VALUE.match(text)
    return match.group() if match and sum(c.isdigit() for c in match.group()) >= DIGITS else None


def _plausible(value: str) -> bool:
    best = ids.best(value)
    return best is not None and best.valid is not False


def neighbours(label: Line, texts: Sequence[tuple[Line, str]]) -> list[tuple[Line, str]]:
    """Lines in the row of `label`, then the next row, nearest first; print may be turned any way."""
    axis = label.along / max(label.length, 1e-6)
    across_axis = (-axis[1], axis[0])
    near = []
    for line, text in texts:
        if line is label:
            continue
        offset = line.centre - label.centre
        along, across = abs(float(offset @ axis)), abs(float(offset @ across_axis))
        gap = along - (label.length + line.length) / 2
        if across <= ROW * label.height and gap <= REACH * label.height:
            near.append((0, max(gap, 0.0), line, text))
        elif across <= BELOW * label.height and gap <= 0:
            near.append((1, across, line, text))
    return [(line, text) for _, _, line, text in sorted(near, key=lambda n: n[:2])[:4]]


def _alone(texts: Sequence[tuple[Line, str]]) -> Iterator[Printed]:
    fedex = any(FEDEX_WORD.search(text) for _, text in texts)
    for line, written in texts:
        text = MEESHO.sub(r"\1_\2", written)
        for form in (*FORMS, *((FEDEX,) if fedex else ())):
            for match in form.finditer(text):
                best = ids.best(match.group())
                if best and best.valid is not False and (best.alone or best.valid):
                    yield Printed(best.kind, match.group(), "", best.valid, line.confidence, line)


def _bare(texts: Sequence[tuple[Line, str]]) -> Iterator[Printed]:
    for line, text in texts:
        for match in TOKEN.finditer(text):
            if sum(c.isdigit() for c in match.group()) >= DIGITS:
                yield Printed(None, match.group(), "", None, line.confidence, line)
