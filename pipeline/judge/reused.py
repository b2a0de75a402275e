"""Footage that stands in another case of the store, as observations of the exhibit it is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from models.answers import REUSE, Answer
from models.examination import JUDGING, Examination, Reuse
from models.kinds import Reused, ReusedPerhaps
from models.observation import Observation


def with_reused(
    exhibit: Examination,
    some: Sequence[Reuse],
    answers: Iterable[Answer] = (),
) -> Examination:
    """The exhibit with what is known of it elsewhere, which only a cap may hold against it.

    None does where a person looked and found it right.
    """
    mine = [one for one in some if one.exhibit == exhibit.path]
    said = {one.answer for one in answers if one.question == (exhibit.path, REUSE)}
    seen = (*exhibit.observations, *_observations(mine, "yes" in said))
    return exhibit.model_copy(update={"observations": seen})


def _observations(some: Iterable[Reuse], right: bool) -> Iterator[Observation]:
    for number, one in enumerate(some, start=1):
        kind = Reused if one.sure and one.other_case and not right else ReusedPerhaps
        yield kind(
            at=one.at,
            other=one.other,
            other_file=one.other_file,
            there=one.there,
            turned=one.turned,
            moments=one.moments,
            sure=one.sure,
            right=right,
            detector=JUDGING,
            id=f"{JUDGING}:{kind.about.name}:{number}",
        )
