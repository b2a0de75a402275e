"""What a picture of print is of: an outbound label, a return label, an order page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detectors._line import Line

# What return labels say; "return address" and "return service requested" stand on outbound ones
RETURNS = re.compile(r"\breturn (?:label|order|parcel|package|shipment|authori[sz]ation)\b|\brma\b|\bretur\b|\bdevoluci[oó]n\b|退货", re.I)
# What order pages say and labels do not
PAGE = re.compile(
    r"\border (?:details?|summary|placed|date|total)\b|\bbuy (?:it )?again\b|\bmy orders?\b|\bview (?:order|item)\b|"
    r"订单详情|下单时间|实付|复制|(?:detail|rincian|waktu|total) pesanan|(?:detalles?|fecha|total) del? pedido|"
    r"chi tiết đơn|butiran pesanan",
    re.I,
)
# What outbound labels say beside their number
LABEL = re.compile(
    r"\bship(?: date| to|ping dept)?\b|\btracking\b|\bpostage\b|\bpriority\b|\bawb\b|\bpenerima\b|\bpengirim\b|\bresi\b|\bactwgt\b|"
    r"运单|收件|寄件|\bdestinatario\b|\bremitente\b|\bgross\b|\bcod\b|\bexpress\b|\blogistics\b",
    re.I,
)


def returns(lines: Sequence[Line]) -> set[str]:
    """The words by which the lines name a return, in lower case."""
    return {match.group().lower() for line in lines if (match := RETURNS.search(line.text))}


def role(lines: Sequence[Line]) -> str | None:
    """What the lines of one picture are together, where they say so."""
    if returns(lines):
        return "return_label"
    whole = " ".join(line.text for line in lines)
    return "order_page" if PAGE.search(whole) else "outbound_label" if LABEL.search(whole) else None
