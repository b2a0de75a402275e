"""One running clock from time stamps that may start anew, or below zero."""

from __future__ import annotations

BACK_S = 1.0  # seconds: stamps of pictures change places by less, a clock that starts anew by more


class RunningClock:
    """Of one track, in one order of its stamps: seconds that go on where the stamps start anew.

    A stamp more than `BACK_S` before the latest, or more than `longest` seconds after it, belongs
    to a clock that started anew; it is put `step` seconds after the latest. `offset` is what puts
    the beginning of the file to zero, where it lies below.
    """

    def __init__(
        self,
        longest: float,
        step: float,
        offset: float = 0.0,
    ) -> None:
        self.longest = longest
        self.step = step
        self.offset = offset
        self.latest: float | None = None
        self.restarts = 0

    def running(self, stamp: float) -> float:
        """The stamp as seconds of the running clock."""
        now = stamp + self.offset
        if self.latest is None:
            self.latest = now
        elif not -BACK_S <= now - self.latest <= self.longest:
            now = self.latest + self.step
            self.offset = now - stamp
            self.restarts += 1
        self.latest = max(self.latest, now)
        return now
