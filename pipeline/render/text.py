"""The report on one screen of a terminal."""

from __future__ import annotations

from itertools import groupby

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.containers import MediaKind
from models.message import N_, Message
from models.report import ExhibitReport, Report, RequirementReport
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


def show(
    report: Report,
    console: Console,
    say: Speaker,
) -> None:
    """Result, strength, one table an exhibit, what would make it stronger.

    Nothing from outside is taken as markup.
    """
    _head(report, console, say)
    _slots(report, console, say)
    for exhibit in report.exhibits:
        _exhibit(
            exhibit,
            console,
            say,
            alone=len(report.exhibits) == 1,
        )
    if report.questions:
        console.print(say(N_("For a person to answer:")), style="bold")
    for question in report.questions:
        about = "" if len(report.exhibits) == 1 else f" ({_safe(question.exhibit)})"
        points = say(N_("{points:.1f} points at stake"), points=question.points)
        console.print(f"  {_safe(say(question.text))} {points}{about}", highlight=False)
    best = [one for one in report.advice if one.when != "human"]  # those are questions above
    best.sort(key=lambda one: (bool(one.exhibit), -one.gain))
    if best:
        console.print(say(N_("What would make it stronger:")), style="bold")
    for advice in best[:ADVICE]:
        when = say(words.WHEN[advice.when])
        text = _safe(say(advice.text))
        about = f" ({_safe(advice.exhibit)})" if advice.exhibit else ""
        told = f"  +{advice.gain:.1f}  {when}: {text}{about}"
        console.print(told, highlight=False)
    _deadlines(report, console, say)
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
    for headline in report.headlines:
        told = f"{headline.exhibit}: {say(headline.says)}"
        console.print(f"[red]▲ {_safe(told)}[/red]", highlight=False)
    for said in report.contradictions:
        console.print(f"[red]▲ {_safe(say(said))}[/red]", highlight=False)
    console.print(f"[bold]{escape(say(report.result))}[/bold]", highlight=False)
    if report.strength:
        console.print(escape(say(report.strength.says)), highlight=False)
        for said in report.strength.because:
            console.print(f"  {escape(say(said))}", highlight=False)


def _slots(
    report: Report,
    console: Console,
    say: Speaker,
) -> None:
    """What the reason asks for, what fills it, and what exhibits have in common."""
    for slot in report.slots:
        by = ", ".join(slot.exhibits) or say(N_("nothing handed in"))
        told = f"  {say(slot.title)}: {by} ({slot.value:.1f})"
        console.print(_safe(told), highlight=False)
    for said in report.together:
        console.print(f"  {_safe(say(said))}", highlight=False)


def _deadlines(
    report: Report,
    console: Console,
    say: Speaker,
) -> None:
    """Clocks that can be computed; the others are in the page and in the JSON."""
    running = [one for one in report.deadlines if one.due]
    if running:
        console.print(say(N_("Deadlines:")), style="bold")
    for clock in running:
        party = say(words.CLOCK_PARTY[clock.party])
        told = f"  {say(clock.title)} ({party}): {say(clock.text)} {say(clock.note)}"
        console.print(_safe(told.rstrip()), highlight=False)


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
        title = f"{path}: {_safe(say(exhibit.strength.says))}"
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
    table.add_column(
        say(N_("why")),
        ratio=1,
        overflow="fold",
    )
    lines = [row for row in exhibit.requirements if row.checker == "machine" or row.findings]
    alike = groupby(lines, key=lambda row: (row.requirement, row.verdict))
    for _, some in alike:
        first, *others = some
        whole = first.title.args.get("title") if others else None
        if others and exhibit.sides:
            first = first.model_copy(update={"says": exhibit.sides.reason})
        table.add_row(*_cells(first, whole or first.title, say, exhibit.kind))
    if lines:
        console.print(table)
    elif title:
        console.print(title, highlight=False)


def _cells(
    row: RequirementReport,
    title: object,
    say: Speaker,
    kind: MediaKind | None,
) -> tuple[str, str, str, str]:
    """One row of it; parts of which the same is said stand in one."""
    mark, word = words.MARK[row.verdict], words.VERDICT[row.verdict]
    verdict = f"{mark} {say(word)}"
    status = f"[{STYLE[row.verdict]}]{verdict}[/]"
    at = ""
    if row.at_s is not None and kind != "image":
        at = say(sentences.moment(row.at_s, kind == "document"))
    named = say(title) if isinstance(title, (Message, str)) else str(title)
    return _safe(named), status, at, _safe(say(row.says))


def _safe(text: str) -> str:
    """Text read from media, without markup, control or direction characters."""
    return escape(sentences.plain(text))
