"""Files of a report: whole or not at all, and private where they must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import errors
from pipeline.render import folder


@pytest.mark.parametrize("mode", [folder.PUBLIC, folder.PRIVATE])
def test_a_file_is_written_with_its_mode_and_nothing_is_left_beside(
    mode: int,
    tmp_path: Path,
) -> None:
    target = tmp_path / "deeper" / "report.json"
    folder.write(target, "first", mode)
    folder.write(target, b"second", mode)
    assert target.read_bytes() == b"second"
    assert target.stat().st_mode & 0o777 == mode
    assert [path.name for path in target.parent.iterdir()] == ["report.json"]


def test_what_cannot_be_written_is_a_named_error_that_keeps_the_old_file(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    with (
        pytest.raises(errors.CannotWrite, match="cannot be written") as caught,
        folder.writing(kept),
    ):
        folder.write(kept / "report.json", "text")
    assert caught.value.exit_code == 73 and str(kept) in str(caught.value)
    assert kept.read_text() == "mine"
