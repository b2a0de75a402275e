"""A folder of uploads: one report each, one table of all; nothing lost, nothing half-written."""

from __future__ import annotations

import csv
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from models.summary import Row
from pipeline.batch.summary import csv_lines
from pipeline.render.index import index
from pipeline.wording.language import Speaker
from tests.conftest import ROOT, Run


def last(text: str) -> str:
    """The line of counts, without the seconds."""
    count, _, told = text.splitlines()[-2].partition(" s: ")
    return f"{count.split(' in ')[0]}: {told}"


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "summary.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_batch_is_resumable_and_one_bad_file_stops_nothing(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(photo, folder / "deep" / "label.jpg")
    shutil.copy(photo, folder / "no suffix")
    (folder / "bad.mp4").write_text("nonsense")
    (folder / "notes.txt").write_text("not media")
    done = run("batch", folder, "--out", out, "--jobs", "2")
    assert done.returncode == 75
    others = "; 1 other files are no videos or photos"
    assert last(done.stdout) == f"3 files: 2 scored, 0 kept, 1 failed{others}"
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines[:3]} == {"1/3", "2/3", "3/3"}
    report = json.loads((out / "deep" / "label.jpg" / "report.json").read_text())
    assert report["exhibits"][0]["path"] == "deep/label.jpg"
    assert json.loads((out / "bad.mp4" / "error.json").read_text())["name"] == "NotMedia"
    assert not (out / "bad.mp4" / "report.json").exists()
    rows = table(out)
    outcomes = {name: row["outcome"] for name, row in rows.items()}
    assert outcomes == {
        "bad.mp4": "failed",
        "deep/label.jpg": "scored",
        "no suffix": "scored",
        "notes.txt": "skipped",
    }
    assert rows["deep/label.jpg"]["report"] == "deep/label.jpg/report.json"
    assert float(rows["no suffix"]["score"]) == report["strength"]["score"]
    (folder / "bad.mp4").unlink()
    shutil.copy(photo, folder / "late.jpg")
    again = run("batch", folder, "--out", out)
    assert again.returncode == 0
    assert last(again.stdout) == f"3 files: 1 scored, 2 kept, 0 failed{others}"
    other = run("batch", folder, "--out", out, "--role", "damage_photo")
    assert last(other.stdout) == f"3 files: 3 scored, 0 kept, 0 failed{others}"


def test_pages(run: Run, photo: Path, tmp_path: Path) -> None:
    """A page for each file and one of all, with links that lead there; then they are kept."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(photo, folder / "a label#1 <b>.jpg")
    first = run("batch", folder, "--out", out)
    assert last(first.stdout) == "1 files: 1 scored, 0 kept, 0 failed"
    done = run("batch", folder, "--out", out, "--html", "--lang", "zh", "-v")
    assert last(done.stdout) == "1 files: 1 scored, 0 kept, 0 failed"  # pages were not there yet
    page = (out / "index.html").read_text("utf-8")
    assert "a%20label%231%20%3Cb%3E.jpg/index.html" in page and "<b>" not in page
    assert 'lang="zh"' in page and "script" not in page
    assert "data:image/jpeg" in (out / "a label#1 <b>.jpg" / "index.html").read_text("utf-8")
    kept = run("batch", folder, "--out", out, "--html", "--lang", "zh")
    assert last(kept.stdout) == "1 files: 0 scored, 1 kept, 0 failed"


def test_batch_of_nothing(run: Run, tmp_path: Path) -> None:
    assert run("batch", tmp_path, "--out", tmp_path / "out").returncode == 65
    assert run("batch", tmp_path / "missing", "--out", tmp_path / "out").returncode == 65


@pytest.mark.parametrize("name", ["=1+2.jpg", "+x", "-x", "@x", "\tx", "a\r\nb", 'a"b,c'])
def test_no_cell_is_a_formula(name: str) -> None:
    (row,) = csv.DictReader(csv_lines([Row(file=name, outcome="failed", says=name)]))
    for cell in (row["file"], row["says"]):
        assert cell[0] not in "=+-@\t\r" and "\r" not in cell
        assert cell.lstrip("'")[:1] == (name[0] if name.isprintable() else cell[:1])


def test_the_page_escapes_names() -> None:
    row = Row(file="<img src=x>\u202e", outcome="failed", says="<script>", report="javascript:x")
    page = "".join(index(lambda: [row], Speaker("en")))
    assert "<img" not in page and "<script>" not in page and "\u202e" not in page
    assert 'href="javascript%3Ax"' in page


def limited(size: int) -> None:
    """What a full disk does, as far as a process can do it to itself."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def run_limited(size: int, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: limited(size),
        check=False,
    )


def test_a_disk_that_is_full(photo: Path, tmp_path: Path) -> None:
    """Named, with the exit code for it; nothing half-written is left."""
    out = tmp_path / "out"
    done = run_limited(2000, "score", photo, "--report", out)
    assert done.returncode == 73, done.stderr
    assert done.stderr.startswith("CannotWrite: ") and "room on its disk" in done.stderr
    left = [path for path in out.rglob("*") if path.is_file()]
    assert all(path.stat().st_size < 2000 and path.suffix == ".jpg" for path in left)


@pytest.mark.parametrize("size", [2_000, 60_000, 130_000])
def test_a_disk_that_fills_up_in_a_batch(size: int, run: Run, photo: Path, tmp_path: Path) -> None:
    """Wherever it happens it is named; with room again the batch does what is missing."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(photo, folder)
    done = run_limited(size, "batch", folder, "--out", out)
    assert done.returncode == 73, (done.stdout, done.stderr)
    assert done.stderr.startswith("CannotWrite: ") and "Traceback" not in done.stderr
    again = run("batch", folder, "--out", out)
    assert again.returncode == 0, again.stderr
    assert (out / "label.jpg" / "report.json").is_file()
    verified = run("audit", "verify", "--store", out / "store.db", "--reports", out)
    assert verified.returncode == 0 and verified.stdout.startswith("1 entries, 1 heads")


@pytest.mark.parametrize("words", [("score",), ("policies",), ("detectors",), ("doctor",)])
def test_output_that_nobody_can_take(words: tuple[str, ...], photo: Path) -> None:
    files = [str(photo)] if words == ("score",) else []
    command = [sys.executable, "-m", "pipeline", *words, *files]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert done.returncode == 73 and done.stderr.startswith("NoOutput: ")
    closed = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *command],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert closed.returncode == 73 and closed.stderr.startswith("NoOutput: Standard output")


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_on_a_terminal(quiet: bool, photo: Path, tmp_path: Path) -> None:
    """n of m, a rate and the time left; of one file percent and speed; -q is quiet."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(photo, folder / name)
    words = ["-q"] if quiet else []
    whole = on_a_terminal("batch", folder, "--out", tmp_path / "out", "--jobs", "1", *words)
    one = on_a_terminal("score", photo, "--report", tmp_path / "report", *words)
    assert ("2/2" in whole and "/min" in whole) is not quiet
    assert ("%" in one and "B/s" in one and "label.jpg" in one) is not quiet


def on_a_terminal(*words: object) -> str:
    """What a person would see on stderr."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait() == 0
    return seen.decode("utf-8", "replace")
