"""Commands about whole cases: a case file, a reviewer's answers, reasons, drafts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from models import errors
from models.card import cards
from models.case_file import case_from, template
from models.identifiers.candidates import candidates
from models.packs import policy
from models.policy import Policy, Reason
from pipeline.cli.options import (
    DEFAULT_POLICY,
    Format,
    LanguageName,
    Output,
    PolicyName,
    Quiet,
    language,
)
from pipeline.cli.terminal import err, harmless
from pipeline.judge.reasons import Fit, fits
from pipeline.judge.report import report as judge_again
from pipeline.render.drafts import write_drafts
from pipeline.render.folder import saved_examinations, write, writing
from pipeline.render.questions import answers_template
from pipeline.render.shot_list import shots, shots_page
from pipeline.wording import sentences
from pipeline.wording.language import Speaker

Target = Annotated[
    Path | None, typer.Option("--out", help="File to write; standard output by default.")
]
ReportDir = Annotated[
    Path, typer.Argument(help="A report's folder, as `score --report` and `batch` write it.")
]


def new(out: Target = None) -> None:
    """Write a commented case file to fill in.

    Example: parcelproof case new --out case.toml
    """
    _give(template(), out)


def check(
    file: Annotated[Path, typer.Argument(help="A case file.")],
) -> None:
    """Say everything that is wrong with a case file, or what was understood."""
    case = case_from(file)
    for name, value in case.facts.items():
        print(sentences.plain(f"{name}: {value}"))
    for number in filter(_is_no_number_known, case.numbers):
        note = f"{number}: its check digit does not hold; see that it is typed as it is printed."
        print(sentences.plain(note))
    for number in case.too_short():
        print(sentences.plain(sentences.too_short(number).text))


def answers(
    folder: ReportDir,
    out: Target = None,
    lang: LanguageName = None,
) -> None:
    """Write a report's open questions into a file to fill in, for `judge --answers`.

    Example: parcelproof case answers out --out answers.toml
    """
    saved = saved_examinations(folder)
    found = judge_again(saved, policy(saved.policy), cards())
    _give(answers_template(found, Speaker(language(lang))), out)


def _is_no_number_known(number: str) -> bool:
    """Has it the form of a number with a check digit, and the digit does not hold?"""
    checked = [one.valid for one in candidates(number) if one.valid is not None]
    return bool(checked) and not any(checked)


def _give(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise errors.Usage("{path} is there already; it is not overwritten.", path=str(out))
    with writing(out.parent):
        write(out, text)


def advise_reason(
    folder: Annotated[
        Path | None,
        typer.Argument(help="A report's folder: which reason its material fits best."),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(help="Show what this reason asks for, and what to film for it."),
    ] = None,
    policy_name: PolicyName = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="With --reason: a page to print.")
    ] = None,
    format: Format = Output.text,
    lang: LanguageName = None,
    quiet: Quiet = False,
) -> None:
    """Which reason the material fits best; or, before anything is filmed, what a reason asks for.

    Examples: parcelproof advise-reason; parcelproof advise-reason --reason
    missing-products-or-parts --out shots.html; parcelproof advise-reason out
    """
    say = Speaker(language(lang))
    if folder is not None:
        saved = saved_examinations(folder)
        rules = policy(policy_name or saved.policy)
        if reason or out:
            raise errors.Usage("--reason and --out go without a folder: before anything is filmed.")
        _tell_fits(fits(saved, rules, cards()), format, say)
        return
    rules = policy(policy_name or DEFAULT_POLICY)
    if reason is None and out:
        raise errors.Usage("--out needs --reason: a page is of one reason.")
    if reason is None:
        _tell_reasons(rules, format, say)
        return
    chosen = rules.reason(reason)
    if out is None:
        _tell_shots(rules, chosen, format, say)
        return
    with writing(out.parent):
        write(out, shots_page(rules, chosen, say))
    if not quiet:
        err.print(f"Shot list: {harmless(str(out))}", highlight=False)


def _tell_shots(
    rules: Policy,
    chosen: Reason,
    format: Output,
    say: Speaker,
) -> None:
    """What one reason asks for."""
    if format is Output.json:
        print(chosen.model_dump_json(indent=1))
        return
    for line in shots(rules, chosen, say):
        print(sentences.plain(line))


def _tell_reasons(
    rules: Policy,
    format: Output,
    say: Speaker,
) -> None:
    """Every reason, when it fits in the source's words, and what it asks for."""
    if format is Output.json:
        rows = [one.model_dump(mode="json") for one in rules.reasons]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in rules.reasons:
        print(f"{one.id}: {say(one.title)}")
        for cited in one.cites:
            print(f"    {sentences.quoted(cited, say.language)} [{say(sentences.source(cited))}]")
        for slot in one.slots:
            optional = "" if slot.required else f" ({say('optional')})"
            print(f"    - {say(slot.title)}{optional}")


def _tell_fits(
    found: list[Fit],
    format: Output,
    say: Speaker,
) -> None:
    """The reasons that the material fits, the best first."""
    if format is Output.json:
        rows = [_fit_row(one) for one in found]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    if not found:
        print(say(sentences.FITS_NONE))
    for one in found:
        own = f" ({say(sentences.OWN_REASON)})" if one.is_own else ""
        print(f"{one.score:5.1f}  {one.reason.id}: {say(one.reason.title)}{own}")
        for slot in one.empty:
            print(f"         {say(sentences.nothing_handed_in(slot.title.id))}")


def _fit_row(one: Fit) -> dict[str, object]:
    return {
        "reason": one.reason.id,
        "score": one.score,
        "filled": [slot.id for slot in one.filled],
        "empty": [slot.id for slot in one.empty],
    }


def drafts(
    folder: ReportDir,
    out: Annotated[Path, typer.Option("--out", help="Folder for the drafts.")],
    lang: LanguageName = None,
    quiet: Quiet = False,
) -> None:
    """Write drafts of what is missing and of a request for details, reasons and findings as files.

    Example: parcelproof drafts out --out drafts
    """
    saved = saved_examinations(folder)
    found = judge_again(saved, policy(saved.policy), cards())
    for path in write_drafts(out, found, Speaker(language(lang))):
        if not quiet:
            err.print(harmless(str(path)), highlight=False)
