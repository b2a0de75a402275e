"""From lines of print to facts: dates and times, weights, amounts, what became of a delivery, and whether an address stands there.

Values are written in one way whatever the print (2026-03-14, 1.70 kg, 249.90 USD). A name or an address is never kept. A date that may
be read two ways, with nothing in the picture to tell which, is given both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date

from detectors._line import Line
from detectors._printed import neighbours
from models.media import Frame
from models.observation import Observation, Span

SURE = 0.85  # confidence of a line that states a fact: one date read wrong is worse than none (house rule)
MONTHS = (
    ("jan", "ene"),
    ("feb",),
    ("mar",),
    ("apr", "abr"),
    ("may", "mei", "mai"),
    ("jun",),
    ("jul",),
    ("aug", "agu", "ago", "ogos"),
    ("sep",),
    ("oct", "okt"),
    ("nov",),
    ("dec", "des", "dic", "dis"),
)
MONTH = {name: number for number, names in enumerate(MONTHS, start=1) for name in names}
NAMED = "|".join(sorted(MONTH, key=len, reverse=True))
RUN_ON = re.compile(r"(20\d\d[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]20\d\d)[.,]?(?=[0-2]\d:[0-5]\d)")  # the reader drops spaces
YEAR_FIRST = re.compile(r"(?<!\d)(20\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
YEAR_LAST = re.compile(r"(?<![\d.,])(\d{1,2})([-/.])(\d{1,2})\2(20\d\d(?!\d)|\d\d(?![\d.,]*\d))")
UNSIGNED = re.compile(r"(?<!\d)(\d\d)(\d\d)(20\d\d)(?= [0-2]\d:[0-5]\d)")
DAY_MONTH = re.compile(rf"(?<!\d)(\d{{1,2}})(?:[ -]?({NAMED})[a-z]*[ .,-]{{0,2}}(20\d\d)|-?({NAMED})-?(\d\d))(?!\d)", re.I)
MONTH_DAY = re.compile(rf"\b({NAMED})[a-z]* (\d{{1,2}}),? (20\d\d)(?!\d)", re.I)
# What tells which of 05/09/2026 is the month: the words of labels and order pages that write the one or the other first
MONTH_LEADS = re.compile(r"\bship date\b|\busps\b|\bups\b|\bfedex\b|\bactwgt\b|\bzip\b", re.I)
DAY_LEADS = re.compile(
    r"\bpesanan\b|\bkirim\b|\bpenerima\b|\bpengirim\b|\bresi\b|\bpedido\b|\bfecha\b|\benv[ií]o\b|đơn|\bdihantar\b|\btarikh\b|\bgst\b|\bsdn\b",
    re.I,
)
TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\s?([AP])\.?M\b\.?)?(?![\d:])", re.I)
WEIGHT = re.compile(r"(?<![\d.,])(\d{1,4}(?:[.,]\d{1,3})?)\s?(kgs?|g|gr|gram|lbs?|oz|公斤|千克|克)(?![A-Za-z])", re.I)
UNITS = {"kgs": "kg", "公斤": "kg", "千克": "kg", "gr": "g", "gram": "g", "克": "g", "lbs": "lb"}
CURRENCIES = {
    "$": "USD or another dollar",
    "US$": "USD",
    "S$": "SGD",
    "R$": "BRL",
    "€": "EUR",
    "£": "GBP",
    "¥": "CNY or JPY",
    "RP": "IDR",
    "RM": "MYR",
    "₱": "PHP",
    "฿": "THB",
    "₫": "VND",
}
CODES = "USD|EUR|GBP|CNY|RMB|JPY|IDR|MYR|SGD|PHP|THB|VND|BRL|INR"
NUMBER = r"(\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?)(?!\d)"
AMOUNT = re.compile(
    rf"(US\$|S\$|R\$|[$€£¥₱฿₫]|(?<![A-Za-z])(?:Rp|RM|{CODES}))\.?\s?{NUMBER}|(?<![\d.,]){NUMBER}\s?({CODES}|[€₫])(?![A-Za-z])", re.I
)
TOTAL = re.compile(r"\b(?:grand |sub ?-?)?total\b|\bjumlah\b|合计|总计|实付", re.I)
SUBTOTAL = re.compile(r"\bsub", re.I)
NOT_TOTAL = re.compile(r"item|qty|quantity|\btax|gst|saving|discount", re.I)
BARE = re.compile(rf"(?<![\d.,]){NUMBER}")
STATUS = (
    ("undelivered", re.compile(r"\bundelivered\b|\b(?:not|never) delivered\b|delivery failed|派送失败|gagal kirim", re.I)),
    ("out_for_delivery", re.compile(r"\bout for delivery\b|派送中|派件中|en reparto", re.I)),
    ("in_transit", re.compile(r"\bin transit\b|运输中|dalam pengiriman|en tr[aá]nsito|đang giao", re.I)),
    ("refunded", re.compile(r"\brefunded\b|已退款|reembolsad[oa]|dana dikembalikan", re.I)),
    ("returned", re.compile(r"\breturned\b|已退货|devuelt[oa]|dikembalikan", re.I)),
    ("cancelled", re.compile(r"\bcancell?ed\b|已取消|cancelad[oa]|dibatalkan|đã hủy", re.I)),
    ("shipped", re.compile(r"\bshipped\b|已发货|\bdikirim\b|\benviado\b", re.I)),
    ("delivered", re.compile(r"\bdelivered\b|已签收|已送达|\bterkirim\b|\bentregado\b|đã giao|\bdihantar\b", re.I)),
)
NOT_YET = re.compile(r"\b(?:to be|will be|if|when|estimated|once|until|before|can be|not)\b", re.I)  # "to be delivered by" says nothing
ADDRESS = re.compile(
    r"\b[A-Z]{2}\.? \d{5}(?:-\d{4})?\b|[省市区县].{0,12}[路街道号镇村巷]|邮编\s?\d{6}|\b(?:Kec|Kab|Kota|Jl|Jalan)\b\.? ?[A-Z]|"
    r"\bRT ?\d+ ?/ ?RW\b|(?i:\b\d{1,6} [A-Z][\w .]{2,30}\b(?:st|street|ave|avenue|rd|road|blvd|dr|drive|ln|lane|pkwy|way|hwy)\b)|"
    r"(?i:\bC(?:alle|/) ?[A-Z])|\b\d{5} (?:[A-Z][a-záéíóúñ]{3,}\b)"
)


def facts(lines: Sequence[Line], frame: Frame) -> Iterator[Observation]:
    """What the lines of one picture state, each once."""
    sure = [line for line in lines if line.confidence >= SURE]
    texts = [(line, RUN_ON.sub(r"\1 ", unicodedata.normalize("NFKC", line.text))) for line in sure]
    whole = " ".join(text for _, text in texts)
    leads = "month" if MONTH_LEADS.search(whole) else "day" if DAY_LEADS.search(whole) else ""
    address: Line | None = None
    for line, text in texts:
        for kind, value, unit in (*_dates(text, leads), *_weights(text), *_amounts(text), *_status(text)):
            yield _fact(kind, value, unit, line, frame)
        address = address or (line if ADDRESS.search(text) else None)
    for kind, value, line in _totals(texts):
        yield _fact(kind, value, None, line, frame)
    if address:
        yield _fact("address", "present", None, address, frame)


def _fact(kind: str, value: str, unit: str | None, line: Line, frame: Frame) -> Observation:
    at = Span(start=frame.pts, end=frame.pts)
    detail = {"kind": kind, "unit": unit, "confidence": round(line.confidence, 3)}
    return Observation(kind="fact", at=at, value=value, detail=detail, region=None if kind == "address" else line.region(frame.scale))


def _dates(text: str, leads: str) -> Iterator[tuple[str, str, None]]:
    for found in YEAR_FIRST.finditer(text):
        yield from _said("date", [_day(*found.groups())])
    for found in YEAR_LAST.finditer(text):
        first, _, second, year = found.groups()
        day_first, month_first = _day(year, second, first), _day(year, first, second)
        turned = _day(first, second, year) if len(year) == 2 and not leads else None  # 18-10-17 may begin with the year
        ways = {"day": [day_first or month_first], "month": [month_first or day_first]}.get(leads, [day_first, month_first, turned])
        yield from _said("date", ways)
    for found in UNSIGNED.finditer(text):
        yield from _said("date", [_day(found[3], found[2], found[1])])
    for found in DAY_MONTH.finditer(text):
        yield from _said("date", [_day(found[3] or found[5], str(MONTH[(found[2] or found[4]).lower()]), found[1])])
    for found in MONTH_DAY.finditer(text):
        yield from _said("date", [_day(found[3], str(MONTH[found[1].lower()]), found[2])])
    for found in TIME.finditer(text):
        hour = int(found[1]) % 12 + 12 * (found[4].upper() == "P") if found[4] else int(found[1])
        yield "time", f"{hour:02d}:{found[2]}" + (f":{found[3]}" if found[3] else ""), None


def _day(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year) + 2000 * (len(year) == 2), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _said(kind: str, ways: Sequence[str | None]) -> Iterator[tuple[str, str, None]]:
    """The value, or where it may be read in several ways all of them."""
    values = sorted({way for way in ways if way})
    if values:
        yield kind, " or ".join(values), None


def _weights(text: str) -> Iterator[tuple[str, str, str]]:
    for found in WEIGHT.finditer(text):
        unit = found[2].lower()
        yield "weight", found[1].replace(",", "."), UNITS.get(unit, unit)


def _amounts(text: str) -> Iterator[tuple[str, str, str]]:
    for found in AMOUNT.finditer(text):
        sign = (found[1] or found[4]).upper().rstrip(".")
        yield "amount", _number(found[2] or found[3]), CURRENCIES.get(sign, "CNY" if sign == "RMB" else sign)


def _number(written: str) -> str:
    """1,234.50 and 1.234,50 as 1234.50: of two signs the last is the decimal one, and one with three digits behind it groups thousands."""
    whole, sign, rest = written.rpartition(max(".,", key=written.rfind))
    if not sign or len(rest) == 3:
        return re.sub(r"[.,]", "", written)
    return re.sub(r"[.,]", "", whole) + "." + rest


def _totals(texts: Sequence[tuple[Line, str]]) -> Iterator[tuple[str, str, Line]]:
    """(kind, number, line) of sums in the row of the word "total" or "subtotal"."""
    for line, text in texts:
        if (word := TOTAL.search(text)) and not NOT_TOTAL.search(text[: word.end() + 4]):
            row = [(line, text[word.end() :]), *neighbours(line, texts)]
            number = next(
                ((place, found[1]) for place, after in row if (found := BARE.search(after)) and re.search(r"[.,]\d{2}$", found[1])), None
            )
            if number:
                yield "subtotal" if SUBTOTAL.search(word.group()) else "total", _number(number[1]), number[0]


def _status(text: str) -> Iterator[tuple[str, str, None]]:
    for value, words in STATUS:
        if found := words.search(text):
            if not NOT_YET.search(text[: found.start()]):
                yield "status", value, None
            return
