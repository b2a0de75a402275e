"""The encoder's own counters: pictures taken out of a stream leave a jump; copies, trims and new
encodes leave none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.bitstream.slice_headers import Bits, ParameterSets
from detectors.counters import counters
from models.examination import Examined
from models.media import Packet
from tests import clips

Look = Callable[..., Examined]
H264 = {"g": "10", "bf": "2", "preset": "veryfast", "threads": "1", "sc_threshold": "0"}
H265 = {
    "preset": "ultrafast",
    "x265-params": "keyint=10:min-keyint=10:scenecut=0:open-gop=1:log-level=none:pools=none:"
    "frame-threads=1",
}
GOP_S = 1 / 3  # seconds between key pictures in both


def copied(
    source: Path, out: Path, without: tuple[float, float] | None = None, format: str | None = None
) -> Path:
    """A stream copy; the packets whose time lies in `without` are taken out and the time is closed
    up.
    """
    first, last = without or (0.0, 0.0)
    with av.open(str(source)) as stored, av.open(str(out), "w", format=format) as sink:
        track = stored.streams.video[0]
        copy = sink.add_stream_from_template(track)
        keys = [float(p.pts * p.time_base) for p in stored.demux(track) if p.is_keyframe]
        assert without is None or any(abs(k - first) < 1e-3 for k in keys), keys
        stored.seek(0)
        gone, dropping = round((last - first) / track.time_base), False
        for packet in stored.demux(track):
            if packet.pts is None or packet.dts is None:
                continue
            pts = float(packet.pts * packet.time_base)
            if packet.is_keyframe:
                dropping = first - 1e-3 <= pts < last - 1e-3
                shift = gone if without and pts >= last - 1e-3 else 0
            if not dropping:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = copy
                sink.mux(packet)
    return out


@pytest.fixture(scope="module", params=["h264", "hevc"])
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    codec, options = {"h264": ("libx264", H264), "hevc": ("libx265", H265)}[request.param]
    return clips.encode(
        tmp_path_factory.mktemp("taken") / f"{request.param}.mp4",
        clips.pan(90),
        codec=codec,
        options=options,
    )


@pytest.mark.parametrize("format", ["mp4", "mpegts", "matroska"])
def test_counters_see_pictures_taken_out_without_encoding_anew(
    taken: Path, format: str, tmp_path: Path, examined: Look
) -> None:
    cut = copied(taken, tmp_path / "cut", (3 * GOP_S, 4 * GOP_S), format)
    found = [o for o in examined(cut, "counter_break").observations if o.kind == "counter_break"]
    assert len(found) == 1 and found[0].at is not None
    assert found[0].at.end - examined(cut, "counter_break").media.start_s == pytest.approx(
        3 * GOP_S, abs=0.12
    )


@pytest.mark.parametrize("format", ["mp4", "mpegts", "matroska"])
def test_counters_are_silent_about_copies_and_trims(
    taken: Path, format: str, tmp_path: Path, examined: Look
) -> None:
    for name, without in (("copy", None), ("trim", (0.0, 2 * GOP_S))):
        path = copied(taken, tmp_path / name, without, format)
        looked = examined(path, "counter_break")
        assert [run.outcome for run in looked.runs] == ["completed"]
        assert not looked.observations, name


def test_counters_are_silent_about_a_cut_that_was_encoded_anew(
    tmp_path: Path, examined: Look
) -> None:
    pictures = clips.pan(90)
    path = clips.encode(tmp_path / "new.mp4", pictures[:30] + pictures[60:], options=H264)
    assert not examined(path, "counter_break").observations


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from(["h264", "hevc"]))
def test_counters_read_nonsense_without_harm(sets: bytes, data: bytes, codec: str) -> None:
    about = clips.media(3).model_copy(update={"codec": codec})
    hostile = [
        Packet("video", i / 30, i / 30, 1 / 30, len(data), True, data=data, parameter_sets=sets)
        for i in range(3)
    ]
    assert all(o.kind == "counter_break" for o in counters(hostile, about))


def guarded(whole: bytes) -> bytes:
    """With the bytes that keep start codes out (H.264 7.4.1)."""
    out = bytearray()
    for byte in whole:
        if out[-2:] == b"\0\0" and byte <= 3:
            out.append(3)
        out.append(byte)
    return bytes(out)


@given(st.lists(st.integers(0, 2**31), max_size=20))
def test_golomb_codes_come_back(numbers: list[int]) -> None:
    coded = "".join("0" * ((n + 1).bit_length() - 1) + f"{n + 1:b}" for n in numbers) + "1"
    size = -(-len(coded) // 8)
    bits = Bits(guarded(int(coded.ljust(8 * size, "0"), 2).to_bytes(size)))
    assert [bits.golomb() for _ in numbers] == numbers


def test_sets_without_a_picture_say_nothing() -> None:
    assert ParameterSets("h264").picture(b"\0\0\1\x65\x88\x80\x10\0") is None
