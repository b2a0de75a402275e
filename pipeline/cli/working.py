"""Commands of workers: taking jobs, whether one is well, the webhook."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models import errors
from pipeline.cli import options
from pipeline.cli.batching import Cases, check_box, facts_of_all, rules_of
from pipeline.cli.options import (
    BrokerAddress,
    CaseFile,
    Every,
    Html,
    KeepPayloads,
    LanguageName,
    LimitPairs,
    Open,
    PolicyName,
    Role,
    SealKey,
    StoreAddress,
    TrustCaseFiles,
)
from pipeline.worker.habits import BEAT, JOB_S, Habits, Notify
from pipeline.worker.routing import rules_from

if TYPE_CHECKING:
    from pipeline.worker.start import Hearing
    from pipeline.worker.webhook import Webhook

Once = Annotated[
    bool, typer.Option("--once", help="Work until nothing is left to be done now, then end.")
]
Jobs = Annotated[int, typer.Option(min=1, max=256, help="Submissions at a time.")]
JobLimit = Annotated[
    float, typer.Option("--job-limit", min=10, max=40_000, help="Seconds that a job may take.")
]
EventAddress = Annotated[
    str | None,
    typer.Option(
        "--events",
        envvar="PARCELPROOF_EVENTS",
        metavar="URL",
        help="Queue of Amazon's (SQS) by which SOURCE tells of new objects.",
    ),
]
Source = Annotated[
    str | None,
    typer.Option(help="With --events: s3://bucket/prefix, the only one whose events are taken."),
]
Out = Annotated[
    str | None,
    typer.Option(help="With --events: where reports go, a folder or s3://bucket/prefix."),
]
Screen = Annotated[
    bool,
    typer.Option("--screen", help="With --events: look at each file shortly before any is read."),
]
Routes = Annotated[
    Path | None,
    typer.Option(
        help="TOML table that says which queue a submission goes to when it has ended; on a "
        "broker a message is put there."
    ),
]
HookUrl = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        envvar="PARCELPROOF_WEBHOOK",
        metavar="URL",
        help="https address that is told of each submission that has ended.",
    ),
]
HookSecret = Annotated[
    Path | None,
    typer.Option(
        "--webhook-secret",
        envvar="PARCELPROOF_WEBHOOK_SECRET",
        metavar="FILE",
        help="File (mode 600) with the secret that signs what is told.",
    ),
]
HookPrivate = Annotated[
    bool,
    typer.Option(
        "--webhook-private", help="The webhook may lie in a private network, and speak http."
    ),
]
Listen = Annotated[
    str | None,
    typer.Option(
        "--listen",
        metavar="HOST:PORT",
        help="Serve /metrics (Prometheus), /health/live and /health/ready there.",
    ),
]
Beat = Annotated[
    Path, typer.Option(help="File that is touched every few seconds as a sign of life.")
]


def worker(
    store: StoreAddress = None,
    broker: BrokerAddress = None,
    jobs: Jobs = 1,
    once: Once = False,
    events: EventAddress = None,
    source: Source = None,
    out: Out = None,
    case: CaseFile = None,
    cases: Cases = None,
    trust_case_files: TrustCaseFiles = False,
    role: Role = None,
    policy_name: PolicyName = None,
    every: Every = False,
    screen: Screen = False,
    html: Html = False,
    lang: LanguageName = None,
    keep_payloads: KeepPayloads = False,
    routes: Routes = None,
    webhook_url: HookUrl = None,
    webhook_secret: HookSecret = None,
    webhook_private: HookPrivate = False,
    listen: Listen = None,
    beat: Beat = BEAT,
    job_limit: JobLimit = JOB_S,
    limit: LimitPairs = None,
    seal_key: SealKey = None,
    allow_unsandboxed: Open = False,
) -> None:
    """Take submissions from a queue and score them, until told to stop.

    Jobs lie in the store that all workers share; the broker (RabbitMQ, Redis, SQS) wakes them.
    `batch --engine celery` orders them, or, with --events, a bucket. Killed, nothing is lost.

    Examples: parcelproof worker --store postgresql://HOST/parcelproof --broker amqp://HOST// ;
    parcelproof worker --store jobs.db --once
    """
    from pipeline.worker.start import Plan, start

    if store is None:
        raise errors.Usage("--store is missing: workers share one, and jobs lie in it.")
    check_box(allow_unsandboxed)
    known, policy_of_all = rules_of(case, role, policy_name)
    said = {
        "policy": policy_of_all.id,
        "case": known,
        "every": every,
        "keep_payloads": keep_payloads,
        "trust": trust_case_files,
        "language": options.language(lang) if html else "",
        "screen": screen,
    }
    facts = facts_of_all(cases, policy_of_all)
    hearing = _hearing(events, source, out, said, dict(facts))
    hook = _hook(webhook_url, webhook_secret, webhook_private)
    rules = rules_from(routes) if routes else ()
    notify = Notify(webhook=hook is not None, queues=bool(rules and broker))
    own = options.settings(limit, False, allow_unsandboxed, False, seal_key)
    habits = Habits(own, rules, notify, job_limit)
    start(Plan(store, habits, jobs, beat, broker, once, hearing, hook, listen))


def _hearing(
    events: str | None,
    source: str | None,
    out: str | None,
    said: dict[str, Any],
    facts: dict[bytes, str],
) -> Hearing | None:
    """What events tell of, and what is said of it all; None where none do. Raises Usage."""
    from pipeline.worker.orders import Order
    from pipeline.worker.start import Hearing

    if not events and (source or out or said["screen"] or facts):
        raise errors.Usage("--source, --out, --screen and --cases belong to --events.")
    if not events:
        return None
    if not source or not out:
        raise errors.Usage("--events needs --source and --out.")
    return Hearing(events, Order(source=source, out=out, **said), facts)


def _hook(url: str | None, secret: Path | None, private: bool) -> Webhook | None:
    """Raises Usage."""
    from pipeline.worker.webhook import webhook

    return webhook(url, secret, private) if url else None


def health(
    store: StoreAddress = None,
    broker: BrokerAddress = None,
    live: Annotated[
        bool, typer.Option("--live", help="Only whether a worker lives on this machine.")
    ] = False,
    serve: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Serve /metrics, /health/live and /health/ready there, until told to stop.",
        ),
    ] = None,
    beat: Beat = BEAT,
    allow_unsandboxed: Open = False,
) -> None:
    """Say whether a worker could work here: store, broker, box, room; exit code 0 or 69.

    For the probes of an orchestrator; a worker's --listen answers the same over HTTP.
    """
    from pipeline.worker import health as state
    from pipeline.worker import start

    if serve:
        if store is None:
            raise errors.Usage("--serve needs --store: the numbers lie there.")
        start.pages(serve, store, broker, allow_unsandboxed)
        return
    found = state.lives(beat) if live else start.ready(store, broker, allow_unsandboxed)
    sys.stdout.write(state.as_json(found))
    if any(found.values()):
        raise typer.Exit(69)


def test_webhook(
    url: Annotated[str, typer.Argument(envvar="PARCELPROOF_WEBHOOK", help="https address.")],
    secret: HookSecret = None,
    private: HookPrivate = False,
) -> None:
    """Send one signed test message to a webhook and say what it answers.

    Example: parcelproof webhook test https://example.org/parcelproof --webhook-secret secret.key
    """
    from pipeline.worker.webhook import Undelivered, webhook

    hook = webhook(url, secret, private)
    known = secrets.token_hex(32)  # a new one each time: no receiver takes it for one it had
    try:
        answer = hook.send(known, json.dumps({"event": "test", "id": known}))
    except Undelivered as fault:
        raise errors.NotDelivered(
            "The webhook {where} did not take it: {why}.", where=hook.shown, why=str(fault)
        ) from None
    print(f"{hook.shown} answered {answer}")
