"""A local queue at work: RabbitMQ, a bucket of sample videos, two workers, and their reports.

    python -m sample_media.queue [--keep]

Every command that is run is told, so that it can be run by hand. With --keep the servers and the
workers stay until Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import boto3

from bench import servers

ROOT = Path(__file__).resolve().parents[1]
OUT = Path("reports") / "queue"
SAMPLES = ("main.mp4", "other_order.mp4", "unboxing_cut.mp4", "label.jpg")
BUCKET = "samples"
ROUTES = """\
# Read from the top: the first rule that holds says where somebody looks next. Nothing is decided.
[[rule]]
queue = "human-review"
band = ["weak", "insufficient"]

[[rule]]
queue = "human-review"
contradiction = true

[[rule]]
queue = "ready"
"""


def told(words: Sequence[str | Path]) -> list[str]:
    """The program's command, after telling it."""
    command = ["parcelproof", *map(str, words)]
    print("$", shlex.join(command), flush=True)
    return [sys.executable, "-m", "pipeline", *command[1:]]


def fill(environment: dict[str, str]) -> None:
    """The bucket, with the samples."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    )
    client.create_bucket(Bucket=BUCKET)
    for name in SAMPLES:
        client.upload_file(str(ROOT / "sample_media" / name), BUCKET, f"today/{name}")


def demonstrate(stack: ExitStack, keep: bool) -> int:
    """Everything, in order; the exit code of the batch."""
    print("Starting RabbitMQ and a bucket on ports of this machine ...", flush=True)
    print("$ . .venv/bin/activate")
    broker = stack.enter_context(servers.rabbitmq())
    environment = servers.KEYS | {"AWS_ENDPOINT_URL": stack.enter_context(servers.cloud()).address}
    fill(environment)
    for name, value in environment.items():
        print(f"$ export {name}={value}")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parcelproof-")))
    routes = folder / "routes.toml"
    routes.write_text(ROUTES)
    shared = ["--store", folder / "jobs.db", "--broker", broker.address]
    print("# in the background, twice:")
    worker = told(["worker", *shared, "--routes", routes, "--beat", folder / "beat"])
    with (folder / "workers.log").open("wb") as log:
        for _ in range(2):
            process = subprocess.Popen(
                worker, env=os.environ | environment, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
    shutil.rmtree(OUT, ignore_errors=True)
    words = ["batch", f"s3://{BUCKET}/today", "--out", OUT, "--engine", "celery", "--screen"]
    words += [*shared, "--case", ROOT / "sample_media" / "case.toml", "--html"]
    done = subprocess.run(told(words), env=os.environ | environment, check=False).returncode
    print(f"Reports: {OUT / 'index.html'}; where each goes next: the column queue of summary.csv")
    if keep:
        print(f"All runs until Ctrl-C, or kill {os.getpid()}. Logs: {folder / 'workers.log'}")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            print()
    print(
        "Stopping; the addresses above end with it (`make queue` leaves all running).", flush=True
    )
    return done


def main(words: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C: nothing is left running
    with ExitStack() as stack:
        return demonstrate(stack, given.keep)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
