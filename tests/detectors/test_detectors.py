"""Each detector as a table: what it must see, what it must not."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import zxingcpp
from PIL import Image as Pillow

from detectors.bitstream import boxes
from detectors.blank import blank
from detectors.clarity import clarity
from detectors.codes import codes
from detectors.container import container
from detectors.covers import covers
from detectors.cuts import cuts
from detectors.damage import damage
from detectors.metadata import metadata
from detectors.overlays import overlays
from detectors.reading import barcodes
from detectors.repeats import repeats
from detectors.sound import sound
from detectors.text import text
from detectors.timeline import timeline
from models.examination import Examined
from models.kinds import (
    ClarityFacts,
    Code,
    Cut,
    Damaged,
    Device,
    Dip,
    EditList,
    EditorTrace,
    Freeze,
    Gap,
    JumpScores,
    Page,
    Pause,
    PossibleCut,
    Provenance,
    Repeat,
    Sheet,
    TextId,
    Track,
    UntouchedCamera,
)
from models.media import File, Frame, Packet, Sound
from models.observation import Observation, Seen, of
from models.record import Region, Span
from tests import clips

Look = Callable[..., Examined]
JUMP = JumpScores(**dict.fromkeys(JumpScores.model_fields, 1.0))


def seen(observations: Sequence[Observation], kind: type[Seen]) -> list[Seen]:
    return of(observations, kind)


# ---------------------------------------------------------------- cuts


@pytest.mark.parametrize("jump", [60.0, 200.0, 600.0])
@pytest.mark.parametrize("at", [20, 45, 70])
def test_cuts_sees_a_jump_to_the_frame(jump: float, at: int) -> None:
    pictures = clips.pan(at) + clips.pan(90 - at, start=50 + 1.3 * at + jump)
    (cut,) = seen(cuts(clips.frames(pictures), clips.media(90)), Cut)
    assert cut.at is not None
    assert cut.at.end == pytest.approx(at / 30, abs=1e-6)
    assert cut.at.start == pytest.approx((at - 1) / 30, abs=1e-6)


@pytest.mark.parametrize(
    "honest",
    [
        clips.shaken,
        clips.whipped,
        clips.flashed,
        clips.lit,
        clips.covered,
        lambda: clips.pan(90),
        lambda: [clips.view(100.0)] * 90,
    ],
)
def test_cuts_stays_silent_on_honest_footage(honest: Callable[[], list[clips.Image]]) -> None:
    assert not seen(cuts(clips.frames(honest()), clips.media(90)), Cut)


def test_cuts_keeps_dropped_frames_apart() -> None:
    kept = [i for i in range(120) if i not in (40, 41, 42, 70, 71)]
    pictures = clips.pan(120)
    some = clips.frames([pictures[i] for i in kept], times=[i / 30 for i in kept])
    assert not seen(cuts(some, clips.media(120)), Cut)


def test_cuts_calls_a_light_change_a_light_event() -> None:
    pictures = clips.pan(90)
    lamp = pictures[:45] + [
        np.clip(p.astype(float) * 0.55 + 90, 0, 255).astype(np.uint8) for p in pictures[45:]
    ]
    found = cuts(clips.frames(lamp), clips.media(90))
    assert not seen(found, Cut)


# ---------------------------------------------------------------- repeats, blank


def test_repeats_sees_a_freeze_and_no_still_scene() -> None:
    pictures = clips.pan(120)
    frozen = pictures[:40] + [pictures[40]] * 25 + pictures[65:]
    (freeze,) = repeats(clips.frames(frozen), clips.media(120))
    assert isinstance(freeze, Freeze) and freeze.at is not None
    assert freeze.at.start == pytest.approx(40 / 30, abs=0.05)
    assert freeze.at.end == pytest.approx(64 / 30, abs=0.05)
    assert repeats(clips.frames([clips.view(100.0)] * 120), clips.media(120)) == []


def test_repeats_leaves_short_stalls_alone() -> None:
    pictures = clips.pan(120)
    assert (
        repeats(clips.frames(pictures[:40] + [pictures[40]] * 6 + pictures[46:]), clips.media(120))
        == []
    )


def test_repeats_sees_a_loop_and_no_pan() -> None:
    pictures = clips.pan(150, speed=4.0)
    looped = pictures + pictures[60:120] + pictures[120:]
    (repeat,) = seen(repeats(clips.frames(looped), clips.media(230)), Repeat)
    assert repeat.at is not None and repeat.first_s == pytest.approx(2.0, abs=0.15)
    assert repeat.at.start == pytest.approx(5.0, abs=0.15)
    assert not seen(repeats(clips.frames(pictures), clips.media(150)), Repeat)


def test_overlays_sees_a_patch_that_stays_and_no_thing_put_down() -> None:
    patched = clips.pan(100)
    resting = [clips.view(100.0) for _ in range(100)]
    for i, (picture, still) in enumerate(zip(patched, resting, strict=True)):
        if i >= 45:
            picture[40:130, 60:190] = clips.view(900.0)[40:130, 60:190]
        reach = min(i, 45)
        still[40:130, 15 + reach : 145 + reach] = clips.view(900.0)[
            40:130, 60:190
        ]  # a box slid into its place under a camera at rest
    (patch,) = overlays(clips.frames(patched), clips.media(100))
    assert patch.at is not None and patch.at.end == pytest.approx(1.5, abs=1e-6)
    assert (
        patch.region is not None
        and abs(patch.region.x - 60) <= 16
        and abs(patch.region.width - 130) <= 32
    )
    assert not overlays(clips.frames(resting), clips.media(100))
    assert not overlays(clips.frames(clips.pan(100)), clips.media(100))


def test_blank_tells_flat_from_covered() -> None:
    black = np.full((180, 320), 3, np.uint8)
    pictures = clips.pan(30)
    (only,) = blank(clips.frames(pictures[:10] + [black] * 5 + pictures[10:]), clips.media(35))
    assert only.at is not None and only.at.start == pytest.approx(10 / 30) and only.frames == 5
    assert blank(clips.frames(clips.covered()), clips.media(90)) == []


@pytest.mark.parametrize("colour", [16.0, 235.0])
def test_blank_sees_a_dip(colour: float) -> None:
    (dip,) = seen(blank(clips.frames(clips.dipped(colour)), clips.media(120)), Dip)
    assert dip.at is not None and dip.at.start <= 2.0 <= dip.at.end + 1 / 30


@pytest.mark.parametrize(
    "honest",
    [
        clips.shut,
        lambda: (
            [np.full((180, 320), 16, np.uint8)] * 20 + clips.dipped(16.0)[60:]
        ),  # fades in, as many apps begin
        lambda: clips.dipped(16.0)[:60] + [np.full((180, 320), 16, np.uint8)] * 20,
    ],
)
def test_blank_takes_no_flap_and_no_end_for_a_dip(honest: Callable[[], list[clips.Image]]) -> None:
    assert not seen(blank(clips.frames(honest()), clips.media(90)), Dip)


def test_covers_sees_a_flap_over_the_lens() -> None:
    (cover,) = covers(clips.frames(clips.shut()[::2], fps=15.0), clips.media(45, fps=15.0))
    assert cover.at is not None
    assert cover.at.start == pytest.approx(1.0, abs=0.2) and cover.at.end == pytest.approx(
        2.0, abs=0.2
    )


@pytest.mark.parametrize(
    "honest", [lambda: clips.pan(90), clips.flashed, clips.lit, lambda: [clips.view(100.0)] * 90]
)
def test_covers_leaves_an_open_view_alone(honest: Callable[[], list[clips.Image]]) -> None:
    assert covers(clips.frames(honest()[::2], fps=15.0), clips.media(45, fps=15.0)) == []


def heard(changes_at: float | None) -> list[Sound]:
    """Four seconds of hiss; from `changes_at` on it is another hiss, as in another place."""
    whole = clips.noise(64_000, 1)
    if changes_at is not None:
        whole[round(16_000 * changes_at) :] = np.convolve(
            clips.noise(64_000, 2), np.ones(8) / 8, "same"
        )[round(16_000 * changes_at) :]
    return [Sound(i / 10, 16_000, whole[1600 * i : 1600 * (i + 1)]) for i in range(40)]


@pytest.mark.parametrize(("changes_at", "hint"), [(2.0, True), (None, False), (3.0, False)])
def test_sound_hints_only_where_the_picture_jumps_too(changes_at: float | None, hint: bool) -> None:
    jump = Cut(at=Span(start=1.967, end=2.0), scores=JUMP)
    assert bool(sound(heard(changes_at), clips.media(120), {Cut: [jump], PossibleCut: []})) == hint
    assert sound(heard(changes_at), clips.media(120), {Cut: [], PossibleCut: None}) == []


# ---------------------------------------------------------------- timeline


def packets(times: list[float], sound_s: float = 0.0) -> list[Packet]:
    video = [Packet("video", t, t, 1 / 30, 900, i % 30 == 0) for i, t in enumerate(times)]
    return video + [
        Packet("sound", i * 0.02, i * 0.02, 0.02, 90, True) for i in range(round(sound_s / 0.02))
    ]


STEADY = [i / 30 for i in range(120)]


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        (STEADY, 0),
        (STEADY[:60] + [t + 1.0 for t in STEADY[60:]], 1),
        (STEADY[:60] + [t + 0.3 for t in STEADY[60:]], 0),  # a stall that phones have
        (
            [i / 30 for i in range(60)] + [2 + i / 10 for i in range(40)],
            0,
        ),  # low light lowers the rate
        ([i * 0.6 for i in range(40)], 0),  # a slow screen recording
        ([*STEADY[:-1], STEADY[-1] + 2], 0),  # the last frame told late
    ],
)
def test_timeline_gaps(times: list[float], gaps: int) -> None:
    assert len(seen(timeline(packets(times), clips.media(120), NO_PAUSES), Gap)) == gaps


def test_timeline_facts() -> None:
    stuttering = packets(STEADY, sound_s=3.0)
    back = Packet("video", 1.0, 1.0, 1 / 30, 900, False)
    (track,) = seen(timeline([*stuttering, back, back], clips.media(120), NO_PAUSES), Track)
    assert track.non_monotonic_dts == 2
    assert track.overlaps == 2
    assert track.lengths_differ is True
    assert not seen(timeline(stuttering, clips.media(120), NO_PAUSES), Damaged)
    (even,) = seen(timeline(packets(STEADY, sound_s=4.0), clips.media(120), NO_PAUSES), Track)
    assert even.lengths_differ is False and even.non_monotonic_dts == 0


def test_timeline_misses_an_end_that_the_header_promises() -> None:
    (short,) = seen(timeline(packets(STEADY), clips.media(300), NO_PAUSES), Damaged)
    assert (short.how, short.promised_s, short.there_s) == ("cut_short", 10.0, 4.0)
    refused = Packet("video", 4.0, 4.0, 1 / 30, 900, False, failed=True)
    (damaged,) = seen(timeline([*packets(STEADY), refused], clips.media(121), NO_PAUSES), Damaged)
    assert (damaged.how, damaged.count) == ("refused", 1)


# ---------------------------------------------------------------- container, metadata


@pytest.mark.parametrize(
    "title", [b"Canvas tote bag packing, LAS VEGAS", b"splice of life", b"my InShots"]
)
def test_container_takes_no_title_for_a_program(title: bytes) -> None:
    assert not seen(
        container(
            [File(memoryview(FTYP + box(b"moov", box(b"udta", title))), "mp4")], clips.media(9)
        ),
        EditorTrace,
    )


def box(name: bytes, *inner: bytes) -> bytes:
    body = b"".join(inner)
    return struct.pack(">I4s", len(body) + 8, name) + body


def edit_list(*entries: tuple[int, int, int]) -> bytes:
    body = b"".join(
        struct.pack(">IihH", duration, time, rate, 0) for duration, time, rate in entries
    )
    return box(
        b"moov", box(b"trak", box(b"edts", box(b"elst", struct.pack(">II", 0, len(entries)), body)))
    )


def tagged(name: bytes, value: bytes) -> bytes:
    """An item of iTunes' list."""
    data = box(b"data", struct.pack(">II", 1, 0), value)
    hdlr = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return box(b"moov", box(b"udta", box(b"meta", bytes(4), hdlr, box(b"ilst", box(name, data)))))


def keyed(key: bytes, value: bytes) -> bytes:
    """An item of QuickTime's list, whose name stands in a list of keys."""
    keys = box(b"keys", struct.pack(">II", 0, 1), box(b"mdta", key))
    data = box(b"data", struct.pack(">II", 1, 0), value)
    hdlr = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    items = box(b"ilst", box(struct.pack(">I", 1), data))
    return box(b"moov", box(b"meta", hdlr, keys, items))


NO_PAUSES: dict[Any, Any] = {Pause: []}
FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


@pytest.mark.parametrize(
    ("data", "origin"),
    [
        (box(b"ftyp", b"mp42\0\0\0\0isommp42") + box(b"beam", b"xxxx") + box(b"moov"), "messenger"),
        (FTYP + box(b"moov", box(b"udta", b"....Lavf60.16.100")), "remuxed"),
        (FTYP + box(b"moov", box(b"udta", b"....Lavf60.16.100 x264 - core 164")), "reencoded"),
        (FTYP + box(b"moov", box(b"udta", b"\0\0\0\0HandBrake 1.6.1")), "reencoded"),
        (FTYP + box(b"moov", box(b"udta", b"\0\0\0\0CapCut")), "editor"),
        (FTYP + tagged(b"\xa9too", b"CapCut 9.1"), "editor"),
        (FTYP + tagged(b"\xa9nam", b"How I learnt CapCut"), "unknown"),
        (FTYP + tagged(b"\xa9cmt", b"made without InShot"), "unknown"),
        (FTYP + tagged(b"desc", b"x264 - core 164"), "unknown"),
        (FTYP + keyed(b"com.apple.quicktime.title", b"CapCut"), "unknown"),
        (FTYP + keyed(b"com.apple.quicktime.software", b"CapCut"), "editor"),
        (
            box(b"ftyp", b"qt  \0\0\0\0qt  ")
            + box(b"moov", b"Core Media Video com.apple.quicktime.make"),
            "camera",
        ),
        (
            box(b"ftyp", b"mp42\0\0\0\1isommp41mp42") + box(b"moov", b"Core Media Video"),
            "phone_export",
        ),
        (
            box(b"ftyp", b"mp42\0\0\0\0isommp42") + box(b"moov", b"com.android.version"),
            "phone_export",
        ),
        (FTYP + box(b"moov"), "unknown"),
    ],
)
def test_container_origin(data: bytes, origin: str) -> None:
    found = container([File(memoryview(data), "mp4")], clips.media(9))
    assert seen(found, Provenance)[0].value == origin
    assert bool(seen(found, EditorTrace)) == (origin == "editor")


QT = box(b"ftyp", b"qt  \0\0\0\0qt  ")
CAMERA = b"Core Media Video Core Media Data com.apple.quicktime.make"


@pytest.mark.parametrize(
    ("data", "untouched"),
    [
        (QT + box(b"wide") + box(b"mdat", b"x") + box(b"moov", CAMERA), True),
        (QT + box(b"moov", CAMERA) + box(b"wide") + box(b"mdat", b"x"), False),  # saved for the web
        (QT + box(b"wide") + box(b"mdat", b"x") + box(b"moov", CAMERA[:16] + CAMERA[32:]), False),
        (QT + box(b"wide") + box(b"mdat", b"x") + box(b"moov", CAMERA + b" Lavf60.1"), False),
        (QT + box(b"wide") + box(b"mdat", b"x") + box(b"moov", CAMERA + b" CapCut"), False),
        (QT + box(b"wide") + box(b"mdat", b"x") + box(b"moov", CAMERA) + box(b"free"), False),
        (FTYP + box(b"moov"), False),
    ],
)
def test_a_cameras_untouched_file(data: bytes, untouched: bool) -> None:
    found = container([File(memoryview(data), "mp4")], clips.media(9))
    assert bool(seen(found, UntouchedCamera)) == untouched


@pytest.mark.parametrize(
    ("data", "odd"),
    [
        (edit_list((900, 0, 1)), False),
        (edit_list((40, -1, 1), (900, 0, 1)), False),  # an empty lead-in, as phones write it
        (edit_list((400, 0, 1), (500, 700, 1)), True),
        (edit_list((900, 0, 2)), True),
    ],
)
def test_container_edit_lists(data: bytes, odd: bool) -> None:
    assert (
        bool(seen(container([File(memoryview(FTYP + data), "mp4")], clips.media(9)), EditList))
        == odd
    )


def test_container_walks_nonsense_without_harm() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        data = FTYP + random.integers(0, 255, 200, dtype=np.uint8).tobytes()
        assert len(list(boxes.walk(memoryview(data)))) < 60
    endless = struct.pack(">I4s", 0, b"moov") * 3
    assert list(boxes.walk(memoryview(endless)))


def photo(**tags: str) -> bytes:
    """A JPEG with EXIF tags and a place."""
    exif = Pillow.Exif()
    for number, name in ((0x010F, "make"), (0x0110, "model"), (0x0131, "software")):
        if name in tags:
            exif[number] = tags[name]
    if "place" in tags:
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 7.0), 3: "E", 4: (13.0, 24.0, 9.0)})
    file = io.BytesIO()
    Pillow.fromarray(clips.view(50.0)).save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_metadata_of_photos_names_device_but_no_place() -> None:
    data = photo(make="Acme", model="Phone 3", software="4.2", place="yes")
    (found,) = metadata([File(memoryview(data), "jpg")], clips.media(1, kind="image"))
    assert found.value == "Acme Phone 3" and found.software == "4.2"
    assert isinstance(found, Device) and found.gps == "present" and "52" not in str(found)
    (bare,) = metadata([File(memoryview(photo()), "jpg")], clips.media(1, kind="image"))
    assert isinstance(bare, Device) and bare.value is None and bare.gps == "absent"


# ---------------------------------------------------------------- damage, clarity


def test_damage_groups_patched_frames() -> None:
    frames = [Frame(i / 30, i, clips.view(50.0), corrupt=i in (5, 6, 20)) for i in range(30)]
    found = seen(damage(frames, clips.media(30)), Damaged)
    assert [(one.how, one.count) for one in found] == [("concealed", 2), ("concealed", 1)]


def test_damage_fires_and_stays_silent_through_the_real_decoder(
    honest: Path, tmp_path: Path, examined: Look
) -> None:
    assert not seen(list(examined(honest, "damaged").observations), Damaged)
    data = bytearray(honest.read_bytes())
    with av.open(str(honest)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    for packet in packets[40:50]:  # wherever the muxer put the sound
        place = packet.pos + packet.size // 3
        data[place : place + packet.size // 3] = bytes(
            byte ^ 0x5A for byte in data[place : place + packet.size // 3]
        )
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    assert seen(list(examined(broken, "damaged").observations), Damaged)


@pytest.mark.parametrize(
    ("picture", "kind", "word"),
    [
        (clips.print_lines(["SHARP PRINT 12345"] * 4, (1280, 720), 80), "clear", "sharp"),
        (
            cv2.GaussianBlur(
                clips.print_lines(["SHARP PRINT 12345"] * 4, (1280, 720), 80), (0, 0), 14
            ),
            "unclear",
            "blurred",
        ),
        (clips.print_lines(["DARK"] * 4, (1280, 720), 80) // 12, "unclear", "dark"),
        (clips.print_lines(["SMALL"] * 3, (320, 240), 40), "unclear", "small"),
    ],
)
def test_clarity(picture: clips.Image, kind: str, word: str) -> None:
    noisy = np.clip(
        picture.astype(float) * 0.8 + np.random.default_rng(0).normal(0, 1, picture.shape), 0, 255
    ).astype(np.uint8)
    found = clarity(
        clips.frames([noisy] * 6, fps=3),
        clips.media(6, size=(picture.shape[1], picture.shape[0])),
        {Code: []},
    )
    (judged,) = found
    assert isinstance(judged, ClarityFacts) and judged.kind == kind
    assert kind == "clear" or word in judged.lacks  # type: ignore[attr-defined]


def test_clarity_knows_a_page_from_a_photo() -> None:
    page = clips.frames([clips.print_lines(["Order ID: 576920418365107249"])])
    scene = clips.frames([clips.view(100.0)])
    assert seen(clarity(page, clips.media(1, kind="image"), {Code: []}), Page)
    assert not seen(clarity(scene, clips.media(1, kind="image"), {Code: []}), Page)


# ---------------------------------------------------------------- codes, text


@pytest.mark.parametrize(
    ("kind", "name", "payload"),
    [
        (zxingcpp.BarcodeFormat.QRCode, "QRCode", "576920418365107249"),
        (zxingcpp.BarcodeFormat.Code128, "Code128", "9400111899560012345677"),
        (zxingcpp.BarcodeFormat.DataMatrix, "DataMatrix", "PARCEL-0042"),
        (zxingcpp.BarcodeFormat.PDF417, "PDF417", "PDF PAYLOAD 7"),
        (zxingcpp.BarcodeFormat.Aztec, "Aztec", "AZTEC 123456"),
        (zxingcpp.BarcodeFormat.EAN13, "EAN13", "4006381333931"),
        (zxingcpp.BarcodeFormat.ITF, "ITF", "12345678901231"),
    ],
)
@pytest.mark.parametrize("angle", [0, 90])
def test_codes_reads_each_symbology(
    kind: zxingcpp.BarcodeFormat, name: str, payload: str, angle: int
) -> None:
    picture = clips.with_code(np.full((700, 1000), 200, np.uint8), payload, (80, 60), kind, scale=3)
    some = clips.frames([np.rot90(picture, angle // 90)] * 3, fps=3)
    (found,) = codes(some, clips.media(3))
    assert (found.value, found.symbology, found.frames) == (payload, name, 3)
    assert found.at is not None and (found.at.start, found.at.end) == (0.0, pytest.approx(2 / 3))


@pytest.mark.parametrize("angle", [20, 33, 45, 70])
def test_codes_reads_bars_at_an_angle(angle: int) -> None:
    picture = clips.with_code(
        np.full((900, 1200), 215, np.uint8),
        "9400111899560012345677",
        (260, 400),
        zxingcpp.BarcodeFormat.Code128,
        scale=3,
    )
    turned = cv2.warpAffine(
        picture, cv2.getRotationMatrix2D((600, 450), angle, 1.0), (1200, 900), borderValue=215
    )
    assert [o.value for o in codes(clips.frames([turned]), clips.media(1, kind="image"))] == [
        "9400111899560012345677"
    ]


def test_codes_reads_what_only_the_third_family_can() -> None:
    picture = clips.with_code(
        np.full((500, 600), 200, np.uint8), "576920418365107249", (150, 120), scale=6
    )
    picture[120:190, 150:220] = 200  # tape over one corner of the QR code
    assert barcodes.read_thoroughly(picture) == []
    (found,) = codes(clips.frames([picture]), clips.media(1, kind="image"))
    assert (found.value, found.families) == ("576920418365107249", ("tapirscan",))


def test_codes_keeps_what_makes_a_message_gs1() -> None:
    bars = np.array(
        zxingcpp.create_barcode(
            "(01)09506000134352(10)AB12", zxingcpp.BarcodeFormat.Code128, gs1=True
        ).to_image(scale=2),
        np.uint8,
    )
    sheet = np.full((300, bars.shape[1] + 120), 255, np.uint8)
    sheet[80 : 80 + bars.shape[0], 60 : 60 + bars.shape[1]] = bars
    (found,) = codes(clips.frames([sheet]), clips.media(1, kind="image"))
    assert found.gs1 is True and found.value == "010950600013435210AB12"


def test_codes_believes_all_lines_of_a_code_before_a_few() -> None:
    whole = barcodes.CodeRead(
        "Code128", "0190664158", Region(x=190, y=857, width=1403, height=165), "zxing"
    )
    stripe = barcodes.CodeRead(
        "Code128", "0190662658", Region(x=189, y=858, width=1396, height=4), "zxing"
    )
    beside = barcodes.CodeRead(
        "Code128", "0190662658", Region(x=189, y=1200, width=1396, height=4), "zxing"
    )
    assert barcodes._without_slips([whole, stripe]) == [whole]
    assert barcodes._without_slips([whole, beside]) == [whole, beside]


def test_codes_invents_nothing() -> None:
    assert codes(clips.frames(clips.pan(6), fps=3), clips.media(6)) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Order ID: 576920418365107249"], {("order_id", "576920418365107249")}),
        (
            ["USPS TRACKING #", "9400 1118 9956 0012 3456 77"],
            {("tracking_number", "9400111899560012345677")},
        ),
        (["Tracking number 1Z999AA10123456784"], {("tracking_number", "1Z999AA10123456784")}),
        (["REF 111-2223334-5556667"], {("order_id", "111-2223334-5556667")}),
        (["SPXID066916361834"], {("tracking_number", "SPXID066916361834")}),
        (["Order ID", "162107205368239936_1_vmw"], {("order_id", "162107205368239936_1")}),
        (["Order ID", "M00968463036"], set()),  # a carrier's number is no order's
    ],
)
def test_text_reads_what_is_printed(lines: list[str], expected: set[tuple[str, str]]) -> None:
    sheet = clips.frames([clips.print_lines(lines)])
    found = seen(text(sheet, clips.media(1, kind="image"), {Code: []}), TextId)
    assert {(o.number_kind, o.value) for o in found} == expected


@pytest.mark.parametrize(
    "line",
    [
        "576920418365107249",
        "Call 0171 23456789",
        "GST No 29ABCDE1234F1Z5",
        "Total 249.90",
        "Order date 2026-03-14",
    ],
)
def test_text_takes_no_bare_number_for_an_identifier(line: str) -> None:
    sheet = clips.frames([clips.print_lines([line])])
    assert not seen(text(sheet, clips.media(1, kind="image"), {Code: []}), TextId)


@pytest.mark.parametrize(
    ("line", "returning"),
    [
        ("RETURN SERVICE REQUESTED", False),
        ("Return address: 1 Example Street", False),
        ("RETURN LABEL", True),
        ("RMA 40021", True),
        ("ETIQUETA DE DEVOLUCION", True),
    ],
)
def test_text_tells_return_labels_from_return_addresses(line: str, returning: bool) -> None:
    sheet = clips.frames([clips.print_lines([line])])
    found = of(text(sheet, clips.media(1, kind="image"), {Code: []}), Sheet)
    assert ({one.surface for one in found} == {"return_label"}) == returning


def test_text_prefers_pictures_with_a_code_in_view() -> None:
    """Only the blurred picture shows the number; a code was seen just there."""
    number = cv2.GaussianBlur(clips.print_lines(["Order ID: 576920418365107249"]), (0, 0), 1.2)
    sharper = [clips.print_lines(["PACKING"] * 6) for _ in range(9)]
    some = clips.frames([*sharper[:4], number, *sharper[4:]], fps=3.0)
    code = Code(symbology="QRCode", frames=1, families=("zxing",), seen_s=(4 / 3.0,), best_s=0.0)
    assert {o.value for o in seen(text(some, clips.media(10, fps=3), {Code: [code]}), TextId)} == {
        "576920418365107249"
    }


def element(name: bytes, body: bytes) -> bytes:
    return name + bytes([0x80 | len(body)]) + body


def info(name: bytes, value: bytes) -> bytes:
    return name + struct.pack("<I", len(value)) + value


@pytest.mark.parametrize(
    ("name", "data", "editors"),
    [
        ("mkv", element(b"\x57\x41", b"CapCut 3"), 1),  # WritingApp
        ("mkv", element(b"\x7b\xa9", b"CapCut 3"), 0),  # Title
        ("mkv", element(b"\x45\xa3", b"COMMENT") + element(b"\x44\x87", b"CapCut"), 0),
        ("mkv", element(b"\x45\xa3", b"ENCODER") + element(b"\x44\x87", b"CapCut"), 1),
        ("avi", info(b"ISFT", b"CapCut"), 1),
        ("avi", info(b"INAM", b"CapCut"), 0),
        ("avi", info(b"ICMT", b"CapCut"), 0),
    ],
)
def test_titles_and_comments_name_no_program(name: str, data: bytes, editors: int) -> None:
    head = {"mkv": b"\x1a\x45\xdf\xa3", "avi": b"RIFF\0\0\0\0AVI "}[name]
    found = container([File(memoryview(head + data), name)], clips.media(9))
    assert len(seen(found, EditorTrace)) == editors


def test_codes_on_a_dark_ground_need_no_light_rim() -> None:
    code = clips.code("9400111899560012345677")
    inside = np.argwhere(code == 0)
    (top, left), (bottom, right) = inside.min(axis=0), inside.max(axis=0) + 1
    picture = np.full((400, 500), 40, np.uint8)
    bare = code[top:bottom, left:right]
    picture[120 : 120 + bare.shape[0], 150 : 150 + bare.shape[1]] = bare
    frame = Frame(0.0, 0, picture)
    media = clips.media(1).model_copy(update={"kind": "image"})
    assert [one.value for one in codes([frame], media)] == ["9400111899560012345677"]
