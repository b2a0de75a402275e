"""Assets that are not drawn by code: two pinned npm packages, fetched once and checked.

    python -m training.parcel.render.assets [FOLDER]

@pmndrs/assets 1.7.0 (CC0-1.0): 18 environments as EXR, 512x256. @webxr-input-profiles/assets 1.0.20
(MIT): a rigged pair of hands.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.parcel import axes

FOLDER = Path("training/parcel/assets")
PACKAGES = {  # npm package: sha256 of what `npm pack` brings
    "@pmndrs/assets@1.7.0": "152bd218a3390703f184f0c6ce16e73c8f0a87f32d38530d418a09d33d8208dc",
    "@webxr-input-profiles/assets@1.0.20": "30df2a2268220fc0d0e034bed1550aabdd7a2500573c5216f64fc70d59c3d91e",
}
HELD = ("forest", "lobby", "studio", "workshop")  # environments that training never sees

Floats = NDArray[np.float32]


def fetch(folder: Path = FOLDER) -> None:
    """The packages' archives in `folder`. Raises SystemExit where one is not what it was."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in PACKAGES.items():
        target = folder / _archive(name)
        if not target.exists():
            subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True)
        if hashlib.sha256(target.read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{target} is not the archive this recipe was written for")


def _archive(name: str) -> str:
    package, version = name[1:].rsplit("@", 1)
    return f"{package.replace('/', '-')}-{version}.tgz"


def _member(package: str, path: str) -> bytes:
    with tarfile.open(FOLDER / _archive(package)) as archive:
        found = archive.extractfile(f"package/{path}")
        if found is None:
            raise SystemExit(f"{package} holds no {path}")
        return found.read()


@cache
def environments() -> dict[str, Floats]:
    """Every environment, (256, 512, 3), linear light."""
    import OpenEXR

    package = "@pmndrs/assets@1.7.0"
    with tarfile.open(FOLDER / _archive(package)) as archive:
        names = sorted(
            n.split("/")[-1].removesuffix(".exr.js")
            for n in archive.getnames()
            if n.endswith(".exr.js")
        )
    found = {}
    for name in names:
        text = _member(package, f"hdri/{name}.exr.js").decode()
        coded = re.search(r"base64,([^'\"]+)", text)
        with tempfile.NamedTemporaryFile(
            suffix=".exr"
        ) as file:  # its own: two of us may render at once
            file.write(base64.b64decode(coded[1] if coded else ""))
            file.flush()
            pixels = OpenEXR.File(file.name).channels()["RGB"].pixels
        found[name] = np.clip(np.nan_to_num(pixels.astype(np.float32), posinf=100.0), 0, 100)
    return found


@dataclass(frozen=True)
class Rig:
    """A skinned mesh: vertices, normals, triangles, for each vertex four joints and weights; joints
    as a tree with bind matrices.
    """

    vertices: Floats
    normals: Floats
    triangles: NDArray[np.uint32]
    joints: NDArray[np.intp]
    weights: Floats
    names: tuple[str, ...]
    parents: tuple[int, ...]
    local: Floats  # (joints, 4, 4)
    unbind: Floats  # (joints, 4, 4)


@cache
def hand(side: str) -> Rig:
    """The hand of `side`, left or right, in metres."""
    blob = _member("@webxr-input-profiles/assets@1.0.20", f"dist/profiles/generic-hand/{side}.glb")
    size = int.from_bytes(blob[12:16], "little")
    scene = json.loads(blob[20 : 20 + size])
    data = blob[28 + size :]
    mesh = next(node for node in scene["nodes"] if "skin" in node)
    part = scene["meshes"][mesh["mesh"]]["primitives"][0]
    skin = scene["skins"][mesh["skin"]]
    order = skin["joints"]
    parents = {
        child: index
        for index, node in enumerate(scene["nodes"])
        for child in node.get("children", ())
    }
    read = lambda name: _accessor(scene, data, part["attributes"][name])  # noqa: E731
    return Rig(
        read("POSITION").astype(np.float32),
        read("NORMAL").astype(np.float32),
        _accessor(scene, data, part["indices"]).astype(np.uint32).reshape(-1, 3),
        read("JOINTS_0").astype(np.intp),
        read("WEIGHTS_0").astype(np.float32),
        tuple(scene["nodes"][j]["name"] for j in order),
        tuple(order.index(parents[j]) if parents.get(j) in order else -1 for j in order),
        np.array([_matrix(scene["nodes"][j]) for j in order], np.float32),
        _accessor(scene, data, skin["inverseBindMatrices"])
        .reshape(-1, 4, 4)
        .transpose(0, 2, 1)
        .astype(np.float32),
    )


def _accessor(scene: dict[str, Any], data: bytes, index: int) -> NDArray[Any]:
    one = scene["accessors"][index]
    view = scene["bufferViews"][one["bufferView"]]
    kind = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}[
        one["componentType"]
    ]
    width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[one["type"]]
    start = view.get("byteOffset", 0) + one.get("byteOffset", 0)
    step = view.get("byteStride") or width * np.dtype(kind).itemsize
    rows = np.ndarray((one["count"], width), kind, data, start, (step, np.dtype(kind).itemsize))
    return np.array(rows)


def _matrix(node: dict[str, Any]) -> Floats:
    if "matrix" in node:
        return np.array(node["matrix"], np.float32).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    turn = axes.rotations(np.array([w, x, y, z])).astype(np.float32)
    whole = np.eye(4, dtype=np.float32)
    whole[:3, :3] = turn * np.array(node.get("scale", (1, 1, 1)), np.float32)
    whole[:3, 3] = node.get("translation", (0, 0, 0))
    return whole


if __name__ == "__main__":
    fetch(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
