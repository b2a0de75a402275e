"""The command line: reads what the operator says, calls one function, prints what comes back."""

from __future__ import annotations

import io
import signal
import sys
from typing import Annotated

import typer

import pipeline
from pipeline.cli import batching, cases, lists, preparing, scoring, storing, working
from pipeline.cli.terminal import by_name

TERMINATED = 143  # exit code after SIGTERM

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reads packing and unboxing footage handed in for disputes and says how strong it is "
    "as evidence. It never decides.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"parcelproof {pipeline.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Print the version and stop.",
        ),
    ] = False,
) -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a file's name must not be able to stop a batch
    del sys.argv[1:]  # read by now; children are not to learn the case from it
    # so that children and scratch go with us
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))


for command, name in (
    (scoring.score, "score"),
    (scoring.judge, "judge"),
    (batching.batch, "batch"),
    (working.worker, "worker"),
    (working.health, "health"),
    (storing.purge, "purge"),
    (cases.advise_reason, "advise-reason"),
    (cases.drafts, "drafts"),
    (preparing.prepare, "prepare"),
    (lists.identify, "identify"),
    (lists.list_policies, "policies"),
    (lists.list_detectors, "detectors"),
    (lists.schema, "schema"),
    (lists.doctor, "doctor"),
):
    app.command(name=name)(by_name(command))
case = typer.Typer(no_args_is_help=True, help="Case files, and the answers of reviewers.")
case.command(name="new")(by_name(cases.new))
case.command(name="check")(by_name(cases.check))
case.command(name="answers")(by_name(cases.answers))
app.add_typer(case, name="case")
store = typer.Typer(no_args_is_help=True, help="What is kept beyond one batch.")
store.command(name="hold")(by_name(storing.hold))
store.command(name="release")(by_name(storing.release))
store.command(name="similar")(by_name(storing.similar))
app.add_typer(store, name="store")
audit = typer.Typer(no_args_is_help=True, help="Who did what with which versions.")
audit.command(name="verify")(by_name(storing.verify))
audit.command(name="show")(by_name(storing.show))
app.add_typer(audit, name="audit")
webhook = typer.Typer(no_args_is_help=True, help="Who is told when a submission has ended.")
webhook.command(name="test")(by_name(working.test_webhook))
app.add_typer(webhook, name="webhook")
