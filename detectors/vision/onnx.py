"""Networks whose weights are shipped: opened once, checked against their card, on one thread."""

from __future__ import annotations

import hashlib
import os
import tomllib
from functools import cache
from importlib import import_module, resources
from typing import Any


@cache
def network(name: str) -> Any:
    """The network `name`.

    Raises ImportError where onnxruntime is not installed, ValueError where the file is not what its
    card says.
    """
    folder = resources.files("models") / "weights"
    card = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
    weights = (folder / card["file"]).read_bytes()
    if hashlib.sha256(weights).hexdigest() != card["sha256"]:
        raise ValueError(f"{card['file']} is not the file that its card describes")
    return session(weights)


def runtime() -> Any:
    """onnxruntime, told to tell its maker nothing. Raises ImportError where it is not installed."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")


def session(weights: bytes) -> Any:
    """A network from the bytes of its file, on one thread."""
    options = runtime().SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime().InferenceSession(weights, options, providers=["CPUExecutionProvider"])
