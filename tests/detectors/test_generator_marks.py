"""What a file says of a generator: signed as a whole, signed in part, unsigned, and not at all."""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from typing import Any

import c2pa
import pytest
from PIL import Image, PngImagePlugin

from detectors import credentials, generator_marks
from models.kinds import Credentials, Generated, GeneratorMark
from models.media import File, Media
from models.observation import of
from models.settings import Settings
from models.submission import Case, Exhibit, Submission
from pipeline import score
from pipeline.judge.roles import is_private
from tests.detectors.test_credentials import certified
from tests.pipeline.judge.whole import RULES

PHOTO = Media(kind="image", container="png")
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/">Iptc4xmpExt:DigitalSourceType="{}"</x:xmpmeta>'


def png(**texts: str) -> bytes:
    """A small photo with text chunks."""
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text, zip=key == "parameters")
    out = io.BytesIO()
    Image.effect_noise((64, 64), 40).convert("RGB").save(out, "PNG", pnginfo=info)
    return out.getvalue()


def marks(data: bytes, container: str = "png") -> list[tuple[str, str]]:
    file = File(memoryview(data), container)
    seen = list(generator_marks.generator_marks([file], PHOTO))
    return [(one.how, one.value or "") for one in seen]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"parameters": "a box\nSteps: 20, Sampler: Euler"}, "Stable Diffusion web UI"),
        ({"prompt": '{"3": {"class_type": "KSampler"}}'}, "ComfyUI"),
        ({"workflow": '{"nodes": []}'}, "ComfyUI"),
        ({"invokeai_metadata": "{}"}, "InvokeAI"),
        ({"Software": "NovelAI"}, "NovelAI"),
        ({"parameters": "exposure 1/60"}, ""),
        ({"Software": "Adobe Photoshop"}, ""),
        ({"prompt": "hold the parcel still"}, ""),
        ({}, ""),
    ],
)
def test_generator_marks_in_texts_of_a_png(texts: dict[str, str], expected: str) -> None:
    assert marks(png(**texts)) == ([("png_text", expected)] if expected else [])


@pytest.mark.parametrize(
    ("term", "told"),
    [
        ("trainedAlgorithmicMedia", True),
        ("compositeWithTrainedAlgorithmicMedia", True),
        ("digitalCapture", False),
        ("computationalCapture", False),
        ("algorithmicallyEnhanced", False),
    ],
)
def test_source_types_of_a_description(term: str, told: bool) -> None:
    data = png() + XMP.format(IPTC + term).encode()
    assert marks(data) == ([("xmp", term)] if told else [])
    assert marks(png() + (IPTC + term).encode()) == [], "outside of a description it is chance"


@pytest.mark.parametrize("cut", [0, 7, 9, 20, 40])
def test_broken_files_say_nothing_and_raise_nothing(cut: int) -> None:
    assert marks(png(parameters="Steps: 20, Sampler: Euler")[:cut]) == []
    bomb = b"parameters\0\0" + zlib.compress(b"0" * (1 << 24))
    chunk = len(bomb).to_bytes(4, "big") + b"zTXt" + bomb + b"\0\0\0\0"
    assert marks(png()[:8] + chunk) == []


def manifest(source: str, ingredient: str = "") -> dict[str, Any]:
    def one(term: str) -> dict[str, Any]:
        actions = [{"action": "c2pa.created", "digitalSourceType": IPTC + term}]
        return {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]}

    found = {"own": one(source)} | ({"part": one(ingredient)} if ingredient else {})
    return {"active_manifest": "own", "manifests": found}


@pytest.mark.parametrize(
    ("own", "part", "expected"),
    [
        ("trainedAlgorithmicMedia", "", Generated),
        ("compositeWithTrainedAlgorithmicMedia", "", GeneratorMark),
        ("digitalCapture", "trainedAlgorithmicMedia", GeneratorMark),
        ("digitalCapture", "", None),
        ("computationalCapture", "digitalCapture", None),
    ],
)
def test_actions_of_a_manifest(own: str, part: str, expected: type | None) -> None:
    seen = list(credentials._generated(manifest(own, part)))
    assert [type(one) for one in seen] == ([expected] if expected else [])


def signed(data: bytes, source: str) -> bytes:
    """The photo with a manifest of its own, signed with a key that nobody vouches for."""
    actions = [{"action": "c2pa.created", "digitalSourceType": IPTC + source}]
    claim = {
        "claim_generator_info": [{"name": "drawn by a test", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }
    out = io.BytesIO()
    with c2pa.Builder(json.dumps(claim)) as builder:
        chain, key, _ = certified()
        info = c2pa.C2paSignerInfo(c2pa.C2paSigningAlg.ES256, chain, key, None)
        builder.sign(c2pa.Signer.from_info(info), "image/png", io.BytesIO(data), out)
    return out.getvalue()


def scored(path: Path) -> Any:
    submission = Submission(
        exhibits=(Exhibit(path=path, shown=path.name, role="parcel_photo"),), case=Case()
    )
    return score.score(submission, RULES, Settings())


def test_a_generated_photo_is_held_down_and_a_mark_alone_is_not(tmp_path: Path) -> None:
    """Through the real way in: the box, the judge, the cap; and what has no mark is as it was."""
    whole, named, plain = (tmp_path / f"{name}.png" for name in ("whole", "named", "plain"))
    whole.write_bytes(signed(png(), "trainedAlgorithmicMedia"))
    named.write_bytes(png(parameters="Steps: 20, Sampler: Euler"))
    plain.write_bytes(png())
    capped, marked, neutral = (scored(path).exhibits[0] for path in (whole, named, plain))
    assert of(capped.observations, Generated) and of(capped.observations, Credentials)
    assert "C2PA_SAYS_GENERATED" in capped.strength.caps
    assert of(marked.observations, GeneratorMark)
    assert marked.strength == neutral.strength


def test_private_papers_are_not_read_even_if_all_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png())
    exhibit = Exhibit(path=path, shown="a.png", role="medical_certificate")
    found = score.score(Submission(exhibits=(exhibit,)), RULES, Settings(every_detector=True))
    (one,) = found.exhibits
    assert is_private(RULES, "medical_certificate")
    assert {run.detector for run in one.runs} == {"fingerprint", "link"}
    assert one.pictures == () and one.identifiers == () and one.facts == ()
