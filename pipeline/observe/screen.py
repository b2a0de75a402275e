"""What an MP4's index alone tells, and what a few of its key frames show.

The file is at hand in parts only: its boxes but the largest, and the bytes of some key frames; the
rest is zeros, which nothing here looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import av
import av.error

from models import errors
from models.examination import Examined, Request
from models.media import Packet
from pipeline.observe import gather, ingest
from pipeline.observe.examine import mapped
from pipeline.observe.fanout import fan_out
from pipeline.observe.picture import Picture, VideoPicture
from pipeline.observe.tracks import main_tracks
from pipeline.observe.versions import library_versions

Emit = Callable[[str, Any], None]
BY_INDEX = frozenset({"container", "metadata", "timeline"})  # detectors that need no more than that
MOST_TOLD = 400  # key frames among which the parent may choose


def index(request: Request, emit: Emit) -> None:
    """Emits ("key_frames", [[seconds, place, bytes], ...]) and ("examined", Examined as JSON).

    Times are those of decoding. Raises named errors; TooLarge for more packets than are allowed.
    """
    media = ingest.video_facts(request.path, request.container, request.limits)
    with ingest.opened(request.path, request.container) as source:
        tracks = main_tracks(source)
        packets = list(_packets(tracks.video, "video"))
        if len(packets) > request.limits.packets:
            most = request.limits.packets
            raise errors.TooLarge("The video has more than {most:,} packets.", most=most)
        if not packets:
            raise errors.NotMedia("Its index does not name its pictures.")
        keys = list(_key_frames(tracks.video))
        if tracks.sound:
            packets += _packets(tracks.sound, "sound")
    some = [one for one in gather.detectors() if one.name in BY_INDEX]
    with mapped(request) as file:
        runs, seen = fan_out(
            some,
            iter(packets),
            media,
            file,
        )
    examined = Examined(
        media=media.model_copy(update={"frame_count": sum(p.track == "video" for p in packets)}),
        runs=runs,
        observations=seen,
        versions=library_versions(),
        could_see=gather.visible_kinds("video"),
    )
    step = max(1, -(-len(keys) // MOST_TOLD))
    emit("key_frames", keys[::step])
    emit("examined", examined.model_dump_json().encode())


def _packets(track: Any, name: Any) -> Iterator[Packet]:
    """As the index has them, in the order stored."""
    base = float(track.time_base or 0)
    entries = track.index_entries
    steps = [b.timestamp - a.timestamp for a, b in pairwise(entries)]
    usual = median(steps) * base if steps else 0.0
    for entry in entries:
        at = entry.timestamp * base
        yield Packet(
            track=name,
            pts=at,
            dts=at,
            duration=usual,
            size=entry.size,
            keyframe=bool(entry.is_keyframe),
        )


def _key_frames(track: Any) -> Iterator[tuple[float, int, int]]:
    base = float(track.time_base or 0)
    for entry in track.index_entries:
        if entry.is_keyframe:
            yield round(entry.timestamp * base, 6), entry.pos, entry.size


def key_frames(
    request: Request,
    times: tuple[float, ...],
    emit: Emit,
) -> None:
    """Emits ("examined", Examined as JSON): what is read on the key frames at those times."""
    media = ingest.video_facts(request.path, request.container, request.limits)
    some = gather.chosen("video", request.kinds)
    with mapped(request) as file:
        runs, seen = fan_out(
            some,
            _pictures(request, times),
            media,
            file,
        )
    examined = Examined(
        media=media,
        runs=runs,
        observations=seen,
        versions=library_versions(),
        could_see=gather.visible_kinds("video"),
    )
    emit("examined", examined.model_dump_json().encode())


def _pictures(request: Request, times: Sequence[float]) -> Iterator[Picture]:
    """The key frames at those times; one that cannot be decoded is left out."""
    with ingest.opened(request.path, request.container) as source:
        track = main_tracks(source).video
        track.thread_type = "NONE"
        limits = request.limits
        track.codec_context.options = {"max_pixels": str(limits.width * limits.height)}
        for number, time in enumerate(times):
            frame = _frame(source, track, time)
            if frame is not None:
                ingest.check_size(frame.width, frame.height, limits)
                yield VideoPicture(frame, time, number)


def _frame(
    source: Any,
    track: Any,
    time: float,
) -> av.VideoFrame | None:
    """The key frame alone: no packet beside its own is decoded."""
    try:
        source.seek(
            round(time / track.time_base),
            stream=track,
            backward=True,
            any_frame=False,
        )
        packet = next(source.demux(track))
        frames = [*packet.decode(), *track.codec_context.decode(None)]
        track.codec_context.flush_buffers()
    except (av.error.FFmpegError, StopIteration, ValueError):
        return None
    return frames[0] if frames else None
