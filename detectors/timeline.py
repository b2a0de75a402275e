"""Timeline: gaps and oddities in the time stamps, from packets alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median

from models.detector import Packets, detector
from models.media import Media, Packet
from models.observation import Observation, Span

GAP_S = 0.5  # seconds; and GAP_STEPS times what is usual around it: low light halves the rate, phones stall for a blink
GAP_STEPS = 5.0
AROUND = 15  # frames on either side that make "usual"
TRACKS_S = 0.3  # seconds by which sound and picture may differ in length
SHORT_S, SHORT_SHARE = 1.0, 0.05  # seconds, share: less than the header promises by more than both, and the end is missing
END_FRAMES = 2  # the last frames of a file are often told late


@detector(sees=["gap", "track", "damaged"], wants=Packets())
def timeline(packets: Iterable[Packet], media: Media) -> Iterator[Observation]:
    """Stretches without a frame, time stamps that go back or come twice, tracks of different length, refused packets."""
    video: list[tuple[float, float]] = []  # (pts, duration)
    sound_start, sound_end = float("inf"), 0.0
    last_dts = {"video": -float("inf"), "sound": -float("inf")}
    backward = {"video": 0, "sound": 0}
    failed = missing = 0
    for packet in packets:
        failed += packet.failed
        if packet.dts is not None:
            backward[packet.track] += packet.dts <= last_dts[packet.track]
            last_dts[packet.track] = packet.dts
        if packet.pts is None:
            missing += packet.track == "video"
        elif packet.track == "video":
            video.append((packet.pts, packet.duration))
        else:
            sound_start, sound_end = min(sound_start, packet.pts), max(sound_end, packet.pts + packet.duration)
    times = sorted(pts for pts, _ in video)
    yield from _gaps(times)
    if not times:
        return
    step = median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0
    facts: dict[str, float] = {
        "non_monotonic_dts": backward["video"],
        "non_monotonic_dts_sound": backward["sound"],
        "overlaps": sum(a == b for a, b in pairwise(times)),
        "without_time": missing,
        "refused_packets": failed,
        "usual_step_s": round(step, 6),
        "longest_step_s": round(max((b - a for a, b in pairwise(times)), default=0.0), 6),
        "starts_s": round(times[0], 6),
    }
    if sound_end > sound_start:
        facts["sound_minus_picture_s"] = round((sound_end - sound_start) - (times[-1] + step - times[0]), 3)
        facts["lengths_differ"] = abs(facts["sound_minus_picture_s"]) > TRACKS_S
    facts["picture_minus_header_s"] = round(times[-1] + step - times[0] - media.duration_s, 3)
    yield Observation(kind="track", detail=facts)
    yield from _missing(facts, media)


def _missing(facts: dict[str, float], media: Media) -> Iterator[Observation]:
    """Packets the decoder refused, and an end that the header promises but the file does not hold."""
    short = -facts["picture_minus_header_s"]
    if facts["refused_packets"]:
        yield Observation(kind="damaged", value=f"{facts['refused_packets']:.0f} packet(s) could not be decoded")
    if media.duration_s and short > max(SHORT_S, SHORT_SHARE * media.duration_s):
        yield Observation(kind="damaged", value=f"The header promises {media.duration_s:.1f} s, {media.duration_s - short:.1f} s are there")


def _gaps(times: list[float]) -> Iterator[Observation]:
    steps = [b - a for a, b in pairwise(times)]
    for i, step in enumerate(steps[: len(steps) - END_FRAMES]):
        if step > GAP_S:
            around = steps[max(0, i - AROUND) : i] + steps[i + 1 : i + 1 + AROUND]
            if around and step > GAP_STEPS * median(around):
                yield Observation(
                    kind="gap",
                    at=Span(start=round(times[i], 6), end=round(times[i + 1], 6)),
                    detail={"usual_step_s": round(median(around), 6)},
                )
