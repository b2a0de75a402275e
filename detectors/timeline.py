"""Timeline: gaps and oddities in the time stamps, from packets alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from models.detector import Dependencies, Packets, detector
from models.kinds import ClockRestart, Damaged, Gap, Pause, Track
from models.media import Media, Packet
from models.observation import Observation
from models.record import Span

GAP_S = 0.5  # seconds; and GAP_STEPS times what is usual around it: low light halves the rate
GAP_STEPS = 5.0
AROUND = 15  # frames on either side that make "usual"
TRACKS_S = 0.3  # seconds by which sound and picture may differ in length
SHORT_S, SHORT_SHARE = 1.0, 0.05  # seconds, share of the header's length that may be missing
# The last frames of a file are often told late, and a camera that warms up stamps its first one
# early: nothing lies before it that could have been taken out.
FIRST_FRAMES, END_FRAMES = 1, 2
FROM_ZERO = ("mkv",)  # containers that count their length from zero, wherever the picture starts


@dataclass
class Counts:
    """What is gathered while packets pass."""

    video: list[float] = field(default_factory=list)
    restarts: list[Span] = field(default_factory=list)
    video_end: float = 0.0
    sound_start: float = float("inf")
    sound_end: float = 0.0
    last_dts: dict[str, float] = field(default_factory=dict)
    backward: dict[str, int] = field(default_factory=lambda: {"video": 0, "sound": 0})
    refused: int = 0
    without_time: int = 0

    def add(self, packet: Packet) -> None:
        """Count one packet in."""
        self.refused += packet.failed
        if packet.dts is not None:
            last = self.last_dts.get(packet.track, -float("inf"))
            self.backward[packet.track] += packet.dts <= last
            self.last_dts[packet.track] = packet.dts
        if packet.pts is None:
            self.without_time += packet.track == "video"
        elif packet.track == "video":
            if packet.restarts and self.video:
                self.restarts.append(Span.between(max(self.video), packet.pts))
            self.video.append(packet.pts)
            self.video_end = max(self.video_end, packet.pts + packet.duration)
        else:
            self.sound_start = min(self.sound_start, packet.pts)
            self.sound_end = max(self.sound_end, packet.pts + packet.duration)


@detector(
    sees=[Gap, ClockRestart, Track, Damaged],
    wants=Packets(),
    depends_on=[Pause],
)
def timeline(
    packets: Iterable[Packet],
    media: Media,
    dependencies: Dependencies,
) -> Iterator[Observation]:
    """Stretches without a frame, times that go back or come twice, tracks of different length.

    And packets that the decoder refused, or an end that is missing.
    """
    counts = Counts()
    for packet in packets:
        counts.add(packet)
    times = sorted(counts.video)
    pauses = {_rounded(one.at) for one in dependencies[Pause] or () if one.at}
    yield from (gap for gap in _gaps(times) if gap.at and _rounded(gap.at) not in pauses)
    for at in counts.restarts:
        yield ClockRestart(at=at)
    if times:
        track = _track(counts, times, media)
        yield track
        yield from _missing(track, counts, media)


def _track(
    counts: Counts,
    times: list[float],
    media: Media,
) -> Track:
    """Facts of all time stamps."""
    steps = [b - a for a, b in pairwise(times)]
    step = median(steps) if steps else 0.0
    ends = max(times[-1] + step, counts.video_end)
    length = ends - times[0]
    since = 0.0 if media.container in FROM_ZERO else times[0]
    difference: float | None = None
    if counts.sound_end > counts.sound_start:
        difference = round((counts.sound_end - counts.sound_start) - length, 3)
    return Track(
        non_monotonic_dts=counts.backward["video"],
        non_monotonic_dts_sound=counts.backward["sound"],
        overlaps=sum(a == b for a, b in pairwise(times)),
        without_time=counts.without_time,
        refused_packets=counts.refused,
        usual_step_s=round(step, 6),
        longest_step_s=round(max(steps, default=0.0), 6),
        starts_s=round(times[0], 6),
        sound_minus_picture_s=difference,
        lengths_differ=None if difference is None else abs(difference) > TRACKS_S,
        picture_minus_header_s=round(ends - since - media.duration_s, 3),
    )


def _missing(
    track: Track,
    counts: Counts,
    media: Media,
) -> Iterator[Damaged]:
    """Packets the decoder refused, and an end that the header promises but the file lacks.

    Some containers promise one length for picture and sound together.
    """
    if track.refused_packets:
        yield Damaged(how="refused", count=track.refused_packets)
    promised = media.duration_s
    since = 0.0 if media.container in FROM_ZERO else min(track.starts_s, counts.sound_start)
    sound_s = counts.sound_end - since
    short = min(-track.picture_minus_header_s, promised - sound_s)
    if promised and short > max(SHORT_S, SHORT_SHARE * promised):
        yield Damaged(
            how="cut_short",
            promised_s=promised,
            there_s=round(promised - short, 3),
        )


def _rounded(at: Span) -> tuple[float, float]:
    """To hundredths of a second: packets and pictures may differ by a rounding."""
    return round(at.start, 2), round(at.end, 2)


def _gaps(times: list[float]) -> Iterator[Gap]:
    """Steps far longer than those around them."""
    steps = [b - a for a, b in pairwise(times)]
    for i, step in enumerate(steps[: len(steps) - END_FRAMES]):
        if i < FIRST_FRAMES or step <= GAP_S:
            continue
        before = steps[max(0, i - AROUND) : i]
        around = before + steps[i + 1 : i + 1 + AROUND]
        if around and step > GAP_STEPS * median(around):
            at = Span.between(times[i], times[i + 1])
            yield Gap(at=at, usual_step_s=round(median(around), 6))
