"""What holds for all detectors, future ones too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.card import cards
from models.detector import Bytes, Detector, Frames, Packets, Sounds
from models.kinds import Reused
from models.media import File, Packet, Sound
from models.observation import named as named_kinds
from models.packs import policies
from pipeline.judge.link import SEES
from pipeline.judge.stated import STATES
from pipeline.observe.gather import detectors, ordered
from tests import clips
from tests.conftest import ROOT

ALL = detectors()


def named(detector: Detector) -> str:
    return detector.name


def items(detector: Detector) -> list[Any]:
    """Something to look at, of the sort it wants."""
    if isinstance(detector.wants, Frames):
        pictures = [clips.with_code(picture, "576920418365107249") for picture in clips.pan(40)]
        if detector.wants.colour == "bgr":
            pictures = [np.repeat(picture[:, :, None], 3, axis=2) for picture in pictures]
        return clips.frames(pictures, fps=detector.wants.rate or 30.0)
    if isinstance(detector.wants, Packets):
        return [Packet("video", i / 30, i / 30, 1 / 30, 900, i % 30 == 0) for i in range(40)]
    if isinstance(detector.wants, Sounds):
        return [Sound(i / 10, 16_000, clips.noise(1600, i)) for i in range(40)]
    assert isinstance(detector.wants, Bytes)
    return [File(memoryview(b"\0\0\0\x14ftypisom\0\0\2\0isom"), "mp4")]


def dependencies(detector: Detector) -> Any:
    return {kind: [] for kind in detector.depends_on}


@pytest.mark.parametrize("detector", ALL, ids=named)
class TestEvery:
    def test_nothing_in_nothing_out(self, detector: Detector) -> None:
        assert detector([], clips.media(0), dependencies(detector)) == []

    def test_same_in_same_out(self, detector: Detector) -> None:
        there = items(detector)
        assert detector(there, clips.media(40), dependencies(detector)) == detector(
            there, clips.media(40), dependencies(detector)
        )

    def test_sees_only_what_it_declares(self, detector: Detector) -> None:
        found = detector(items(detector), clips.media(40), dependencies(detector))
        assert {type(one) for one in found} <= set(detector.sees)

    def test_says_what_it_is_for(self, detector: Detector) -> None:
        assert detector.purpose.endswith(".") and detector.purpose[0].isupper()

    def test_has_its_card(self, detector: Detector) -> None:
        card = cards()[detector.name]
        assert card.says
        assert {m.kind for m in card.measured} <= set(named_kinds(detector.sees))

    def test_has_a_test_of_its_own(self, detector: Detector) -> None:
        assert f"def test_{detector.name}" in "".join(
            path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py")
        )

    def test_survives_unknown_sources(self, detector: Detector) -> None:
        unknown: Any = dict.fromkeys(detector.depends_on)
        detector(items(detector), clips.media(40), unknown)


def test_names_are_their_files() -> None:
    files = {p.stem for p in (ROOT / "detectors").glob("*.py") if p.stem != "__init__"}
    assert {d.name for d in ALL} == files


def test_each_kind_that_a_policy_names_is_seen_by_somebody() -> None:
    by_others = [Reused]  # by the store
    seen = set(named_kinds([*(kind for d in ALL for kind in d.sees), *SEES, *STATES, *by_others]))
    asked = {kind for pack in policies().values() for item in pack.items for kind in item.kinds}
    assert asked <= seen


def test_sources_come_before_those_who_heed_them() -> None:
    names = [d.name for d in ordered(ALL)]
    assert names.index("codes") < names.index("text")
    assert names.index("codes") < names.index("clarity")
