"""CPU seconds of `score` over bare decoding of the same file, by stage and detector, beside
PySceneDetect's detect-adaptive.

    python -m bench.speed [CLIP ...]

Without clips: a drawn 30 s 1080p30 clip of about 10 Mbit/s, 10 s of the same in HEVC with 10 bits,
and, where ../shared is beside the project, the longest real 720p clip. All on one thread, CPU time
of the process (user and system), median of five runs. Bare decoding is PyAV, one thread, nothing
else. `score` is what the boxed reader does after its start, plus link, weigh, judge and report; the
start (loading Python and libraries) is told apart, for it is the same for any clip and a batch pays
it once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

RUNS = 5
REAL = (
    Path(__file__).parents[2]
    / "shared"
    / "bench"
    / "integrity"
    / "provenance"
    / "facebook-tmk_sample-videos_doorknob-hd-no-bar.mp4"
)

BARE = """
import av, time
began = time.process_time()
with av.open(PATH) as container:
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    for _ in container.decode(stream):
        pass
print(time.process_time() - began)
"""
PEER = """
import av, cv2, time
cv2.setNumThreads(1)
from scenedetect import AdaptiveDetector, SceneManager, open_video
began = time.process_time()
manager = SceneManager()
manager.add_detector(AdaptiveDetector())
manager.detect_scenes(open_video(PATH))
print(time.process_time() - began)
"""
OURS = """
import json, time
from pathlib import Path
from models.card import cards
from models.examination import Examination, Examined, Request
from models.media import Limits
from models.packs import policy
from models.submission import Case
from pipeline import receive
from pipeline.judge import judged, roles
from pipeline.observe import examine, preload
loaded = time.process_time()
path, rules = Path(PATH), policy("tiktok-shop-us")
upload = receive.received(path, Limits())
hashed = time.process_time()
said = []
kinds = roles.kinds_asked(rules, None, upload.kind)
asked = set(ONLY) or kinds - set(WITHOUT)
request = Request(
    path=path, kind=upload.kind, container=upload.container, limits=Limits(), kinds=asked
)
examine.examine(request, lambda kind, body: said.append(body) if kind == "examined" else None)
examined = time.process_time()
found = Examined.model_validate_json(said[0])
exhibit = Examination(
    path="clip",
    sha256=upload.sha256,
    kind=upload.kind,
    role="packing_video",
    media=found.media,
    runs=found.runs,
    observations=found.observations,
)
judged.judged(exhibit, Case(), rules, cards(), None)
ended = time.process_time()
seconds = {
    "start": loaded,
    "receive": hashed - loaded,
    "examine": examined - hashed,
    "judge": ended - examined,
    "whole": ended - loaded,
    "detectors": {run.detector: run.cpu_s for run in found.runs},
}
print(json.dumps(seconds))
"""
OCR = ["text_id", "token", "word", "fact", "reader"]  # kinds that only reading print gives
CONTINUITY = [
    "cut",
    "soft_join",
    "repeat",
    "overlay",
    "blank",
    "cover",
    "counter_break",
    "gap",
    "sound_step",
    "provenance",
    "credentials",
    "damaged",
]


def run(program: str, path: Path, without: Sequence[str] = (), only: Sequence[str] = ()) -> Any:
    """What `program` said of `path`, in a process of its own."""
    text = (
        program.replace("PATH", repr(str(path)))
        .replace("WITHOUT", repr(list(without)))
        .replace("ONLY", repr(list(only)))
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def drawn(
    folder: Path, name: str, seconds: int, codec: str, pix_fmt: str, options: dict[str, str]
) -> Path:
    """So many seconds of the sample parcel at 1080p30, about 10 Mbit/s."""
    import cv2
    import numpy as np

    from sample_media import draw

    path = folder / name
    sides = draw.faces(draw.label(draw.ORDER, draw.TRACKING))
    random = np.random.default_rng(9)
    noise = [random.normal(0, 7, (1080, 1920, 1)).astype(np.float32) for _ in range(5)]

    def frames() -> Iterator[draw.Image]:
        take = draw.Take("speed", 14.0, draw.unpacked(draw.ALL_SIDES, sides), seed=2)
        for _ in range(3):
            for index, image in enumerate(draw.filmed(take)):
                large = cv2.resize(image, (1920, 1080), interpolation=cv2.INTER_LINEAR)
                yield np.clip(large + noise[index % 5], 0, 255).astype(np.uint8)

    rate = {"b": "10M", "maxrate": "12M", "bufsize": "10M"}
    draw.encode(
        path,
        islice(frames(), 30 * seconds),
        fps=30,
        size=(1920, 1080),
        codec=codec,
        pix_fmt=pix_fmt,
        options=rate | options,
    )
    return path


def show(path: Path) -> None:
    """The figures for one clip: each run's ratio to the bare decoding just before it, and the
    median of those.
    """
    lean, full, peer, continuity, seconds = [], [], [], [], []
    for _ in range(RUNS):
        seconds.append(run(BARE, path))
        lean.append(run(OURS, path, OCR) | {"bare": seconds[-1]})
        full.append(run(OURS, path) | {"bare": seconds[-1]})
        continuity.append(run(OURS, path, only=CONTINUITY) | {"bare": seconds[-1]})
        if find_spec("scenedetect"):
            peer.append(run(PEER, path) / seconds[-1])

    def ratio(runs: list[dict[str, Any]], name: str) -> float:
        return median(
            (r["detectors"].get(name) if name not in r else r[name]) / r["bare"] for r in runs
        )

    size = path.stat().st_size * 8 / 1e6
    print(f"{path.name}: {size:.1f} Mbit; bare decoding {median(seconds):.3f} s CPU = 1.00")
    print(f"  score without OCR        {ratio(lean, 'whole'):6.2f}")
    for name in ("receive", "examine", "judge"):
        print(f"    {name:22} {ratio(lean, name):6.2f}")
    for name in sorted(lean[0]["detectors"], key=lambda name: -ratio(lean, name)):
        print(f"      {name:20} {ratio(lean, name):6.2f}")
    alone, whole = ratio(continuity, "examine"), ratio(full, "whole")
    print(f"  continuity alone         {alone:6.2f}   (the one decoding among it: bar 2.0)")
    text = f"text {ratio(full, 'text'):.2f}, loading its models among it"
    print(f"  score with OCR           {whole:6.2f}   ({text})")
    identifiers = ratio(full, "codes") + ratio(full, "text")
    print(f"  identifiers              {identifiers:6.2f}   (codes and text, of {whole:.2f} above)")
    print(
        f"  PySceneDetect adaptive   {median(peer):6.2f}"
        if peer
        else "  PySceneDetect is not installed here; `make bench` brings it"
    )
    print(f"  start, told apart        {median(r['start'] for r in full):6.2f} s CPU")


def main(paths: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if not paths:
            print(
                "drawing 30 s of 1080p30 and 10 s in HEVC, which takes some minutes",
                file=sys.stderr,
            )
            quiet = {
                "preset": "ultrafast",
                "x265-params": "log-level=none:pools=none:frame-threads=1",
            }
            paths = [
                drawn(Path(folder), "drawn_1080p30.mp4", 30, "libx264", "yuv420p", {}),
                drawn(
                    Path(folder), "drawn_1080p30_hevc10.mp4", 10, "libx265", "yuv420p10le", quiet
                ),
            ]
            if REAL.exists():
                paths.append(REAL)
            else:
                print("no ../shared here: the real clip is left out")
        for path in paths:
            show(path)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
