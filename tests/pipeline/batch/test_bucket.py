"""A bucket of uploads: whatever keys are called, each is scored once; nothing lost on the way."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from models import errors
from models.media import Limits
from pipeline.batch.bucket import Bucket, Objects, Place, place_of
from pipeline.batch.jobs import Entry, Job
from pipeline.batch.results import BucketResults
from pipeline.batch.sources import Some
from tests.conftest import ROOT, Run
from tests.pipeline.conftest import Cloud

ODD = [
    "in//twice.jpg",
    "in/../up.jpg",
    "in//lead.jpg",
    "in/turned\u202egpj.jpg",
    "in/%02d.jpg",
    "in/a=b&c+d?.jpg",
    "in/" + "x" * 990 + ".jpg",
    "in/'; DROP TABLE jobs; --.jpg",
]


def table(cloud: Cloud) -> dict[str, dict[str, str]]:
    text = cloud.keys()["today/summary.csv"].decode()
    return {row["file"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_any_key_is_scored_and_none_becomes_a_path(run: Run, photo: Path, cloud: Cloud) -> None:
    for key in ODD:
        cloud.put(key, photo.read_bytes())
    cloud.put("in/notes.txt", b"hello")
    cloud.put("in/", b"")  # what consoles make of a folder
    cloud.put("elsewhere.jpg", photo.read_bytes())
    done = run("batch", "s3://uploads/in", "--out", "s3://results/today", "--role", "damage_photo")
    assert done.returncode == 0, done.stderr
    found = cloud.keys()
    for key in ODD:
        place = sha256(key.encode()).hexdigest()[:32]
        report = json.loads(found[f"today/{place}/report.json"])
        assert report["exhibits"][0]["path"] == key
        assert f"today/{place}/examination.json" in found
    rows = {row["file"]: row for row in json.loads(found["today/summary.json"])}
    assert set(rows) == {*ODD, "in/notes.txt"}
    assert {row["outcome"] for name, row in rows.items() if name != "in/notes.txt"} == {"scored"}
    assert len(table(cloud)) == len(rows)
    again = run("batch", "s3://uploads/in", "--out", "s3://results/today", "--role", "damage_photo")
    assert f"{len(ODD)} kept" in again.stdout and "0 scored" in again.stdout


def test_a_folder_with_a_case_file_and_an_archive(run: Run, photo: Path, cloud: Cloud) -> None:
    cloud.put("case/a.jpg", photo.read_bytes())
    cloud.put("case/deep/b.jpg", photo.read_bytes() + b"\0")
    cloud.put("case/deep/case.toml", b'order_id = "1"')
    cloud.put("case/case.toml", b'order_id = "576920418365107249"')
    cloud.put("plain/c.jpg", photo.read_bytes() + b"\0\0")
    cloud.put("/lead.jpg", photo.read_bytes() + b"\0\0\0")
    words = ("batch", "s3://uploads", "--out", "s3://results/today", "--html", "--lang", "en")
    done = run(*words, "--trust-case-files")
    assert done.returncode == 0, done.stderr
    rows = table(cloud)
    assert set(rows) == {"case", "plain/c.jpg", "/lead.jpg"}
    assert rows["case"]["order"] == "expected" and rows["plain/c.jpg"]["order"] == ""
    found = cloud.keys()
    report = json.loads(found["today/" + rows["case"]["report"][:32] + "/report.json"])
    assert [one["path"] for one in report["exhibits"]] == ["a.jpg", "deep/b.jpg"]
    assert found["today/index.html"].startswith(b"<!doctype html>")


def test_since_suffix(cloud: Cloud, photo: Path) -> None:
    for name in ("a.jpg", "b.mp4", "c.bin", "d.jpg"):
        cloud.put(name, photo.read_bytes())
    place = place_of("s3://uploads")

    def names(some: Some) -> list[bytes]:
        source = Bucket(place, Limits(), some=some)
        return [one.name for one in source.entries() if one.sort == "media" and one.wanted]

    assert names(Some()) == [b"a.jpg", b"b.mp4", b"d.jpg"]
    assert names(Some(frozenset({".bin"}))) == [b"c.bin"]


def test_sixteen_writers_make_one_result(cloud: Cloud) -> None:
    """Each brings a report of the same key; all agree afterwards on one, with its examination."""
    results = BucketResults(place_of("s3://results/x"))
    job = Job(1, b"key.jpg", False, "", 1, 0, "")

    def write(number: int) -> None:
        report = json.dumps({"number": number}).encode()
        results.keep(job, {"report.json": report, "examination.json": report})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    found = cloud.keys()
    place = results.place(job)
    assert found[f"x/{place}/report.json"] == found[f"x/{place}/examination.json"]


class Faulty:
    """A proxy that cuts connections in mid-answer, or answers 503, so many times."""

    def __init__(self, target: str, cuts: int = 0, refusals: int = 0) -> None:
        host, port = target.removeprefix("http://").split(":")
        self.target = (host, int(port))
        self.cuts, self.refusals = cuts, refusals
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def _one(self, client: socket.socket) -> None:
        with client:
            asked = client.recv(1 << 16)
            if self.refusals and asked:
                self.refusals -= 1
                client.sendall(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(self.target) as server:
                server.sendall(asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                sent = 0
                while part := server.recv(1 << 14):
                    client.sendall(part)
                    sent += len(part)
                    if self.cuts and sent > 200_000:
                        self.cuts -= 1
                        return


@pytest.fixture
def faulty(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    proxy = Faulty(cloud.environment["AWS_ENDPOINT_URL"])
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL", proxy.url)
    yield proxy
    proxy.server.close()


def test_a_download_that_breaks_off_goes_on(cloud: Cloud, faulty: Faulty) -> None:
    content = os.urandom(3_000_000)
    cloud.put("big.jpg", content)
    faulty.cuts = 4
    source = Bucket(place_of("s3://uploads"), Limits())
    with source.fetched([b"big.jpg"]) as (file,):
        assert file.path.read_bytes() == content
        assert file.sha256 == sha256(content).hexdigest()
    assert faulty.cuts == 0 and not file.path.exists()


def test_a_bucket_that_refuses_now_and_then(cloud: Cloud, faulty: Faulty) -> None:
    cloud.put("a.jpg", b"x")
    faulty.refusals = 3
    (entry,) = Bucket(place_of("s3://uploads"), Limits()).entries()
    assert entry.name == b"a.jpg" and faulty.refusals == 0


def test_what_is_changed_meanwhile_is_named(cloud: Cloud) -> None:
    cloud.put("a.jpg", b"x" * 100)
    objects = Objects(Place("uploads", ""))
    with pytest.raises(errors.ChangedWhileRead):
        objects.body("a.jpg", 5, '"another"')


@pytest.mark.parametrize("address", ["s3://nowhere", "s3://"])
def test_a_bucket_that_is_not_there(run: Run, cloud: Cloud, address: str) -> None:
    done = run("batch", address, "--out", "s3://results")
    assert done.returncode in {2, 65} and "Traceback" not in done.stderr
    assert done.stderr.startswith(("NoBucket: ", "Usage: "))


def test_an_outage_loses_nothing(run: Run, photo: Path, cloud: Cloud, tmp_path: Path) -> None:
    """Downloads fail for one run; the next does what is missing, and no strike was counted."""
    for number in range(3):
        cloud.put(f"{number}.jpg", photo.read_bytes() + b"\0" * number)
    words = ("batch", "s3://uploads", "--out", tmp_path / "out", "--role", "damage_photo")
    code = (
        "import sys; import pipeline.batch.bucket as b; b.WAITS_S = 0\n"
        "def broken(self, key, *rest):\n"
        "    if key == '1.jpg': raise b.errors.BucketFailed('It is down.')\n"
        "    return real(self, key, *rest)\n"
        "real = b.Objects.body; b.Objects.body = broken\n"
        "from pipeline.cli.app import app; sys.argv = ['x', *sys.argv[1:]]; app()"
    )
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 75 and "BucketFailed: It is down." in done.stdout, done.stderr
    again = run(*words)
    assert again.returncode == 0 and "1 scored, 2 kept, 0 failed" in again.stdout


def test_entries_carry_what_changes(cloud: Cloud) -> None:
    cloud.put("a.jpg", b"one")
    before = list(Bucket(place_of("s3://uploads"), Limits()).entries())
    cloud.put("a.jpg", b"two")
    after = list(Bucket(place_of("s3://uploads"), Limits()).entries())
    assert isinstance(before[0], Entry) and before[0].stamp != after[0].stamp
