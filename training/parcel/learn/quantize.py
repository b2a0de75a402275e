"""Networks in whole numbers of eight bits, faster and less than half the size.

    python -m training.parcel.learn.quantize WEIGHTS SCENES OUT

Ranges are taken from pictures of SCENES: whole ones as the product sees them, squares as training
did. What comes after the body stays in floats: its mask reaches far beyond its tensor, which eight
bits for both would wipe out. So does attention. Weights use seven bits, so that machines without
VNNI do not overflow. Large tables of floats are written down in sixteen bits and read as floats.
Uneven padding becomes part of its convolution: by itself it is done in floats, there and back,
which took a quarter of the time of one network and a fifth of the other's.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from detectors.parcel import pose, pyramid
from training.parcel.learn import views

LARGE = 1000  # numbers of a table: from there on it is written down in sixteen bits
NETWORKS = ("mask", "axes", "mailer")
SCENES, SHOTS = 60, 3  # at least so many scenes, evenly spread, and so many pictures of each


class Shown(CalibrationDataReader):  # type: ignore[misc]
    """What a network is shown to learn its ranges."""

    def __init__(self, what: str, folder: Path) -> None:
        self.inputs = _masks(folder) if what == "mask" else _squares(folder, views.SIGHTS[what])

    def get_next(self) -> dict[str, Any] | None:
        return next(self.inputs, None)


def _scenes(folder: Path) -> list[Path]:
    paths = views.scenes(folder)
    return paths[:: max(1, len(paths) // SCENES)]


def _masks(folder: Path) -> Iterator[dict[str, Any]]:
    for picture, *_ in (one for path in _scenes(folder) for one in views.pictures(path)[:SHOTS]):
        place = (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0]))
        yield {
            "picture": pyramid.network_input(
                pyramid.ImagePyramid.of(picture).crop(pyramid.Box(*place), pose.WHOLE)
            )
        }


def _squares(folder: Path, sight: views.Sight) -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(0)
    for held in (one for path in _scenes(folder) for one in views.parcels(path)[:SHOTS]):
        yield {
            "crop": views.square(random, held, sight)[0][None].astype(np.float32) / np.float32(255)
        }


def padded_inside(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with each padding of zeros done by the convolution behind it.

    Raises SystemExit where one cannot be.
    """
    graph = model.graph
    kept = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    convolutions = {node.input[0]: node for node in graph.node if node.op_type == "Conv"}
    readers = Counter(name for node in graph.node for name in node.input)
    for pad in [node for node in graph.node if node.op_type == "Pad"]:
        whole = kept[pad.input[1]].reshape(2, 4)
        filling = [kept[name] for name in pad.input[2:3] if name]
        constant = all(part.s == b"constant" for part in pad.attribute if part.name == "mode")
        if (
            pad.output[0] not in convolutions
            or readers[pad.output[0]] > 1
            or whole[:, :2].any()
            or np.any(filling)
            or not constant
        ):
            raise SystemExit(f"{pad.name} cannot be done by a convolution")
        convolution, amounts = convolutions[pad.output[0]], whole[:, 2:]
        (own,) = (part for part in convolution.attribute if part.name == "pads")
        own.ints[:] = [int(amount) for amount in (amounts + np.reshape(own.ints, (2, 2))).ravel()]
        convolution.input[0] = pad.input[0]
        graph.node.remove(pad)
    onnx.checker.check_model(model)
    return model


def sixteen_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network, its large tables of floats written down in half the bytes; a session makes
    floats of them once, when it opens.
    """
    graph = model.graph
    for table in [
        one
        for one in graph.initializer
        if one.data_type == onnx.TensorProto.FLOAT and np.prod(one.dims) >= LARGE
    ]:
        name = table.name
        table.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(table).astype(np.float16), f"{name}_half")
        )
        graph.node.insert(
            0,
            onnx.helper.make_node(
                "Cast", [table.name], [name], f"{name}_whole", to=onnx.TensorProto.FLOAT
            ),
        )
    onnx.checker.check_model(model)
    return model


def _in_floats(node: str) -> bool:
    """Whether a node stays as it is: what comes after the body, and attention, which eight bits
    made slower, not better.
    """
    return "/body/" not in node or "/mixing/" in node


def quantize(weights: Path, scenes: Path, out: Path) -> None:
    """All networks. One that is in eight bits already, as it was shipped, is copied."""
    out.mkdir(parents=True, exist_ok=True)
    for what in NETWORKS:
        name = f"parcel_{what}.onnx"
        shutil.copyfile(weights / f"parcel_{what}.log", out / f"parcel_{what}.log")
        if any(node.op_type == "DequantizeLinear" for node in onnx.load(weights / name).graph.node):
            shutil.copyfile(weights / name, out / name)
            continue
        with tempfile.TemporaryDirectory() as folder:
            ready = Path(folder) / name
            quant_pre_process(weights / name, ready, skip_symbolic_shape=True)
            onnx.save(padded_inside(onnx.load(ready)), ready)
            quantize_static(
                ready,
                out / name,
                Shown(what, scenes),
                nodes_to_exclude=[
                    node.name for node in onnx.load(ready).graph.node if _in_floats(node.name)
                ],
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        onnx.save(sixteen_bits(onnx.load(out / name)), out / name)
        print(f"wrote {name}, {(out / name).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("weights", "scenes", "out"):
        asked.add_argument(name, type=Path)
    given = asked.parse_args()
    quantize(given.weights, given.scenes, given.out)
