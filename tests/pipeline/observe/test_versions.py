"""A detector's version changes with what it is made of, and with nothing else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.observe import versions
from pipeline.observe.gather import detectors

SOURCES = {
    "__init__.py": "",
    "one.py": "from made_up.shared.light import level\nfrom made_up.shared import nothing\n",
    "two.py": "WEIGHTS = ('parcel_mask',)\n",
    "shared/__init__.py": "nothing = 0\n",
    "shared/light.py": "from made_up.shared.deeper import more\nlevel = more\n",
    "shared/deeper.py": "more = 1\n",
    "shared/table.json": "{}",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two detectors of one package: the first shares parts, the second has weights."""
    folder = tmp_path / "made_up"
    (folder / "shared").mkdir(parents=True)
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_up"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    for cached in (versions.detector_version, versions._source, versions._text):
        cached.cache_clear()


def _versions() -> tuple[str, str]:
    _forget()
    one, two = (versions.detector_version(f"made_up.{name}") for name in ("one", "two"))
    return one, two


@pytest.mark.parametrize(
    ("part", "changes_one", "changes_two"),
    [
        ("one.py", True, False),
        ("two.py", False, True),
        ("shared/__init__.py", True, False),
        ("shared/light.py", True, False),
        ("shared/deeper.py", True, False),
        ("shared/table.json", True, False),
    ],
)
def test_a_change_is_another_version_of_its_users_only(
    package: Path,
    part: str,
    changes_one: bool,
    changes_two: bool,
) -> None:
    before = _versions()
    with (package / part).open("a") as file:
        file.write("\n")
    after = _versions()
    assert (before[0] != after[0], before[1] != after[1]) == (changes_one, changes_two)


def test_other_weights_are_another_version(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _versions()
    monkeypatch.setattr(versions, "_card_digest", lambda name: f"other {name}")
    after = _versions()
    assert before[0] == after[0] and before[1] != after[1]


def test_the_detectors_have_versions_that_differ() -> None:
    found = {spec.name: spec.version for spec in detectors()}
    assert len(set(found.values())) == len(detectors())
    assert all(len(version) == versions.DIGITS for version in found.values())
