"""What codes hold of a person stands in nothing that is printed, saved or drawn."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.reading import barcodes
from tests import clips
from tests.conftest import Run

ORDER = "576920418365107249"
WIFI = "WIFI:T:WPA;S:example-net;P:not-a-secret;;"
CONTACT = "BEGIN:VCARD\nN:Example;Pat\nTEL:5558675309\nEND:VCARD"
PAGE = f"https://example.org/t?mail=pat@example.org&no={ORDER}"
LABEL = f"{ORDER}|Pat Example|5558675309|12 Garden Street"


def photo(payload: str, folder: Path) -> Path:
    sheet = clips.print_lines([f"Order ID: {ORDER}", "Ship to: Pat Example"], (1280, 900), 40)
    picture = clips.with_code(sheet, payload, (420, 260), scale=8)
    path = folder / "photo.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


@pytest.mark.parametrize(
    ("payload", "holds", "match"),
    [
        (WIFI, "wifi", None),
        (CONTACT, "contact", None),
        (PAGE, "web", "expected"),
        (LABEL, "text", "expected"),
    ],
)
def test_private_payloads(payload: str, holds: str, match: str, run: Run, tmp_path: Path) -> None:
    path = photo(payload, tmp_path)
    out = tmp_path / "out"
    done = run("score", path, "--order-id", ORDER, "--format", "json", "--report", out)
    terminal = run("score", path, "--order-id", ORDER)
    report = json.loads(done.stdout)
    codes = [one for one in report["exhibits"][0]["identifiers"] if one["digest"]]
    assert [(one["holds"], one["match"]) for one in codes] == [(holds, match)]
    assert report["audit"]["payloads"] == "withheld"
    written = [path.read_text("utf-8") for path in out.glob("*.*")]
    assert len(written) == 3
    for text in (done.stdout, terminal.stdout, terminal.stderr, *written):
        private = ("example-net", "secret", "Pat", "5558675309", "Garden", "mail=", "example.org")
        assert not any(word in text for word in private)
    pictures = sorted(out.rglob("*.jpg"))
    assert pictures
    for jpeg in pictures:
        grey = cv2.imdecode(np.frombuffer(jpeg.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert not barcodes.read_thoroughly(np.asarray(grey, np.uint8))


def test_an_operator_may_keep_them(run: Run, tmp_path: Path) -> None:
    path = photo(WIFI, tmp_path)
    out = tmp_path / "out"
    done = run("score", path, "--keep-payloads", "--format", "json", "--report", out)
    report = json.loads(done.stdout)
    assert WIFI in {one["value"] for one in report["exhibits"][0]["identifiers"]}
    assert report["audit"]["payloads"] == "kept"
    assert json.loads((out / "examination.json").read_text("utf-8"))["payloads"] == "kept"
    for jpeg in out.rglob("*.jpg"):  # pictures are for more eyes than the operator's
        grey = cv2.imdecode(np.frombuffer(jpeg.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert not barcodes.read_thoroughly(np.asarray(grey, np.uint8))


def test_a_batch_may_keep_them(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    photo(WIFI, folder)
    for number, words in enumerate(([], ["--keep-payloads"])):
        out = tmp_path / f"out{number}"
        assert run("batch", folder, "--out", out, "--jobs", "1", *words).returncode == 0
        said = (out / "photo.png" / "report.json").read_text("utf-8")
        assert ("not-a-secret" in said) == bool(words)
