"""Numbers for Prometheus: of all workers together, for they lie in the store that these share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

import pipeline
from models import errors
from pipeline.store.jobs import JobStore
from pipeline.store.tallies import Tally
from pipeline.worker.broker import Broker
from pipeline.worker.hands import SECONDS, now_s

COUNTERS = {  # tallies: what they are called, their labels, what they count
    "jobs": ("jobs_ended", ["state"], "Submissions that ended, by how."),
    "bands": ("bands", ["band"], "Scored submissions by the band of their strength."),
    "screened": ("screened", ["why"], "Screened files by what stood out."),
    "verdicts": ("verdicts", ["requirement", "verdict"], "Verdicts of requirements."),
    "strikes": ("strikes", ["error"], "Readers of one submission that died or hung."),
    "interrupted": ("interrupted", [], "Jobs whose reader or worker was ended from outside."),
    "released": ("released", [], "Jobs put back, for this machine could not work on them."),
    "put_back": ("put_back", [], "Jobs put back, for their worker was told to stop."),
    "paused": ("paused", [], "Jobs put back, for their bucket could not be used."),
    "looked_at_again": ("looked_at_again", [], "Submissions judged anew for shared footage."),
    "detector_seconds": ("detector_cpu_seconds", ["detector"], "CPU seconds by detector."),
    "reviews": ("reviews", ["detector"], "Findings that a reviewer's answer met."),
    "reversals": ("reversals", ["detector"], "Findings that a reviewer's answer reversed."),
    "events": ("events", ["became"], "Objects that bucket events told of, by what became of them."),
    "notices": ("notices", ["to", "became"], "Tries to tell others of a submission."),
}
STAGES = ("screen", "read", "again")


class Fleet:
    """A collector: the store is asked at each scrape. What cannot be had is said, not left out."""

    def __init__(self, book: JobStore, broker: Broker | None = None) -> None:
        self.book = book
        self.broker = broker

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: the store need not be there yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        version = GaugeMetricFamily("parcelproof_info", "Its version.", labels=["version"])
        version.add_metric([pipeline.__version__], 1)
        yield version
        up = GaugeMetricFamily("parcelproof_store_up", "Whether the store answers.")
        try:
            found = [*self._jobs(), *self._tallies(self.book.tallied())]
        except (errors.NoStore, errors.CannotWrite):
            found = []
        up.add_metric([], int(bool(found)))
        yield up
        yield from found
        if self.broker:
            yield from self._broker(self.broker)

    def _jobs(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily(
            "parcelproof_jobs", "Jobs by state and stage.", labels=["state", "stage"]
        )
        for (state, stage), count in sorted(self.book.counts().items()):
            jobs.add_metric([state, stage or "ended"], count)
        yield jobs
        age = GaugeMetricFamily(
            "parcelproof_queue_age_seconds",
            "How long the job that waits longest has waited, by stage.",
            labels=["stage"],
        )
        since, now = self.book.waiting_since(), now_s()
        for stage in STAGES[:2]:
            age.add_metric([stage], max(0, now - since.get(stage, now)))
        yield age
        waiting = GaugeMetricFamily("parcelproof_notices_waiting", "Notices yet to arrive.")
        waiting.add_metric([], self.book.notices_waiting())
        yield waiting

    def _tallies(self, tallied: dict[Tally, float]) -> Iterator[Metric]:
        for tally, (name, labels, says) in COUNTERS.items():
            counter = CounterMetricFamily(f"parcelproof_{name}", says, labels=labels)
            if not labels:  # also before it first grows, so that this is seen
                counter.add_metric([], tallied.get((tally, ""), 0))
            for (found, label), value in sorted(tallied.items()):
                if labels and found == tally:
                    counter.add_metric(label.rsplit(" ", len(labels) - 1), value)
            yield counter
        yield _durations(tallied)

    def _broker(self, broker: Broker) -> Iterator[Metric]:
        there = broker.waiting()
        up = GaugeMetricFamily("parcelproof_broker_up", "Whether the broker answers.")
        up.add_metric([], int(there is not None))
        yield up
        if there is not None:
            messages = GaugeMetricFamily("parcelproof_broker_messages", "Wake-ups that wait.")
            messages.add_metric([], there)
            yield messages


def _durations(tallied: dict[Tally, float]) -> Metric:
    found = HistogramMetricFamily(
        "parcelproof_stage_seconds", "Seconds that a job took, by stage.", labels=["stage"]
    )
    for stage in STAGES:
        count = tallied.get(("stage_seconds_count", stage), 0)
        buckets: list[Any] = [
            (str(float(bound)), tallied.get(("stage_seconds_bucket", f"{stage} {bound}"), 0))
            for bound in SECONDS
        ]
        found.add_metric(
            [stage],
            [*buckets, ("+Inf", count)],
            sum_value=tallied.get(("stage_seconds_sum", stage), 0),
        )
    return found
