"""What a camera's untouched file is worth: recognised as it is, and after programs saved it anew.

    python -m bench.resaves MANIFEST... [-- FILE...]

Of each MANIFEST (container facts of source files, a line each: `provenance`, `box`, `encoder_tags`)
it counts which classes bear an iPhone camera's tree. Then each FILE (an iPhone's original) is saved
anew by every program of `PROGRAMS` that is installed, and the `container` detector looks at what
comes out. Programs are told by name where they are missing: install them as the system has them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from detectors.container import APPLE_ORDER, CAMERA_DATA, container
from models.kinds import UntouchedCamera
from models.media import File, Media

X264 = "-c:v libx264 -preset ultrafast -c:a aac"
COMMANDS: dict[str, tuple[str, ...]] = {  # IN and OUT stand for the paths
    "ffmpeg, copied": ("ffmpeg -v error -y -i IN -c copy OUT.mov",),
    "ffmpeg, copied with all metadata": (
        "ffmpeg -v error -y -i IN -map 0 -c copy -copy_unknown -map_metadata 0 "
        "-movflags use_metadata_tags OUT.mov",
    ),
    "ffmpeg, encoded": (f"ffmpeg -v error -y -i IN {X264} OUT.mp4",),
    "HandBrake": ("HandBrakeCLI -i IN -o OUT.mp4 --encoder-preset ultrafast",),
    "mkvmerge": ("mkvmerge -q -o OUT.mkv IN",),
    "mkvmerge and back": (
        "mkvmerge -q -o OUT.mkv IN",
        "ffmpeg -v error -y -i OUT.mkv -c copy OUT.mov",
    ),
    "MP4Box": ("MP4Box -quiet -add IN -new OUT.mp4",),
    "melt": ("melt IN -consumer avformat:OUT.mp4 vcodec=libx264 preset=ultrafast",),
    "Kdenlive's renderer": (
        "melt IN -consumer xml:OUT.mlt",
        "melt OUT.mlt -consumer avformat:OUT.mp4 f=mp4 vcodec=libx264 acodec=aac "
        "movflags=+faststart preset=ultrafast",
    ),
    "Shotcut's renderer": (
        "melt IN -consumer xml:OUT.mlt",
        "melt OUT.mlt -consumer avformat:OUT.mov f=mov vcodec=libx264 acodec=aac crf=23 "
        "preset=ultrafast meta.attr.software=Shotcut",
    ),
    "GStreamer, copied": (
        "gst-launch-1.0 -q filesrc location=IN ! qtdemux name=d d.video_0 ! queue ! h264parse ! "
        "qtmux ! filesink location=OUT.mov",
    ),
    "MEncoder": ("mencoder -really-quiet IN -ovc lavc -oac pcm -o OUT.avi",),
}


OPENSHOT = """
import sys, openshot
reader = openshot.FFmpegReader(sys.argv[1]); reader.Open(); info = reader.info
writer = openshot.FFmpegWriter(sys.argv[2])
writer.SetVideoOptions(True, "libx264", info.fps, info.width, info.height,
                       openshot.Fraction(1, 1), False, False, 2000000)
writer.Open(); writer.WriteFrame(reader, 1, 60); writer.Close()
"""
MOVIEPY = """
import sys, moviepy
moviepy.VideoFileClip(sys.argv[1]).write_videofile(sys.argv[2], logger=None, preset="ultrafast")
"""
IMAGEIO = """
import sys, imageio.v2 as imageio
with imageio.get_writer(sys.argv[2], fps=30) as writer:
    for picture in imageio.get_reader(sys.argv[1]):
        writer.append_data(picture)
"""


def by_program(python: str, program: str) -> Callable[[Path, Path], None]:
    """Packages that this project does not have are asked in a Python of their own."""
    return lambda one, out: run(python, "-c", program, str(one), f"{out}.mp4")


def with_opencv(one: Path, out: Path) -> None:
    import cv2

    reader = cv2.VideoCapture(str(one))
    size = (int(reader.get(3)), int(reader.get(4)))
    writer = cv2.VideoWriter(f"{out}.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 30, size)
    while True:
        there, picture = reader.read()
        if not there:
            break
        writer.write(picture)
    writer.release()


def with_pyav(one: Path, out: Path) -> None:
    import av

    with av.open(str(one)) as source, av.open(f"{out}.mov", "w") as target:
        target.metadata.update(source.metadata)
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)


def with_mp4box_js(one: Path, out: Path) -> None:
    """GPAC's library for browsers, as web pages that cut in the browser use it."""
    program = """
const MP4Box = require('mp4box'), fs = require('fs');
const file = MP4Box.createFile();
const data = new Uint8Array(fs.readFileSync(process.argv[1])).buffer;
data.fileStart = 0; file.appendBuffer(data); file.flush();
fs.writeFileSync(process.argv[2], Buffer.from(file.getBuffer().buffer || file.getBuffer()));
"""
    run("node", "-e", program, str(one), f"{out}.mov")


CALLS: dict[str, Callable[[Path, Path], None]] = {
    "OpenShot": by_program("/usr/bin/python3", OPENSHOT),
    "MoviePy": by_program(sys.executable, MOVIEPY),
    "imageio": by_program(sys.executable, IMAGEIO),
    "OpenCV": with_opencv,
    "PyAV, copied": with_pyav,
    "MP4Box for browsers": with_mp4box_js,
}


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def by_command(name: str) -> Callable[[Path, Path], None]:
    def save(one: Path, out: Path) -> None:
        for line in COMMANDS[name]:
            words = [w.replace("IN", str(one)).replace("OUT", str(out)) for w in line.split()]
            if not shutil.which(words[0]):
                raise FileNotFoundError(words[0])
            run(*words)

    return save


def untouched(path: Path) -> bool:
    """Does the detector take it for a camera's untouched file?"""
    names = {".mov": "mp4", ".mp4": "mp4", ".mkv": "matroska", ".avi": "avi"}
    file = File(path.read_bytes(), names[path.suffix.lower()])
    media = Media(kind="video", container=file.container, duration_s=1.0)
    return any(isinstance(one, UntouchedCamera) for one in container([file], media))


def bears_tree(row: dict[str, object]) -> bool:
    """As the detector's rule, on facts alone."""
    box = row["box"]
    assert isinstance(box, dict)
    wrote = box["lav"] or box["x264"] or box["x265"]
    handlers = {name.encode() for name in box["handlers"]}
    named = bool(row.get("make"))
    return not wrote and named and CAMERA_DATA in handlers and tuple(box["top"]) == APPLE_ORDER


def main(*arguments: str) -> None:
    split = arguments.index("--") if "--" in arguments else len(arguments)
    there: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for line in "".join(Path(name).read_text("utf-8") for name in arguments[:split]).splitlines():
        row = json.loads(line)
        there[row["provenance"]] += 1
        found[row["provenance"]] += bears_tree(row)
    for name, count in sorted(there.items()):
        print(f"{name}: {found[name]} of {count} bear an iPhone camera's tree")
    programs = CALLS | {name: by_command(name) for name in COMMANDS}
    originals = [Path(name) for name in arguments[split + 1 :]]
    print("originals:", *(f"{one.name} {untouched(one)}" for one in originals))
    with tempfile.TemporaryDirectory() as folder:
        for name, save in sorted(programs.items()):
            said = []
            for number, one in enumerate(originals):
                out = Path(folder) / f"{number}-{abs(hash(name))}"
                try:
                    save(one, out)
                except (OSError, ImportError, subprocess.SubprocessError) as error:
                    said.append(f"not saved ({type(error).__name__})")
                    continue
                made = sorted(p for p in Path(folder).glob(f"{out.name}.*") if p.suffix != ".mlt")
                said.append(f"{any(untouched(p) for p in made)}" if made else "nothing made")
            print(f"{name}: {', '.join(said)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
