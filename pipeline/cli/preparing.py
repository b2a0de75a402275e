"""The command that makes a copy for an upload form, or checks one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from models import errors
from models.form import Form, form, forms
from models.settings import Settings
from pipeline.cli import options
from pipeline.cli.options import LanguageName, LimitPairs, Quiet
from pipeline.cli.terminal import progress
from pipeline.prepare.copy import MANIFEST, Manifest, clip_at, compared, prepared
from pipeline.render.folder import check_writable, write, writing
from pipeline.render.json import as_json
from pipeline.wording import copies, sentences
from pipeline.wording.language import Speaker

NOT_WHOLE = 65  # exit code where the copy lacks or adds something


def prepare(
    files: Annotated[
        list[Path],
        typer.Argument(help="A video; with --check the copy and the original.", show_default=False),
    ],
    for_form: Annotated[
        str | None,
        typer.Option("--for", help=f"Whose upload form: {', '.join(forms())}."),
    ] = None,
    megabytes: Annotated[
        float | None, typer.Option(min=0.1, help="Instead of --for: the most megabytes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The copy; VIDEO.FORM.mp4 by default.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Say whether every moment of COPY and ORIGINAL is in both."),
    ] = False,
    limit: LimitPairs = None,
    lang: LanguageName = None,
    quiet: Quiet = False,
) -> None:
    """Make a copy of your own video that fits an upload form. Nothing is cut.

    Its label is read again to see that it stayed readable; a manifest binds it to the original.

    Examples: parcelproof prepare packing.mp4 --for shopee;
    parcelproof prepare --check copy.mp4 packing.mp4
    """
    settings = Settings(limits=options.limits(limit), allow_unsandboxed=True)
    say = Speaker(options.language(lang))
    if check:
        raise typer.Exit(_check(files, settings, say, quiet))
    if len(files) != 1:
        raise errors.Usage("Name one video; with --check the copy and the original.")
    (path,) = files
    chosen = _form(for_form, megabytes)
    target = out or path.with_name(f"{path.stem}.{chosen.id}.mp4")
    if target.exists():
        raise errors.Usage("{path} is there already; it is not overwritten.", path=str(target))
    check_writable(target.parent)
    size = path.stat().st_size if path.is_file() else 0
    with progress({path.name: size}, quiet) as tick:
        made = prepared(path, chosen, target, settings, partial(tick, path.name))
    with writing(target.parent):
        write(target.with_name(target.name + MANIFEST), as_json(made))
    _tell(made, target, say)


def _form(name: str | None, megabytes: float | None) -> Form:
    """The form named, or one of the operator's own. Raises Usage."""
    if name:
        return form(name)
    if megabytes is None:
        raise errors.Usage("Name a form (--for) or a size (--megabytes).")
    most = int(megabytes * 1_000_000)
    return Form(id="copy", platform="the operator", video=True, bytes=most, source="--megabytes")


def _tell(
    made: Manifest,
    target: Path,
    say: Speaker,
) -> None:
    print(sentences.plain(say(copies.made(str(target), made.made.bytes, made.form.bytes))))
    print(say(copies.kept(made.numbers_kept, made.numbers_read)))
    print(say(copies.whole(made.compared)))


def _check(
    files: list[Path],
    settings: Settings,
    say: Speaker,
    quiet: bool,
) -> int:
    """Says whether the copy is whole; the exit code."""
    if len(files) != 2:
        raise errors.Usage("--check needs two files: the copy, then the original.")
    copy, original = files
    with progress({path.name: 1 for path in files}, quiet) as tick:
        theirs, mine = (
            clip_at(path, settings, partial(tick, path.name)) for path in (copy, original)
        )
    found = compared(mine, theirs)
    print(say(copies.whole(found)))
    for said in copies.stretches(found):
        print(say(said))
    return 0 if found.whole else NOT_WHOLE
