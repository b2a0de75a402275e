"""How much the silence about breaks may claim: what would have been noticed in this very clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from models.card import Stratum
from models.kinds import Blank, Blurred, Cover, Damaged, Pause, Trial, Trials
from models.observation import Observation, first, of

# Share of the cuts tried that must stand out; set on 67 takes of people the trees had not seen,
# with what `joins` calls standing out. Of 536 cut clips 3 reach it silently, of 97 honest ones 54.
NEARLY_ALL = 0.9
FEWEST = 15  # cuts tried, as on eight seconds; on shorter clips the share misled
HIDING = (Blank, Blurred, Cover, Pause)  # stretches in which anything may be missing


class Noticed(NamedTuple):
    """Which clips' figures stand for this one, and the share of the cuts tried it that was noticed.

    No stratum: a cut of any length could lie where nothing is to be seen.
    """

    stratum: Stratum
    share: float


NOTHING_TRIED = Noticed("", 0.0)


def noticed(observations: Sequence[Observation]) -> Noticed:
    """What a clip's own trials say.

    Nothing where they are missing or few, or where the clip is for a moment blank, blurred,
    covered, paused or torn: behind a whip of the camera or a hand nobody sees a cut.
    """
    refused = [one for one in of(observations, Damaged) if one.how == "refused"]
    hidden = any(isinstance(one, HIDING) for one in observations)
    tried = trials(observations)
    if refused or hidden or len(tried) < FEWEST:
        return NOTHING_TRIED
    share = sum(trial.noticed for trial in tried) / len(tried)
    return Noticed("nearly_all" if share >= NEARLY_ALL else "some", share)


def trials(observations: Sequence[Observation]) -> tuple[Trial, ...]:
    """Every cut that was tried on this clip."""
    seen = first(observations, Trials)
    return seen.trials if seen else ()
