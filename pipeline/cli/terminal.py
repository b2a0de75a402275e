"""The terminal: progress, errors as sentences, text from outside made harmless."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from models import errors
from models.message import Message
from pipeline.score import Tick, quiet
from pipeline.wording import sentences
from pipeline.wording.language import Speaker, language_of

err = Console(stderr=True)
LAST_PART = 0.98  # share of a video from which only the reading of text is left
LONGEST_NAME = 40  # characters of a file's name beside the bar


def harmless(text: str) -> str:
    """Text from outside, without control characters or markup."""
    return escape(sentences.plain(text))


@contextmanager
def named_errors() -> Iterator[None]:
    """A named error is one sentence, what to do, and its exit code; never a traceback."""
    try:
        yield
    except errors.ParcelproofError as fault:
        say = Speaker(language_of())
        _tell(fault.name, say(fault.message), say(Message(id=fault.advice)))
        raise typer.Exit(fault.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(0) from None
    except OSError as fault:
        about = errors.Unreadable(
            "{path}: {why}.",
            path=str(fault.filename),
            why=str(fault.strerror),
        )
        say = Speaker(language_of())
        _tell(about.name, say(about.message), say(Message(id=about.advice)))
        raise typer.Exit(about.exit_code) from None


def _tell(name: str, *sentences: str) -> None:
    """One error on stderr, escaped as a whole."""
    said = harmless(" ".join(sentences))
    err.print(
        f"[bold]{name}[/bold]: {said}",
        highlight=False,
        soft_wrap=True,
    )


@contextmanager
def progress() -> Iterator[Tick]:
    """A bar on stderr while it works; nothing where that is not a terminal."""
    if not err.is_terminal:
        yield quiet
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    with bar:
        tasks: dict[str, Any] = {}

        def tick(name: str, share: float) -> None:
            shown = harmless(name[-LONGEST_NAME:])
            if name not in tasks:
                tasks[name] = bar.add_task(shown, total=1.0)
            doing = " (reading text)" if share > LAST_PART else ""
            bar.update(
                tasks[name],
                completed=share,
                description=shown + doing,
            )

        yield tick
