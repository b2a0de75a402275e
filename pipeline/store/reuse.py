"""Which other cases hold footage of a submission: every file's samples, searched as a whole."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, insert, select, update

from models.examination import Examination, Examinations, Reuse
from models.footage import CROPS, MIRRORED, TURNED, VIEWS, WHOLE, Samples, halved
from models.identifiers.matching import squeezed
from models.kinds import Footage, Page
from models.observation import first
from models.record import Span
from models.submission import Case
from pipeline.store.alike import CANDIDATE, alike, same_view
from pipeline.store.packing import packed, unpacked
from pipeline.store.schema import footage, submissions

STRIDE = 8  # every eighth sample of a clip is looked for: one in two seconds
CHUNK = 1 << 15  # samples that are held against one at a time
MOST = 20  # other submissions that are told of one file; a carrier's picture may stand in thousands
CLOSELY = 200  # files that are looked at closely, those with most samples in common first
MATCHED_KINDS = ("video", "image")


class Known(NamedTuple):
    """A file in the index: its row, whose it is, and what it holds."""

    seq: int
    submission: str
    name: str
    file: str
    kind: str
    sha256: str


class Index:
    """The samples of all files of a store, in memory: some 100 bytes each."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.newest = 0
        self.files: list[Known] = []
        self.by_digest: dict[str, list[Known]] = {}
        self.look = np.zeros((0, VIEWS), np.uint64)
        self.owner = np.zeros(0, np.int64)

    def refresh(self, connection: Connection) -> None:
        """What was added to the store since."""
        with self.lock:
            rows = connection.execute(
                select(footage, submissions.c.name)
                .join(submissions)
                .where(footage.c.seq > self.newest)
                .order_by(footage.c.seq)
            ).mappings()
            looks, owners = [self.look], [self.owner]
            for row in rows:
                samples = halved(_samples(row["body"]))
                telling = samples.look[samples.telling]
                owners.append(np.full(len(telling), len(self.files), np.int64))
                looks.append(telling)
                known = Known(**{name: row[name] for name in Known._fields})
                self.files.append(known)
                self.by_digest.setdefault(known.sha256, []).append(known)
                self.newest = row["seq"]
            if len(looks) > 1:
                self.look, self.owner = np.concatenate(looks), np.concatenate(owners)

    def candidates(
        self,
        samples: Samples,
        subject: str,
        since: int = 0,
    ) -> list[Known]:
        """Files of others, after row `since`, that hold a picture like one of these.

        The likeliest first.
        """
        with self.lock:
            files = self.files
            new = bisect_right(files, since, key=lambda one: one.seq)
            begin = int(np.searchsorted(self.owner, new))
            look, owner = self.look[begin:], self.owner[begin:]
        asked = samples.look[samples.telling]
        counts: Counter[int] = Counter()
        for words in asked[::STRIDE] if len(asked) > 2 * STRIDE else asked:
            for start in range(0, len(look), CHUNK):
                near = _near(words, look[start : start + CHUNK])
                counts.update(owner[start : start + CHUNK][near].tolist())
        likely = sorted(counts, key=lambda number: (-counts[number], number))
        some = [files[number] for number in likely]
        return [one for one in some if one.submission != subject][:CLOSELY]

    def same_files(
        self,
        sha256: str,
        subject: str,
        since: int = 0,
    ) -> list[Known]:
        """Files of others, after row `since`, that are the same byte for byte."""
        with self.lock:
            same = [one for one in self.by_digest.get(sha256, ()) if one.seq > since]
        return [one for one in same if one.submission != subject]


def _near(words: Any, look: Any) -> Any:
    """Which samples look like these words, either being a part of the other; mirrored; turned."""
    crops = words[: len(CROPS)]
    pairs = (
        (look[:, [WHOLE]], crops),
        (look[:, : len(CROPS)], words[WHOLE]),
        (look[:, : len(CROPS)], words[MIRRORED]),
        (look[:, [MIRRORED]], crops),
        (look[:, [WHOLE]], words[TURNED]),
        (look[:, [TURNED]], words[WHOLE]),
    )
    near = np.zeros(len(look), np.bool_)
    for mine, theirs in pairs:
        near |= (np.bitwise_count(mine ^ theirs) <= CANDIDATE).any(axis=1)
    return near


_CASE = select(footage.c.case)


def case_of(case: Case) -> str:
    """By what two submissions are known to be of one case: any number; empty where nobody said."""
    known = case.numbers if case.source == "operator" else ()
    return "\n".join(sorted({squeezed(number) for number in known}))


def same_case(one: str, other: str) -> bool:
    """Do they share a number?"""
    return bool(set(one.split()) & set(other.split()))


class Match(NamedTuple):
    """Footage that two submissions share, and whether they are of one case."""

    reuse: Reuse
    same_case: bool


def search(
    connection: Connection,
    index: Index,
    examined: Examinations,
    subject: str,
    case: str,
    since: int = 0,
) -> tuple[Match, ...]:
    """Where footage of this submission, of this case, stands in others, of rows after `since`."""
    found: list[Match] = []
    for exhibit in examined.exhibits:
        others = _of(
            connection,
            index,
            exhibit,
            subject,
            since,
        )
        for known, reuse in islice(others, MOST):
            theirs = connection.execute(_CASE.where(footage.c.seq == known.seq)).scalar() or ""
            named = reuse.model_copy(update={"other_case": bool(case and theirs)})
            found.append(Match(named, same_case(case, theirs)))
    return tuple(found)


def told(found: Iterable[Match]) -> tuple[Reuse, ...]:
    """What is said of it: nothing of what is of one case."""
    some = {match.reuse for match in found if not match.same_case}
    return tuple(sorted(some, key=lambda one: (one.exhibit, not one.sure, one.other, one.moments)))


def touched(found: Sequence[Match]) -> frozenset[str]:
    """Names of the others, who may not know yet; none where they are too many to say much."""
    return frozenset(match.reuse.other for match in found) if len(found) < MOST else frozenset()


def _of(
    connection: Connection,
    index: Index,
    exhibit: Examination,
    subject: str,
    since: int,
) -> Iterator[tuple[Known, Reuse]]:
    """Of one file: the same bytes, the same footage, the same view."""
    if exhibit.kind not in MATCHED_KINDS or not exhibit.sha256:
        return
    same = index.same_files(exhibit.sha256, subject, since)[:MOST]
    for known in same:
        yield (
            known,
            Reuse(
                exhibit=exhibit.path,
                other=known.name,
                other_file=known.file,
                sure=exhibit.kind == "video",
            ),
        )
    samples = samples_of(exhibit)
    if samples is None:
        return
    there = {known.seq for known in same}
    for known in index.candidates(samples, subject, since):
        if known.seq not in there and (reuse := _compared(connection, exhibit, samples, known)):
            yield known, reuse


def _compared(
    connection: Connection,
    exhibit: Examination,
    samples: Samples,
    known: Known,
) -> Reuse | None:
    """Closely; None where it is not alike, or was removed meanwhile."""
    order = select(footage.c.body).where(footage.c.seq == known.seq)
    body = connection.execute(order).scalar()
    if body is None:
        return None
    other = halved(_samples(body))
    told = Reuse(exhibit=exhibit.path, other=known.name, other_file=known.file)
    if "image" in (exhibit.kind, known.kind):
        photo, clip = (samples, other) if exhibit.kind == "image" else (other, samples)
        return told if same_view(photo, clip) else None
    found = alike(samples, other)
    if found is None:
        return None
    stretches = {
        "at": Span(start=found.start, end=found.end),
        "there": Span(start=found.there_start, end=found.there_end),
        "turned": found.turned,
        "moments": found.moments,
        "sure": found.sure,
    }
    return told.model_copy(update=stretches)


def is_of(
    connection: Connection,
    subject: str,
    case: str,
) -> bool:
    """A submission is of this case from now on; whether it was of another one before."""
    others = (footage.c.submission == subject) & (footage.c.case != case)
    return connection.execute(update(footage).where(others).values(case=case)).rowcount > 0


def add(
    connection: Connection,
    examined: Examinations,
    subject: str,
    case: str,
) -> None:
    """The files of a submission become a part of the index, each once, of the case as it is now."""
    is_of(connection, subject, case)
    mine = footage.c.submission == subject
    order = select(footage.c.sha256, footage.c.file).where(mine)
    there = {tuple(row) for row in connection.execute(order)}
    for exhibit in examined.exhibits:
        samples = first(exhibit.observations, Footage)
        known = (exhibit.sha256, exhibit.path) in there
        if known or exhibit.kind not in MATCHED_KINDS or samples is None:
            continue
        if samples_of(exhibit) is None:  # by its bytes alone
            samples = samples.model_copy(update={"telling": "0" * len(samples.times_s)})
        row = {
            "submission": subject,
            "file": exhibit.path,
            "kind": exhibit.kind,
            "sha256": exhibit.sha256,
            "case": case,
            "body": packed(samples.model_dump_json().encode()),
        }
        connection.execute(insert(footage).values(row))


def samples_of(exhibit: Examination) -> Samples | None:
    """What the exhibit is known again by; None of a page, for those of one app all look alike."""
    if exhibit.kind == "image" and first(exhibit.observations, Page):
        return None
    seen = first(exhibit.observations, Footage)
    return seen.samples() if seen else None


def _samples(body: bytes) -> Samples:
    return Footage.model_validate_json(unpacked(body)).samples()
