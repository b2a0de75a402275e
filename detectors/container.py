"""Container: where the file comes from by its box tree and strings, and what its edit lists do."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

from detectors import _boxes
from models.detector import Bytes, detector
from models.media import File, Media
from models.observation import Observation

HEAD = 1 << 20  # bytes at the start of the media data in which encoders sign
TAIL = 1 << 16  # bytes at the end, where some programs do
TEXT = 8 << 20  # bytes read for strings in all
# Programs that cut and join, by the strings they leave (seen in public files; a name here is a fact, not an accusation).
EDITORS = re.compile(
    rb"(?:HandBrake[ 0-9.]*|Clipchamp|CapCut|VideoLeap|InShot|KineMaster|VivaVideo|FilmoraGo|Wondershare Filmora|FormatFactory|Remotion|"
    rb"Adobe Premiere[ A-Za-z0-9.]*|Adobe After Effects|DaVinci Resolve|Final Cut Pro|iMovie|Shotcut|kdenlive|OpenShot|VEGAS Pro|Camtasia|"
    rb"Windows Movie Maker)(?![A-Za-z])"  # no \b in front: it would keep the search from skipping to the first letters
)
TOOLS = re.compile(
    rb"Lavf[0-9.]*|Lavc[0-9.]*|x264 - core [0-9]+|x265 \(build [0-9]+\)|GPAC[ A-Za-z0-9.-]*|MEncoder[ 0-9.]*|mkvmerge v[0-9.]+"
)
CAMERA_KEYS = (b"com.apple.quicktime.make", b"com.apple.quicktime.model", b"\xa9mak", b"\xa9mod")
GOPRO = re.compile(rb"GoPro (?:AVC|MET|TCD|AAC|H\.265)")
PLAIN_RATE = 1.0


@detector(sees=["provenance", "editor_trace", "edit_list", "reencode"], wants=Bytes())
def container(files: Iterable[File], media: Media) -> Iterator[Observation]:
    """Class of the file's origin by rules over brands, order of boxes, handlers and strings, with the facts they rest on."""
    for file in files:
        boxes = list(_boxes.walk(file.data)) if file.container == "mp4" else []
        text = _text(file, boxes)
        editors = sorted({match[0].decode("latin-1").strip() for match in EDITORS.finditer(text) if _begins(text, match.start())})
        tools = sorted({match.decode("latin-1").strip() for match in TOOLS.findall(text)})
        for name in editors:
            yield Observation(kind="editor_trace", value=name)
        if tools:
            yield Observation(kind="reencode", value=tools[0], detail={"tools": tools})
        yield from _edit_lists(file, boxes)
        kind, facts = _origin(file, boxes, text, editors, tools)
        yield Observation(kind="provenance", value=kind, detail={"facts": facts})


def _begins(text: bytes, at: int) -> bool:
    """Whether a word begins there, rather than going on."""
    return not re.match(rb"\w", text[max(0, at - 1) : at])


def _text(file: File, boxes: list[_boxes.Box]) -> bytes:
    """The bytes in which programs sign: moov and other small boxes, the beginning of the media data, the end of the file."""
    if not boxes:
        return bytes(file.data[:HEAD]) + bytes(file.data[-TAIL:])
    left, parts = TEXT, []
    for box in sorted((b for b in boxes if "/" not in b.path), key=lambda b: b.path == "mdat"):
        size = min(box.end - box.start, left, HEAD if box.path == "mdat" else left)
        parts.append(bytes(file.data[box.start : box.start + size]))
        left -= size
    return b"\n".join(parts)


def _edit_lists(file: File, boxes: list[_boxes.Box]) -> Iterator[Observation]:
    """Edit lists that play a track in pieces or at another rate; one piece, or an empty lead-in, is plain."""
    for box in boxes:
        if box.name == "elst" and box.end - box.start >= 8:
            played = [entry for entry in _boxes.edits(file.data[box.start : box.end]) if entry[1] != -1]
            odd = [rate for _, _, rate in played if rate != PLAIN_RATE]
            if len(played) > 1 or odd:
                how = f"{len(played)} pieces" + (f" at rate {odd[0]:g}" if odd else "")
                yield Observation(
                    kind="edit_list", value=how, detail={"pieces": len(played), "rates": sorted({rate for _, _, rate in played})}
                )


def _origin(file: File, boxes: list[_boxes.Box], text: bytes, editors: list[str], tools: list[str]) -> tuple[str, list[str]]:
    """(class, facts). Rules in order; the first that holds decides, and none is decided by what is missing."""
    order = [b.path for b in boxes if "/" not in b.path]
    brand = _brand(file, boxes)
    names = {b.name for b in boxes}
    facts = [f"brand {brand}"] if brand else [f"container {file.container}"]
    facts += [f"boxes {' '.join(order[:8])}"] if order else []
    facts += [f"names {name}" for name in (*editors, *tools)]
    core_media = b"Core Media" in text
    if editors:
        return "editor", facts
    if "beam" in order:
        return "messenger", [*facts, "box beam, as WhatsApp writes it"]
    if GOPRO.search(text):
        return "camera", [*facts, "GoPro tracks"]
    if core_media and any(key in text for key in CAMERA_KEYS) and not _lavf(tools):
        return "camera", [*facts, "camera make and model as an iPhone writes them"]
    if names & {"SDLN", "smrd", "smta"} and not _lavf(tools):
        return "camera", [*facts, "boxes as a Samsung camera writes them"]
    if _lavf(tools):
        return "reencoded", facts
    if core_media:
        return "phone_export", [*facts, "Core Media tracks without camera keys"]
    if b"com.android.version" in text:
        return "phone_export", [*facts, "Android's muxer"]
    if brand.startswith(("3gp4", "3gp5")) or (file.container == "avi" and media_is_jpeg(text)):
        return "camera", [*facts, "as phones and compact cameras wrote before smartphones"]
    return ("reencoded", facts) if tools else ("unknown", facts)


def media_is_jpeg(text: bytes) -> bool:
    """Motion JPEG without a trace of a converting program."""
    return b"MJPG" in text[:4096].upper()


def _lavf(tools: list[str]) -> bool:
    return any(tool.startswith(("Lavf", "Lavc", "mkvmerge")) for tool in tools)


def _brand(file: File, boxes: list[_boxes.Box]) -> str:
    for box in boxes:
        if box.path == "ftyp" and box.end - box.start >= 8:
            major, minor = struct.unpack_from(">4sI", file.data, box.start)
            return f"{major.decode('latin-1').strip()} {minor}"
    return ""
