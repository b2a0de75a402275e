"""Commands that tell what there is: numbers, policies, detectors, the schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from models import errors
from models.card import Card, Measured, cards
from models.detector import Detector
from models.identifiers.candidates import Candidate, candidates
from models.observation import named
from models.packs import policies
from models.policy import Requirement
from models.report import Report
from pipeline.cli import doctor as checks
from pipeline.cli.options import Output
from pipeline.wording import sentences, words

ListFormat = Annotated[Output, typer.Option("--format", help="What to print.")]
MARK = {
    True: "●",
    False: "▲",
    None: "◐",
}


def identify(
    texts: Annotated[
        list[str],
        typer.Argument(
            help="Numbers as printed or decoded; `-` reads one a line from standard input."
        ),
    ],
    format: Annotated[
        Output, typer.Option(help="What to print; json is one object a line.")
    ] = Output.text,
) -> None:
    """Whose order ID or tracking number could this be?

    Candidates by form and check digit, the surest first; never a fact.
    """
    for text in _lines(texts):
        found = candidates(text)
        if format is Output.json:
            rows = [_row(one) for one in found]
            print(json.dumps({"text": text, "candidates": rows}))
            continue
        nobody = ": no carrier or platform that is known here writes numbers like this"
        print(sentences.plain(text) + ("" if found else nobody))
        for one in found:
            noun = words.noun(one.kind).text.lower()
            form = f"{noun} of {one.carrier} ({one.format})"
            print(f"  {MARK[one.valid]} {form}: {one.why}")


def _row(one: Candidate) -> dict[str, object]:
    """As JSON."""
    return {
        "kind": one.kind,
        "carrier": one.carrier,
        "format": one.format,
        "valid": one.valid,
        "why": one.why.text,
    }


def _lines(texts: list[str]) -> Iterator[str]:
    """Words of the command line, or lines of standard input."""
    for text in texts:
        if text == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin)
        else:
            yield text


def list_policies(format: ListFormat = Output.text) -> None:
    """Which platforms' rules are shipped, and the roles and reasons they know."""
    packs = list(policies().values())
    if format is Output.json:
        _print_json([pack.model_dump(mode="json") for pack in packs])
        return
    for pack in packs:
        head = f"{pack.platform}, as of {pack.as_of}, authority: {pack.authority}"
        print(f"{pack.id}  {head}")
        for item in pack.items:
            count = len(item.requirements)
            print(f"  role    {item.id:24} {item.title}; {count} requirements")
            for rule in item.requirements:
                asked = f"{rule.id:22} {rule.weight:3} {rule.checker:8}"
                print(f"            {asked} {_quoted(rule)}")
        for reason in pack.reasons:
            slots = ", ".join(slot.id for slot in reason.slots)
            print(f"  reason  {reason.id:36} {slots}")
        for clock in pack.clocks:
            length = f"{clock.length} {clock.unit.replace('_', ' ')}"
            print(f"  clock   {clock.id:36} {length}, {clock.party}: {clock.title}")


def _quoted(rule: Requirement) -> str:
    """The platform's sentences that ask for it."""
    if not rule.cites:
        return "(house rule)"
    return "; ".join(f"“{cited.quote}” [{sentences.source(cited)}]" for cited in rule.cites)


def list_detectors(format: ListFormat = Output.text) -> None:
    """Which detectors there are, what each asks of the footage, how often it was right."""
    from pipeline.observe import gather  # loads decoders, which no other command's parent does

    known = cards()
    there = sorted(gather.detectors(), key=lambda detector: detector.name)
    if format is Output.json:
        _print_json([_detector_row(one, known.get(one.name)) for one in there])
        return
    for one in there:
        print(f"{one.name} {one.version}  {one.purpose}")
        print(f"    sees {', '.join(named(one.sees))}", end="")
        if one.depends_on:
            print(f"; depends on {', '.join(named(one.depends_on))}", end="")
        print(f"; on {', '.join(one.on)}")
        for measured in known[one.name].measured if one.name in known else ():
            print(f"    {measured.kind}: {_rates(measured)}")


def _detector_row(one: Detector, card: Card | None) -> dict[str, object]:
    """As JSON."""
    return {
        "name": one.name,
        "version": one.version,
        "purpose": one.purpose,
        "sees": list(named(one.sees)),
        "depends_on": list(named(one.depends_on)),
        "on": list(one.on),
        "needs": list(one.needs),
        "card": card.model_dump(mode="json") if card else None,
    }


def _print_json(rows: object) -> None:
    print(
        json.dumps(
            rows,
            ensure_ascii=False,
            indent=1,
        )
    )


def _rates(measured: Measured) -> str:
    """How often it was right, in words."""
    known = {
        "hit": measured.hit,
        "recall": measured.recall,
        "false alarms": measured.false_alarms,
    }
    measured_ones = [(name, rate) for name, rate in known.items() if rate]
    told = [f"{name} {rate.hits} of {rate.n}" for name, rate in measured_ones]
    return ", ".join(told) or "not measured: sets no status alone"


def schema() -> None:
    """Print the JSON Schema of the report."""
    print(json.dumps(Report.model_json_schema(by_alias=True, mode="serialization"), indent=1))


def doctor(format: ListFormat = Output.text) -> None:
    """What is installed, what is missing and what that costs, and whether the box works here."""
    findings = list(checks.findings())
    if format is Output.json:
        _print_json([one.as_row() for one in findings])
    else:
        checks.show(findings, Console())
    if any(one.needed and not one.good for one in findings):
        raise errors.ToolMissing("Something that is needed is missing.")
