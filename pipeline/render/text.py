"""The report on one screen of a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.message import N_, Message
from models.report import ExhibitReport, Report, RequirementReport, StrengthReport
from pipeline.wording import sentences, words
from pipeline.wording.language import Speaker

STYLE = {
    "met": "green",
    "not_met": "red",
    "could_not_confirm": "yellow",
    "not_checked": "dim",
    "not_applicable": "dim",
}
ADVICE = 4  # lines of advice shown
STRENGTH = N_(
    "Strength {score:.1f} of 100 [{low:.1f}..{high:.1f}]: {band}; "
    "{coverage:.0%} of the machine's checks looked."
)


def show(
    report: Report,
    console: Console,
    say: Speaker,
) -> None:
    """Result, strength, one table an exhibit, what would make it stronger.

    Nothing from outside is taken as markup.
    """
    _head(report, console, say)
    for exhibit in report.exhibits:
        _exhibit(
            exhibit,
            console,
            say,
            alone=len(report.exhibits) == 1,
        )
    if report.advice:
        console.print(say(N_("What would make it stronger:")), style="bold")
    best = sorted(report.advice, key=lambda one: -one.gain)
    for advice in best[:ADVICE]:
        when = say(words.WHEN[advice.when])
        text = _safe(say(advice.text))
        told = f"  +{advice.gain:.1f}  {when}: {text}"
        console.print(told, highlight=False)
    for line in report.not_checked:
        console.print(
            f"  {_safe(say(line))}",
            style="dim",
            highlight=False,
        )
    if report.audit.box == "unsandboxed":
        console.print(say(N_("The media were read unsandboxed.")), style="yellow")
    console.print(say(sentences.LIMITS[-1]), style="dim")


def _head(
    report: Report,
    console: Console,
    say: Speaker,
) -> None:
    """Result, strength and caps."""
    for exhibit in report.exhibits:
        note = sentences.role_note(exhibit.role or "", exhibit.role_source)
        if note:
            told = f"{_safe(exhibit.path)}: {say(note)}"
            console.print(told, highlight=False)
    console.print(f"[bold]{escape(say(report.result))}[/bold]", highlight=False)
    if report.strength:
        console.print(escape(say(strength_line(report.strength))), highlight=False)
        for code in report.strength.caps:
            meaning = say(words.CAP.get(code, code))
            console.print(f"  {meaning} ({code})", highlight=False)


def strength_line(strength: StrengthReport) -> Message:
    return Message(
        id=STRENGTH,
        args={
            "score": strength.score,
            "low": strength.low,
            "high": strength.high,
            "band": Message(id=words.BAND[strength.band]),
            "coverage": strength.coverage,
        },
    )


def _exhibit(
    exhibit: ExhibitReport,
    console: Console,
    say: Speaker,
    alone: bool,
) -> None:
    """One table."""
    path = _safe(exhibit.path)
    if exhibit.error:
        says = say(exhibit.error.says)
        advice = say(exhibit.error.advice)
        line = _safe(f"{exhibit.path}: {exhibit.error.name}: {says} {advice}")
        console.print(line, style="yellow")
        return
    title = None
    if not alone and exhibit.strength:
        role = say(words.role_word(exhibit.role or ""))
        title = f"{path} ({role}): {exhibit.strength.score:.1f}"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        pad_edge=False,
    )
    table.add_column(say(N_("requirement")), max_width=26)
    table.add_column(say(N_("status")), no_wrap=True)
    table.add_column(
        say(N_("at")),
        no_wrap=True,
        justify="right",
    )
    table.add_column(say(N_("why")), ratio=1)
    for row in exhibit.requirements:
        if row.checker == "machine":
            table.add_row(*_cells(row, say))
    console.print(table)
    asked = [row for row in exhibit.requirements if _for_a_person(row)]
    if asked:
        titles = "; ".join(say(row.title) for row in asked)
        console.print(say(N_("For a person to check: {titles}."), titles=titles), highlight=False)


def _for_a_person(row: RequirementReport) -> bool:
    return row.checker == "human" and row.verdict == "not_checked"


def _cells(row: RequirementReport, say: Speaker) -> tuple[str, str, str, str]:
    """One row of it."""
    mark, word = words.MARK[row.verdict], words.VERDICT[row.verdict]
    verdict = f"{mark} {say(word)}"
    status = f"[{STYLE[row.verdict]}]{verdict}[/]"
    at = "" if row.at_s is None else sentences.seconds(row.at_s)
    title, says = say(row.title), say(row.says)
    return _safe(title), status, at, _safe(says)


def _safe(text: str) -> str:
    """Text read from media, without markup, control or direction characters."""
    return escape(sentences.plain(text))
