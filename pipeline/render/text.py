"""The report on one screen of a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.report import ExhibitReport, Report, Strength
from pipeline.render import sentences
from pipeline.render.sentences import _

STYLE = {"met": "green", "not_met": "red", "could_not_confirm": "yellow", "not_checked": "dim", "not_applicable": "dim"}
ADVICE = 4  # lines of advice shown


def show(report: Report, console: Console) -> None:
    """Result, strength, one table an exhibit, what would make it stronger. Nothing from outside is taken as markup."""
    for exhibit in report.exhibits:
        if exhibit.role_source in ("assumed", "guessed") and exhibit.role:
            console.print(f"{_safe(exhibit.path)}: {sentences.role_note(exhibit.role, exhibit.role_source)}", highlight=False)
    console.print(f"[bold]{report.result}[/bold]", highlight=False)
    if report.strength:
        console.print(strength_line(report.strength), highlight=False)
    for code in report.strength.caps if report.strength else ():
        console.print(f"  {sentences.CAP.get(code, code)} ({code})", highlight=False)
    for exhibit in report.exhibits:
        _exhibit(exhibit, console, alone=len(report.exhibits) == 1)
    if report.advice:
        console.print(_("What would make it stronger:"), style="bold")
        for advice in sorted(report.advice, key=lambda a: -a.gain)[:ADVICE]:
            when = {"possible_now": _("now"), "next_time": _("next time"), "human": _("a reviewer answers")}[advice.when]
            console.print(f"  +{advice.gain:.1f}  {when}: {_safe(advice.text)}", highlight=False)
    for line in report.not_checked:
        console.print(f"  {_safe(line)}", style="dim", highlight=False)
    if report.audit.get("box") == "unsandboxed":
        console.print(_("The media were read unsandboxed."), style="yellow")
    console.print(sentences.LIMITS[-1], style="dim")


def strength_line(strength: Strength) -> str:
    return (
        _("Strength {score:.1f} of 100 [{low:.1f}..{high:.1f}]: {band}; {coverage:.0%} of the machine's checks looked.")
        .format(score=strength.score, low=strength.low, high=strength.high, band=sentences.BAND[strength.band], coverage=strength.coverage)
        .replace("[", r"\[")
    )


def _exhibit(exhibit: ExhibitReport, console: Console, alone: bool) -> None:
    if exhibit.error:
        console.print(
            f"{_safe(exhibit.path)}: {exhibit.error['name']}: {_safe(exhibit.error['says'])} {_safe(exhibit.error['advice'])}",
            style="yellow",
        )
        return
    title = None if alone or not exhibit.strength else f"{_safe(exhibit.path)} ({exhibit.role}): {exhibit.strength.score:.1f}"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column(_("requirement"), max_width=26)
    table.add_column(_("status"), no_wrap=True)
    table.add_column(_("at"), no_wrap=True, justify="right")
    table.add_column(_("why"), ratio=1)
    for row in exhibit.requirements:
        if row.checker == "machine":
            status = f"[{STYLE[row.verdict]}]{sentences.MARK[row.verdict]} {sentences.STATUS[row.verdict]}[/]"
            table.add_row(_safe(row.title), status, "" if row.at_s is None else sentences.seconds(row.at_s), _safe(row.says))
    console.print(table)
    asked = [row.title for row in exhibit.requirements if row.checker == "human" and row.verdict == "not_checked"]
    if asked:
        console.print(_("For your eyes: {titles}.").format(titles="; ".join(asked)), highlight=False)


def _safe(text: str) -> str:
    """Text read from media, without markup, control or direction characters."""
    return escape(sentences.plain(text))
