"""The numbers of a network that was written down as ONNX, in eight bits or in floats, as a network
that can learn on.

Writing a network down folds each batch norm into the convolution before it. Here it is taken out
again: the norm gets the means and spreads that the convolution has on pictures, and whatever scale
and shift make up for them, so that the network says the same as before. Layers of attention and a
further look that the file lacks stay as they began, and numbers between two layers that it lacks
count for nothing yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

Numbers = NDArray[Any]
NORMS = {
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "conv": "norm",
}
PARTS, WRITTEN = (
    ("body.", "head.", "cells.", "whole."),
    ("_scale", "_zero_point", "_quantized", "_half"),
)
ADDED = re.compile(r"body\.(mixing\.layers\.\d+|further)\.|beside\.")
LEAST = 1e-6  # variance of a channel: one that never moves has none


def thawed(model: Any, path: Path, pictures: Iterable[Tensor]) -> Any:
    """`model` with the numbers of the file; `pictures`: batches from which the norms take means and
    spreads.

    Raises SystemExit where the file is not there, holds a part that has no place in the model, or
    lacks more than what was added later.
    """
    still = {name for name, number in model.named_parameters() if not number.requires_grad}
    said = {name: value for name, value in _said(path).items() if name not in still}
    state = model.state_dict()
    for name, value in said.items():
        if name not in state or not _fits(value.shape, tuple(state[name].shape)):
            raise SystemExit(f"{path} holds another network: {name} {value.shape}")
        fitted = (
            torch.zeros_like(state[name])
            if value.shape[1:] != state[name].shape[1:]
            else state[name].clone()
        )
        fitted[tuple(slice(0, n) for n in value.shape)] = torch.from_numpy(np.array(value))
        state[name] = fitted
    learnt = {name for name, number in model.named_parameters() if number.requires_grad}
    norms = {
        name: part
        for name, part in model.named_modules()
        if isinstance(part, nn.BatchNorm2d) and f"{name}.bias" in said
    }
    lacking = learnt - said.keys() - {f"{name}.weight" for name in norms}
    if missed := [
        name
        for name in sorted(lacking)
        if (whole := _added(name)) is None or any(one.startswith(whole) for one in said)
    ]:
        raise SystemExit(f"{path} holds another network: without {', '.join(missed[:5])}")
    model.load_state_dict(state)
    for norm in norms.values():
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.data.fill_(1)
    _spread(model, norms.values(), pictures)
    return model


def _fits(have: tuple[int, ...], room: tuple[int, ...]) -> bool:
    return len(have) == len(room) and all(
        one <= other for one, other in zip(have, room, strict=True)
    )


def _added(name: str) -> str | None:
    """What was added later and begins by saying nothing:

    `body.mixing.layers.2.` of a part of that layer of attention.
    """
    found = ADDED.match(name)
    return found and found[0]


def _spread(model: Any, norms: Iterable[nn.BatchNorm2d], pictures: Iterable[Tensor]) -> None:
    """The norms' means and variances from what reaches them, made up for in their scale and shift."""
    seen: dict[nn.BatchNorm2d, list[Tensor]] = {norm: [] for norm in norms}

    def look(norm: nn.BatchNorm2d, reaching: tuple[Tensor, ...]) -> None:
        x = reaching[0].detach().float()
        seen[norm].append(torch.stack([x.mean(dim=(0, 2, 3)), (x * x).mean(dim=(0, 2, 3))]))

    hooks = [norm.register_forward_pre_hook(look) for norm in seen]
    model.eval()
    with torch.no_grad():
        for batch in pictures:
            model(batch)
        for norm, moments in seen.items():
            mean, square = torch.stack(moments).mean(dim=0)
            spread = (square - mean * mean).clamp(min=LEAST)
            assert norm.running_mean is not None and norm.running_var is not None
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)
            norm.weight.copy_((spread + norm.eps).sqrt())
            norm.bias.add_(mean)
    for hook in hooks:
        hook.remove()


def _said(path: Path) -> dict[str, Numbers]:
    """What the file holds, by the names of the model's state; of a convolution with a norm, its
    shift as the norm's.
    """
    if not path.is_file():
        raise SystemExit(f"{path} is not there: no network to go on from")
    graph = onnx.load(path).graph
    kept = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for one in graph.node:
        if (
            one.op_type in ("Identity", "Cast") and one.input[0] in kept
        ):  # two alike, or written down in sixteen bits
            kept[one.output[0]] = kept[one.input[0]].astype(np.float32)
    made = {output: node for node in graph.node for output in node.output}

    def value(name: str) -> Numbers:
        if name in kept:
            return kept[name]
        whole, scale, zero = (kept[part] for part in made[name].input)  # of a DequantizeLinear
        shape = (-1, *(1,) * (whole.ndim - 1))
        return np.asarray(
            (whole.astype(np.float32) - zero.astype(np.float32).reshape(shape))
            * scale.reshape(shape)
        )

    said = dict(kept)
    for node in graph.node:
        if node.op_type == "Conv":
            module = _module(node.name)
            above, own = module.rpartition(".")[::2]
            said[f"{module}.weight"] = value(node.input[1])
            said[f"{above}.{NORMS[own]}.bias" if own in NORMS else f"{module}.bias"] = value(
                node.input[2]
            )
        elif (
            "/mixing/" in node.name and node.op_type in ("Gemm", "MatMul") and node.input[1] in kept
        ):
            said[f"{_module(node.name)}.weight"] = kept[node.input[1]].T
    return {
        _today(name): v
        for name, v in said.items()
        if name.startswith(PARTS) and not name.endswith(WRITTEN)
    }


def _today(name: str) -> str:
    """The names of layers of attention before there were more than two."""
    return name.replace("mixing.first.", "mixing.layers.0.").replace(
        "mixing.second.", "mixing.layers.1."
    )


def _module(node: str) -> str:
    """`body.deep.1.conv` of `/body/deep/deep.1/conv/Conv`."""
    parts = node.removesuffix("/MatMulAddFusion").strip("/").split("/")[:-1]
    return ".".join(
        part
        for part, after in zip(parts, [*parts[1:], ""], strict=True)
        if not after.startswith(f"{part}.")
    )
