"""Draws a worked case for every reason of TikTok Shop's: pages, photos, papers, a case file.

Same code, same bytes. `python -m sample_media.draw_cases [FOLDER]`. Names, numbers and addresses
are made up. A case is a folder that can be scored as it lies there:

    parcelproof score sample_media/cases/replacement-shipped --trust-case-files
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image as Pillow

from sample_media.draw import ORDER, TRACKING, label, photo, write
from sample_media.scene import Image, grain

RETURN, REPLACEMENT, SECOND = (
    "9400111899560012345684",
    "9400111899560012345691",
    "9400111899560012345707",
)
GREY, LINE = (110, 110, 110), (225, 225, 225)
THEN = time.struct_time((2026, 3, 20, 12, 0, 0, 4, 79, 0))  # written into documents
Draw = Callable[[], bytes]
Rows = Sequence[tuple[str, str]]


class File(NamedTuple):
    """One file of a case: what it is handed in as, and how it is drawn."""

    name: str
    role: str
    draw: Draw


class Worked(NamedTuple):
    """A case: its reason, further lines of its case file, its files."""

    reason: str
    facts: tuple[str, ...]
    files: tuple[File, ...]
    dates: tuple[str, ...] = ()


# ---------------------------------------------------------------- what files look like


def png(image: Image) -> bytes:
    return cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()


def jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()


def pdf(*sheets: Image) -> bytes:
    """A document of drawn pages."""
    drawn = [Pillow.fromarray(cv2.cvtColor(sheet, cv2.COLOR_BGR2RGB)) for sheet in sheets]
    out = io.BytesIO()
    drawn[0].save(
        out,
        "PDF",
        save_all=True,
        append_images=drawn[1:],
        resolution=150,
        creationDate=THEN,
        modDate=THEN,
    )
    return out.getvalue()


def page(title: str, rows: Rows) -> Image:
    """A page as a phone shows it: what each line is, and below it what it says."""
    sheet = np.full((240 + 110 * len(rows), 720, 3), 255, np.uint8)
    sheet[:110] = (245, 245, 245)
    write(sheet, title, (40, 72), 36)
    for number, (name, value) in enumerate(rows):
        y = 190 + 110 * number
        write(sheet, name, (40, y), 28, GREY)
        write(sheet, value, (40, y + 44), 34)
        cv2.line(sheet, (40, y + 64), (680, y + 64), LINE, 2)
    return sheet


def chat(title: str, lines: Sequence[tuple[str, str]]) -> Image:
    """A conversation on the platform: who says what."""
    sheet = np.full((200 + 120 * len(lines), 900, 3), 250, np.uint8)
    sheet[:110] = (235, 235, 235)
    write(sheet, title, (40, 72), 34)
    for number, (who, said) in enumerate(lines):
        y = 150 + 120 * number
        left = 40 if who == "buyer" else 120
        cv2.rectangle(sheet, (left, y), (left + 740, y + 100), (255, 255, 255), -1)
        write(sheet, who, (left + 20, y + 36), 24, GREY)
        write(sheet, said, (left + 20, y + 80), 28)
    return sheet


def paper(title: str, lines: Sequence[str]) -> Image:
    """A printed page."""
    sheet = np.full((1650, 1275, 3), 255, np.uint8)
    write(sheet, title, (120, 190), 54)
    cv2.line(sheet, (120, 220), (1155, 220), (60, 60, 60), 3)
    for number, line in enumerate(lines):
        write(sheet, line, (120, 310 + 62 * number), 34)
    return sheet


def lamp(broken: bool = False, lit: bool = False) -> Image:
    """A desk lamp on a table, with the parcel's label beside it."""
    random = np.random.default_rng(31 + broken)
    scene = grain((960, 1280), (70, 105, 150), seed=8, rough=14, stretch=12)
    cv2.ellipse(scene, (420, 800), (190, 60), 0, 0, 360, (40, 44, 48), -1)
    cv2.line(scene, (420, 790), (420, 420), (60, 64, 70), 22)
    shade = np.array([[250, 420], [590, 420], [500, 200], [340, 200]], np.int32)
    cv2.fillPoly(scene, [shade], (226, 232, 236))
    if broken:
        crack = np.array([[300, 410], [350, 340], [330, 300], [400, 250], [385, 205]], np.int32)
        cv2.polylines(scene, [crack], False, (30, 30, 30), 5)
        hole = np.array([[470, 420], [520, 330], [560, 420]], np.int32)
        cv2.fillPoly(scene, [hole], (52, 74, 102))
    if lit:
        beam = np.zeros_like(scene)
        cone = np.array([[250, 420], [590, 420], [760, 900], [80, 900]], np.int32)
        cv2.fillPoly(beam, [cone], (60, 90, 100))
        scene = cv2.add(scene, cv2.GaussianBlur(beam, (0, 0), 25))
        cv2.fillPoly(scene, [shade], (250, 252, 255))
    small = cv2.resize(label(ORDER, TRACKING), (540, 360), interpolation=cv2.INTER_AREA)
    scene[520:880, 690:1230] = small
    soft = cv2.GaussianBlur(scene, (0, 0), 0.6)
    return np.clip(soft + random.normal(0, 2, (960, 1280, 1)), 0, 255).astype(np.uint8)


# ---------------------------------------------------------------- the files of the cases


def tracking_page(number: str, status: str, *events: tuple[str, str]) -> Draw:
    rows = [("Order ID", ORDER), ("Tracking number", number), ("Status", status), *events]
    return lambda: png(page("Tracking", rows))


def packing_photo() -> bytes:
    taken = photo(label(ORDER, TRACKING))
    return jpeg(np.asarray(cv2.resize(taken, (1200, 900), interpolation=cv2.INTER_AREA)))


def damage() -> bytes:
    return jpeg(lamp(broken=True))


def product() -> bytes:
    return jpeg(lamp())


def at_work() -> bytes:
    return jpeg(lamp(lit=True))


def returned_other() -> bytes:
    """What came back: another thing than a lamp, with the return's label."""
    scene = grain((960, 1280), (70, 105, 150), seed=9, rough=14, stretch=12)
    cv2.rectangle(scene, (180, 420), (560, 820), (60, 90, 60), -1)
    write(scene, "NOTEBOOK", (240, 640), 44, (230, 230, 230))
    small = cv2.resize(label(ORDER, RETURN), (540, 360), interpolation=cv2.INTER_AREA)
    scene[520:880, 690:1230] = small
    return jpeg(np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.6), np.uint8))


def receipt() -> bytes:
    rows = (
        ("Tracking number", TRACKING),
        ("Service", "Priority Mail"),
        ("Weight", "0.41 kg"),
        ("Accepted", "2026-03-15 16:20"),
    )
    return png(page("Post office receipt", rows))


def agreement() -> bytes:
    lines = (
        ("buyer", f"Order ID {ORDER}"),
        ("buyer", "The lamp came broken."),
        ("seller", "We can send a new lamp. Do you agree?"),
        ("buyer", "Yes, please send a new one instead."),
    )
    return png(chat("Shop chat", lines))


def instructions() -> bytes:
    lines = (
        ("seller", f"Order ID {ORDER}"),
        ("seller", "Please call the post office and name"),
        ("seller", "a day for the second delivery."),
    )
    return png(chat("Shop chat", lines))


def delivery() -> bytes:
    rows = (
        ("Tracking number", TRACKING),
        ("Status", "Delivered"),
        ("Date", "2026-03-18 10:42"),
        ("Place", "1 Example Street, Springfield"),
    )
    return png(page("Carrier's record", rows))


def attempt() -> bytes:
    rows = (
        ("Tracking number", TRACKING),
        ("Status", "Undelivered: nobody home"),
        ("Date", "2026-03-18 10:42"),
        ("Place", "1 Example Street, Springfield"),
    )
    return png(page("Carrier's record", rows))


def explanation(*lines: str) -> Draw:
    return lambda: pdf(paper("Explanation", [f"Order ID: {ORDER}", "", *lines]))


def invoice() -> bytes:
    lines = (
        "Supplier: Example Lamps Ltd",
        "Customer: Sample Shop",
        "Date: 2026-02-02",
        "200 desk lamps, white, batch L-204",
    )
    return pdf(paper("Invoice 1204", lines))


def certificate() -> bytes:
    lines = (
        "Desk lamp, white, batch L-204",
        "Electrical safety: meets the standard",
        "Example Testing Institute, 2026-01-20",
    )
    return pdf(paper("Test report", lines))


def shipping_label() -> bytes:
    return png(
        np.asarray(cv2.resize(label(ORDER, TRACKING), (1200, 800), interpolation=cv2.INTER_AREA))
    )


def both_packages() -> bytes:
    rows = (
        ("Order ID", ORDER),
        ("Package 1, tracking number", TRACKING),
        ("Package 2, tracking number", SECOND),
    )
    return png(page("Packages of this order", rows))


SHIPPED = tracking_page(
    TRACKING, "In transit", ("Shipped", "2026-03-15 16:20"), ("Estimated arrival", "2026-03-19")
)
LOST_RETURN = tracking_page(
    RETURN, "Delivered", ("Dropped off", "2026-03-02 09:15"), ("Delivered", "2026-03-06 11:40")
)
NOTICE = "notice = 2026-03-20T09:00:00Z"
PHOTO = File("packing.jpg", "parcel_photo", packing_photo)


def cases() -> Iterator[Worked]:
    """One for each reason that a seller picks and each type of dispute, in the policy's order."""
    yield Worked(
        "delivery-on-schedule", (), (File("tracking.png", "tracking_screenshot", SHIPPED),)
    )
    yield Worked(
        "multiple-packages",
        (f'tracking_numbers = ["{TRACKING}", "{SECOND}"]', "package_count = 2"),
        (File("packages.png", "shipment_list", both_packages),),
    )
    new_label = (("Order ID", ORDER), ("Tracking number", REPLACEMENT), ("Date", "2026-03-19"))
    yield Worked(
        "replacement-shipped",
        (f'replacement_tracking_number = "{REPLACEMENT}"',),
        (
            File("new_label.png", "replacement_proof", lambda: png(page("Shipment", new_label))),
            File("chat.png", "agreement_screenshot", agreement),
        ),
    )
    yield Worked(
        "delivery-attempt-failed",
        (),
        (
            File("carrier.png", "delivery_proof", attempt),
            File("chat.png", "conversation_screenshot", instructions),
        ),
    )
    yield Worked(
        "delivered-to-correct-address", (), (File("carrier.png", "delivery_proof", delivery),)
    )
    yield Worked(
        "item-is-correct",
        (),
        (
            File(
                "explanation.pdf",
                "explanation",
                explanation("The listing says white; the lamp that was sent is white."),
            ),
            File("lamp.jpg", "product_photo", product),
        ),
    )
    yield Worked(
        "functions-well-or-incorrect-usage",
        (),
        (
            File("switched_off.jpg", "product_photo", product),
            File("lit.jpg", "demo_video", at_work),
        ),
    )
    yield Worked(
        "product-damaged-or-used",
        (),
        (File("damage.jpg", "damage_photo", damage), PHOTO),
        (NOTICE, "delivery = 2026-03-18"),
    )
    yield Worked(
        "missing-products-or-parts",
        ('pdp_weight = "0.40 kg"',),
        (PHOTO, File("receipt.png", "carrier_weight_receipt", receipt)),
        (NOTICE,),
    )
    yield Worked(
        "returned-product-not-what-was-sent",
        (f'return_tracking_number = "{RETURN}"',),
        (File("returned.jpg", "damage_photo", returned_other), PHOTO),
    )
    yield Worked(
        "return-not-received",
        (f'return_tracking_number = "{RETURN}"',),
        (File("return.png", "tracking_screenshot", LOST_RETURN),),
        ("drop_off = 2026-03-02",),
    )
    yield Worked(
        "reason-unclear-or-lack-of-evidence",
        (),
        (
            File(
                "explanation.pdf",
                "explanation",
                explanation("The request names no fault and shows no photo of the lamp."),
            ),
        ),
    )
    yield from disputes()


def disputes() -> Iterator[Worked]:
    """One for each type of dispute."""
    yield Worked(
        "dispute-inconsistent-product",
        (),
        (PHOTO, File("lamp.jpg", "product_photo", product)),
        (NOTICE,),
    )
    yield Worked("dispute-counterfeit", (), (File("invoice.pdf", "invoice", invoice),), (NOTICE,))
    yield Worked(
        "dispute-quality-and-safety",
        (),
        (File("test_report.pdf", "certificate", certificate),),
        (NOTICE,),
    )
    yield Worked(
        "dispute-delayed-delivery",
        (),
        (
            File("label.png", "shipping_document", shipping_label),
            File("tracking.png", "tracking_screenshot", SHIPPED),
        ),
        (NOTICE, "carrier_notice = 2026-03-20"),
    )
    yield Worked(
        "dispute-lost-package", (), (File("carrier.png", "delivery_proof", delivery),), (NOTICE,)
    )
    yield Worked("dispute-damaged-package", (), (PHOTO,), (NOTICE,))


def case_file(case: Worked) -> str:
    """What the operator knows of it."""
    lines = [
        "# A worked case. Names, numbers and addresses are made up.",
        'platform = "tiktok-shop-us"',
        f'reason = "{case.reason}"',
        'party = "seller"',
        f'order_id = "{ORDER}"',
        f'tracking_number = "{TRACKING}"',
        'region = "US"',
        *case.facts,
    ]
    if case.dates:
        lines += ["", "[dates]", *case.dates]
    lines += ["", "[files]", *(f'"{file.name}" = "{file.role}"' for file in case.files)]
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """All of them below `folder`."""
    for case in cases():
        target = folder / case.reason
        target.mkdir(parents=True, exist_ok=True)
        (target / "case.toml").write_text(case_file(case), "utf-8")
        for file in case.files:
            (target / file.name).write_bytes(file.draw())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "cases")
