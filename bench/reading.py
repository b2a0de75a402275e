"""What reading codes and print costs, and which facts are read from print.

    python -m bench.reading codes FOLDER         CPU of the codes detector over plain zxing-cpp on
    the same pictures (photos or clips)
    python -m bench.reading print FOLDER         CPU of reading print over RapidOCR as it comes, on
    the same pictures
    python -m bench.reading facts BENCH OUT      dates, sums and addresses found, from the batch OUT
    over BENCH (rows with `fields`)

One thread each, CPU time of the process, both sides in turn on each picture. Loading the models is
not in it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def pictures(folder: Path, rate: float) -> Iterator[tuple[Any, list[Any]]]:
    """(kind, frames) of each photo, and of each clip at `rate` pictures a second."""
    from models.media import Frame, Limits
    from pipeline import receive
    from pipeline.observe import decode
    from pipeline.observe import photo as photos
    from pipeline.observe.picture import VideoPicture

    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        received = receive.received(path, Limits())
        if received.kind == "image":
            photo = photos.photo(path, received.container)
            yield received.kind, [photo.view(None, "luma")]
        elif received.kind == "video":
            frames: list[Frame] = []
            for item in decode.video(path, received.container, Limits()):
                if isinstance(item, VideoPicture) and (
                    not frames or item.pts >= frames[-1].pts + 1 / rate - 1e-3
                ):
                    frames.append(item.view(None, "luma"))
            yield received.kind, frames


def codes(folder: Path) -> None:
    import zxingcpp

    from detectors.codes import READ_RATE as RATE
    from detectors.codes import codes
    from models.media import Media

    plain, ours = 0.0, 0.0
    for kind, frames in pictures(folder, RATE):
        media = Media(kind=kind, container="")
        plain += sum(cpu(lambda p=frame.pixels: zxingcpp.read_barcodes(p)) for frame in frames)  # type: ignore[misc]
        ours += cpu(lambda some=frames, what=media: list(codes(some, what)))  # type: ignore[misc]
    print(f"codes: {ours:.1f} s CPU, plain zxing-cpp {plain:.1f} s: {ours / plain:.2f} times")


def printed(folder: Path) -> None:
    import cv2
    import rapidocr

    from detectors.reading import ocr

    threads = {
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    stock = rapidocr.RapidOCR(params={"Global.log_level": "critical"} | threads)
    plain, ours, count = 0.0, 0.0, 0
    for _, frames in pictures(folder, 1.0):
        for frame in frames:
            bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_GRAY2BGR)
            if count == 0:  # loading is left out
                stock(bgr)
                ocr.lines(frame.pixels)
            plain += cpu(lambda p=bgr: stock(p))  # type: ignore[misc]
            ours += cpu(lambda p=frame.pixels: ocr.lines(p))  # type: ignore[misc]
            count += 1
    each, stock_each = 1000 * ours / count, 1000 * plain / count
    ratio = f"{ours / plain:.2f} times, n = {count}"
    print(f"print: {each:.0f} ms CPU a picture, RapidOCR as it comes {stock_each:.0f}: {ratio}")


def facts(bench: Path, out: Path) -> None:
    """A date counts where just it is read; where nothing told day from month, under "either way"
    only.
    """
    hits: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for line in (bench / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        folder = row["file"].split("/")[0]
        found = json.loads((out / row["file"] / "report.json").read_text("utf-8"))["exhibits"][0][
            "facts"
        ]
        said = defaultdict(set)
        for fact in found:
            said[fact["kind"]].add(fact["value"])
        for field in row["fields"]:
            if field.get("in_frame") is False:
                continue
            if field["kind"] == "date" or field["field"] == "date":
                ways = _ways(field["value"])
                hits[folder, "date"].append(bool(ways & said["date"]))
                hits[folder, "date, either way"].append(
                    bool(ways & {way for value in said["date"] for way in value.split(" or ")})
                )
            elif field["kind"] == "amount":
                hits[folder, field["field"]].append(
                    field["value"] in said["amount"] | said["total"] | said["subtotal"]
                )
            elif field["kind"] == "address":
                hits[folder, "address present"].append("present" in said["address"])
    for (folder, what), some in sorted(hits.items()):
        print(f"{folder:10} {what:18} {100 * sum(some) / len(some):5.1f} % of {len(some)}")


def _ways(written: str) -> set[str]:
    """What a date as printed may mean; the truth of receipts is the print."""
    from detectors.reading.facts import _dates

    spread = (
        f"{written[:2]}/{written[2:4]}/{written[4:]}"
        if written.isdigit() and len(written) == 8
        else written
    )
    return {way for one in _dates(spread, "") for way in one.value.split(" or ")}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["codes", folder]:
            codes(Path(folder))
        case ["print", folder]:
            printed(Path(folder))
        case ["facts", bench, out]:
            facts(Path(bench), Path(out))
        case _:
            sys.exit(__doc__)
