"""Many detectors past one stream: failures stay alone, nobody holds up others or deadlocks."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import pytest

from models.detector import Bytes, Dependencies, Detector, Frames, Packets, Sounds, detector
from models.media import File, Frame, Media, Packet, Sound
from models.observation import Observation
from models.record import Span
from pipeline.observe import fanout, gather
from pipeline.observe.picture import Photo, Picture
from tests import clips

MEDIA = clips.media(90)
FILE = File(memoryview(b""), "mp4")


# Kinds of this test alone: declared nowhere, so nobody else can see them.


class Told(Observation):
    kind: Literal["told"] = "told"


class Counted(Told):
    pass


class Broken(Told):
    pass


class Early(Told):
    pass


class Other(Told):
    pass


class Drawn(Picture):
    """A picture that counts how often each view of it is made."""

    made: int = 0

    def _pixels(self, side: int | None, colour: Any) -> tuple[Any, float]:
        Drawn.made += 1
        return clips.view(100.0).copy(), 1.0


def stream(count: int = 90) -> Iterator[Any]:
    for i in range(count):
        yield Packet("video", i / 30, i / 30, 1 / 30, 100, i == 0)
        yield Drawn(i / 30, i)


@detector(sees=[Counted], wants=Frames(side=160))
def counter(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Counts."""
    yield Counted(value=str(sum(1 for _ in frames)))


@detector(sees=[Counted], wants=Packets())
def packet_counter(packets: Iterable[Packet], media: Media) -> Iterator[Observation]:
    """Counts."""
    yield Counted(value=str(sum(1 for _ in packets)))


@detector(sees=[Broken], wants=Frames(side=160))
def breaks(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Fails in the middle."""
    for frame in frames:
        yield Broken(at=Span(start=frame.pts, end=frame.pts))
        if frame.index == 20:
            raise RuntimeError("on purpose")


@detector(sees=[Early], wants=Frames(side=160))
def early(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Has seen enough at once."""
    for frame in frames:
        yield Early(at=Span(start=frame.pts, end=frame.pts))
        return


@detector(sees=[Told], wants=Frames(side=160), depends_on=[Counted, Broken])
def listener(
    frames: Iterable[Frame], media: Media, dependencies: Dependencies
) -> Iterator[Observation]:
    """Waits for others."""
    seen = sum(1 for _ in frames)
    counted, broken = dependencies[Counted], dependencies[Broken]
    yield Told(
        value=f"{seen} {None if counted is None else [o.value for o in counted]} {broken}",
    )


@detector(sees=[Told], wants=Frames(side=160), depends_on=[Counted])
def impatient(
    frames: Iterable[Frame], media: Media, dependencies: Dependencies
) -> Iterator[Observation]:
    """Asks before its stream has ended."""
    for _ in frames:
        dependencies[Counted]
    yield Told()


@detector(sees=[Early], wants=Frames(side=160))
def undeclared(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
    """Sees what it never declared."""
    for _ in frames:
        yield Other()


def outcomes(*some: Detector, count: int = 90) -> dict[str, tuple[str, list[str | None]]]:
    runs, seen = fanout.fan_out(gather.ordered(some), stream(count), MEDIA, FILE)
    return {
        run.detector: (run.outcome, [o.value for o in seen if o.detector == run.detector])
        for run in runs
    }


def test_each_gets_every_item() -> None:
    assert outcomes(counter, packet_counter) == {
        "counter": ("completed", ["90"]),
        "packet_counter": ("completed", ["90"]),
    }


def test_a_view_is_made_once() -> None:
    Drawn.made = 0
    outcomes(counter, breaks, early)
    assert Drawn.made == 90


def test_one_that_raises_fails_alone_and_its_findings_are_not_used() -> None:
    got = outcomes(counter, breaks)
    assert got["counter"] == ("completed", ["90"])
    assert got["breaks"] == ("failed", [])
    runs, _ = fanout.fan_out([breaks], stream(), MEDIA, FILE)
    assert runs[0].reason == "RuntimeError: on purpose"


def test_one_that_returns_early_holds_nobody_up() -> None:
    assert outcomes(early, counter, count=2000)["counter"] == ("completed", ["2000"])


def test_heeding_waits_and_a_failed_source_is_unknown_not_empty() -> None:
    assert outcomes(listener, counter, breaks)["listener"] == ("completed", ["90 ['90'] None"])


def test_a_source_that_did_not_run_is_unknown() -> None:
    assert outcomes(listener, counter)["listener"][1] == ["90 ['90'] None"]


def test_heeding_too_early_is_an_error_not_a_deadlock() -> None:
    assert outcomes(impatient, counter)["impatient"] == ("failed", [])


def test_what_is_not_declared_is_a_failure() -> None:
    assert outcomes(undeclared)["undeclared"] == ("failed", [])


def test_a_circle_is_refused() -> None:
    one = detector(sees=[Counted], wants=Frames(), depends_on=[Broken])(
        lambda frames, media, dependencies: iter(())
    )
    two = detector(sees=[Broken], wants=Frames(), depends_on=[Counted])(
        lambda frames, media, dependencies: iter(())
    )
    with pytest.raises(ValueError, match="circle"):
        gather.ordered([one, two])


def test_rate_follows_true_times() -> None:
    @detector(sees=[Told], wants=Frames(side=160, rate=3.0))
    def slow(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
        """Three a second."""
        yield Told(value=" ".join(f"{f.pts:.2f}" for f in frames))

    _, seen = fanout.fan_out(
        [slow],
        [Drawn(t, i) for i, t in enumerate([0.0, 0.1, 0.2, 0.34, 0.5, 0.68, 5.0, 5.1, 5.4])],
        MEDIA,
        FILE,
    )
    assert seen[0].value == "0.00 0.34 0.68 5.00 5.40"


def test_queues_are_bounded() -> None:
    """While one detector sleeps, the decoder waits for it instead of filling the memory."""
    ahead: list[int] = []
    made = [0]

    @detector(sees=[Told], wants=Frames(side=None))
    def slow(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
        """Reads one picture, then rests."""
        for read, _ in enumerate(frames):
            ahead.append(made[0] - read)
            time.sleep(0.02)
        yield Told()

    def watched() -> Iterator[Any]:
        for i in range(40):
            made[0] = i
            yield Drawn(i / 30, i)

    fanout.fan_out([slow], watched(), MEDIA, FILE)
    assert len(ahead) == 40
    assert max(ahead) <= fanout.DEPTH[True] + 2


def test_time_that_goes_back_starves_nobody() -> None:
    """Two recordings joined, each counting from zero: the second is looked at as well."""

    @detector(sees=[Told], wants=Frames(side=160, rate=3.0))
    def slow(frames: Iterable[Frame], media: Media) -> Iterator[Observation]:
        """Three a second."""
        yield Told(value=str(sum(1 for _ in frames)))

    joined = [Drawn(t / 30, i) for i, t in enumerate([*range(300), *range(150)])]
    _, seen = fanout.fan_out([slow], joined, MEDIA, FILE)
    assert int(seen[0].value or 0) == 45


def test_sound_reaches_who_wants_it() -> None:
    import numpy as np

    @detector(sees=[Told], wants=Sounds())
    def ear(sounds: Iterable[Sound], media: Media) -> Iterator[Observation]:
        """Adds up lengths."""
        yield Told(value=str(sum(len(s.samples) for s in sounds)))

    _, seen = fanout.fan_out(
        [ear],
        [
            Sound(0.0, 16000, np.zeros(160, np.float32)),
            Sound(0.01, 16000, np.zeros(160, np.float32)),
        ],
        MEDIA,
        FILE,
    )
    assert seen[0].value == "320"


def test_only_what_is_asked_for_runs_with_those_it_heeds() -> None:
    names = {d.name for d in gather.chosen("video", frozenset({"text_id"}))}
    assert names == {"text", "codes"}
    assert "cuts" not in {d.name for d in gather.chosen("image", None)}


def test_photo_views() -> None:
    import numpy as np

    photo = Photo(np.zeros((400, 800, 3), np.uint8))
    assert (
        photo.view(200, "luma").pixels.shape == (100, 200) and photo.view(200, "luma").scale == 4.0
    )
    assert photo.view(None, "bgr").pixels.shape == (400, 800, 3)


@pytest.mark.parametrize(
    ("needs", "outcome"),
    [(("no_such_package|json",), "completed"), (("no_such_package|nor_this",), "skipped")],
)
def test_one_of_several_packages_is_enough(needs: tuple[str, ...], outcome: str) -> None:
    @detector(sees=[Told], wants=Bytes(), needs=needs)
    def needy(files: Iterable[File], media: Media) -> Iterator[Observation]:
        """Needs something."""
        yield from ()

    (run,), _ = fanout.fan_out([needy], [], MEDIA, FILE)
    assert run.outcome == outcome and ("nor_this" in run.reason) == (outcome == "skipped")
