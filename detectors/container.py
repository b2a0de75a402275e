"""Container: where the file comes from by its boxes and strings, and what its edit lists do."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from detectors.bitstream.boxes import Box, edits, walk
from detectors.bitstream.own_words import Place, without, words_in_boxes, words_in_text
from models.detector import Bytes, detector
from models.kinds import (
    EditList,
    EditorTrace,
    OriginSign,
    Provenance,
    ProvenanceClass,
    Reencode,
    UntouchedCamera,
)
from models.media import File, Media
from models.observation import Observation

HEAD = 1 << 20  # bytes at the start of the media data in which encoders sign
TAIL = 1 << 16  # bytes at the end, where some programs do
TEXT = 8 << 20  # bytes read for strings in all
AVI_HEAD = 4096  # bytes in which an AVI names its codec
# Programs that cut and join, by the strings they leave (seen in public files; a name here is a
# fact, not an accusation). No \b in front: it would keep the search from skipping to the first
# letters.
EDITORS = re.compile(
    rb"(?:Clipchamp|CapCut|VideoLeap|InShot|KineMaster|VivaVideo|FilmoraGo|"
    rb"Wondershare Filmora|Remotion|Adobe Premiere[ A-Za-z0-9.]*|"
    rb"Adobe After Effects|DaVinci Resolve|Final Cut Pro|iMovie|Shotcut|kdenlive|OpenShot|"
    rb"VEGAS Pro|Camtasia|Windows Movie Maker)(?![A-Za-z])"
)
TOOLS = re.compile(
    rb"Lavf[0-9.]*|Lavc[0-9.]*|x264 - core [0-9]+|x265 \(build [0-9]+\)|GPAC[ A-Za-z0-9.-]*|"
    rb"MEncoder[ 0-9.]*|mkvmerge v[0-9.]+|HandBrake[ 0-9.]*|FormatFactory"
)
# Of these, the ones that write containers; the others encode the picture anew.
WRITERS = ("Lavf", "GPAC", "mkvmerge")
# And those that no camera has built in, so that they outweigh what a camera left.
REWRITERS = ("Lavf", "Lavc", "mkvmerge", "HandBrake", "FormatFactory")
CAMERA_KEYS = (
    b"com.apple.quicktime.make",
    b"com.apple.quicktime.model",
    b"\xa9mak",
    b"\xa9mod",
)
# What every original of an iPhone's camera at hand has, and no export that the phone itself makes:
# a track of pointers to the data, and boxes in this order.
CAMERA_DATA = b"Core Media Data"
APPLE_ORDER = ("ftyp", "wide", "mdat", "moov")
SAMSUNG_BOXES = {"SDLN", "smrd", "smta"}
GOPRO = re.compile(rb"GoPro (?:AVC|MET|TCD|AAC|H\.265)")
OLD_PHONES = ("3gp4", "3gp5")
PLAIN_RATE = 1.0
BOXES_TOLD = 8


@dataclass(frozen=True)
class Traces:
    """What a file shows of the programs that wrote it."""

    container: str
    boxes: Sequence[Box]
    text: bytes
    brand: str
    editors: tuple[str, ...]
    tools: tuple[str, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Boxes of the top level as they stand."""
        return tuple(box.path for box in self.boxes if box.top_level)

    @property
    def encoders(self) -> tuple[str, ...]:
        """Programs that encoded the picture anew."""
        return tuple(tool for tool in self.tools if not tool.startswith(WRITERS))


@detector(
    sees=[
        Provenance,
        EditorTrace,
        EditList,
        Reencode,
        UntouchedCamera,
    ],
    wants=Bytes(),
)
def container(files: Iterable[File], media: Media) -> Iterator[Observation]:
    """The origin's class by rules over brands, order of boxes, handlers and strings.

    With the facts it rests on, names of programs, and edit lists.
    """
    for file in files:
        traces = _traces(file)
        for name in traces.editors:
            yield EditorTrace(value=name)
        if traces.encoders:
            yield Reencode(value=traces.encoders[0], tools=traces.tools)
        lists = list(_edit_lists(file, traces.boxes))
        yield from lists
        origin, sign = _origin(traces)
        yield Provenance(
            value=origin,
            origin=origin,
            container=file.container,
            brand=traces.brand,
            boxes=traces.order[:BOXES_TOLD],
            programs=(*traces.editors, *traces.tools),
            sign=sign,
        )
        if sign == "iphone_keys" and not lists and _untouched(traces):
            yield UntouchedCamera(value=traces.brand)


def _untouched(traces: Traces) -> bool:
    """Boxes and tracks as an iPhone's camera writes them, and no other program's name."""
    written = traces.order == APPLE_ORDER and CAMERA_DATA in traces.text
    return written and not traces.editors and not traces.tools


def _traces(file: File) -> Traces:
    """Boxes, strings and brand of one file."""
    boxes = list(walk(file.data)) if file.container == "mp4" else []
    text = _text(file, boxes)
    editors = {match[0] for match in EDITORS.finditer(text) if _begins(text, match.start())}
    return Traces(
        container=file.container,
        boxes=boxes,
        text=text,
        brand=_brand(file, boxes),
        editors=_names(editors),
        tools=_names(TOOLS.findall(text)),
    )


def _names(found: Iterable[bytes]) -> tuple[str, ...]:
    """Each once, sorted."""
    return tuple(sorted({name.decode("latin-1").strip() for name in found}))


def _begins(text: bytes, at: int) -> bool:
    """Whether a word begins there, rather than going on."""
    return not re.match(rb"\w", text[max(0, at - 1) : at])


def _text(file: File, boxes: Sequence[Box]) -> bytes:
    """The bytes in which programs sign, without titles and comments: they may name any program.

    moov and other small boxes, the beginning of the media data, the end of the file.
    """
    if not boxes:
        head, tail = file.data[:HEAD], file.data[-TAIL:]
        text = bytes(head) + bytes(tail)
        return without(text, words_in_text(text, file.container))
    left, parts = TEXT, []
    words = sorted(words_in_boxes(file.data, boxes))
    top = [box for box in boxes if box.top_level]
    for box in sorted(top, key=lambda box: box.path == "mdat"):
        most = HEAD if box.path == "mdat" else left
        size = min(box.end - box.start, left, most)
        part = bytes(file.data[box.start : box.start + size])
        inside = (Place(w.start - box.start, w.end - box.start) for w in words)
        parts.append(without(part, (w for w in inside if 0 <= w.start < size)))
        left -= size
    return b"\n".join(parts)


def _edit_lists(file: File, boxes: Iterable[Box]) -> Iterator[EditList]:
    """Edit lists that play a track in pieces or at another rate.

    One piece, or an empty lead-in, is plain.
    """
    for box in boxes:
        if box.name != "elst" or box.end - box.start < 8:
            continue
        entries = edits(file.data[box.start : box.end])
        played = [entry for entry in entries if entry.media_time != -1]
        odd = [entry.rate for entry in played if entry.rate != PLAIN_RATE]
        if len(played) > 1 or odd:
            rates = tuple(sorted({entry.rate for entry in played}))
            yield EditList(
                pieces=len(played),
                rate=odd[0] if odd else None,
                rates=rates,
            )


def _origin(traces: Traces) -> tuple[ProvenanceClass, OriginSign]:
    """(class, sign). The first rule that holds decides, none by what is missing."""
    core_media = b"Core Media" in traces.text
    if traces.editors:
        return "editor", ""
    if "beam" in traces.order:
        return "messenger", "beam_box"
    if GOPRO.search(traces.text):
        return "camera", "gopro_tracks"
    if any(tool.startswith(REWRITERS) for tool in traces.tools):
        return ("reencoded" if traces.encoders else "remuxed"), ""
    if core_media and any(key in traces.text for key in CAMERA_KEYS):
        return "camera", "iphone_keys"
    if SAMSUNG_BOXES & {box.name for box in traces.boxes}:
        return "camera", "samsung_boxes"
    if core_media:
        return "phone_export", "core_media_without_keys"
    if b"com.android.version" in traces.text:
        return "phone_export", "android_muxer"
    if traces.brand.startswith(OLD_PHONES) or _old_camera(traces):
        return "camera", "before_smartphones"
    if traces.tools:
        return ("reencoded" if traces.encoders else "remuxed"), ""
    return "unknown", ""


def _old_camera(traces: Traces) -> bool:
    """Motion JPEG in AVI without a trace of a converting program."""
    return traces.container == "avi" and b"MJPG" in traces.text[:AVI_HEAD].upper()


def _brand(file: File, boxes: Iterable[Box]) -> str:
    """Major brand and minor version, where the file has them."""
    for box in boxes:
        if box.path == "ftyp" and box.end - box.start >= 8:
            major, minor = struct.unpack_from(">4sI", file.data, box.start)
            return f"{major.decode('latin-1').strip()} {minor}"
    return ""
