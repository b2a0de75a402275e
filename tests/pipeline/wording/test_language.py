"""Languages: every sentence that people see can be translated, and is by what renders it."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from models.message import Message, message_rows, paragraph
from models.observation import registry
from pipeline.wording import extract, words
from pipeline.wording.language import Speaker, language_of
from tests.conftest import ROOT, Run

LABEL = ROOT / "sample_media" / "label.jpg"
POT = read_po(BytesIO((extract.LOCALE / extract.TEMPLATE).read_bytes()))
KNOWN = {str(message.id) for message in POT if message.id}
# Messages that only put others together, or stand for what comes from outside.
FRAMES = {"{path}: {said}", "{noun} {value}", "{a}", "{kind}: {value}", ""}


def test_the_template_is_what_the_sources_hold() -> None:
    """`make messages` writes it anew."""
    assert set(extract.templates()) == KNOWN


@pytest.mark.parametrize("language", extract.LANGUAGES)
def test_catalogues_know_every_template_and_keep_its_arguments(language: str) -> None:
    raw = (extract.LOCALE / language / "parcelproof.po").read_bytes()
    catalogue = read_po(BytesIO(raw), locale=language)
    assert {str(message.id) for message in catalogue if message.id} == KNOWN
    for message in catalogue:
        if message.id and message.string:
            assert arguments(str(message.string)) == arguments(str(message.id)), message.id


def arguments(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "goldens").glob("*.json")))
def test_every_sentence_of_the_goldens_can_be_translated(path: object) -> None:
    golden = json.loads(path.read_text("utf-8"))  # type: ignore[attr-defined]
    assert golden["messages"]
    for row in golden["messages"]:
        assert row["id"] in KNOWN | FRAMES, row


def test_kinds_say_only_what_can_be_translated() -> None:
    for kind in registry.values():
        about = kind.about
        says = [about.says] if isinstance(about.says, str) else list(about.says.values())
        for template in (*says, about.silence, *about.honest_causes):
            assert template in KNOWN | FRAMES, (about.name, template)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_that_of_the_environment(
    environment: dict[str, str], language: str
) -> None:
    assert language_of(environment) == language


def test_one_process_speaks_both_at_once() -> None:
    said = Message(id="The picture jumps at {end}.", args={"end": "6.5 s"})
    english, chinese = Speaker("en"), Speaker("zh")
    assert english(said) == "The picture jumps at 6.5 s."
    assert chinese(said) == "画面在 6.5 s 处跳变。"
    assert english(said) == said.text
    both = paragraph(said, Message(id=words.VERDICT["met"]))
    assert chinese(both).endswith("符合") and chinese("never heard of") == "never heard of"


def test_json_is_english_whatever_the_language(run: Run) -> None:
    english, chinese = (
        json.loads(run("score", LABEL, "--format", "json", "--lang", lang).stdout)
        for lang in ("en", "zh")
    )
    assert english["messages"] == chinese["messages"]
    assert english["result"] == chinese["result"]


def test_terminal_and_page_speak_the_language_asked_for(run: Run, tmp_path: object) -> None:
    done = run("score", LABEL, "--lang", "zh", "--report", tmp_path)
    assert "无法确认" in done.stdout
    page = (tmp_path / "index.html").read_text("utf-8")  # type: ignore[operator]
    assert '<html lang="zh">' in page and "关键画面" in page
    assert "无法确认" in run("score", LABEL, LANG="zh_CN.UTF-8", LC_ALL="").stdout


def test_a_report_lists_template_and_arguments_of_each_message() -> None:
    inner = Message(id="Order ID")
    rows = message_rows(paragraph(Message(id="{a} of {n}", args={"a": inner, "n": 2}), inner))
    assert [(row.text, row.id, row.args) for row in rows] == [
        ("Order ID", "Order ID", {}),
        ("Order ID of 2", "{a} of {n}", {"a": "Order ID", "n": 2}),
    ]


def test_collecting_changes_nothing_the_second_time() -> None:
    before = {path: path.read_bytes() for path in extract.LOCALE.rglob("*.po*")}
    subprocess.run([sys.executable, "-m", "pipeline.wording.extract"], cwd=ROOT, check=True)
    assert before == {path: path.read_bytes() for path in extract.LOCALE.rglob("*.po*")}
