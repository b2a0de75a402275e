"""Workers on a real queue: is anything lost or doubled, and what do two gain over one?

    python -m bench.workers killed [COUNT] [--broker rabbitmq|redis] [--kills N] [--seed N]
    python -m bench.workers lanes CLIP
    python -m bench.workers flat [COUNT] [--broker rabbitmq|redis]
    python -m bench.workers cost CLIP ...

killed: COUNT small photos and three that no reader survives are ordered from two workers, while
readers, processes of Celery and whole workers are killed in turn (SIGKILL); in mid-run the broker
is killed and started again, then the store. Everything must end as if nothing had happened.

lanes: CLIP scored eight times by one worker and by two, beside bare decoding by one process and by
two, in turn, so that all see the same machine.

flat: how long jobs wait, and what the processes hold in memory, over COUNT photos.

cost: CPU seconds of all processes together for a minute of video, by role and size of picture: each
CLIP as it is, and enlarged to 720 and 1080 lines.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bench import killed, many, servers
from models.submission import Case
from pipeline.store import audit
from pipeline.store.jobs import JobStore, NewJob
from pipeline.store.repository import Store
from pipeline.worker.broker import Broker
from pipeline.worker.habits import JOB_S
from pipeline.worker.orders import Order

ROOT = Path(__file__).resolve().parents[1]
BROKERS = {"rabbitmq": servers.rabbitmq, "redis": servers.redis}
PAUSE_S = (0.5, 2.5)  # seconds between two kills
TURNS = ("reader", "process", "worker")
MOST_TOLD = 20


@dataclass
class Yard:
    """A broker, a store, uploads, and workers that are started again when they are killed."""

    base: Path
    broker: servers.Server
    store: servers.Server
    jobs: int = 1
    words: tuple[str, ...] = ()
    site: Path | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @cached_property
    def book(self) -> JobStore:
        """The jobs in its store."""
        return JobStore(Store(self.store.address))

    @cached_property
    def waker(self) -> Broker:
        """Its broker, as who orders has it."""
        return Broker(self.broker.address, JOB_S)

    @cached_property
    def ordered(self) -> Order:
        """What its jobs are ordered as."""
        order = Order(
            source=str(self.base / "in"),
            out=str(self.base / "out"),
            policy="tiktok-shop-us",
            case=Case(source="operator"),
        )
        self.book.open(order.id, order.model_dump_json(), int(time.time()))
        return order

    def memory(self) -> Counter[str]:
        """MiB that its workers hold, shared pages counted once (PSS), by sort of process."""
        held: Counter[str] = Counter()
        for worker in self.workers:
            for pid in (worker.pid, *_below(worker.pid)):
                with contextlib.suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                    kib = int(next(one for one in lines if one.startswith("Pss:")).split()[1])
                    sort = "fork server and readers" if "forkserver" in _command(pid) else "process"
                    held["worker" if pid == worker.pid else sort] += kib / 1024
        return held

    def start_worker(self, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """One more."""
        words = ["worker", "--store", self.store.address, "--broker", self.broker.address]
        words += ["--jobs", str(self.jobs), "--beat", str(self.base / "beat"), *self.words]
        with (self.base / "workers.log").open("ab") as told:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "pipeline", *words],
                env=os.environ | {"PYTHONPATH": self._path()},
                stdout=told,
                stderr=told,
                cwd=ROOT,
                start_new_session=True,
            )
        self.workers.append(process)
        return process

    def order(self, *more: str) -> subprocess.Popen[bytes]:
        """The batch, waited for."""
        words = ["batch", str(self.base / "in"), "--out", str(self.base / "out"), "-q"]
        words += ["--engine", "celery", "--role", "damage_photo", *more]
        words += ["--store", self.store.address, "--broker", self.broker.address]
        with (self.base / "batch.log").open("ab") as told:
            return subprocess.Popen(
                [sys.executable, "-m", "pipeline", *words],
                env=os.environ | {"PYTHONPATH": self._path()},
                stdout=told,
                stderr=told,
                cwd=ROOT,
            )

    def _path(self) -> str:
        return os.pathsep.join((*([str(self.site)] if self.site else []), str(ROOT)))

    def stop(self) -> None:
        """All of them."""
        for worker in self.workers:
            with contextlib.suppress(OSError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait(30)


@contextlib.contextmanager
def yard(broker: str) -> Iterator[Yard]:
    """With PostgreSQL as its store."""
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = Yard(
            base,
            stack.enter_context(BROKERS[broker]()),
            stack.enter_context(servers.postgres()),
        )
        stack.callback(found.stop)
        yield found


def kill_one(found: Yard, what: str) -> str:
    """Something of that sort, of some worker; "" where there is none now."""
    if what == "worker":
        victim = found.workers.pop(0)
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait(30)
        found.start_worker()
        return what
    for worker in found.workers:
        for pool in killed._children(worker.pid):
            if "forkserver" in _command(pool):
                continue
            if what == "process":
                os.kill(pool, signal.SIGKILL)
                return what
            readers = [pid for pid, is_ in killed.processes(pool) if is_ == "child"]
            for pid in readers[-1:]:
                os.kill(pid, signal.SIGKILL)
                return what
    return ""


def _below(pid: int) -> Iterator[int]:
    for child in killed._children(pid):
        yield child
        yield from _below(child)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def run_killed(
    found: Yard,
    kills: int,
    seed: int,
) -> tuple[Counter[str], float]:
    """Ordered and waited for, with that many kills and two restarts on the way."""
    chance = random.Random(seed)
    done: Counter[str] = Counter()
    began = time.monotonic()
    for _ in range(2):
        found.start_worker()
    ordered = found.order()
    while ordered.poll() is None:
        try:
            ordered.wait(chance.uniform(*PAUSE_S))
        except subprocess.TimeoutExpired:
            total = done["reader"] + done["process"] + done["worker"]
            if total == kills // 3 and not done["broker"]:
                found.broker.kill()
                found.broker.start()
                done["broker"] += 1
            elif total == 2 * kills // 3 and not done["store"]:
                found.store.kill(signal.SIGQUIT)  # as `pg_ctl stop -m immediate`
                found.store.start()
                done["store"] += 1
            elif total < kills:
                with contextlib.suppress(OSError):
                    done[kill_one(found, TURNS[total % 3])] += 1
    del done[""]
    if ordered.returncode not in (0, 75):
        print((found.base / "batch.log").read_text()[-2000:])
    return done, time.monotonic() - began


def checked(found: Yard) -> Iterator[str]:
    """Where table, reports and store do not agree, or somebody innocent is blamed."""
    out = found.base / "out"
    with (out / "summary.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    names = {path.name for path in (found.base / "in").iterdir()}
    if set(rows) != names:
        yield f"not told: {sorted(names - set(rows))}"
    for name, row in rows.items():
        reason = killed.REASONS.get(name.removesuffix(".png"))
        wanted = ("quarantined",) if reason else ("scored", "judged", "kept")
        named = reason is None or row["says"].startswith(reason) or killed.KILLED in row["says"]
        if row["outcome"] not in wanted or not named:
            yield f"{name}: {row['outcome']} {row['says']}"
        if not reason and not (out / name / "report.json").is_file():
            yield f"{name}: no report"
    store = Store(found.store.address)
    entries = list(store.entries())
    scored = Counter(row["subject"] for row in entries if row["event"] == "scored")
    harmful = len([name for name in names if name.removesuffix(".png") in killed.REASONS])
    innocent = len(names) - harmful
    if len(scored) != innocent or set(scored.values()) != {1}:
        twice = sum(count - 1 for count in scored.values())
        yield f"the audit log has {len(scored)} of {innocent} submissions, {twice} twice"
    heads = [json.loads(path.read_text())["audit"]["head"] for path in out.glob("*/report.json")]
    for fault in audit.verify(entries, heads)[1]:
        yield f"audit entry {fault.seq}: {fault.says}"
    if left := JobStore(store).counts():
        open_ones = {key: count for key, count in left.items() if key[0] in ("waiting", "working")}
        if open_ones:
            yield f"jobs left: {open_ones}"


def main_killed(given: argparse.Namespace) -> int:
    """Nothing lost, nothing doubled?"""
    with yard(given.broker) as found:
        found.words = ("--limit", f"silence_s={killed.SILENCE_S}")
        killed.draw(found.base / "in", given.count, given.seed)
        found.site = killed.plant(found.base / "site")
        done, seconds = run_killed(found, given.kills, given.seed)
        faults = list(checked(found))
        tallied = JobStore(Store(found.store.address)).tallied()
    told = ", ".join(f"{count} {what}" for what, count in sorted(done.items()))
    print(f"{given.broker}: {given.count} submissions and 3 that do harm, {seconds:.0f} s")
    print(f"killed: {told}")
    print("counted:", {k[0] + " " + k[1]: v for k, v in sorted(tallied.items()) if k[0] in TOLD})
    for fault in faults[:MOST_TOLD]:
        print(fault)
    print("nothing lost, nothing twice, nobody blamed" if not faults else "it does not hold")
    return bool(faults)


def main_lanes(given: argparse.Namespace) -> int:
    """What two workers do over one, beside what two bare decodes do over one."""
    ratios: dict[str, list[float]] = {"workers": [], "one core each": [], "bare": []}
    for turn in range(given.rounds):
        seconds = {
            (held, count): _scored(given, turn, count, held)
            for held in (False, True)
            for count in (1, 2)
        }
        bare = [many.decoded([given.clip] * given.copies, count) for count in (1, 2)]
        ratios["workers"].append(seconds[False, 1] / seconds[False, 2])
        ratios["one core each"].append(seconds[True, 1] / seconds[True, 2])
        ratios["bare"].append(bare[0] / bare[1])
        told = ", ".join(f"{value:.1f}" for value in (*seconds.values(), *bare))
        print(f"seconds: one, two, one and two held to a core each, bare one and two: {told}")
    free, held, bare = (statistics.median(some) for some in ratios.values())
    print(
        f"two over one: workers {free:.2f}, bare decodes {bare:.2f}: {free / bare:.2f} (bar 0.90)"
    )
    print(f"held to one core each: {held:.2f}: {held / bare:.2f}")
    return 0


def _scored(given: argparse.Namespace, turn: int, count: int, held: bool) -> float:
    """Seconds from the first job to the last, with so many workers that are warm."""
    with yard(given.broker) as found:
        uploads = found.base / "in"
        uploads.mkdir()
        for number in range(given.copies + count):
            path = uploads / f"{number:03}.mp4"
            shutil.copy(given.clip, path)
            with path.open("ab") as file:  # no two alike
                file.write(b"\0\0\0\x10free" + f"{turn:02}{number:06}".encode())
        for number in range(count):
            before = ["taskset", "-c", str(number)] if held else []
            found.start_worker(before)
        book = found.book
        _enter(found, [f"{number:03}.mp4" for number in range(count)])
        _until(lambda: _ended(book) == count)
        began = time.perf_counter()
        _enter(found, [f"{count + number:03}.mp4" for number in range(given.copies)])
        _until(lambda: _ended(book) == count + given.copies)
        return time.perf_counter() - began


def main_flat(given: argparse.Namespace) -> int:
    """Do waiting and memory stay, where jobs come a little slower than they are done?"""
    with yard(given.broker) as found:
        killed.draw(found.base / "in", given.count, seed=1)
        names = sorted(path.name for path in (found.base / "in").glob("photo-*"))
        for _ in range(2):
            found.start_worker()
        book = found.book
        first, rest = names[: given.count // 10], names[given.count // 10 :]
        _enter(found, first[:20])
        _until(lambda: _ended(book) == 20)
        began = time.monotonic()
        _enter(found, first[20:])
        _until(lambda: _ended(book) == len(first))
        rate = 0.7 * (len(first) - 20) / (time.monotonic() - began)
        ages, memory = [], []
        began, sent = time.monotonic(), 0
        while _ended(book) < len(names):
            due = min(len(rest), int(rate * (time.monotonic() - began)))
            _enter(found, rest[sent:due])
            sent = due
            now = time.time()
            ages.append(max((now - since for since in book.waiting_since().values()), default=0))
            memory.append(found.memory())  # of both workers
            time.sleep(1)
        seconds = time.monotonic() - began
    print(f"{given.broker}: {len(rest)} jobs in {seconds:.0f} s, {rate:.1f} a second came")
    told = [("waited longest", ages, "s")]
    told += [(sort, [held[sort] for held in memory], "MiB") for sort in sorted(memory[0])]
    print("fifths of the time:")
    for name, some, unit in told:
        fifth = max(1, len(some) // 5)
        means = [statistics.mean(some[n * fifth : (n + 1) * fifth]) for n in range(5)]
        print(f"{name}: " + ", ".join(f"{mean:.1f}" for mean in means) + f" {unit}")
    return 0


def main_cost(given: argparse.Namespace) -> int:
    """What to buy for so many videos."""
    seconds: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for clip in given.clips:
            for lines in (0, 720, 1080):
                path = clip if not lines else _enlarged(clip, lines, Path(folder))
                for role in ("packing_video", "unpacking_video"):
                    spent = _cpu(["score", str(path), "--role", role, "--format", "json"])
                    minutes = json.loads(spent.said)["exhibits"][0]["media"]["duration_s"] / 60
                    seconds.setdefault((role, lines), []).append(spent.seconds / minutes)
    for (role, lines), some in sorted(seconds.items()):
        size = f"{lines} lines" if lines else "as it is"
        told = f"{statistics.median(some):.0f} ({min(some):.0f} to {max(some):.0f})"
        print(f"{role}, {size}: {told} CPU seconds a minute of video, {len(some)} clips")
    return 0


MEASURED = """
import ctypes, os, resource, subprocess, sys
ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: who is orphaned becomes ours
said = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE).stdout
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f" {used.ru_utime + used.ru_stime}")
sys.stdout.buffer.write(said)
"""


class Spent(NamedTuple):
    """CPU seconds of a run and all below it, and what it said."""

    seconds: float
    said: bytes


def _cpu(words: Sequence[str]) -> Spent:
    """The program, measured by a parent of its own that waits for all below it."""
    command = [sys.executable, "-c", MEASURED, sys.executable, "-m", "pipeline", *words, "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return Spent(float(done.stderr.split()[-1]), done.stdout)


def _enlarged(clip: Path, lines: int, folder: Path) -> Path:
    """As a phone of that size would have sent it, nearly: H.264, 8 Mbit/s."""
    path = folder / f"{clip.stem}-{lines}.mp4"
    scale = f"scale='if(gt(iw,ih),-2,{lines})':'if(gt(iw,ih),{lines},-2)'"
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-vf", scale, "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-b:v", "8M", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)
    return path


def _enter(found: Yard, names: Sequence[str]) -> None:
    """Jobs, as an event makes them."""
    now = int(time.time())
    jobs = [NewJob(name.encode(), False, name, "[]", "", None, "read", now) for name in names]
    if jobs:
        found.book.add(found.ordered.id, jobs, now)
        found.waker.wake(len(jobs))


def _ended(book: JobStore) -> int:
    ended = ("scored", "failed", "quarantined")
    return sum(count for (state, _), count in book.counts().items() if state in ended)


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.1)


TOLD = ("jobs", "strikes", "interrupted", "released", "looked_at_again")


def main(words: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    which = parser.add_subparsers(required=True)
    one = which.add_parser("killed")
    one.add_argument("count", type=int, nargs="?", default=200)
    one.add_argument("--broker", choices=sorted(BROKERS), default="rabbitmq")
    one.add_argument("--kills", type=int, default=24)
    one.add_argument("--seed", type=int, default=1)
    one.set_defaults(run=main_killed)
    two = which.add_parser("lanes")
    two.add_argument("clip", type=Path)
    two.add_argument("--broker", choices=sorted(BROKERS), default="rabbitmq")
    two.add_argument("--copies", type=int, default=8)
    two.add_argument("--rounds", type=int, default=3)
    two.set_defaults(run=main_lanes)
    three = which.add_parser("flat")
    three.add_argument("count", type=int, nargs="?", default=2000)
    three.add_argument("--broker", choices=sorted(BROKERS), default="rabbitmq")
    three.set_defaults(run=main_flat)
    four = which.add_parser("cost")
    four.add_argument("clips", type=Path, nargs="+")
    four.set_defaults(run=main_cost)
    given = parser.parse_args(words)
    return int(given.run(given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
