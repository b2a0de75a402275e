"""Bad and hostile input: a named error, one sentence, exit 65; no traceback, no other file opened,
no socket made.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from models import errors
from models.media import Limits
from models.packs import policy
from models.settings import Settings
from models.submission import Exhibit, Submission
from pipeline import receive, score
from tests import clips
from tests.conftest import Run

Make = Callable[[Path], Path]


def written(name: str, data: bytes | str) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return make


def truncated(folder: Path) -> Path:
    whole = clips.encode(folder / "whole.mp4", clips.pan(30)).read_bytes()
    (folder / "whole.mp4").unlink()
    return written("cut.mp4", whole[: whole.index(b"moov") - 4])(folder)


def half_an_index(folder: Path) -> Path:
    whole = clips.encode(folder / "whole.mp4", clips.pan(30)).read_bytes()
    (folder / "whole.mp4").unlink()
    return written("cut.mp4", whole[: whole.index(b"moov") + 300])(folder)


def audio_only(folder: Path) -> Path:
    path = folder / "sound.mp4"
    with av.open(str(path), "w") as container:
        tone = container.add_stream("aac", rate=16000)
        for i in range(20):
            part = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            part.sample_rate, part.pts = 16000, i * 1024
            container.mux(tone.encode(part))
        container.mux(tone.encode(None))
    return path


def one_frame(folder: Path) -> Path:
    return clips.encode(folder / "one.mp4", clips.pan(1))


def zero_duration(folder: Path) -> Path:
    """Three frames, all at time 0 by the sample table."""
    path = clips.encode(folder / "zero.mp4", clips.pan(3), options={"bf": "0", "threads": "1"})
    data = bytearray(path.read_bytes())
    at = data.index(b"stts") + 8
    for entry in range(struct.unpack_from(">I", data, at)[0]):
        struct.pack_into(">I", data, at + 8 + 8 * entry, 0)
    path.write_bytes(data)
    return path


def huge(folder: Path) -> Path:
    """Two real pictures of 16384x8192 in a small file."""
    path = folder / "huge.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264",
            rate=30,
            options={"preset": "ultrafast", "threads": "2", "x264-params": "rc-lookahead=0"},
        )
        stream.width, stream.height, stream.pix_fmt = 16384, 8192, "yuv420p"
        for i in range(2):
            frame = av.VideoFrame(16384, 8192, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts = i
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nvictim.ts\n#EXT-X-ENDLIST\n"
SSRF = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:7555/x.ts\n#EXT-X-ENDLIST\n"
DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    "<AdaptationSet>"
    '<Representation id="1"><BaseURL>victim.mp4</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>"
)
SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 7556 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
)

BAD: dict[str, tuple[Make, str]] = {
    "empty": (written("empty.mp4", b""), "Empty"),
    "text": (written("text.mp4", "hello\n" * 400), "NotMedia"),
    "truncated": (truncated, "Truncated"),
    "half an index": (half_an_index, "Truncated"),
    "audio only": (audio_only, "NoVideoTrack"),
    "one frame": (one_frame, "NoPicture"),
    "zero duration": (zero_duration, "NoPicture"),
    "16384x8192": (huge, "TooLarge"),
    "hls .mp4": (written("a.mp4", HLS), "NotMedia"),
    "hls .m3u8": (written("a.m3u8", HLS), "NotMedia"),
    "hls to a socket": (written("a.m3u8", SSRF), "NotMedia"),
    "dash": (written("a.mp4", DASH), "NotMedia"),
    "ffconcat": (written("a.mp4", "ffconcat version 1.0\nfile victim.mp4\n"), "NotMedia"),
    "sdp": (written("a.mp4", SDP), "NotMedia"),
    "bmp bomb": (
        written(
            "a.bmp",
            b"BM"
            + struct.pack(
                "<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 65000, 65000, 1, 24, 0, 0, 0, 0, 0, 0
            ),
        ),
        "NotMedia",
    ),
    "gif bomb": (
        written(
            "a.gif",
            b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b"," + bytes(9) + b";",
        ),
        "NotMedia",
    ),
    "png bomb": (written("a.png", png(30000, 30000)), "TooLarge"),
    "packed text": (
        written("a.png", png(16, 16, (b"zTXt", b"c\0\0" + zlib.compress(bytes(200 << 20), 9)))),
        "NoPicture",
    ),
    "png of nothing": (written("a.png", png(16, 16)[:20]), "Truncated"),
    "jpeg header only": (written("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"), "Truncated"),
    "noise after ftyp": (
        written("a.mp4", b"\0\0\0\x14ftypisom\0\0\2\0isom" + bytes(range(256)) * 30),
        "Truncated",
    ),
    "noise after EBML": (
        written("a.mkv", b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 30),
        "NotMedia",
    ),
}


@contextmanager
def watched(*files: Path) -> Iterator[Callable[[], bool]]:
    """Tells whether any of `files` was opened meanwhile, by whatever process (inotify)."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK)
    for file in files:
        assert libc.inotify_add_watch(descriptor, os.fsencode(file), 0x20) >= 0  # IN_OPEN

    def opened() -> bool:
        try:
            return bool(os.read(descriptor, 4096))
        except BlockingIOError:
            return False

    try:
        yield opened
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path, run: Run) -> None:
    make, error = BAD[name]
    victims = [
        clips.encode(tmp_path / "victim.mp4", clips.pan(3)),
        clips.encode(tmp_path / "victim.ts", clips.pan(3)),
    ]
    path = make(tmp_path)
    with (
        watched(*victims) as opened,
        socket.create_server(("127.0.0.1", 0)),
        _silent_port(7555) as called,
    ):
        done = run("score", path)
        assert not opened(), "another file was opened"
        assert not called(), "a connection was made"
    assert done.returncode == 65, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith(f"{error}: ")
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1


@contextmanager
def _silent_port(port: int) -> Iterator[Callable[[], bool]]:
    try:
        server = socket.create_server(("127.0.0.1", port))
    except OSError:
        pytest.skip(f"port {port} is taken")
    server.setblocking(False)

    def called() -> bool:
        try:
            server.accept()
        except BlockingIOError:
            return False
        return True

    with server:
        yield called


def test_the_watch_can_see(tmp_path: Path) -> None:
    """The check above can fail: opening a watched file is noticed."""
    victim = written("victim", b"x")(tmp_path)
    with watched(victim) as opened:
        assert not opened()
        victim.read_bytes()
        assert opened()


@pytest.mark.parametrize(
    ("make", "error", "code"),
    [
        (lambda folder: folder / "missing.mp4", "Missing", 65),
        (lambda folder: folder, "NoMedia", 65),
        (lambda folder: Path(os.devnull), "NotMedia", 65),
    ],
)
def test_bad_paths(make: Make, error: str, code: int, tmp_path: Path, run: Run) -> None:
    done = run("score", make(tmp_path))
    assert (done.returncode, done.stderr.split(":")[0]) == (code, error)


@pytest.mark.parametrize(
    "name",
    [
        "%02d.mp4",
        "-y.mp4",
        "concat:a.mp4",
        "subfile,,start,0,end,9,,:a.mp4",
        "a\u202e[red]\ngpj.mp4",
    ],
)
def test_hostile_names_are_only_names(name: str, tmp_path: Path, run: Run) -> None:
    clips.encode(tmp_path / "short.mp4", clips.pan(4)).rename(tmp_path / name)
    done = run("score", "--", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\u202e" not in done.stdout


def test_a_pipe_named_like_a_video_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(errors.NotMedia, match="regular"):
        receive.received(tmp_path / "a.mp4", Limits())


def test_a_file_that_changes_is_noticed(honest: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(honest.read_bytes())
    received = receive.received(path, Limits())
    path.write_bytes(honest.read_bytes() + b"x")
    with pytest.raises(errors.ChangedWhileRead):
        receive.check_unchanged(received)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_give_a_report_or_a_named_error(
    seed: int, honest: Path, tmp_path: Path
) -> None:
    """Through the real box: never a crash of the parent, never an unnamed error."""
    random = np.random.default_rng(seed)
    data = bytearray(honest.read_bytes())
    for at in random.integers(0, len(data), 40):
        data[at] = random.integers(0, 256)
    path = tmp_path / "flipped.mp4"
    path.write_bytes(data)
    try:
        report = score.score(
            Submission(exhibits=(Exhibit(path=path, shown="flipped.mp4"),)),
            policy("tiktok-shop-us"),
            Settings(),
        )
        assert report.exhibits[0].sha256
    except errors.ParcelproofError as fault:
        assert fault.name in errors.ParcelproofError.named and fault.exit_code == 65
