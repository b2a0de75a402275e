"""What a sheet of print is: an outbound label, a return label, an order page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detectors.reading.text_line import TextLine
from models.kinds import Surface

# What return labels say; "return address" and "return service requested" stand on outbound ones,
# "return label enclosed" on the parcel of a purchase.
RETURNS = re.compile(
    r"\breturn (?:label|order|parcel|package|shipment|authori[sz]ation)\b"
    r"(?! *(?:is |are |was )?(?:enclosed|included|inside|attached|in ))|\brma\b|\bretur\b|"
    r"\bdevoluci[oó]n\b|\bretoure?\b|\b[ée]tiquette (?:de )?retour\b|退货",
    re.I,
)
# What order pages say and labels do not
PAGE = re.compile(
    r"\border (?:details?|summary|placed|date|total|info(?:rmation)?|status)\b|"
    r"\bbuy (?:it )?again\b|\bmy orders?\b|\bview (?:order|item)\b|\b(?:sub)?total\b|\bpayment\b|"
    r"订单详情|下单时间|实付|复制|(?:detail|rincian|waktu|total) pesanan|"
    r"(?:detalles?|fecha|total) del? pedido|chi tiết đơn|butiran pesanan",
    re.I,
)
# What outbound labels say beside their number
LABEL = re.compile(
    r"\bship(?: ?to| ?from| date|per|ping dept)\b|\bship:|\b(?:deliver|sold|bill) to\b|\bfrom:|"
    r"\bconsignee\b|\brecipient\b|\bsender\b|"
    r"\b(?:usps|ups|fedex|dhl|gls|dpd|hermes|evri|ontrac|lasership|yodel|inpost|spx|lex|j&t|jnt)\b|"
    r"\bninja ?van\b|\broyal mail\b|\bcanada post\b|\byunexpress\b|\bcainiao\b|"
    r"\bpostage\b|\bpriority\b|\bground\b|\beconomy\b|\bstandard\b|\bawb\b|\bpenerima\b|"
    r"\bpengirim\b|\bresi\b|\bactwgt\b|运单|收件|寄件|圆通|中通|申通|韵达|顺丰|\bdestinatario\b|"
    r"\bremitente\b|\bgross\b|\bcod\b|\bexpress\b|\blogistics\b|\bempf[äa]nger\b|\babsender\b|"
    r"\bdestinataire\b|\bexp[ée]diteur\b|\d ?(?:kg|lbs?|oz)\b",
    re.I,
)


def page_role(lines: Sequence[TextLine], bars: bool = False) -> Surface | None:
    """What the lines of one sheet are together, where they say so; `bars`: beside a barcode."""
    whole = " ".join(line.text for line in lines)
    if any(RETURNS.search(line.text) for line in lines):
        return "return_label"
    if PAGE.search(whole) and not bars:
        return "order_page"
    return "outbound_label" if bars or LABEL.search(whole) else None
