"""The command that scores many: a folder or a bucket of submissions."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from models import errors
from models.media import Limits
from models.packs import policy
from models.policy import Policy
from models.screening import Screened
from models.submission import Case
from models.summary import Row
from pipeline import intake
from pipeline.batch.bucket import is_bucket
from pipeline.batch.case_table import facts_by_submission
from pipeline.batch.keys import batch_key
from pipeline.batch.ledger import Ledger
from pipeline.batch.places import results_of, source_of
from pipeline.batch.results import Results
from pipeline.batch.runner import listed, run
from pipeline.batch.runner import screen as run_screening
from pipeline.batch.screen import Screening
from pipeline.batch.sources import Some, Source
from pipeline.batch.summary import CSV, PAGE, SCREENING_CSV, write_screening
from pipeline.batch.work import Batch
from pipeline.cli import options
from pipeline.cli.options import (
    DEFAULT_POLICY,
    BrokerAddress,
    CaseFile,
    Every,
    Html,
    KeepPayloads,
    LanguageName,
    LimitPairs,
    Open,
    PolicyName,
    Quiet,
    Role,
    SealKey,
    StoreAddress,
    TrustCaseFiles,
    Verbose,
)
from pipeline.cli.terminal import counting, err, harmless
from pipeline.judge.roles import check_given
from pipeline.render.folder import check_writable
from pipeline.sandbox import box
from pipeline.store.repository import Store
from pipeline.wording import sentences
from pipeline.wording.language import Speaker

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
STORE, SCREENING = "store.db", "screening.db"
Doing = Callable[[Callable[[Row], None]], int]  # tells each line; how many others still have
NAMED = ("scored", "judged", "kept", "failed", "quarantined")


SourceName = Annotated[
    str,
    typer.Argument(
        help="A folder, or s3://bucket/prefix. Each media file in it is a submission, so is each "
        ".zip, and each folder that holds a case.toml.",
        show_default=False,
    ),
]
Out = Annotated[
    str,
    typer.Option(
        help="A folder, or s3://bucket/prefix. Reports go to OUT/<path below SOURCE>/, those of a "
        "bucket to OUT/<first 32 digits of the key's SHA-256>/."
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        min=1,
        max=256,
        help="Submissions at a time.",
    ),
]
Cases = Annotated[
    Path | None,
    typer.Option(
        help="CSV table with what you know of each: a column `submission` with its path below "
        "SOURCE or its key, and columns called as in a case file (order_id, dates.delivery, ...)."
    ),
]
First = Annotated[int | None, typer.Option(min=1, help="Only the first so many, by name.")]
Since = Annotated[datetime | None, typer.Option(help="Only what was changed since then (UTC).")]
Suffixes = Annotated[
    list[str] | None,
    typer.Option("--suffix", help="Only names that end so, as .mp4; may be given several times."),
]
Again = Annotated[
    bool, typer.Option("--again", help="Try once more what was set aside (quarantined).")
]
State = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the ledger, and for the store where none is named; OUT by default, and "
        "for a bucket one below your own state folder."
    ),
]
Screen = Annotated[
    bool,
    typer.Option(
        "--screen",
        help="Only look at each video's index and a few key frames, by parts of its bytes: "
        "OUT/screening.csv says what needs the full reading first. With --engine celery workers "
        "go on with the full reading, the most urgent first.",
    ),
]


class Engine(StrEnum):
    """Who does the work."""

    local = "local"
    celery = "celery"


Engines = Annotated[
    Engine,
    typer.Option(
        help="local: this machine works. celery: workers do (see `worker`), by way of --store "
        "and --broker; this command orders, waits and writes the tables."
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait/--no-wait",
        help="With --engine celery: wait for the reports; the same command collects them later.",
    ),
]


def batch(
    source: SourceName,
    out: Out,
    jobs: Jobs = CORES,
    case: CaseFile = None,
    cases: Cases = None,
    trust_case_files: TrustCaseFiles = False,
    role: Role = None,
    policy_name: PolicyName = None,
    every: Every = False,
    first: First = None,
    since: Since = None,
    suffix: Suffixes = None,
    again: Again = False,
    screen: Screen = False,
    engine: Engines = Engine.local,
    broker: BrokerAddress = None,
    wait: Wait = True,
    store: StoreAddress = None,
    state: State = None,
    allow_unsandboxed: Open = False,
    keep_payloads: KeepPayloads = False,
    limit: LimitPairs = None,
    seal_key: SealKey = None,
    html: Html = False,
    lang: LanguageName = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Score every submission in a folder or a bucket.

    Run it again to go on where it stopped, also after a crash; what is finished is kept, and other
    rules are applied to what was observed, without the media. OUT/summary.csv lists all.

    Examples: parcelproof batch uploads --out reports --html; parcelproof batch
    s3://uploads/today --out s3://results/today --cases orders.csv --jobs 4
    """
    settings = options.settings(limit, every, allow_unsandboxed, keep_payloads, seal_key)
    by_workers = engine == Engine.celery
    _check_engine(by_workers, wait, store, limit, seal_key, allow_unsandboxed)
    known, rules = rules_of(case, role, policy_name)
    check_box(allow_unsandboxed)
    facts = facts_of_all(cases, rules)
    some = Some(frozenset(map(_dotted, suffix or ())), since and since.replace(tzinfo=UTC))
    came_from = _came_from(source, out, settings.limits, some)
    results, folder = results_of(out, source), _state(source, out, state)
    if screen and not by_workers:
        screening = Screening(came_from, rules, known, settings)
        with closing(Ledger(folder, SCREENING)) as ledger:
            _screen(screening, ledger, results, jobs, facts, first, quiet)
        return
    key = batch_key(rules, known, settings, trust_case_files)
    say = Speaker(options.language(lang)) if html else None
    with closing(Store(store or str(folder / STORE))) as there, closing(Ledger(folder)) as ledger:
        whole = Batch(came_from, results, there, rules, known, settings, key, say, trust_case_files)
        elsewhere = (source, out, whole, ledger, screen, broker, wait)
        work = _elsewhere(*elsewhere) if by_workers else _here(whole, ledger, jobs)
        lacking = _run(whole, ledger, work, facts, again, first, quiet, verbose, not by_workers)
    if lacking:
        raise typer.Exit(75)


def _here(whole: Batch, ledger: Ledger, jobs: int) -> Doing:
    """This machine works."""

    def work(tell: Callable[[Row], None]) -> int:
        run(
            whole,
            ledger,
            jobs,
            tell,
        )
        return 0

    return work


def _elsewhere(
    source: str,
    out: str,
    whole: Batch,
    ledger: Ledger,
    screen: bool,
    broker: str | None,
    wait: bool,
) -> Doing:
    """Workers do."""
    from pipeline.cli.ordering import done_by_workers, order_of

    order = order_of(source, out, whole, screen)

    def work(tell: Callable[[Row], None]) -> int:
        return done_by_workers(
            order,
            whole,
            ledger,
            broker,
            wait,
            tell,
        )

    return work


def _check_engine(
    by_workers: bool,
    wait: bool,
    store: str | None,
    limit: Sequence[str] | None,
    seal_key: Path | None,
    allow_unsandboxed: bool,
) -> None:
    """Before the work. Raises Usage."""
    if not by_workers:
        if not wait:
            raise errors.Usage("--no-wait belongs to --engine celery.")
        return
    if store is None:
        raise errors.Usage("--engine celery needs --store: workers take their jobs from there.")
    if limit or seal_key or allow_unsandboxed:
        raise errors.Usage(
            "--limit, --seal-key and --allow-unsandboxed are each worker's own: say them to "
            "`worker`, not with --engine celery."
        )


def rules_of(case: Path | None, role: str | None, policy_name: str | None) -> tuple[Case, Policy]:
    """What the operator says of all, and by what they are judged. Raises Usage."""
    known = intake.operator_case([], case, role=role)
    rules = policy(policy_name or known.platform or DEFAULT_POLICY)
    check_given([], known, rules)
    return known, rules


def _dotted(ending: str) -> str:
    return ("" if ending.startswith(".") or not ending else ".") + ending.lower()


def facts_of_all(cases: Path | None, rules: Policy) -> list[tuple[bytes, str]]:
    """The table of cases. Raises Usage."""

    def check(one: Case) -> None:
        check_given([], one, rules)

    return list(facts_by_submission(cases, check)) if cases else []


def _came_from(
    source: str,
    out: str,
    limits: Limits,
    some: Some,
) -> Source:
    """Before the work; what is not used is said. Raises NoMedia, Usage, CannotWrite."""
    found = source_of(source, out, limits, some)
    if not is_bucket(source) and (Path(source) / intake.CASE_FILE).is_file():
        note = f"{intake.CASE_FILE} of {source} itself is not used: `score` takes a case's folder."
        err.print(harmless(note), highlight=False)
    return found


def _state(
    source: str,
    out: str,
    state: Path | None,
) -> Path:
    """Where the ledger lies. Raises CannotWrite."""
    if state is None and is_bucket(out):
        home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        known = sha256(f"{source}\n{out}".encode(errors="surrogateescape")).hexdigest()
        state = home / "parcelproof" / known[:16]
    folder = state or Path(out)
    check_writable(folder)
    return folder


def check_box(allow_unsandboxed: bool) -> None:
    """Raises NoBox."""
    why = box.unavailable()
    if why and not allow_unsandboxed:
        raise errors.NoBox("No box can be had here: {why}.", why=why)


def _run(
    whole: Batch,
    ledger: Ledger,
    work: Doing,
    facts: list[tuple[bytes, str]],
    again: bool,
    first: int | None,
    quiet: bool,
    verbose: bool,
    here: bool,
) -> bool:
    """Tells each submission as it ends; whether any has no report. Raises NoMedia.

    `work` says how many are still with workers; `here`: none may be.
    """
    most = listed(
        whole.source,
        ledger,
        whole.key,
        facts,
        whole.say.language if whole.say else "",
        again,
        first=first,
        here=here,
    )
    ledger.missed(whole.results.has)
    if not most:
        raise intake.no_media(whole.source.shown)
    for name in ledger.unmet():
        if not quiet:
            note = f"Nothing was handed in under {name}, which --cases names."
            err.print(harmless(note), highlight=False)
    before = ledger.counts()
    left = before.get("waiting", 0) + before.get("handed", 0)
    with counting(left, quiet) as tell:
        count = Count(left, tell, verbose)
        with _told_if_stopped(count):
            elsewhere = work(count)
    if elsewhere:
        done = f"{elsewhere} of {most} are with workers"
        print(f"{done}; the same command collects their reports, and waits for them")
        return False
    summary = f"{whole.results.shown}{PAGE if whole.say else CSV}"
    return count.whole(most, ledger, before.get("scored", 0), summary)


@contextmanager
def _told_if_stopped(count: Count) -> Iterator[None]:
    """Whoever stops it is told how far it is."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, errors.Stopped):
        note = f"Stopped: {count.ended} of {count.most} are done; the same command goes on."
        err.print(note, highlight=False)
        raise


def _screen(
    screening: Screening,
    ledger: Ledger,
    results: Results,
    jobs: int,
    facts: list[tuple[bytes, str]],
    first: int | None,
    quiet: bool,
) -> None:
    """Tells each file as it was screened; then the tables, sorted. Raises NoMedia."""
    key = batch_key(screening.policy, screening.case, screening.settings)
    most = listed(
        screening.source,
        ledger,
        key,
        facts,
        grouped=False,
        first=first,
    )
    if not most:
        raise intake.no_media(screening.source.shown)
    began = time.monotonic()
    left = ledger.counts().get("waiting", 0)
    ended = 0
    with counting(left, quiet) as tell:

        def told(row: Screened) -> None:
            nonlocal ended
            ended += 1
            line = f"{ended}/{left}  {row.priority:3}  {row.file}  {row.says}"
            tell(sentences.plain(line), "")

        run_screening(
            screening,
            ledger,
            jobs,
            told,
        )
    write_screening(results, ledger.by_priority)
    print(
        f"{most} files in {time.monotonic() - began:.0f} s; what needs reading first stands first"
    )
    print(sentences.plain(f"Screening: {results.shown}{SCREENING_CSV}"))
    counts = ledger.counts()
    if counts.get("failed") or counts.get("quarantined"):
        raise typer.Exit(75)


class Count:
    """Tells each submission of a batch as it ends, and then how many ended how."""

    def __init__(
        self,
        most: int,
        tell: Callable[[str, str], None],
        verbose: bool,
    ) -> None:
        self.most = most
        self.tell = tell
        self.verbose = verbose
        self.ended = 0
        self.began = time.monotonic()
        self.bands: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()

    def __call__(self, row: Row) -> None:
        self.ended += 1
        self.outcomes[row.outcome] += 1
        if row.band:
            self.bands[row.band] += 1
        says = row.says
        if row.score is not None and not self.verbose:
            says = f"{row.score:.1f} ({row.band})"
        line = f"{self.ended}/{self.most}  {row.outcome:7} {row.file}  {says}"
        self.tell(sentences.plain(line), self._by_band())

    def _by_band(self) -> str:
        return ", ".join(f"{count} {band}" for band, count in sorted(self.bands.items()))

    def whole(
        self,
        most: int,
        ledger: Ledger,
        kept: int,
        summary: str,
    ) -> bool:
        """Prints the counts; whether any has no report."""
        counts = ledger.counts()
        self.outcomes["kept"] += kept
        self.outcomes["quarantined"] = counts.get("quarantined", 0)
        told = ", ".join(
            f"{self.outcomes[name]} {name}"
            for name in NAMED
            if self.outcomes[name] or name in {"scored", "kept", "failed"}
        )
        others = counts.get("skipped", 0)
        beside = f"; {others} other files are no videos or photos" if others else ""
        seconds = time.monotonic() - self.began
        print(f"{most} files in {seconds:.0f} s: {told}{beside}")
        print(sentences.plain(f"Summary: {summary}"))
        return bool(self.outcomes["failed"] or self.outcomes["quarantined"])
