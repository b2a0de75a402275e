"""Whatever a child answers is accepted by its types or is `DecoderCrashed`; never a traceback.

And whatever is accepted can be judged and said.
"""

from __future__ import annotations

import json
import types
from io import StringIO
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from rich.console import Console

from models import errors
from models.card import cards
from models.examination import Examination, Examinations, Examined, Seal
from models.media import Media
from models.observation import Kind, Run, registry
from models.packs import policy
from models.record import Span
from models.submission import Case
from pipeline.judge.report import report
from pipeline.render import text
from pipeline.render.html import page
from pipeline.render.json import as_json
from pipeline.sandbox.client import believed
from pipeline.wording.language import Speaker

KINDS = list(registry.values())
OURS = [kind for kind in KINDS if not kind.about.by_link]
DETECTORS = sorted(set(cards()) - {"link"})
RULES = policy("tiktok-shop-us")
CASE = Case(source="operator", order_id="576920418365107249")

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def mostly(usual: st.SearchStrategy[Any], wild: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nineteen of twenty are usual."""
    return st.integers(0, 19).flatmap(lambda draw: usual if draw else wild)


FITTING: dict[Any, st.SearchStrategy[Any]] = {
    int: mostly(st.integers(0, 9999), st.integers()),
    float: mostly(st.floats(0, 1), st.floats() | st.integers(-5, 10**9)),
    str: st.text(max_size=30) | st.sampled_from(["{start}", "{0}", "%s", "\u202e", "camera"]),
    bool: st.booleans(),
    type(None): st.none(),
    Any: JUNK,
}


def fitting(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that fit an annotation, or nearly."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in FITTING:
        return FITTING[annotation]
    if origin is Annotated:
        return fitting(inner[0])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of([fitting(one) for one in inner])
    if origin is tuple:
        return st.lists(fitting(inner[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(fitting(inner[0]), fitting(inner[1]), max_size=3)
    if annotation is Span:
        pair = st.lists(fitting(float), min_size=2, max_size=2)
        return pair.map(lambda ends: dict(zip(("start", "end"), sorted(ends), strict=True)))
    assert isinstance(annotation, type) and issubclass(annotation, BaseModel), annotation
    return record(annotation)


def record(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Records of a model: each field as it should be; now and then one is wrong or left out."""
    fields = model.model_fields
    needed = {
        name: fitting(field.annotation) for name, field in fields.items() if field.is_required()
    }
    other = {
        name: fitting(field.annotation) for name, field in fields.items() if not field.is_required()
    }
    whole = st.fixed_dictionaries(needed, optional=other)
    wrong = st.tuples(whole, st.sampled_from([*fields]), JUNK | st.just("left out"))
    return st.one_of(whole, whole, whole, wrong.map(_spoilt))


def _spoilt(parts: tuple[dict[str, Any], str, Any]) -> dict[str, Any]:
    whole, name, junk = parts
    rest = {key: value for key, value in whole.items() if key != name}
    return rest if junk == "left out" else rest | {name: junk}


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """What a child may send: observations of any kinds by any detectors, about any media."""
    kinds = draw(st.lists(st.sampled_from(OURS if draw(st.booleans()) else KINDS), max_size=4))
    detector = draw(st.sampled_from([*DETECTORS, "link", "nobody"]))
    seen = []
    for number, kind in enumerate(kinds):
        one = draw(record(kind))
        straight = draw(st.integers(0, 9))
        if straight:
            one |= {"kind": kind.about.name, "detector": detector, "id": f"x:{number}"}
        seen.append(one)
    sees = [kind.about.name for kind in kinds]
    run = {"detector": detector, "version": "1", "outcome": "completed", "sees": sees}
    media = draw(record(Media)) | {"kind": draw(st.sampled_from(["video", "image"]))}
    whole = {"media": media, "runs": [run], "observations": seen}
    return whole if draw(st.integers(0, 9)) else draw(record(Examined))


def accepted(answer: Any) -> Examined | None:
    try:
        return believed(json.dumps(answer) if not isinstance(answer, str) else answer)
    except errors.DecoderCrashed as fault:
        assert "no sense" in str(fault)
        return None


def judged_and_said(examined: Examined) -> None:
    """Through judging and every way of saying it."""
    exhibit = Examination(
        path="a.mp4",
        sha256="0" * 64,
        kind=examined.media.kind,
        media=examined.media,
        runs=examined.runs,
        observations=examined.observations,
    )
    whole = Examinations(
        pipeline_version="0",
        created_at="2026-01-01T00:00:00+00:00",
        policy=RULES.id,
        case=CASE,
        seal=Seal(salt="00" * 16),
        exhibits=(exhibit,),
    )
    found = report(whole, RULES, cards())
    as_json(found).encode()
    text.show(found, Console(file=StringIO()), Speaker())
    page(found, {}, Speaker("zh")).encode()


@given(answers())
@settings(
    max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_answer_is_accepted_or_refused(answer: dict[str, Any]) -> None:
    examined = accepted(answer)
    if examined is not None:
        judged_and_said(examined)


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.about.name)
@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_each_kind_alone(kind: Kind, data: st.DataObject) -> None:
    one = data.draw(record(kind)) | {"kind": kind.about.name, "detector": "cuts", "id": "cuts:1"}
    run = Run(detector="cuts", version="1", outcome="completed", sees=(kind.about.name,))
    media = Media(kind="video", container="mp4", duration_s=3.0, width=640, height=360)
    answer = {"media": media.model_dump(), "runs": [run.model_dump()], "observations": [one]}
    examined = accepted(answer)
    if examined is not None:
        judged_and_said(examined)


def answer_of(kind: str, detector: str, **payload: Any) -> dict[str, Any]:
    run = {"detector": detector, "version": "1", "outcome": "completed", "sees": [kind]}
    seen = {"kind": kind, "detector": detector, "id": f"{detector}:1", **payload}
    media = {"kind": "video", "container": "mp4"}
    return {"media": media, "runs": [run], "observations": [seen]}


FORGED = {
    "a fact without its fields": answer_of("fact", "text", value="2026-01-01"),
    "an editor trace with sources": answer_of(
        "editor_trace", "container", value="CapCut", sources=["text"], digits=9
    ),
    "a motion of another shape": answer_of("motion", "cuts", levels={"a": "b"}),
    "a code without best_s": answer_of(
        "code", "codes", value="X", symbology="QRCode", frames=1, families=["zxing"], seen_s=[1.0]
    ),
    "credentials of an unknown value": answer_of("credentials", "credentials", value="perfect"),
    "a link to the order": answer_of(
        "identifier_expected",
        "link",
        number_kind="order_id",
        state="confirmed",
        sources=["code"],
        frames=9,
        digits=8,
    ),
    "a detector nobody knows": answer_of("token", "nobody", value="1"),
    "a kind nobody declared": answer_of("verdict", "cuts", value="met"),
    "time that is no number": answer_of("blank", "blank", frames=1, at={"start": 1e999, "end": 2}),
    "a stretch that ends before it starts": answer_of(
        "blank", "blank", frames=1, at={"start": 3, "end": 2}
    ),
    "not an object": [],
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_answers_are_refused(name: str) -> None:
    assert accepted(FORGED[name]) is None


@pytest.mark.parametrize("raw", ["", "null", "{", '{"media": NaN}', "[" * 100_000, '"\\ud800"'])
def test_what_is_no_answer_is_refused(raw: str) -> None:
    assert accepted(raw) is None


def test_a_plain_answer_is_accepted() -> None:
    """The tables above can fail: the same shape, filled in as it should be, is taken."""
    good = answer_of("blank", "blank", frames=1, at={"start": 1, "end": 2})
    assert accepted(good) is not None
    assert accepted(answer_of("credentials", "credentials", value="trusted")) is not None
