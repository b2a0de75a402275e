"""`make picture`: docs/report.png, the page of a sample report as a browser shows it.

The picture says of which page it is: the digest of the golden report's page, without pictures.
A test holds it against today's, so it cannot fall behind.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.report import Report
from pipeline.render.html import page
from pipeline.wording.language import Speaker

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "goldens" / "unboxing_cut.json"
PICTURE = ROOT / "docs" / "report.png"
KEY = "page"
WIDTH, HEIGHT = 900, 2500  # pixels: result, table, strip, the first key frames
SCALE = 0.8
COLOURS = 64
CASE = (
    *("--order-id", "576920418365107249", "--tracking-number", "9400111899560012345677"),
    *("--role", "unpacking_video"),
)


def digest() -> str:
    """Of the page as today's templates and sentences make it from the golden report."""
    golden = json.loads(GOLDEN.read_text("utf-8"))
    golden |= {"pipeline_version": "", "created_at": "2026-01-01T00:00:00+00:00"}
    for exhibit in golden["exhibits"]:
        exhibit["sha256"] = ""
        for run in exhibit["runs"]:
            run["version"] = ""
    golden["policy"]["sha256"] = ""
    for row in golden["messages"]:
        row.setdefault("args", {})
    made = page(Report.model_validate(golden), {}, Speaker("en"))
    return hashlib.sha256(made.encode()).hexdigest()


def of_picture() -> str:
    """The digest that stands in the picture."""
    with Image.open(PICTURE) as image:
        return str(image.info.get(KEY, ""))


def draw() -> None:
    """Scores the sample, lets Chromium show its page, writes the picture."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("make picture needs chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip = ROOT / "sample_media" / "unboxing_cut.mp4"
        score = [sys.executable, "-m", "pipeline", "score", str(clip), *CASE, "-q"]
        report = [*score, "--report", str(folder / "report"), "--format", "json"]
        subprocess.run(report, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        shot = folder / "shot.png"
        show = [
            browser,
            *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={shot}",
            (folder / "report" / "index.html").as_uri(),
        ]
        subprocess.run(show, check=True, capture_output=True)
        with Image.open(shot) as image:
            size = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
            small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    told = PngInfo()
    told.add_text(KEY, digest())
    small.quantize(COLOURS).save(PICTURE, optimize=True, pnginfo=told)


if __name__ == "__main__":
    draw()
