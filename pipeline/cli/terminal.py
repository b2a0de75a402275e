"""The terminal: progress, errors as sentences, text from outside made harmless."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from models import errors
from models.message import Message
from models.report import Report
from pipeline.score import Tick, quiet
from pipeline.wording import sentences
from pipeline.wording.language import Speaker, language_of

err = Console(stderr=True)
LONGEST_NAME = 40  # characters of a file's name beside the bar


def harmless(text: str) -> str:
    """Text from outside, without control characters or markup."""
    return escape(sentences.plain(text))


def by_name(command: Callable[..., None]) -> Callable[..., None]:
    """The command, its errors told by name."""

    @wraps(command)
    def called(*args: object, **options: object) -> None:
        with named_errors():
            command(*args, **options)

    return called


@contextmanager
def named_errors() -> Iterator[None]:
    """A named error is one sentence, what to do, and its exit code; never a traceback."""
    try:
        if sys.stdout is None:
            raise errors.NoOutput("Standard output is closed, so nothing could be told.")
        yield
        sys.stdout.flush()
    except errors.ParcelproofError as fault:
        say = Speaker(language_of())
        _tell(fault.name, say(fault.message), say(Message(id=fault.advice)))
        raise typer.Exit(fault.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None
    except OSError as fault:
        about = _named(fault)
        say = Speaker(language_of())
        _tell(about.name, say(about.message), say(Message(id=about.advice)))
        raise typer.Exit(about.exit_code) from None


def _named(fault: OSError) -> errors.ParcelproofError:
    """What the system says, as an error of ours."""
    why = str(fault.strerror)
    if fault.filename is None and fault.errno in {*errors.NO_ROOM, errno.EBADF, errno.EIO}:
        return errors.NoOutput("The output cannot be written: {why}.", why=why)
    path = str(fault.filename)
    if fault.errno in errors.NO_ROOM:
        return errors.CannotWrite(
            "{path}: {why}.",
            path=path,
            why=why,
        )
    return errors.Unreadable(
        "{path}: {why}.",
        path=path,
        why=why,
    )


def _tell(name: str, *sentences: str) -> None:
    """One error on stderr, escaped as a whole."""
    said = harmless(" ".join(sentences))
    err.print(
        f"[bold]{name}[/bold]: {said}",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def progress(sizes: Mapping[str, int], quietly: bool = False) -> Iterator[Tick]:
    """A bar a file on stderr while it works, with speed and time left; `sizes` in bytes.

    Nothing where that is not a terminal, or where quiet is wanted.
    """
    if quietly or not err.is_terminal:
        yield quiet
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )
    with bar:
        tasks: dict[str, TaskID] = {}

        def tick(name: str, share: float) -> None:
            if name not in tasks:
                shown = harmless(name[-LONGEST_NAME:])
                tasks[name] = bar.add_task(shown, total=max(1, sizes.get(name, 1)))
            bar.update(tasks[name], completed=share * max(1, sizes.get(name, 1)))

        yield tick


def tell_runs(found: Report) -> None:
    """On stderr: what ran over each exhibit, how it ended and what it cost."""
    for exhibit in found.exhibits:
        err.print(harmless(exhibit.path), highlight=False)
        for run in sorted(exhibit.runs, key=lambda run: -run.cpu_s):
            line = f"  {run.cpu_s:7.2f} s  {run.outcome:9}  {run.detector} {run.version}"
            err.print(harmless(f"{line}  {run.reason}".rstrip()), highlight=False)
    err.print(f"  {found.audit.wall_s:7.2f} s in all", highlight=False)


class Rate(ProgressColumn):
    """Files a minute."""

    def render(self, task: Task) -> Text:
        """As long as nothing is known, nothing."""
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.1f}/min" if speed else "", style="progress.data.speed")


@contextmanager
def counting(most: int, quietly: bool = False) -> Iterator[Callable[[str, str], None]]:
    """Tells one line of a batch on stdout; on a terminal n of m, rate and time left on stderr.

    Beside them how many have ended how, which comes with each line.
    """
    if quietly or not err.is_terminal:
        yield lambda line, _counts: print(line, flush=True)
        return
    bar = Progress(
        MofNCompleteColumn(),
        BarColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
        console=err,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=most)

        def tell(line: str, counts: str) -> None:
            if sys.stdout.isatty():
                bar.console.print(
                    harmless(line),
                    highlight=False,
                    soft_wrap=True,
                )
            else:
                print(line, flush=True)
            bar.update(task, advance=1, description=counts)

        yield tell
