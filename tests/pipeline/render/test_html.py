"""The page: self-contained, escaped, readable; seen through a real browser where there is one."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import cv2
import pytest

from detectors.reading import barcodes, ocr
from models.packs import policy
from models.report import Report
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.render.folder import write_report
from pipeline.wording.language import Speaker
from tests.conftest import ROOT, once

CUT = ROOT / "sample_media" / "unboxing_cut.mp4"
EVIL = '<script>alert("x")</script><img src=x onerror=y>\u202e'


class Parsed(HTMLParser):
    """Tags with their attributes, and the text outside them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "page", write_page) / "index.html"


def write_page(folder: Path) -> None:
    submission = Submission(
        exhibits=(Exhibit(path=CUT, shown=f"{EVIL}.mp4", role="packing_video"),),
        case=Case(source="operator", order_id=EVIL[:60]),
    )
    rules = policy("tiktok-shop-us")
    observed = score.observe(submission, rules, Settings())
    report = score.judged(observed, rules)
    pictures = score.pictures(observed, report)
    write_report(folder, report, observed.examinations, pictures, Speaker())


def test_page_loads_nothing_and_runs_nothing(written: Path) -> None:
    page = written.read_text("utf-8")
    parsed = Parsed(page)
    assert not {tag for tag, _ in parsed.tags} & {
        "script",
        "iframe",
        "link",
        "object",
        "embed",
        "form",
        "base",
        "a",
    }
    for tag, attributes in parsed.tags:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in ("style", "srcset", "href")
        ], tag
        assert (attributes.get("src") or "data:image/jpeg").startswith("data:image/jpeg"), tag
    (rule,) = [
        a["content"]
        for tag, a in parsed.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None and rule is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert (
        rule == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"https?://|url\(|@import", page)


def test_everything_from_outside_is_escaped(written: Path) -> None:
    page = written.read_text("utf-8")
    assert "<script>alert" not in page and "<img src=x" not in page and "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_page_draws_how_much_the_picture_moves(written: Path) -> None:
    (points,) = re.findall(r'<polyline points="([^"]+)"', written.read_text("utf-8"))
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert len(places) > 20 and places == sorted(places, key=lambda place: place[0])
    assert min(y for _, y in places) == 30.0 and max(y for _, y in places) <= 48.0, (
        "the liveliest moment reaches the top of the row"
    )


def test_page_says_it_all(written: Path) -> None:
    text = Parsed(written.read_text("utf-8")).text
    for words in (
        "could not confirm",
        "not met",
        "The picture jumps at 6.5 s",
        "honest causes",
        "For the reviewer",
        "What would make it stronger",
        "Limits",
        "sha-256",
        "before a break",
        "576920418365107249",
    ):
        assert words in text, words


def test_pictures_are_beside_and_inside(written: Path) -> None:
    report = Report.model_validate_json((written.parent / "report.json").read_text("utf-8"))
    frames = sorted(p.name for p in (written.parent / "frames").iterdir())
    assert len(frames) >= 3
    named = {r.frame for r in report.exhibits[0].requirements if r.frame}
    assert named and named <= set(frames)
    assert written.read_text("utf-8").count("data:image/jpeg;base64,") == len(frames)


def test_each_number_stands_beside_its_best_crop(written: Path) -> None:
    """The crop shows the number itself: it is read again from the file that the page holds."""
    report = Report.model_validate_json((written.parent / "report.json").read_text("utf-8"))
    crops = [
        path for path in (written.parent / "frames").iterdir() if path.name.endswith("-crop.jpg")
    ]
    values = {found.value for found in report.exhibits[0].identifiers}
    assert crops and 'class="crop"' in written.read_text("utf-8")
    again = {
        read.payload
        for path in crops
        for read in barcodes.read_thoroughly(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    }
    printed = {
        line.text
        for path in crops
        for line in ocr.lines(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    }
    assert any(value in again or any(value in line for line in printed) for value in values)


def test_frames_before_and_after_a_break_are_the_right_ones(written: Path) -> None:
    """The removed two seconds turned the parcel: the pictures on either side differ, and each
    equals its neighbour in time.
    """
    import cv2

    folder = written.parent / "frames"
    before, after = (
        cv2.imread(str(next(folder.glob(f"*{name}.jpg"))), cv2.IMREAD_GRAYSCALE)
        for name in ("before", "after")
    )
    assert before is not None and after is not None
    assert cv2.absdiff(before, after).mean() > 5


CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here: the page is not looked at in a browser"
)
def test_a_browser_shows_it_without_asking_for_anything(written: Path, tmp_path: Path) -> None:
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    dump = [
        str(CHROMIUM),
        *quiet,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--enable-logging=stderr",
        "--window-size=390,844",
        "--dump-dom",
        written.as_uri(),
    ]
    done = subprocess.run(dump, capture_output=True, text=True, timeout=90, check=False)
    assert "could not confirm" in done.stdout
    assert "Content Security Policy" not in done.stderr, "the page breaks its own rule"


def test_no_sentence_accuses() -> None:
    """Words we never write to people (quoted policy sentences are the platform's)."""
    accusing = re.compile(r"\b(fake|fraud|guilty|liar|tampered|reject(ed|s)?|genuine)\b", re.I)
    ours = [ROOT / "pipeline", ROOT / "detectors", ROOT / "models" / "cards"]
    texts = [
        p for folder in ours for p in folder.rglob("*") if p.suffix in (".py", ".html", ".toml")
    ] + [ROOT / "README.md"]
    assert texts
    for path in texts:
        assert not accusing.search(path.read_text("utf-8")), path
