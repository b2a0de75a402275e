"""Is footage that was handed in before known again, and is nothing else taken for it?

    python -m bench.reuse [TAKES] [--seed N]

Over ../shared/bench/honest, honest2 and integrity, one clip a take: all pairs of different takes
(some 22,000) are held against each other; so are copies of TAKES of them (60), drawn by ffmpeg:
encoded again, smaller, cropped, mirrored, turned, with bars, at another rate, shortened, and
several of these at once, with stills of them. Recall is told by kind and by length of the copy. The
same detector and the same comparison as in the product.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from models.examination import Examined, Request
from models.footage import Samples, halved
from models.kinds import Footage
from models.media import Limits
from models.observation import first
from pipeline import receive
from pipeline.observe import examine
from pipeline.store.alike import Alike, alike, same_view

BENCH = Path(__file__).resolve().parents[2] / "shared" / "bench"
SETS = ("honest", "honest2", "integrity")
BASE = ("untouched", "messenger", "reencode", "real_edit", "honest")  # the last of these is taken
SHORTEST_S = 5.0  # seconds of a take that is copied
EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
SMALL = "scale='if(gte(iw,ih),360,-2)':'if(gte(iw,ih),-2,360)'"
LOW = ("-b:v", "150k", "-maxrate", "150k", "-bufsize", "300k")
CRF = ("-crf", "26")
BARS = "pad='if(gte(iw,ih),iw,ih*16/9)':'if(gte(iw,ih),iw*16/9,ih)':(ow-iw)/2:(oh-ih)/2"
AROUND, SIDE = "crop=iw*.9:ih*.9", "crop=iw*.9:ih:iw*.1:0"


class Copy(NamedTuple):
    """How a copy is drawn: filter, encoder's words, and which part (shares of the length)."""

    filter: str
    words: tuple[str, ...] = CRF
    part: tuple[float, float] = (0.0, 1.0)


COPIES = {
    "encoded again": Copy("null", ("-crf", "35")),
    "smaller": Copy(SMALL, LOW),
    "cropped around": Copy(AROUND),
    "cropped at a side": Copy(SIDE),
    "cropped at two sides": Copy("crop=iw*.9:ih*.9:0:0"),
    "mirrored": Copy("hflip"),
    "turned": Copy("transpose=1"),
    "15 a second, brighter": Copy("fps=15,eq=brightness=0.1:contrast=1.1", ("-crf", "28")),
    "with bars": Copy(BARS),
    "middle half": Copy("null", CRF, (0.27, 0.77)),
    "first 60 %": Copy("null", CRF, (0.0, 0.6)),
    "last 70 %": Copy("null", CRF, (0.3, 1.0)),
    "cropped, smaller, half": Copy(f"{AROUND},{SMALL}", LOW, (0.27, 0.77)),
    "mirrored, cropped, smaller, half": Copy(f"hflip,{AROUND},{SMALL}", LOW, (0.27, 0.77)),
}


class Take(NamedTuple):
    """One clip of a take."""

    name: str
    group: str
    path: Path


def takes() -> list[Take]:
    """One clip of each take."""
    found: dict[str, tuple[int, Take]] = {}
    for name in SETS:
        for line in (BENCH / name / "manifest.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["type"] not in BASE:
                continue
            rank = BASE.index(row["type"])
            take = Take(row["take"], row["group"], BENCH / name / row["file"])
            if rank >= found.get(take.name, (-1, take))[0]:
                found[take.name] = rank, take
    return [take for _, (_, take) in sorted(found.items())]


def samples_of(path: Path) -> Samples | None:
    """A clip or a photo as the product describes it."""
    upload = receive.received(path, Limits())
    request = Request(
        path=path,
        kind=upload.kind,
        container=upload.container,
        limits=Limits(),
        kinds=frozenset({"footage"}),
    )
    said: list[bytes] = []
    examine.examine(request, lambda kind, body: said.append(body) if kind == "examined" else None)
    seen = first(Examined.model_validate_json(said[0]).observations, Footage)
    return seen.samples() if seen else None


def drawn(take: Take, length: float, kind: str, folder: Path) -> Path:
    """A copy of that kind."""
    how = COPIES[kind]
    path = folder / f"{take.name}-{kind.replace(' ', '_').replace(',', '')}.mp4"
    start, end = (share * length for share in how.part)
    words = ["-ss", f"{start:.3f}", "-t", f"{end - start:.3f}"] if how.part != (0.0, 1.0) else []
    command = ["ffmpeg", "-y", "-v", "error", "-threads", "1", *words, "-i", take.path, "-an"]
    command += ["-vf", f"{how.filter},{EVEN}", "-c:v", "libx264", "-preset", "veryfast"]
    command += ["-threads", "1", "-pix_fmt", "yuv420p", *how.words, path]
    subprocess.run([str(word) for word in command], check=True)
    return path


def still(take: Take, at: float, folder: Path) -> Path:
    """A photo of the clip."""
    path = folder / f"{take.name}-still.jpg"
    command = ["ffmpeg", "-y", "-v", "error", "-ss", f"{at:.3f}", "-i", take.path, "-frames:v", "1"]
    subprocess.run([str(word) for word in [*command, "-q:v", "5", path]], check=True)
    return path


def one_take(
    job: tuple[Take, bool, int],
) -> tuple[Take, Samples | None, dict[str, Samples], Samples]:
    """A take, its copies by kind, and a still of it."""
    take, copied, seed = job
    whole = samples_of(take.path)
    length = float(whole.times_s[-1]) if whole else 0.0
    copies: dict[str, Samples] = {}
    photo = None
    if copied:
        with tempfile.TemporaryDirectory() as folder:
            for kind in COPIES:
                there = samples_of(drawn(take, length, kind, Path(folder)))
                if there:
                    copies[kind] = there
            at = random.Random(f"{seed} {take.name}").uniform(0.2, 0.8) * length
            photo = samples_of(still(take, at, Path(folder)))
    return take, whole, copies, photo


def told(pairs: Sequence[Alike | None]) -> str:
    """Found for sure, or perhaps, of how many."""
    sure = sum(bool(one and one.sure) for one in pairs)
    some = sum(bool(one) for one in pairs)
    return f"{sure:4} sure, {some:4} at all, of {len(pairs)}"


def measured(known: dict[Take, Samples], copies: dict[Take, dict[str, Samples]]) -> Iterator[str]:
    """Recall by kind and by length of the copy; false pairs."""
    by_kind: dict[str, list[Alike | None]] = defaultdict(list)
    by_length: dict[str, list[Alike | None]] = defaultdict(list)
    for take, some in copies.items():
        for kind, copy in some.items():
            found = alike(copy, halved(known[take]))
            by_kind[kind].append(found)
            length = float(copy.times_s[-1])
            name = "6 s and more" if length >= 6 else "4 to 6 s" if length >= 4 else "under 4 s"
            by_length[name].append(found)
    for kind, found in (*by_kind.items(), *sorted(by_length.items())):
        yield f"{kind:34} {told(found)}"
    false = {"other authors": [], "same author": []}
    for one, other in combinations(known, 2):
        where = "same author" if one.group == other.group else "other authors"
        found = alike(known[one], halved(known[other]))
        false[where].append(found)
        if found:
            yield f"  {one.name} and {other.name}: {found}"
    for where, pairs in false.items():
        yield f"different takes, {where:16} {told(pairs)}"
    half = [_halves(samples) for samples in known.values()]
    found_in = [alike(one, halved(other)) for one, other in half]
    yield f"{'two halves of one take':34} {told(found_in)}"


def _halves(samples: Samples) -> tuple[Samples, Samples]:
    """Two parts of a take that share no moment."""
    middle = len(samples.times_s) // 2
    first_half = Samples(*(part[: max(1, middle - 1)] for part in samples))
    return first_half, Samples(*(part[middle:] for part in samples))


def photos(known: dict[Take, Samples], stills: dict[Take, Samples]) -> str:
    """Stills in their clips, and in those of other authors."""
    right = sum(same_view(photo, halved(known[take])) for take, photo in stills.items())
    others = [
        same_view(photo, halved(samples))
        for take, photo in stills.items()
        for other, samples in known.items()
        if other.group != take.group
    ]
    false = f"{sum(others)} of {len(others)} others"
    return f"stills: {right} of {len(stills)} found in their clip; {false}"


def main(words: Sequence[str]) -> int:
    """The command line."""
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("takes", nargs="?", type=int, default=60)
    asked.add_argument("--seed", type=int, default=20)
    said = asked.parse_args(words)
    if not BENCH.is_dir():
        print("../shared is not here: nothing to measure")
        return 69
    every = takes()
    chosen = set(random.Random(said.seed).sample(every, min(said.takes, len(every))))
    began = time.monotonic()
    with ProcessPoolExecutor(2) as pool:
        jobs = [(take, take in chosen, said.seed) for take in every]
        results = list(pool.map(one_take, jobs))
    known = {take: whole for take, whole, *_ in results if whole is not None}
    copies = {take: some for take, whole, some, _ in results if whole is not None and some}
    stills = {take: photo for take, _, _, photo in results if photo is not None}
    print(f"{len(known)} takes, copies of {len(copies)}, {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    for line in measured(known, copies):
        print(line)
    print(photos(known, stills))
    print(f"compared in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
