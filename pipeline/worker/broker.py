"""The broker: it wakes workers. What is next, the store says.

A message says no more than that there is work: it names no file, no case and no job, and one too
many does no harm. So a broker that loses its messages loses no work, and any of Celery's brokers
will do, also one without priorities.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from models import errors
from pipeline.worker.logs import log

QUEUE, DEAD = "parcelproof", "parcelproof.dead"
TASK = "parcelproof.step"
GRACE_S = 30  # seconds between the end of a job's time and that of its process
DELIVERIES = 20  # of one message that ends no worker's step, after which it is laid aside
MOST_WAITING = 10_000  # messages that wait, however long the line in the store is
SCHEMES = {"amqp", "amqps", "redis", "rediss", "sqs"}
KEPT_ASIDE = 1000  # messages that were laid aside: they say little, some are enough
# What a publisher does while the broker is away: not long, for the store remembers.
POLICY = {"max_retries": 3, "interval_start": 0.1, "interval_step": 0.5, "interval_max": 1.0}


class Broker:
    """A broker at an address: amqp://, redis:// or sqs://. Raises Usage."""

    def __init__(self, address: str, job_s: float) -> None:
        scheme = scheme_of(address)
        self.scheme = scheme
        self.app = app_of(address, job_s)

    def wake(self, count: int) -> int:
        """So many more messages; how many were sent. A broker that is away is not waited for."""
        sent = 0
        try:
            with self.app.producer_pool.acquire(block=True, timeout=5) as producer:
                for _ in range(count):
                    self.app.send_task(TASK, producer=producer)
                    sent += 1
        except Exception as fault:  # each of its transports has faults of its own
            log.warning("not_woken", missing=count - sent, error=type(fault).__name__)
        return sent

    def take(self) -> bool:
        """One message off the queue, if one waits. Raises NoBroker."""
        try:
            with self.app.connection_for_read() as connection, connection.channel() as channel:
                queue = self.app.amqp.queues[QUEUE].bind(channel)
                message = queue.get()
                if message is not None:
                    message.ack()  # the store remembers what it said
                return message is not None
        except Exception as fault:  # as above
            raise errors.NoBroker(
                "The broker cannot be used: {why}.", why=self._why(fault)
            ) from None

    def waiting(self) -> int | None:
        """Messages that wait; None where the broker does not say."""
        try:
            with self.app.connection_for_read() as connection, connection.channel() as channel:
                queue = channel.queue_declare(QUEUE, passive=True)
                return int(queue.message_count)
        except self.app.connection_for_read().channel_errors:
            return 0  # there is no such queue yet; Redis forgets one that is empty
        except Exception as fault:  # as above
            log.warning("broker_away", error=type(fault).__name__)
            return None

    def check(self) -> str:
        """Why it cannot be used now; "" where it can."""
        try:
            with self.app.connection_for_read() as connection:
                connection.ensure_connection(max_retries=1, timeout=5)
        except Exception as fault:  # as above
            return self._why(fault)
        return ""

    def declare(self) -> None:
        """Its queues, the one for what is laid aside among them. Raises NoBroker."""
        try:
            with self.app.connection_for_write() as connection:
                for queue in (self.app.amqp.queues[QUEUE], *self._aside()):
                    queue.bind(connection.default_channel).declare()
        except Exception as fault:  # as above
            raise errors.NoBroker(
                "The broker cannot be used: {why}.", why=self._why(fault)
            ) from None

    def _aside(self) -> list[Any]:
        """Where RabbitMQ lays what was delivered too often; nobody takes it from there."""
        arguments = {"x-queue-type": "quorum", "x-max-length": KEPT_ASIDE}
        return [_queue(DEAD, arguments)] if self.scheme.startswith("amqp") else []

    def _why(self, fault: Exception) -> str:
        """What the server says; of any other fault the name, for it may hold the password."""
        code = getattr(fault, "reply_code", None)
        if code:
            return f"{type(fault).__name__}: {str(fault)[:200]}".rstrip(".")
        return type(fault).__name__

    def publish(self, queue: str, body: str, known: str) -> str:
        """A notice, to a queue where people look; why it did not get there, "" where it did."""
        try:
            with self.app.producer_pool.acquire(block=True, timeout=5) as producer:
                producer.publish(
                    body,
                    routing_key=queue,
                    exchange="",
                    declare=[_lasting(self.scheme, queue)],
                    content_type="application/json",
                    content_encoding="utf-8",
                    delivery_mode=2,
                    message_id=known,
                    retry=True,
                    retry_policy=POLICY,
                )
        except Exception as fault:  # as above
            return self._why(fault)
        return ""


def scheme_of(address: str) -> str:
    """What sort of broker it is. Raises Usage, without repeating a password."""
    try:
        parts = urlsplit(address)
        well = parts.port != 0 and address.count("@") <= 1 and not parts.query
    except ValueError:
        well = False
    if not well or parts.scheme not in SCHEMES:
        raise errors.Usage(
            "--broker: write amqp://USER:PASSWORD@HOST//, redis://HOST/0 or sqs://, and in a "
            "password @ as %40, / as %2F, : as %3A, ? as %3F."
        )
    return parts.scheme


def app_of(address: str, job_s: float) -> Any:
    """Celery, with what keeps work from being lost pinned."""
    from celery import Celery

    scheme = urlsplit(address).scheme
    time_limit = int(job_s) + GRACE_S
    app = Celery("parcelproof", broker=address, set_as_current=False)
    quorum = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERIES,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD,
    }
    mine = quorum if scheme.startswith("amqp") else {}
    options: dict[str, Any] = {"visibility_timeout": time_limit + GRACE_S}
    if scheme.startswith("amqp"):
        options = {"confirm_publish": True}
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        worker_prefetch_multiplier=1,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_time_limit=time_limit,
        broker_transport_options=options,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_publish_retry_policy=POLICY,
        task_default_queue=QUEUE,
        task_queues=[_queue(QUEUE, mine)],
        task_create_missing_queues=False,
        worker_consumer="pipeline.worker.consuming:Consumer",
        worker_enable_remote_control=False,  # whoever reaches the broker must not steer workers
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_soft_shutdown_timeout=GRACE_S,
    )
    return app


def _lasting(scheme: str, name: str) -> Any:
    """A queue that outlives its broker."""
    return _queue(name, {"x-queue-type": "quorum"} if scheme.startswith("amqp") else {})


def _queue(name: str, arguments: dict[str, Any]) -> Any:
    from kombu import entity

    queue: Any = entity.Queue
    return queue(name, routing_key=name, exchange="", queue_arguments=arguments)
