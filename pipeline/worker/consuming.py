"""What Celery consumes messages by, without the queues by which it would delay some.

With quorum queues it would lay 28 further ones on the broker, for tasks that name a time. No
message of ours does: what is to be done later, the store knows.
"""

from __future__ import annotations

from typing import Any

from celery.worker.consumer import Consumer as Whole

NOT_WANTED = "delayed_delivery"


class Consumer(Whole):  # type: ignore[misc]
    """As Celery's own, but for that step."""

    class Blueprint(Whole.Blueprint):  # type: ignore[misc]
        """Its steps."""

        default_steps: list[Any] = [  # noqa: RUF012 (as Celery declares it)
            step for step in Whole.Blueprint.default_steps if NOT_WANTED not in str(step)
        ]
