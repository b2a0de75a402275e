"""What running many costs: a child each, several at a time, a ledger of a million.

    python -m bench.many isolation | lanes [FOLDER] | ledger [COUNT]

`isolation`: worker time that a boxed child adds to a job of a small photo over the same call in
this process, with the libraries loaded in both. `lanes`: how much faster `batch --jobs 2` is than
`--jobs 1`, as a share of how much faster two bare decodes at once are than one, in the same run;
over a drawn clip, or the videos of FOLDER. One job keeps more than one core busy, so it is also
told against one job that is held to one core, as a bare decode is. `ledger`: time a job and memory
of listing, working off and resuming, at a tenth of COUNT and at all of it (synthetic keys in the
order in which a bucket lists them, no media).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from models.examination import Request
from models.media import Limits
from models.settings import Settings
from models.summary import Row
from pipeline import receive
from pipeline.batch.jobs import Entry
from pipeline.batch.ledger import Ledger
from pipeline.observe import examine
from pipeline.observe import preload as _preload  # noqa: F401 (loads what the fork server loads)
from pipeline.sandbox.client import Box

ROOT = Path(__file__).resolve().parents[1]
KINDS = frozenset({"fingerprint"})
ROUNDS = 30
DECODE = """
import sys, av
for path in sys.argv[1:]:
    with av.open(path) as file:
        stream = file.streams.video[0]
        stream.thread_type = "NONE"
        for frame in file.decode(stream):
            frame.to_ndarray()
"""


def isolation() -> None:
    """A boxed child against a call."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
        upload = receive.received(path, Limits())
        request = Request(
            path=path, kind="image", container=upload.container, limits=Limits(), kinds=KINDS
        )
        ours = _median(lambda: examine.examine(request, lambda *_: None))
        box = Box(Settings())
        box.examine(upload, KINDS, lambda _: None)  # starts the fork server
        boxed = _median(lambda: box.examine(upload, KINDS, lambda _: None))
    print(f"in this process {1000 * ours:.1f} ms, in a boxed child {1000 * boxed:.1f} ms")
    print(f"isolation costs {1000 * (boxed - ours):.1f} ms a job (bar 150)")


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def lanes(folder: Path | None) -> None:
    """Two at a time over one, product and bare decoding in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        uploads = base / "in"
        uploads.mkdir()
        given = sorted(folder.glob("*.mp4")) if folder else [ROOT / "sample_media" / "main.mp4"] * 4
        for number, path in enumerate(given):
            shutil.copy(path, uploads / f"{number:03}.mp4")
            with (uploads / f"{number:03}.mp4").open("ab") as file:
                file.write(b"\0\0\0\x10free" + number.to_bytes(8, "big"))  # no two alike
        ratios: dict[str, list[float]] = {"batch": [], "on one core": [], "bare": []}
        for turn in range(3):
            ours = [_batch(uploads, base / f"out{turn}{jobs}", jobs) for jobs in (1, 2)]
            bare = [decoded(sorted(uploads.iterdir()), jobs) for jobs in (1, 2)]
            held = _batch(uploads, base / f"out{turn}held", 1, ["taskset", "-c", "0"])
            ratios["batch"].append(ours[0] / ours[1])
            ratios["on one core"].append(held / ours[1])
            ratios["bare"].append(bare[0] / bare[1])
            print(
                f"batch {ours[0]:.1f} s and {ours[1]:.1f} s, bare {bare[0]:.1f} and {bare[1]:.1f}"
            )
    batch, held, bare = (float(np.median(some)) for some in ratios.values())
    print(
        f"two at a time: batch {batch:.2f}, bare decodes {bare:.2f}: {batch / bare:.2f} (bar 0.90)"
    )
    print(f"over one that is held to one core: {held:.2f}: {held / bare:.2f}")


def _batch(uploads: Path, out: Path, jobs: int, before: Sequence[str] = ()) -> float:
    words = ["batch", str(uploads), "--out", str(out), "--jobs", str(jobs), "-q"]
    return _timed([[*before, sys.executable, "-m", "pipeline", *words]])


def decoded(paths: Sequence[Path], jobs: int) -> float:
    """Seconds that so many processes at once take to decode all, eight times."""
    names = [str(path) for path in paths] * 8  # so that starting up does not count
    return _timed([[sys.executable, "-c", DECODE, *names[n::jobs]] for n in range(jobs)])


def _timed(commands: Sequence[Sequence[str]]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(len(commands)) as pool:
        run = [
            pool.submit(subprocess.run, command, cwd=ROOT, check=True, capture_output=True)
            for command in commands
        ]
        for one in run:
            one.result()
    return time.perf_counter() - began


def ledger(count: int) -> None:
    """Each size in a process of its own, so that memory is its own."""
    for size in (count // 10, count):
        command = [sys.executable, "-m", "bench.many", "one-ledger", str(size)]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        row = json.loads(said.stdout)
        took = ", ".join(f"{name} {1e6 * row[name] / size:.0f}" for name in row if name != "mib")
        print(f"{size:,} jobs: microseconds a job: {took}; {row['mib']:.0f} MiB at most")


def one_ledger(count: int) -> None:
    """Listed, half of it worked off, listed again as the next run does, the rest worked off."""
    with tempfile.TemporaryDirectory() as folder:
        book = Ledger(Path(folder))
        took = {}
        took["list"] = _time(lambda: _listed(book, count))
        took["work"] = 2 * _time(lambda: _work(book, count // 2))
        book.close()
        book = Ledger(Path(folder))
        took["resume"] = _time(lambda: _listed(book, count))
        _work(book, count)
        took["sum up"] = _time(lambda: sum(1 for _ in book.rows()))
        assert book.counts() == {"scored": count}
        book.close()
    took["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(took))


def _listed(book: Ledger, count: int) -> None:
    book.begin("k", (), lambda name: Row(file=name, outcome="quarantined"))
    book.enter(_keys(count))


def _keys(count: int) -> Iterator[Entry]:
    for number in range(count):
        name = f"uploads/2026-11-27/{number // 1000:06}/{number:09}.mp4".encode()
        yield Entry(name, "media", f"{number} tag")


def _work(book: Ledger, most: int) -> None:
    row = Row(file="x", outcome="scored", score=50.0, band="moderate", says="Seen.")
    for _ in range(most):
        job = book.claim()
        if job is None:
            return
        book.settle(job, "scored", row, '[{"shown": "x", "sha256": "0"}]')


def _time(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(words: Sequence[str]) -> None:
    """The command line."""
    what, *rest = words or [""]
    if what == "isolation":
        isolation()
    elif what == "lanes":
        lanes(Path(rest[0]) if rest else None)
    elif what == "ledger":
        ledger(int(rest[0]) if rest else 1_000_000)
    elif what == "one-ledger":
        one_ledger(int(rest[0]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(sys.argv[1:])
