"""Footage that stands in another case of the store, as observations of the exhibit it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.examination import JUDGING, Examination, Reuse
from models.kinds import Reused, ReusedPerhaps
from models.observation import Observation


def with_reused(exhibit: Examination, some: Sequence[Reuse]) -> Examination:
    """The exhibit with what is known of it elsewhere, which only a cap may hold against it."""
    mine = [one for one in some if one.exhibit == exhibit.path]
    seen = (*exhibit.observations, *_observations(mine))
    return exhibit.model_copy(update={"observations": seen})


def _observations(some: Iterable[Reuse]) -> Iterator[Observation]:
    for number, one in enumerate(some, start=1):
        kind = Reused if one.sure and one.other_case else ReusedPerhaps
        yield kind(
            at=one.at,
            other=one.other,
            other_file=one.other_file,
            there=one.there,
            turned=one.turned,
            moments=one.moments,
            sure=one.sure,
            detector=JUDGING,
            id=f"{JUDGING}:{kind.about.name}:{number}",
        )
