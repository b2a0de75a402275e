"""Words and names that stand alone: verdicts, bands, caps, nouns, enumerations."""

from __future__ import annotations

from models.message import N_, Message
from models.policy import CaseDate

VERDICT = {
    "met": N_("met"),
    "not_met": N_("not met"),
    "could_not_confirm": N_("could not confirm"),
    "not_checked": N_("not checked"),
    "not_applicable": N_("not applicable"),
}
MARK = {
    "met": "●",
    "not_met": "▲",
    "could_not_confirm": "◐",
    "not_checked": "○",
    "not_applicable": "–",
}
BAND = {
    "very_strong": N_("very strong"),
    "strong": N_("strong"),
    "moderate": N_("moderate"),
    "weak": N_("weak"),
    "insufficient": N_("insufficient"),
    "not_assessable": N_("not assessable"),
}
CAP = {
    "LINK_OTHER_ORDER": N_(
        "Another number than the expected one was read from the label, "
        "so the number is {most:g} at most."
    ),
    "LINK_UNCONFIRMED": N_(
        "Whose parcel it is could not be confirmed, so the number is {most:g} at most."
    ),
    "BREAK_IN_FOOTAGE": N_(
        "Independent ways of looking saw what may be a break, so the number is {most:g} at most."
    ),
    "BREAK_POSSIBLE": N_("What was seen may be a break, so the number is {most:g} at most."),
    "CONTINUITY_OPEN": N_(
        "Whether the footage goes on without a break could not be seen, "
        "so the number is {most:g} at most."
    ),
    "EDIT_SIGNS": N_(
        "A person saw the work of an editing program, so the number is {most:g} at most."
    ),
    "C2PA_SAYS_GENERATED": N_(
        "The file's own signed credentials say that a program generated it, "
        "so the number is {most:g} at most."
    ),
    "REUSED_IN_OTHER_CASE": N_(
        "The same footage was handed in for another case; until a person has compared the two "
        "the number is {most:g} at most."
    ),
    "OFF_PLATFORM": N_(
        "The conversation was seen to be held off the platform, so the number is {most:g} at most."
    ),
    "WEIGHT_DISAGREES": N_(
        "The weight on the receipt is not that of the product page, "
        "so the number is {most:g} at most."
    ),
    "WEAKEST_REQUIRED": N_(
        "A case is held by its weakest required evidence, so the number is {most:g} at most."
    ),
    "CONTRADICTION": N_(
        "Exhibits contradict each other; until a person has looked the number is {most:g} at most."
    ),
}
CAP_ABOUT = {
    "LINK_OTHER_ORDER": "link",
    "LINK_UNCONFIRMED": "link",
    "BREAK_IN_FOOTAGE": "break",
    "BREAK_POSSIBLE": "break",
    "CONTINUITY_OPEN": "break",
    "EDIT_SIGNS": "editing",
}
NOUN = {
    "order_id": N_("Order ID"),
    "tracking_number": N_("Tracking number"),
    "package_id": N_("Package ID"),
    "code": N_("Code"),
    "product_code": N_("Product code"),
}
LACK = {
    "blurred": N_("blurred"),
    "dark": N_("dark"),
    "overexposed": N_("overexposed"),
    "small": N_("small"),
}
STATE = {
    "confirmed": N_("confirmed"),
    "strong": N_("strong"),
    "usable": N_("usable"),
    "weak": N_("weak"),
}
MATCH = {
    "expected": N_("yes"),
    "near": N_("nearly"),
    "other": N_("no"),
    None: N_("not asked"),
}
WHEN = {
    "possible_now": N_("now"),
    "next_time": N_("next time"),
    "human": N_("a reviewer answers"),
}
ROLE = {
    "packing_video": N_("packing video"),
    "unpacking_video": N_("unpacking video"),
    "undecided": N_("video, packing or unboxing"),
    "parcel_photo": N_("parcel photo"),
    "damage_photo": N_("damage photo"),
    "product_photo": N_("photo of the product"),
    "demo_video": N_("product demonstration"),
    "tracking_screenshot": N_("tracking or order page"),
    "shipment_list": N_("list of all packages"),
    "shipping_document": N_("label, receipt or carrier's paper"),
    "replacement_proof": N_("proof of the replacement's shipment"),
    "delivery_proof": N_("carrier's proof of delivery or of an attempt"),
    "order_confirmation": N_("order confirmation"),
    "order_record": N_("order or transaction record"),
    "conversation_screenshot": N_("screenshot of a conversation"),
    "explanation": N_("explanation in writing"),
    "certificate": N_("certificate or inspection report"),
    "authenticity_document": N_("proof of authenticity"),
    "carrier_weight_receipt": N_("carrier receipt with the weight"),
    "agreement_screenshot": N_("screenshot of an agreement"),
    "invoice": N_("invoice or supplier's contract"),
    "product_document": N_("product label or production paper"),
    "medical_certificate": N_("medical certificate"),
    "buyer_feedback": N_("buyer's review or feedback"),
    "service_record": N_("record of after-sales service"),
    "return_label": N_("return label"),
    "outbound_label": N_("outbound label"),
    "order_page": N_("order page"),
    "product": N_("product"),
}
PROVENANCE = {
    "camera": N_("camera"),
    "phone_export": N_("phone export"),
    "messenger": N_("messenger"),
    "remuxed": N_("remuxed"),
    "reencoded": N_("reencoded"),
    "editor": N_("editor"),
    "unknown": N_("unknown"),
}
FACT = {
    "date": N_("Date"),
    "time": N_("Time"),
    "weight": N_("Weight"),
    "amount": N_("Amount"),
    "status": N_("Status"),
    "subtotal": N_("Subtotal"),
    "total": N_("Total"),
    "address": N_("Address"),
}
HOLDS = {
    "number": N_("number"),
    "web": N_("address of a web page"),
    "wifi": N_("access to a network"),
    "contact": N_("contact"),
    "message": N_("message"),
    "place": N_("place"),
    "identity": N_("identity card"),
    "payment": N_("payment"),
    "secret": N_("secret key"),
    "text": N_("text"),
}
UNDATED = N_("undated")
EVENT: dict[CaseDate, str] = {
    "delivery": N_("the delivery"),
    "request": N_("the customer's request"),
    "rejection": N_("the seller's refusal"),
    "withdrawal": N_("the withdrawal or closing of the dispute"),
    "notice": N_("the dispute's notification"),
    "judgment": N_("the judgment"),
    "drop_off": N_("the return's drop-off"),
    "dispute": N_("the opening of the dispute"),
    "purchase": N_("the purchase"),
    "carrier_notice": N_("the carrier's notification"),
    "problem": N_("the discovery of the problem"),
    "signature": N_("the signature on receipt"),
}
CLOCK_PARTY = {
    "seller": N_("seller"),
    "buyer": N_("buyer"),
    "carrier": N_("carrier"),
}
STATUS = {  # of a delivery
    "undelivered": N_("undelivered"),
    "out_for_delivery": N_("out for delivery"),
    "in_transit": N_("in transit"),
    "refunded": N_("refunded"),
    "returned": N_("returned"),
    "cancelled": N_("cancelled"),
    "shipped": N_("shipped"),
    "delivered": N_("delivered"),
}
PRESENT = N_("present")  # of an address, of which nothing more is told
ANSWER = {
    "yes": N_("yes"),
    "no": N_("no"),
    "unclear": N_("unclear"),
    "does_not_apply": N_("does not apply"),
}
CASE_FACT = {
    "platform": N_("platform"),
    "order_id": N_("order ID"),
    "tracking_number": N_("tracking number"),
    "return_tracking_number": N_("return tracking number"),
    "replacement_tracking_number": N_("replacement's tracking number"),
    "package_count": N_("packages"),
    "pdp_weight": N_("weight on the product page"),
    "region": N_("region"),
    "role": N_("role"),
    "reason": N_("reason"),
    "party": N_("party"),
}
OUTCOME = {
    "completed": N_("completed"),
    "skipped": N_("skipped"),
    "failed": N_("failed"),
}
AUTHORITY = {
    "platform": N_("platform"),
    "third-party": N_("third party"),
    "house": N_("house"),
}


def noun(kind: str) -> Message:
    """What a number is called."""
    return Message(id=NOUN.get(kind, kind))


def role_word(role: str) -> Message:
    return Message(id=ROLE.get(role, role.replace("_", " ")))


SIDE_STATUS = {
    "clear": N_("shown clearly"),
    "poor": N_("seen, not clearly"),
    "never": N_("not shown"),
}
