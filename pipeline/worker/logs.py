"""Logs of workers: one JSON object a line on stderr, without names, numbers or what was read."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

LIBRARIES = ("celery", "kombu", "amqp", "botocore", "urllib3", "alembic")

log: Any = structlog.get_logger("parcelproof")


def silent() -> None:
    """Nothing is logged: a command tells people what there is to tell."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def set_up(level: int = logging.INFO) -> None:
    """Ours and those of the libraries alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    handler.addFilter(_without_content)
    logging.captureWarnings(True)


def _without_content(record: logging.LogRecord) -> bool:
    """Of what libraries say only how it begins: the rest may hold what is in a message."""
    if record.name.partition(".")[0] in LIBRARIES:
        record.msg = str(record.msg).strip().partition("\n")[0][:100]
        record.args = ()
        if record.exc_info and record.exc_info[0]:
            record.msg += f" ({record.exc_info[0].__name__})"
        record.exc_info = record.exc_text = None
    return True
