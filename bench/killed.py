"""Is anything lost, stored twice or blamed, whatever is killed and whatever is handed in?

    python -m bench.killed [COUNT] [--kills N] [--jobs N] [--seed N]

COUNT small photos are scored by `batch` while its child, its fork server and itself are killed in
turn (SIGKILL), each batch being started again until one comes to its end. Among them lie three that
no reader survives: one crashes it, one hangs it, one wants 8 GB; a detector of a package of others,
installed for this run alone, does it. Then the ledger, the store and the folder of reports must
agree: every innocent has one report, the three are set aside with their reasons, the audit log
holds. Exits 1 where they do not.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from pipeline.store import audit
from pipeline.store.repository import Store

ROOT = Path(__file__).resolve().parents[1]
SIDE = 96  # pixels of a photo
GREYS = {"crash": 10, "hang": 20, "eats": 30}  # of the whole photo, by which the detector knows it
SILENCE_S = 6  # seconds after which a hanging reader is ended
KILLED = "signal SIGKILL"  # how a reader ends that we kill
REASONS = {"crash": "DecoderCrashed", "hang": "OutOfTime", "eats": "OutOfMemory"}
PAUSE_S = (0.3, 1.6)  # seconds between two kills
MOST_TOLD = 20  # faults
RUNS = 400  # batches after which something must be wrong
DETECTOR = '''
"""Does what a broken decoder does: planted, by the grey of the photo."""
import ctypes
import time

from models.detector import Frames, detector
from models.kinds import Fingerprint


@detector(sees=[Fingerprint], wants=Frames(side=64), on=["image"])
def planted(frames, media):
    """Crashes, hangs, or eats memory."""
    for frame in frames:
        low, high = int(frame.pixels.min()), int(frame.pixels.max())
        if high - low > 4:
            continue
        if abs(low - CRASH) < 3:
            ctypes.string_at(0)
        while abs(low - HANG) < 3:
            time.sleep(1)
        if abs(low - EATS) < 3:
            bytearray(8 << 30)
    yield from ()
'''
CARD = 'detector = "planted"\nsays = "Planted."\n'


def plant(folder: Path) -> Path:
    """A package of others with that detector, as an installer leaves it; to stand in PYTHONPATH."""
    package, about = folder / "planted_harm", folder / "planted_harm-1.0.dist-info"
    (package / "cards").mkdir(parents=True)
    about.mkdir()
    source = DETECTOR
    for name, grey in GREYS.items():
        source = source.replace(name.upper(), str(grey))
    (package / "__init__.py").write_text('"""Planted."""\n')
    (package / "planted.py").write_text(source)
    (package / "cards" / "planted.toml").write_text(CARD)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-harm\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[parcelproof.detectors]\nharm = planted_harm\n")
    return folder


def draw(folder: Path, count: int, seed: int) -> None:
    """Photos of noise, no two alike, and the three that do harm."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed)
    for number in range(count):
        picture = noise.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        cv2.imwrite(str(folder / f"photo-{number:04}.png"), cv2.GaussianBlur(picture, (0, 0), 4))
    for name, grey in GREYS.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.full((SIDE, SIDE, 3), grey, np.uint8))


@dataclass
class Outcome:
    """What came of it."""

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def batch(uploads: Path, out: Path, site: Path, jobs: int) -> subprocess.Popen[bytes]:
    """One run of the program, as people start it."""
    words = ["batch", uploads, "--out", out, "--jobs", jobs, "-q", "--role", "damage_photo"]
    words += ["--limit", f"silence_s={SILENCE_S}"]
    path = os.pathsep.join((str(site), str(ROOT)))
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, words)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )


def processes(parent: int) -> Iterator[tuple[int, str]]:
    """Processes below `parent`: the fork server's, and its children's, by what they are."""
    for server in _children(parent):
        yield server, "fork server"
        yield from ((child, "child") for child in _children(server))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in (thread / "children").read_text().split()]
    return found


def killed(
    uploads: Path,
    out: Path,
    site: Path,
    kills: int,
    jobs: int,
    seed: int,
) -> Outcome:
    """Batches until one ends by itself, with that many kills on the way."""
    chance = random.Random(seed)
    found = Outcome()
    began = time.monotonic()
    turns = ["child", "fork server", "parent"]
    while found.runs < RUNS:
        found.runs += 1
        process = batch(uploads, out, site, jobs)
        while process.poll() is None:
            try:
                process.wait(chance.uniform(*PAUSE_S))
            except subprocess.TimeoutExpired:
                if found.kills.total() < kills:
                    found.kills[_kill(process.pid, turns[found.kills.total() % 3])] += 1
                    del found.kills[""]
        if process.returncode in (0, 75):
            break
    found.seconds = time.monotonic() - began
    return found


def _kill(parent: int, what: str) -> str:
    """One process of that sort, with no chance to say anything; "" where there is none now."""
    some = [parent] if what == "parent" else [pid for pid, is_ in processes(parent) if is_ == what]
    for pid in some[-1:]:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
            return what
    return ""


def checked(uploads: Path, out: Path) -> Iterator[str]:
    """Where ledger, store and folder do not agree, or somebody innocent is blamed."""
    with (out / "summary.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    names = {path.name for path in uploads.iterdir()}
    if set(rows) != names:
        yield f"not told: {sorted(names - set(rows))}"
    for name, row in rows.items():
        reason = REASONS.get(name.removesuffix(".png"))
        wanted = "quarantined" if reason else "scored kept"
        says = row["says"]
        named = reason is None or says.startswith(reason) or KILLED in says  # by us, in the end
        if row["outcome"] not in wanted or not named:
            yield f"{name}: {row['outcome']} {row['says']}"
        if not reason and not (out / name / "report.json").is_file():
            yield f"{name}: no report"
    store = Store(str(out / "store.db"))
    entries = list(store.entries())
    scored = Counter(row["subject"] for row in entries if row["event"] == "scored")
    innocent = len(names) - len(GREYS)
    if len(scored) != innocent or set(scored.values()) != {1}:
        twice = sum(count - 1 for count in scored.values())
        yield f"the audit log has {len(scored)} of {innocent} submissions, {twice} twice"
    heads = [json.loads(path.read_text())["audit"]["head"] for path in out.glob("*/report.json")]
    for fault in audit.verify(entries, heads)[1]:
        yield f"audit entry {fault.seq}: {fault.says}"


def main(words: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--kills", type=int, default=27)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        uploads, out = base / "in", base / "out"
        draw(uploads, given.count, given.seed)
        site = plant(base / "site")
        found = killed(uploads, out, site, given.kills, given.jobs, given.seed)
        found.faults += checked(uploads, out)
    told = ", ".join(f"{count} of the {what}" for what, count in sorted(found.kills.items()))
    print(f"{given.count} submissions and 3 that do harm, {found.runs} runs, {found.seconds:.0f} s")
    print(f"killed: {told}")
    for fault in found.faults[:MOST_TOLD]:
        print(fault)
    print("nothing lost, nothing twice, nobody blamed" if not found.faults else "it does not hold")
    return bool(found.faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
