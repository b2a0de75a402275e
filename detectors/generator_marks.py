"""Generator marks: does the file itself name a program that generates pictures?

Facts that anyone can write and anyone can take out: they weigh nothing, and that there are none
says nothing at all.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from models.containers import CONTAINERS
from models.detector import Bytes, detector
from models.kinds import GeneratorMark
from models.media import File, Media

ENDS = 8 << 20  # bytes at either end of a file in which its description is looked for
DESCRIPTION = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
SOURCE_TYPE = re.compile(rb"digitalsourcetype/(\w{1,60})", re.I)
# IPTC's terms for what a model made, alone or together with other material
GENERATED = {"trainedalgorithmicmedia", "compositewithtrainedalgorithmicmedia"}
PNG = b"\x89PNG\r\n\x1a\n"
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
MOST_CHUNKS = 200  # of a PNG that are looked at
LONGEST = 1 << 20  # bytes of a text that are looked at
# Key of a PNG text, what it holds, and whose it is: as these programs write it by default
WRITERS = (
    ("parameters", re.compile(rb"Steps: \d+, Sampler: "), "Stable Diffusion web UI"),
    ("prompt", re.compile(rb'"class_type"\s*:'), "ComfyUI"),
    ("workflow", re.compile(rb'"nodes"\s*:'), "ComfyUI"),
    ("invokeai_metadata", re.compile(rb"."), "InvokeAI"),
    ("sd-metadata", re.compile(rb"."), "InvokeAI"),
    ("Software", re.compile(rb"^NovelAI"), "NovelAI"),
    ("Description", re.compile(rb"Job ID: [0-9a-f-]{36}"), "Midjourney"),
)


@detector(
    sees=[GeneratorMark],
    wants=Bytes(),
    on=["video", "image"],
)
def generator_marks(files: Iterable[File], media: Media) -> Iterator[GeneratorMark]:
    """Unsigned lines that name a generator: IPTC's source type in XMP, texts of a PNG."""
    for file in files:
        for value in sorted(_source_types(file.data)):
            yield GeneratorMark(value=value, how="xmp")
        if file.container == CONTAINERS["png"].name:
            for value in sorted(_writers(file.data)):
                yield GeneratorMark(value=value, how="png_text")


def _source_types(data: memoryview) -> set[str]:
    """Generating source types that a description names."""
    ends = {bytes(data[:ENDS]), bytes(data[-ENDS:])}
    named = {
        found.decode()
        for end in ends
        for description in DESCRIPTION.findall(end)
        for found in SOURCE_TYPE.findall(description)
    }
    return {name for name in named if name.lower() in GENERATED}


def _writers(data: memoryview) -> set[str]:
    """Programs whose texts stand in a PNG."""
    texts = list(_texts(data))
    return {
        program
        for key, holds, program in WRITERS
        for name, text in texts
        if name == key and holds.search(text)
    }


def _texts(data: memoryview) -> Iterator[tuple[str, bytes]]:
    """(key, text) of each text chunk; a broken one ends the search."""
    place = len(PNG)
    for _ in range(MOST_CHUNKS):
        length = int.from_bytes(data[place : place + 4], "big")
        kind = bytes(data[place + 4 : place + 8])
        body = bytes(data[place + 8 : place + 8 + min(length, LONGEST)])
        if len(kind) < 4 or kind == b"IEND":
            return
        if kind in TEXTS:
            key, _, rest = body.partition(b"\0")
            yield key.decode("latin-1"), _plain(kind, rest)
        place += 12 + length


def _plain(kind: bytes, rest: bytes) -> bytes:
    """A text without what stands before it, unpacked where it is packed."""
    packed = False
    if kind == b"zTXt":
        packed, rest = True, rest[1:]
    elif kind == b"iTXt":
        packed = rest[:1] == b"\x01"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if not packed:
        return rest
    try:
        return zlib.decompressobj().decompress(rest, LONGEST)
    except zlib.error:
        return b""
