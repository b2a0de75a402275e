"""Does `batch` survive hostile files, and do they reach anything beside themselves?

    python -m bench.hostile [COUNT] [--seed N] [--jobs N]

First the files of ../shared/bench/malicious, where it is, and a few mutants, with every file that
is opened and every socket that is made on record (strace): none but the uploads themselves, no
socket but those between our own processes. Then COUNT mutants (see bench.mutants) through one
batch: it comes to its end, none is lost, and only readers in the box may die. Exits 1 where that
fails.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.mutants import mutant, seeds

ROOT = Path(__file__).resolve().parents[1]
MALICIOUS = ROOT.parent / "shared" / "bench" / "malicious"
VICTIM = "victim-of-another-case"  # what hostile files try to reach
WATCHED = 28  # mutants among those that are traced
SOCKET = re.compile(r"\b(?:socket|connect|bind)\((?!AF_UNIX)\w*(AF_INET6?|AF_NETLINK|AF_PACKET)")
TOLD = ("scored", "failed", "quarantined")


def draw(folder: Path, count: int, seed: int) -> None:
    """Mutants of all formats in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = seeds()
    names = list(drawn)
    for number in range(count):
        name = names[number % len(names)]
        _, data = mutant(name, drawn[name], number, seed)
        (folder / f"{number:05}_{name}").write_bytes(data)


def malicious(folder: Path, victim: Path) -> int:
    """Files that name another one or an address, with the victim's path written into them."""
    if not MALICIOUS.is_dir():
        return 0
    some = [path for path in MALICIOUS.iterdir() if path.suffix != ".md"]
    for path in some:
        raw = path.read_bytes().replace(b"@VICTIM@", str(victim).encode())
        (folder / path.name).write_bytes(raw)
        (folder / f"{path.name}-as.mp4").write_bytes(raw)
    return 2 * len(some)


def batch(uploads: Path, out: Path, jobs: int, trace: Path | None = None) -> int:
    """One run of the program; its exit code."""
    words = [sys.executable, "-m", "pipeline", "batch", uploads, "--out", out, "--jobs", jobs, "-q"]
    if trace:
        words = [
            "strace",
            "-f",
            "-qq",
            "-e",
            "trace=open,openat,socket,connect,bind",
            "-o",
            trace,
            *words,
        ]
    done = subprocess.run([*map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
    sys.stderr.write(done.stderr)
    return done.returncode


def reached(trace: Path) -> Iterator[str]:
    """Lines on which somebody reached what is none of their business; what was refused is not."""
    for line in trace.read_text(errors="replace").splitlines():
        if "EPERM" not in line and (VICTIM in line or SOCKET.search(line)):
            yield line[:200]


def rows(out: Path) -> list[dict[str, str]]:
    """The table of a batch."""
    with (out / "summary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def main(words: Sequence[str]) -> int:
    """The command line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("count", nargs="?", type=int, default=1000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--jobs", type=int, default=2)
    said = asked.parse_args(words)
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        victim = base / f"{VICTIM}.mp4"
        shutil.copy(ROOT / "sample_media" / "main.mp4", victim)
        watched = base / "watched"
        draw(watched, WATCHED, said.seed)
        count = malicious(watched, victim)
        if shutil.which("strace"):
            code = batch(watched, base / "out1", said.jobs, base / "trace")
            faults += reached(base / "trace")
            told = rows(base / "out1")
            faults += [] if len(told) == WATCHED + count else ["not all were told"]
            print(f"traced: {count} that are made to do harm, {WATCHED} mutants, exit code {code}")
        else:
            print("strace is not installed: nothing was traced")
        began = time.monotonic()
        draw(base / "many", said.count, said.seed + 1)
        code = batch(base / "many", base / "out2", said.jobs)
        found = Counter(row["outcome"] for row in rows(base / "out2"))
        if code not in (0, 75) or sum(found[name] for name in TOLD) != said.count:
            faults.append(f"exit code {code}, {dict(found)}")
        print(f"{said.count} mutants in {time.monotonic() - began:.0f} s: {dict(found)}")
        for name, number in Counter(
            row["says"].partition(":")[0]
            for row in rows(base / "out2")
            if row["outcome"] != "scored"
        ).most_common():
            print(f"{number:5}  {name}")
    for fault in faults:
        print(fault)
    print("nothing reached, nobody died" if not faults else f"{len(faults)} faults")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
