"""How far the reading of one exhibit is, each step weighed by what it usually costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from models.detector import Detector
from models.media import Media

Emit = Callable[[str, Any], None]
TELL_S = 0.2  # seconds between two tellings
STREAM_S = 0.004  # seconds that a million pixels of the stream usually take
LEAST_S = 0.2  # seconds that any stream takes


class Progress:
    """Emits ("progress", 0..1) now and then; from any thread."""

    def __init__(
        self,
        media: Media,
        some: Sequence[Detector],
        emit: Emit,
    ) -> None:
        pictures = media.duration_s * media.frame_rate if media.kind == "video" else 1.0
        pixels = media.width * media.height * pictures / 1e6
        self.costs = {one.name: one.tells_s for one in some if one.tells_s}
        self.costs[""] = max(LEAST_S, STREAM_S * pixels)
        self.done = dict.fromkeys(self.costs, 0.0)
        self.emit = emit
        self.told = 0.0
        self.lock = threading.Lock()

    def streamed(self, share: float) -> None:
        """So much of the stream has gone by."""
        self.of_detector("", share)

    def of_detector(self, name: str, share: float) -> None:
        """So much of a detector's work after the stream is done."""
        with self.lock:
            if name not in self.done:
                return
            self.done[name] = max(self.done[name], min(1.0, share))
            if time.monotonic() - self.told > TELL_S:
                self.told = time.monotonic()
                self.emit("progress", round(self._share(), 4))

    def _share(self) -> float:
        whole = sum(self.costs.values())
        return sum(self.costs[name] * share for name, share in self.done.items()) / whole
