"""Draws the sample media: parcels turned over a table, with a label that can be read.

Same code, same bytes.

`python -m sample_media.draw [FOLDER]`; the encoder is the x264 inside the pinned PyAV wheel, on one
thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import zxingcpp

from sample_media.scene import Camera, Floats, Image, Quad, cuboid, draw, grain, turn

FPS = 24
SIZE = (1280, 720)
CM = 40  # texture pixels a cm
BOX = (24.0, 17.0, 11.0)  # cm
ORDER, TRACKING = "576920418365107249", "9400111899560012345677"
OTHER_ORDER, OTHER_TRACKING = "577104936285590316", "9400111899223344556677"
CARDBOARD, INK = (120, 160, 196), (40, 60, 80)

cv2.setNumThreads(1)


def mod10(digits: str) -> str:
    """The USPS check digit of the 21 digits before it."""
    return str(-sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits))) % 10)


def write(
    image: Image,
    text: str,
    at: tuple[int, int],
    size: int,
    colour: tuple[int, int, int] = (20, 20, 20),
) -> None:
    """Print in OpenCV's built-in sans; `size` in pixels, `at` the baseline's start."""
    cv2.putText(image, text, at, colour, cv2.FontFace("sans"), size, 500)  # type: ignore[call-overload]


def code(text: str, kind: zxingcpp.BarcodeFormat, size: tuple[int, int]) -> Image:
    """A code with its quiet zone, enlarged by whole pixels, in a white box of `size`."""
    bars = np.array(zxingcpp.create_barcode(text, kind).to_image(scale=1, add_quiet_zones=True))
    times = (size[0] // bars.shape[1], max(1, size[1] // bars.shape[0]))
    large = np.kron(bars, np.ones(times[::-1], np.uint8))[: size[1], : size[0]]
    box = np.full((size[1], size[0]), 255, np.uint8)
    y, x = (size[1] - large.shape[0]) // 2, (size[0] - large.shape[1]) // 2
    box[y : y + large.shape[0], x : x + large.shape[1]] = large
    return cv2.cvtColor(box, cv2.COLOR_GRAY2BGR)


def label(order: str, tracking: str) -> Image:
    """A shipping label of 15 x 10 cm, at twice the texture's pixels."""
    image = np.full((20 * CM, 30 * CM, 3), 252, np.uint8)
    cv2.rectangle(image, (8, 8), (image.shape[1] - 9, image.shape[0] - 9), INK, 5)
    write(image, "PRIORITY MAIL", (40, 90), 64)
    write(image, "Ship to: SAMPLE BUYER", (40, 160), 40)
    write(image, "1 Example Street, Springfield", (40, 210), 40)
    write(image, f"Order ID: {order}", (40, 285), 48)
    image[40:320, 880:1160] = code(order, zxingcpp.BarcodeFormat.QRCode, (280, 280))
    cv2.line(image, (8, 330), (image.shape[1] - 9, 330), INK, 5)
    write(image, "USPS TRACKING #", (420, 385), 44)
    image[400:670, 60:1140] = code(tracking, zxingcpp.BarcodeFormat.Code128, (1080, 270))
    write(image, " ".join(tracking[i : i + 4] for i in range(0, 22, 4)), (270, 735), 52)
    return image


def faces(shipping: Image) -> dict[str, Image]:
    """Six sides that can be told apart, the label on top."""
    prints = {
        "top": "",
        "bottom": "BOTTOM 06",
        "front": "FRAGILE",
        "back": "HANDLE WITH CARE",
        "left": "THIS SIDE UP",
        "right": "RECYCLE 21",
    }
    spans = {
        "top": (0, 1),
        "bottom": (0, 1),
        "front": (0, 2),
        "back": (0, 2),
        "left": (1, 2),
        "right": (1, 2),
    }
    found = {}
    for number, (name, words) in enumerate(prints.items()):
        width, height = (round(BOX[axis] * CM) for axis in spans[name])
        side = grain((height, width), CARDBOARD, seed=10 + number)
        if name in ("top", "bottom"):
            # tape
            cv2.rectangle(
                side, (0, height // 2 - 50), (width, height // 2 + 50), (150, 190, 214), -1
            )
        if words:
            write(side, words, (width // 8, height // 2 + 20), 76, INK)
            cv2.circle(side, (width - 110, 100), 20 + 10 * number, INK, 8)
        if name == "top":
            _lay(
                side,
                np.asarray(
                    cv2.resize(shipping, (15 * CM, 10 * CM), interpolation=cv2.INTER_AREA), np.uint8
                ),
            )
        found[name] = side
    return found


def smooth(share: float) -> float:
    """0..1 eased at both ends."""
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def between(keys: list[tuple[float, tuple[float, ...]]], at: float) -> Floats:
    """The pose at time `at`, eased from key to key (time, values)."""
    for (start, before), (end, after) in pairwise(keys):
        if at <= end:
            return np.array(before) + (np.array(after) - np.array(before)) * smooth(
                (at - start) / (end - start)
            )
    return np.array(keys[-1][1])


@dataclass(frozen=True)
class Take:
    """One clip: what stands on the table at each time, for how long, and where time was cut out."""

    name: str
    seconds: float
    quads: Callable[[float], list[Quad]]
    seed: int
    cut: tuple[float, float] | None = None


# (time s, (yaw, pitch, roll in degrees, height above the table in cm, nearness to the camera in
# cm))
REST = (0.0, 0.0, 0.0, 0.0, 0.0)
ALL_SIDES = [
    (0.0, REST),
    (1.0, (0.0, 40.0, 0.0, 9.0, 10.0)),
    (3.4, (0.0, 42.0, 0.0, 10.0, 15.0)),
    (4.2, (0.0, -5.0, 0.0, 9.0, 5.0)),
    (5.2, (0.0, -5.0, 0.0, 9.0, 5.0)),
    (6.0, (90.0, -5.0, 0.0, 9.0, 5.0)),
    (7.0, (90.0, -5.0, 0.0, 9.0, 5.0)),
    (7.8, (180.0, -5.0, 0.0, 9.0, 5.0)),
    (8.8, (180.0, -5.0, 0.0, 9.0, 5.0)),
    (9.6, (270.0, -5.0, 0.0, 9.0, 5.0)),
    (10.6, (270.0, -5.0, 0.0, 9.0, 5.0)),
    (11.6, (360.0, -120.0, 0.0, 10.0, 5.0)),
    (12.8, (360.0, -125.0, 0.0, 10.0, 5.0)),
    (14.0, (360.0, 0.0, 0.0, 0.0, 0.0)),
]
NO_BOTTOM = [
    *ALL_SIDES[:11],
    (11.8, (360.0, 0.0, 0.0, 0.0, 0.0)),
    (14.0, (360.0, 0.0, 0.0, 0.0, 0.0)),
]
LABEL = [
    (0.0, REST),
    (1.2, (0.0, 40.0, 0.0, 9.0, 10.0)),
    (4.2, (0.0, 42.0, 0.0, 10.0, 15.0)),
    (5.5, REST),
]
HALF = np.array(BOX) / 2


def shown(
    keys: list[tuple[float, tuple[float, ...]]], sides: dict[str, Image], at: float
) -> list[Quad]:
    """A closed parcel lifted and turned along `keys`."""
    yaw, pitch, roll, height, near = between(keys, at)
    pose = turn(*np.radians((0.0, pitch, roll))) @ turn(np.radians(yaw), 0.0, 0.0)
    return cuboid(BOX, sides, pose, np.array([0.0, -near, HALF[2] + height]))


def opened(
    sides: dict[str, Image], lids: dict[str, Image], share: float, product: list[Quad]
) -> list[Quad]:
    """The box with its two flaps open by `share` (0 closed, 1 wide), `product` somewhere above or
    in it.
    """
    inner = grain((300, 400), (95, 130, 165), seed=41)
    floor = np.array([0.0, 0.0, HALF[2]])
    upright = {name: sides[name] for name in ("front", "back", "left", "right")}
    walls = cuboid(BOX, upright, np.eye(3), floor)
    inside = [Quad(q.corners[[1, 0, 3, 2]] * (0.99, 0.99, 1.0), inner) for q in walls]
    ground = Quad(
        np.array(
            [
                [-HALF[0], HALF[1], 0.1],
                [HALF[0], HALF[1], 0.1],
                [HALF[0], -HALF[1], 0.1],
                [-HALF[0], -HALF[1], 0.1],
            ]
        ),
        inner,
    )
    angle = np.radians(-110 * share)
    flaps = []
    for side, name in ((-1.0, "near"), (1.0, "far")):
        reach = HALF[1] * np.array([0.0, -side * np.cos(angle), -np.sin(angle)])
        hinge = np.array([[-HALF[0], side * HALF[1], BOX[2]], [HALF[0], side * HALF[1], BOX[2]]])
        corners = np.array([hinge[0], hinge[1], hinge[1] + reach, hinge[0] + reach])
        flaps.append(
            Quad(corners if side > 0 else corners[[3, 2, 1, 0]], lids[name], two_sided=True)
        )
    return [ground, *inside, *walls, *(product if share > 0.05 else []), *flaps]


def mug(sides: dict[str, Image], height: float, yaw: float) -> list[Quad]:
    """A boxed mug, its centre `height` cm above the table."""
    textures = {
        name: grain((240, 320), (60, 60, 190 - 8 * i), seed=50 + i) for i, name in enumerate(sides)
    }
    write(textures["top"], "MUG", (60, 160), 110, (240, 240, 240))
    return cuboid(
        (11.0, 8.0, 6.0), textures, turn(np.radians(yaw), 0, 0), np.array([0.0, 0.0, height])
    )


def lids(top: Image) -> dict[str, Image]:
    """A closed top cut into its two flaps."""
    middle = top.shape[0] // 2
    return {"far": top[:middle], "near": top[middle:]}


def packed(sides: dict[str, Image], shipping: Image) -> Callable[[float], list[Quad]]:
    """A product lowered into an open box, the flaps closed, the label laid on, the label shown."""
    plain = sides | {"top": grain(sides["top"].shape[:2], CARDBOARD, seed=40)}
    paper = cv2.resize(shipping, (15 * CM, 10 * CM), interpolation=cv2.INTER_AREA)
    taped = sides | {"top": plain["top"].copy()}
    _lay(taped["top"], paper)

    def quads(at: float) -> list[Quad]:
        if at < 7.0:
            product = mug(sides, 20.0 - 16.5 * smooth((at - 0.8) / 2.4), 12 + 25 * smooth(at / 3))
            return opened(plain, lids(plain["top"]), 1 - smooth((at - 4.0) / 2.6), product)
        if at < 9.0:
            rest = 1 - smooth((at - 7.2) / 1.6)
            place = np.array([48.0 * rest, 0.0, BOX[2] + 0.05 + 5.0 * rest])
            sheet = (
                np.array([[-7.5, 5, 0], [7.5, 5, 0], [7.5, -5, 0], [-7.5, -5, 0]])
                @ turn(0.5 * rest, 0, 0).T
                + place
            )
            return [*shown([(0.0, REST), (1.0, REST)], plain, 0.0), Quad(sheet, paper)]
        return shown(LABEL, taped, at - 9.0)

    return quads


def unpacked(
    keys: list[tuple[float, tuple[float, ...]]], sides: dict[str, Image]
) -> Callable[[float], list[Quad]]:
    """The closed parcel turned along `keys`, then opened and the product taken out."""

    def quads(at: float) -> list[Quad]:
        if at < 14.2:
            return shown(keys, sides, at)
        return opened(
            sides,
            lids(sides["top"]),
            smooth((at - 14.4) / 1.8),
            mug(sides, 3.5 + 18.0 * smooth((at - 16.2) / 1.6), 37.0),
        )

    return quads


def _lay(side: Image, paper: Image) -> None:
    y, x = (side.shape[0] - paper.shape[0]) // 2, (side.shape[1] - paper.shape[1]) // 2
    side[y : y + paper.shape[0], x : x + paper.shape[1]] = paper


def filmed(take: Take) -> Iterator[Image]:
    """The frames: hand-held camera, a little blur and noise."""
    random = np.random.default_rng(take.seed)
    wood = grain((900, 1400), (70, 105, 150), seed=5, rough=14, stretch=12)
    table = Quad(
        np.array([[-60.0, 60.0, 0], [60.0, 60.0, 0], [60.0, -30.0, 0], [-60.0, -30.0, 0]]), wood
    )
    frames = round(take.seconds * FPS)
    sway = np.cumsum(random.normal(0, 0.045, (frames + FPS, 6)), axis=0)
    sway = cv2.GaussianBlur(
        sway - cv2.GaussianBlur(sway, (1, 0), 0.1, sigmaY=FPS), (1, 0), 0.1, sigmaY=3
    )
    noise = random.normal(0, 2.2, (8, SIZE[1], SIZE[0], 1)).astype(np.float32)
    for index in range(frames):
        at = index / FPS
        if take.cut and take.cut[0] <= at < take.cut[1]:
            continue
        canvas = np.full((SIZE[1], SIZE[0], 3), (188, 192, 196), np.uint8)
        camera = Camera(
            np.array([0.0, -50.0, 49.0]) + sway[index, :3] * 2,
            np.array([0.0, 0.0, 9.0]) + sway[index, 3:],
            1150.0,
            SIZE,
            roll=float(sway[index, 3]) * 0.02,
        )
        draw(canvas, [table], camera)
        draw(canvas, take.quads(at), camera)
        soft = cv2.GaussianBlur(canvas, (0, 0), 0.6)
        shift = random.integers(0, 64, 2)
        rolled = np.roll(noise[index % len(noise)], tuple(shift), axis=(0, 1))
        yield np.clip(soft + rolled, 0, 255).astype(np.uint8)


def encode(
    path: Path,
    frames: Iterator[Image],
    fps: int = FPS,
    size: tuple[int, int] = SIZE,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
) -> None:
    """MP4, one thread; nothing in the file tells when or where it was made."""
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as container:
        stream = container.add_stream(
            codec,
            rate=fps,
            options={"preset": "medium", "threads": "1", "flags": "+bitexact"}
            | (options or {"crf": "27"}),
        )
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = Fraction(1, fps)
        for index, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def photo(shipping: Image) -> Image:
    """The label photographed at an angle, with uneven light and noise."""
    random = np.random.default_rng(77)
    canvas = grain((1200, 1600), (70, 105, 150), seed=6, rough=14, stretch=12)
    corners = np.array([[0, 0], [1200, 0], [1200, 800], [0, 800]], np.float32)
    onto = cv2.getPerspectiveTransform(
        corners, np.array([[230, 260], [1330, 190], [1400, 960], [190, 940]], np.float32)
    )
    cv2.warpPerspective(
        shipping,
        onto,
        (1600, 1200),
        dst=canvas,
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    light = np.linspace(0.82, 1.04, 1600)[None, :, None]
    return np.clip(
        cv2.GaussianBlur(canvas, (0, 0), 0.7) * light + random.normal(0, 3, (1200, 1600, 1)), 0, 255
    ).astype(np.uint8)


def screenshot(order: str, tracking: str) -> Image:
    """An order page as a phone shows it."""
    page = np.full((1600, 720, 3), 255, np.uint8)
    page[:110] = (245, 245, 245)
    write(page, "Order details", (250, 72), 40)
    rows = [
        ("Status", "Shipped"),
        ("Order ID", order),
        ("Tracking number", tracking),
        ("Carrier", "USPS"),
        ("Order date", "2026-03-14"),
        ("Total", "$ 24.90"),
    ]
    for number, (name, value) in enumerate(rows):
        y = 210 + 110 * number
        write(page, name, (40, y), 30, (110, 110, 110))
        write(page, value, (40, y + 44), 36)
        cv2.line(page, (40, y + 64), (680, y + 64), (225, 225, 225), 2)
    return page


def main(folder: Path) -> None:
    """All of them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    ours, others = label(ORDER, TRACKING), label(OTHER_ORDER, OTHER_TRACKING)
    takes = [
        Take("main", 14.8, packed(faces(ours), ours), seed=1),
        Take("unboxing", 18.5, unpacked(ALL_SIDES, faces(ours)), seed=2),
        Take("unboxing_cut", 18.5, unpacked(ALL_SIDES, faces(ours)), seed=2, cut=(6.5, 8.5)),
        Take("unboxing_five_sides", 18.5, unpacked(NO_BOTTOM, faces(ours)), seed=3),
        Take("other_order", 14.8, packed(faces(others), others), seed=4),
    ]
    for take in takes:
        encode(folder / f"{take.name}.mp4", filmed(take))
    cv2.imwrite(str(folder / "label.jpg"), photo(ours), [cv2.IMWRITE_JPEG_QUALITY, 88])
    cv2.imwrite(str(folder / "order_page.png"), screenshot(ORDER, TRACKING))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
