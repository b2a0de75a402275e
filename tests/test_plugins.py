"""A new break-like kind is one entry, its detector, its card, its test: seen, weighed, said.

In a package of other people's, found by its entry point; nothing of ours is touched.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import clips
from tests.conftest import ROOT, report_of

KINDS = '''
"""Their kinds."""
from typing import Literal
from models.message import N_
from models.observation import Observation, declare

@declare(
    family="break",
    edges=("between",),
    says=N_("The picture wobbles at {end} by {pixels:.1f} pixels."),
    silence=N_("Nothing wobbles."),
    honest_causes=(N_("an earthquake"),),
)
class Wobble(Observation):
    """A wobble."""
    kind: Literal["wobble"] = "wobble"
    pixels: float
'''
DETECTOR = '''
"""Wobbles: their question."""
from models.detector import Frames, detector
from models.record import Span
from acme_footage.kinds import Wobble

@detector(sees=[Wobble], wants=Frames(side=160))
def wobbles(frames, media):
    """Sees one in the middle of every clip."""
    times = [frame.pts for frame in frames]
    if times:
        middle = len(times) // 2
        yield Wobble(at=Span.between(times[middle - 1], times[middle]), pixels=2.5)
'''
CARD = """
detector = "wobbles"
says = "Theirs."
[[measured]]
kind = "wobble"
group = "continuity"
hit = { hits = 90, n = 100 }
false_alarms = { hits = 0, n = 300 }
on = "their clips"
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with their package, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("site")
    package, about = folder / "acme_footage", folder / "acme_footage-1.0.dist-info"
    (package / "cards").mkdir(parents=True)
    about.mkdir()
    (package / "__init__.py").write_text('"""Their detectors."""\n')
    (package / "kinds.py").write_text(KINDS)
    (package / "wobbles.py").write_text(DETECTOR)
    (package / "cards" / "wobbles.toml").write_text(CARD)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-footage\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[parcelproof.detectors]\nacme = acme_footage\n")
    return folder


def run(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(site), str(ROOT)))
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def report(site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("wobbling")
    path = clips.encode(folder / "clip.mp4", clips.pan(60))
    done = run(site, "score", path, "--format", "json", "--report", folder / "out")
    found = report_of(done)
    page = (folder / "out" / "index.html").read_text("utf-8")
    return found | {"page": page}


def test_wobbles_run_in_the_box_and_weigh(report: dict[str, Any]) -> None:
    (exhibit,) = report["exhibits"]
    assert {run["detector"]: run["outcome"] for run in exhibit["runs"]}["wobbles"] == "completed"
    rows = {row["id"]: row for row in exhibit["requirements"]}
    assert rows["continuous"]["verdict"] == "not_met"
    assert report["audit"]["box"] == "boxed"


def test_their_kind_is_a_break_like_any_other(report: dict[str, Any]) -> None:
    (exhibit,) = report["exhibits"]
    (found,) = exhibit["continuity"]["breaks"]
    assert (found["kind"], found["honest_causes"]) == ("wobble", ["an earthquake"])
    assert found["because"] == ["The picture wobbles at 1.0 s by 2.5 pixels."]
    assert "The picture wobbles at 1.0 s" in report["page"] and "an earthquake" in report["page"]
    assert {"before", "after"} <= {one["what"] for one in exhibit["pictures"]}
    assert "wobbles" in {card["detector"] for card in report["cards"]}


def test_detectors_are_listed_with_theirs(site: Path) -> None:
    done = run(site, "detectors")
    assert "wobbles " in done.stdout and "hit 90 of 100" in done.stdout


def test_without_the_package_nothing_is_known_of_it(tmp_path: Path) -> None:
    assert "wobbles " not in run(tmp_path, "detectors").stdout
