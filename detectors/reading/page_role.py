"""What a picture of print is of: an outbound label, a return label, an order page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detectors.reading.text_line import TextLine
from models.kinds import Surface

# What return labels say; "return address" and "return service requested" stand on outbound ones
RETURNS = re.compile(
    r"\breturn (?:label|order|parcel|package|shipment|authori[sz]ation)\b|\brma\b|\bretur\b|"
    r"\bdevoluci[oó]n\b|退货",
    re.I,
)
# What order pages say and labels do not
PAGE = re.compile(
    r"\border (?:details?|summary|placed|date|total)\b|\bbuy (?:it )?again\b|\bmy orders?\b|"
    r"\bview (?:order|item)\b|订单详情|下单时间|实付|复制|(?:detail|rincian|waktu|total) pesanan|"
    r"(?:detalles?|fecha|total) del? pedido|chi tiết đơn|butiran pesanan",
    re.I,
)
# What outbound labels say beside their number
LABEL = re.compile(
    r"\bship(?: date| to|ping dept)?\b|\btracking\b|\bpostage\b|\bpriority\b|\bawb\b|"
    r"\bpenerima\b|\bpengirim\b|\bresi\b|\bactwgt\b|运单|收件|寄件|\bdestinatario\b|"
    r"\bremitente\b|\bgross\b|\bcod\b|\bexpress\b|\blogistics\b",
    re.I,
)


def return_words(lines: Sequence[TextLine]) -> set[str]:
    """The words by which the lines name a return, in lower case."""
    return {match.group().lower() for line in lines if (match := RETURNS.search(line.text))}


def page_role(lines: Sequence[TextLine]) -> Surface | None:
    """What the lines of one picture are together, where they say so."""
    if return_words(lines):
        return "return_label"
    whole = " ".join(line.text for line in lines)
    if PAGE.search(whole):
        return "order_page"
    return "outbound_label" if LABEL.search(whole) else None
