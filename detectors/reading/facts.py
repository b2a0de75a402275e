"""From lines of print to facts: dates, times, weights, amounts, what became of a delivery.

And whether an address stands there. Values are written in one way whatever the print (2026-03-14,
1.70 kg, 249.90 USD). A name or an address is never kept. A date that may be read two ways, with
nothing in the picture to tell which, is given both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from detectors.reading.labels import Row, neighbours
from detectors.reading.text_line import TextLine
from models.kinds import FactKind, PrintedFact
from models.media import Frame
from models.record import Span

SURE = 0.85  # confidence of a line that states a fact: a wrong date is worse than none (house rule)
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
NAMED = "|".join(
    sorted(
        MONTH,
        key=len,
        reverse=True,
    )
)
RUN_ON = re.compile(  # the reader drops spaces
    r"(20\d\d[-/.]\d\d[-/.]\d\d|\d\d[-/.]\d\d[-/.]20\d\d)[.,]?(?=[0-2]\d:[0-5]\d)"
)
YEAR_FIRST = re.compile(r"(?<!\d)(20\d\d)\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
YEAR_LAST = re.compile(r"(?<![\d.,])(\d{1,2})([-/.])(\d{1,2})\2(20\d\d(?!\d)|\d\d(?![\d.,]*\d))")
UNSIGNED = re.compile(r"(?<!\d)(\d\d)(\d\d)(20\d\d)(?= [0-2]\d:[0-5]\d)")
DAY_MONTH = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:[ -]?(?P<word>{NAMED})[a-z]*[ .,-]{{0,2}}(?P<year>20\d\d)|"
    rf"-?(?P<short_word>{NAMED})-?(?P<short_year>\d\d))(?!\d)",
    re.I,
)
MONTH_DAY = re.compile(rf"\b({NAMED})[a-z]* (\d{{1,2}}),? (20\d\d)(?!\d)", re.I)
# What tells which of 05/09/2026 is the month: words of labels and pages that write the one or the
# other first
MONTH_LEADS = re.compile(r"\bship date\b|\busps\b|\bups\b|\bfedex\b|\bactwgt\b|\bzip\b", re.I)
DAY_LEADS = re.compile(
    r"\bpesanan\b|\bkirim\b|\bpenerima\b|\bpengirim\b|\bresi\b|\bpedido\b|\bfecha\b|"
    r"\benv[ií]o\b|đơn|\bdihantar\b|\btarikh\b|\bgst\b|\bsdn\b",
    re.I,
)
TIME = re.compile(
    r"(?<![\d:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
    r"(?:\s?(?P<half>[AP])\.?M\b\.?)?(?![\d:])",
    re.I,
)
WEIGHT = re.compile(
    r"(?<![\d.,])(\d{1,4}(?:[.,]\d{1,3})?)\s?(kgs?|g|gr|gram|lbs?|oz|公斤|千克|克)(?![A-Za-z])",
    re.I,
)
POUNDS_OUNCES = re.compile(r"(?<![\d.,])(\d{1,3})\s?lbs?\.?\s?(\d{1,2}(?:[.,]\d{1,2})?)\s?oz", re.I)
OUNCES = 16  # in a pound
# A bare capital G is a network, a house number or a postcode's last digit sooner than a gram
CAPITAL_G = "G"
WEIGHT_WORD = re.compile(
    r"\bweight\b|\bwt\b|\bberat\b|\bpeso\b|\bgross\b|\bnet\b|\bgewicht\b|\bpoids\b|重量|毛重|净重|"
    r"khối lượng|น้ำหนัก",
    re.I,
)
UNITS = {
    "kgs": "kg",
    "公斤": "kg",
    "千克": "kg",
    "gr": "g",
    "gram": "g",
    "克": "g",
    "lbs": "lb",
}
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
    "RMB": "CNY",
}
CODES = "USD|EUR|GBP|CNY|RMB|JPY|IDR|MYR|SGD|PHP|THB|VND|BRL|INR"
NUMBER = r"(\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{2})?|\d+(?:[.,]\d{1,2})?)(?!\d)"
AMOUNT = re.compile(
    rf"(US\$|S\$|R\$|[$€£¥₱฿₫]|(?<![A-Za-z])(?:Rp|RM|{CODES}))\.?\s?{NUMBER}|"
    rf"(?<![\d.,]){NUMBER}\s?({CODES}|[€₫])(?![A-Za-z])",
    re.I,
)
TOTAL = re.compile(r"\b(?:grand |sub ?-?)?total\b|\bjumlah\b|合计|总计|实付", re.I)
SUBTOTAL = re.compile(r"\bsub", re.I)
NOT_TOTAL = re.compile(r"item|qty|quantity|\btax|gst|saving|discount", re.I)
BARE = re.compile(rf"(?<![\d.,]){NUMBER}")
CENTS = re.compile(r"[.,]\d{2}$")
STATUS = (
    (
        "undelivered",
        re.compile(
            r"\bundelivered\b|\b(?:not|never) delivered\b|delivery failed|派送失败|gagal kirim",
            re.I,
        ),
    ),
    ("out_for_delivery", re.compile(r"\bout for delivery\b|派送中|派件中|en reparto", re.I)),
    (
        "in_transit",
        re.compile(r"\bin transit\b|运输中|dalam pengiriman|en tr[aá]nsito|đang giao", re.I),
    ),
    ("refunded", re.compile(r"\brefunded\b|已退款|reembolsad[oa]|dana dikembalikan", re.I)),
    ("returned", re.compile(r"\breturned\b|已退货|devuelt[oa]|dikembalikan", re.I)),
    ("cancelled", re.compile(r"\bcancell?ed\b|已取消|cancelad[oa]|dibatalkan|đã hủy", re.I)),
    ("shipped", re.compile(r"\bshipped\b|已发货|\bdikirim\b|\benviado\b", re.I)),
    (
        "delivered",
        re.compile(
            r"\bdelivered\b|已签收|已送达|\bterkirim\b|\bentregado\b|đã giao|\bdihantar\b", re.I
        ),
    ),
)
NOT_YET = re.compile(  # "to be delivered by" says nothing
    r"\b(?:to be|will be|if|when|estimated|expected|once|until|before|can be|not|unable|"
    r"cannot|return to sender)\b|n['\u2019]t\b",
    re.I,
)
NOT_THERE = re.compile(r"^\s*\?|^ to (?:an )?agent\b", re.I)  # after the word
ADDRESS = re.compile(
    r"\b[A-Z]{2}\.? \d{5}(?:-\d{4})?\b|[省市区县].{0,12}[路街道号镇村巷]|邮编\s?\d{6}|"
    r"\b(?:Kec|Kab|Kota|Jl|Jalan)\b\.? ?[A-Z]|\bRT ?\d+ ?/ ?RW\b|"
    r"(?i:\b\d{1,6} [A-Z][\w .]{2,30}\b"
    r"(?:st|street|ave|avenue|rd|road|blvd|dr|drive|ln|lane|pkwy|way|hwy)\b)|"
    r"(?i:\bC(?:alle|/) ?[A-Z])|\b\d{5} (?:[A-Z][a-záéíóúñ]{3,}\b)"
)

Leads = Literal["month", "day", ""]


class Stated(NamedTuple):
    """A fact in the one way of writing."""

    fact: FactKind
    value: str
    unit: str | None = None


def printed_facts(lines: Sequence[TextLine], frame: Frame) -> Iterator[PrintedFact]:
    """What the lines of one picture state."""
    sure = [line for line in lines if line.confidence >= SURE]
    rows = [Row(line, _spaced(line.text)) for line in sure]
    leads = _leads(" ".join(text for _, text in rows))
    address: TextLine | None = None
    for line, text in rows:
        stated = (*_dates(text, leads), *_weights(text), *_amounts(text), *_status(text))
        for one in stated:
            yield _fact(one, line, frame)
        address = address or (line if ADDRESS.search(text) else None)
    for one, line in _totals(rows):
        yield _fact(one, line, frame)
    if address:
        yield _fact(Stated("address", "present"), address, frame)


def _spaced(text: str) -> str:
    """NFKC, with the space between date and time that readers drop."""
    return RUN_ON.sub(r"\1 ", unicodedata.normalize("NFKC", text))


def _leads(text: str) -> Leads:
    """Which of day and month is written first where this text is printed."""
    if MONTH_LEADS.search(text):
        return "month"
    return "day" if DAY_LEADS.search(text) else ""


def _fact(
    stated: Stated,
    line: TextLine,
    frame: Frame,
) -> PrintedFact:
    """One fact, where and when it was read; of an address not even where."""
    return PrintedFact(
        at=Span(start=frame.pts, end=frame.pts),
        value=stated.value,
        fact=stated.fact,
        unit=stated.unit,
        confidence=round(min(1.0, line.confidence), 3),
        region=None if stated.fact == "address" else line.region(frame.scale),
    )


def _dates(text: str, leads: Leads) -> Iterator[Stated]:
    """Dates and times, in every form that is known."""
    for found in YEAR_FIRST.finditer(text):
        yield from _date(_day(*found.groups()))
    for found in YEAR_LAST.finditer(text):
        yield from _date(*_year_last(found, leads))
    for found in UNSIGNED.finditer(text):
        yield from _date(_day(found[3], found[2], found[1]))
    for found in DAY_MONTH.finditer(text):
        word = (found["word"] or found["short_word"]).lower()
        year = found["year"] or found["short_year"]
        yield from _date(_day(year, str(MONTH[word]), found["day"]))
    for found in MONTH_DAY.finditer(text):
        month = MONTH[found[1].lower()]
        yield from _date(_day(found[3], str(month), found[2]))
    for found in TIME.finditer(text):
        yield Stated("time", _time(found))


def _year_last(found: re.Match[str], leads: Leads) -> list[str | None]:
    """Every way to read two numbers and a year behind them."""
    first, _, second, year = found.groups()
    day_first = _day(year, second, first)
    month_first = _day(year, first, second)
    if leads == "day":
        return [day_first or month_first]
    if leads == "month":
        return [month_first or day_first]
    turned = _day(first, second, year) if len(year) == 2 else None  # 18-10-17 may begin with it
    return [day_first, month_first, turned]


def _time(found: re.Match[str]) -> str:
    """On the clock of 24 hours."""
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"].upper() == "P")
    written = f"{hour:02d}:{found['minute']}"
    return f"{written}:{found['second']}" if found["second"] else written


def _day(
    year: str,
    month: str,
    day: str,
) -> str | None:
    """The date as ISO writes it; None where there is no such day."""
    century = 2000 if len(year) == 2 else 0
    try:
        return date(int(year) + century, int(month), int(day)).isoformat()
    except ValueError:
        return None


def _date(*ways: str | None) -> Iterator[Stated]:
    """The date, or where it may be read in several ways all of them."""
    values = sorted({way for way in ways if way})
    if values:
        yield Stated("date", " or ".join(values))


def _weights(text: str) -> Iterator[Stated]:
    """Every weight with its unit."""
    for pair in POUNDS_OUNCES.finditer(text):
        pounds = int(pair[1]) + float(pair[2].replace(",", ".")) / OUNCES
        yield Stated("weight", f"{pounds:.3f}", "lb")
    for found in WEIGHT.finditer(POUNDS_OUNCES.sub(" ", text)):
        if found[2] == CAPITAL_G and not WEIGHT_WORD.search(text):
            continue
        unit = found[2].lower()
        yield Stated("weight", found[1].replace(",", "."), UNITS.get(unit, unit))


def _amounts(text: str) -> Iterator[Stated]:
    """Every amount with its currency."""
    for found in AMOUNT.finditer(text):
        sign = (found[1] or found[4]).upper().rstrip(".")
        number = _number(found[2] or found[3])
        yield Stated("amount", number, CURRENCIES.get(sign, sign))


def _number(written: str) -> str:
    """1,234.50 and 1.234,50 as 1234.50.

    Of two signs the last is the decimal one; one with three digits behind it groups thousands.
    """
    whole, sign, rest = written.rpartition(max(".,", key=written.rfind))
    if not sign or len(rest) == 3:
        return re.sub(r"[.,]", "", written)
    return re.sub(r"[.,]", "", whole) + "." + rest


def _totals(rows: Sequence[Row]) -> Iterator[tuple[Stated, TextLine]]:
    """Sums in the row of the word "total" or "subtotal", with the line they stand on."""
    for line, text in rows:
        word = TOTAL.search(text)
        if not word or NOT_TOTAL.search(text[: word.end() + 4]):
            continue
        beside = [Row(line, text[word.end() :]), *neighbours(line, rows)]
        for place, after in beside:
            number = BARE.search(after)
            if number and CENTS.search(number[1]):
                fact: FactKind = "subtotal" if SUBTOTAL.search(word.group()) else "total"
                yield Stated(fact, _number(number[1])), place
                break


def _status(text: str) -> Iterator[Stated]:
    """What became of a delivery; of several words the first in order."""
    for value, words in STATUS:
        found = words.search(text)
        if found:
            before, after = text[: found.start()], text[found.end() :]
            if not NOT_YET.search(before) and not NOT_THERE.search(after):
                yield Stated("status", value)
            return
