"""How the service logs: one JSON object a line for machines, coloured lines for people; on the error output."""

import logging
import sys
from typing import Any, Literal

import structlog

Format = Literal["auto", "json", "console"]

_ALWAYS: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def set_up(level: str, written: Format) -> None:
    """Send everything that is logged, by us or by a library, the same way; `auto`: console at a terminal, else JSON."""
    console = written == "console" or (written == "auto" and sys.stderr.isatty())
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*_ALWAYS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    to_error_output = logging.StreamHandler(sys.stderr)
    to_error_output.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            foreign_pre_chain=_ALWAYS,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [to_error_output]
    root.setLevel(level.upper())
    # They tell every start and step of their own; ours are told once.
    for name in ("uvicorn", "uvicorn.error", "alembic", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
