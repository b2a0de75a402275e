"""Footage that was handed in before: found again as a copy; nothing else is taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import insert

from detectors.footage import footage
from models.answers import Answer
from models.card import cards
from models.examination import Examination, Examinations, Seal
from models.footage import Samples, halved
from models.packs import policy
from models.submission import Case
from pipeline.judge.report import report as judge
from pipeline.store.alike import alike, same_view
from pipeline.store.engine import engine_of, writing
from pipeline.store.repository import Kept, Known, Store
from pipeline.store.reuse import Index, add, search
from pipeline.store.schema import submissions
from tests import clips
from tests.conftest import Run
from tests.pipeline.store.test_store import made

RATE = 4.0


def scene(seed: int, count: int = 32) -> list[np.ndarray]:
    """A desk of that seed, over which things are moved: four pictures a second."""
    chance = np.random.default_rng(seed)
    desk = cv2.resize(chance.integers(0, 255, (9, 12), np.uint8), (160, 120))
    desk = cv2.GaussianBlur(desk, (0, 0), 5)
    things = [cv2.resize(chance.integers(0, 255, (5, 4), np.uint8), (44, 52)) for _ in range(3)]
    pictures = []
    where = chance.uniform(0, 1, (3, 2))
    for _ in range(count):
        where = np.clip(where + chance.normal(0, 0.12, where.shape), 0, 1)
        picture = desk.copy()
        for thing, (x, y) in zip(things, where, strict=True):
            left, top = round(x * (160 - 44)), round(y * (120 - 52))
            picture[top : top + 52, left : left + 44] = thing
        pictures.append(picture)
    return pictures


def of(pictures: list[np.ndarray]) -> Samples:
    (seen,) = footage(clips.frames(pictures, fps=RATE), clips.media(len(pictures), fps=RATE))
    return seen.samples()


def shown(pictures: list[np.ndarray], how: str) -> list[np.ndarray]:
    def one(picture: np.ndarray) -> np.ndarray:
        if how == "again":
            jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
            return cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
        if how == "smaller":
            return cv2.resize(picture, (96, 72), interpolation=cv2.INTER_AREA)
        if how == "cropped":
            return picture[6:114, 8:152]
        if how == "cropped at a side":
            return picture[:, 16:]
        if how == "mirrored":
            return picture[:, ::-1].copy()
        if how == "turned":
            return np.rot90(picture, -1).copy()
        if how == "bars":
            return cv2.copyMakeBorder(picture, 40, 40, 0, 0, cv2.BORDER_CONSTANT, value=0)
        return cv2.convertScaleAbs(picture, alpha=0.9, beta=20)

    return [one(picture) for picture in pictures]


SAME = ["again", "smaller", "cropped", "cropped at a side", "bars", "brighter"]


@pytest.mark.parametrize("how", [*SAME, "mirrored", "turned"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_copies_are_found(seed: int, how: str) -> None:
    pictures = scene(seed)
    found = alike(of(shown(pictures, how)), halved(of(pictures)))
    assert found and found.sure
    assert found.turned == ("as_is" if how in SAME else how)
    assert found.start == pytest.approx(found.there_start, abs=0.5)


def test_a_piece_is_found_with_both_moments() -> None:
    pictures = scene(4, 40)
    found = alike(of(shown(pictures[14:32], "cropped")), halved(of(pictures)))
    assert found and found.sure
    assert found.there_start - found.start == pytest.approx(3.5, abs=0.4)
    assert found.there_end - found.there_start == pytest.approx(found.end - found.start, abs=0.4)


def test_different_takes_are_told_apart() -> None:
    """Other desks; and the same desk at another time, which looks alike all the while."""
    prints = [of(scene(seed)) for seed in range(10, 22)]
    pairs = [(a, b) for n, a in enumerate(prints) for b in prints[:n]]
    assert not any(alike(one, halved(other)) for one, other in pairs)
    whole = scene(5, 60)
    assert alike(of(whole[:28]), halved(of(whole[32:]))) is None


@pytest.mark.parametrize("picture", [
    np.zeros((120, 160), np.uint8),
    np.full((120, 160), 200, np.uint8),
    np.tile(np.linspace(60, 200, 160).astype(np.uint8), (120, 1)),
    np.random.default_rng(1).normal(20, 3, (120, 160)).clip(0, 255).astype(np.uint8),
])  # fmt: skip
def test_what_says_nothing_matches_nothing(picture: np.ndarray) -> None:
    """Darkness, a wall, a lamp on a wall, a covered lens."""
    plain = of([picture] * 12)
    assert alike(plain, plain) is None and not same_view(plain, plain)


def test_a_still_is_found_in_its_clip_alone() -> None:
    pictures = scene(6)
    photo = of([shown(pictures, "again")[8]])
    assert same_view(photo, of(pictures)) and not same_view(photo, of(scene(7)))


def test_a_scene_that_does_not_move_is_no_match() -> None:
    """One view for a minute is one moment: it may be another case on the same desk."""
    still = [scene(8)[0]] * 60
    assert alike(of(still), of(still)) is None


# ------------------------------------------------------------------ in the store


def examined(pictures: list[np.ndarray], name: str, order: str = "") -> Examinations:
    (seen,) = footage(clips.frames(pictures, fps=RATE), clips.media(len(pictures), fps=RATE))
    seen = seen.model_copy(update={"detector": "footage", "id": "footage:1"})
    case = Case(order_id=order, source="operator") if order else Case()
    one = Examination(
        path=name, sha256=name.ljust(64, "0"), kind="video", observations=(seen,),
        media=clips.media(len(pictures), fps=RATE),
    )  # fmt: skip
    return Examinations(
        pipeline_version="0", created_at="2026-11-27T00:00:00", policy="generic", case=case,
        seal=Seal(), exhibits=(one,),
    )  # fmt: skip


def keep(store: Store, keys: str, some: Examinations, name: str) -> Kept:
    report, examination = keys[0] * 64, keys[1] * 64
    return store.keep(Known(report, examination, some.case, "in", name), some, made)


def test_the_store_tells_where_it_stands(address: str) -> None:
    """The later submission is told of the earlier; of the same case, or of itself, it is not."""
    store = Store(address)
    pictures = scene(30)
    keep(store, "a1", examined(pictures, "a.mp4", "11111"), "first")
    keep(store, "b2", examined(scene(31), "b.mp4"), "other")
    copy = shown(pictures[4:], "mirrored")
    kept = keep(store, "c3", examined(copy, "c.mp4", "22222"), "second")
    (told,) = kept.examined.reused
    assert (told.other, told.other_file, told.sure) == ("first", "a.mp4", True)
    assert told.turned == "mirrored" and told.at and told.there
    assert told.there.start - told.at.start == pytest.approx(1.0, abs=0.4)
    report = json.loads(kept.body)
    assert "REUSED_IN_OTHER_CASE" in report["exhibits"][0]["strength"]["caps"]
    (headline,) = [one for one in report["headlines"] if one["kind"] == "reused"]
    assert "stands in first, a.mp4, too" in headline["says"] and headline["honest_causes"]
    (question,) = [one for one in report["questions"] if one["requirement"] == "reused-footage"]
    assert question["answers"] == ["yes", "no", "unclear"]
    right = Answer(
        exhibit="c.mp4", requirement="reused-footage", answer="yes", by="R", at="2026-11-27"
    )
    looked = judge(kept.examined, policy("generic"), cards(), answers=[right])
    assert "REUSED_IN_OTHER_CASE" not in looked.exhibits[0].strength.caps
    assert "found it right" in str(looked.headlines[0].says)
    wrong = right.model_copy(update={"answer": "no"})
    held = judge(kept.examined, policy("generic"), cards(), answers=[wrong])
    assert "REUSED_IN_OTHER_CASE" in held.exhibits[0].strength.caps
    again = store.report("c" * 64)
    assert again and again.examined.reused == kept.examined.reused
    same = keep(store, "d4", examined(copy, "d.mp4", "11111"), "third")
    assert {one.other for one in same.examined.reused} == {"second"}  # the first is of its case
    assert len(store.similar(examined(pictures, "a.mp4"), "a" * 64)) == 2


def test_the_same_bytes_are_told_as_such(address: str) -> None:
    store = Store(address)
    keep(store, "a1", examined(scene(30), "a.mp4"), "first")
    kept = keep(store, "b1", examined(scene(30), "a.mp4"), "second")
    (told,) = kept.examined.reused
    assert told.at is None and told.sure and not told.other_case
    assert b"handed in with first as a.mp4; whether for the same case nobody said" in kept.body
    assert "REUSED" not in str(json.loads(kept.body)["strength"]["caps"])  # holds nothing down


def test_an_index_of_many_finds_the_one(address: str) -> None:
    engine = engine_of(address)
    with writing(engine) as connection:
        for seed in range(40):
            name = f"s{seed}"
            connection.execute(insert(submissions).values(id=name, name=name, held=False))
            add(connection, examined(scene(seed, 16), f"{name}.mp4"), name, "")
    index = Index()
    with engine.connect() as connection:
        index.refresh(connection)
        copy = examined(shown(scene(17, 16), "cropped"), "copy.mp4")
        (found,) = search(connection, index, copy, "copy", "")
        assert found.reuse.other == "s17" and not found.same_case
        assert search(connection, index, copy, "copy", "", since=index.newest) == ()


def test_batch_tells_and_similar_shows(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    pictures = [
        cv2.resize(picture, (320, 240))
        for picture in scene(50, 24)
        for _ in range(6)  # twelve a second
    ]
    clips.encode(folder / "a" / "one.mp4", pictures, fps=12)
    smaller = [cv2.resize(picture, (240, 180)) for picture in pictures]
    clips.encode(folder / "b" / "two.mp4", smaller, fps=12)
    cases = tmp_path / "cases.csv"
    cases.write_text("submission,order_id\na/one.mp4,576920418365107249\nb/two.mp4,111-222-333\n")
    done = run("batch", folder, "--out", out, "--jobs", "1", "--cases", cases)
    assert done.returncode == 0, done.stderr
    report = json.loads((out / "b" / "two.mp4" / "report.json").read_text())
    assert "REUSED_IN_OTHER_CASE" in report["strength"]["caps"]
    again = run("judge", out / "b" / "two.mp4", "--format", "json")
    assert json.loads(again.stdout)["headlines"] == report["headlines"]
    similar = run("store", "similar", out / "a" / "one.mp4", "--store", out / "store.db")
    assert "the same as b/two.mp4, b/two.mp4" in similar.stdout
    unnamed = run("batch", folder, "--out", tmp_path / "other", "--jobs", "1")
    assert unnamed.returncode == 0
    plain = json.loads((tmp_path / "other" / "b" / "two.mp4" / "report.json").read_text())
    assert "REUSED_IN_OTHER_CASE" not in plain["strength"]["caps"]
    assert "nobody said" in str(plain["headlines"])
