"""Writes what a process logs to standard error: a line of JSON for each record, or one for people.

The code logs by the standard library's `logging`, as its libraries do; structlog renders all of it in one way (`ProcessorFormatter`), with
what is known of the work that was under way: command, causation, correlation, position, trace. That is kept in context variables
(`structlog.contextvars`), which each green thread has of its own, and `native` hands on to native threads.

A record holds no password: its texts are concealed before they are written as JSON, which writes some characters otherwise, and again
by the stream. A traceback has no values of variables, which may be about a person.
"""

import logging
import sys
from collections.abc import Collection, MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from services.bootstrap.log_settings import LogSettings
from shared.concealment import concealed

RECORD = ("_record", "_from_structlog")


def log_to_terminal(settings: LogSettings | None = None, service: str = "parcours", secrets: Collection[str] = ()) -> None:
    """Log to standard error from now on, as the settings say, under the name of a service."""
    chosen = settings or LogSettings()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(chosen.format, service, secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(chosen.level)
    for name, level in chosen.levels.items():
        logging.getLogger(name).setLevel(level)


def formatter(format: str, service: str, secrets: Collection[str] = ()) -> logging.Formatter:
    def named(logger: object, method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    def without_secrets(logger: object, method: str, event: EventDict) -> EventDict:
        return {name: conceal(value, secrets) if name not in RECORD else value for name, value in event.items()}

    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        named,
        structlog.processors.format_exc_info,  # not its `dict_tracebacks`, which show variables
        without_secrets,
    ]
    render: Processor = structlog.processors.JSONRenderer(ensure_ascii=False) if format == "json" else for_people
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
    )


def conceal(value: Any, secrets: Collection[str]) -> Any:
    return concealed(value, secrets) if isinstance(value, str) else value


def for_people(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    """One line, as before, then what else is known; a traceback below it."""
    time, level, name, text = (event.pop(key, "") for key in ("timestamp", "level", "logger", "event"))
    traceback = event.pop("exception", "")
    event.pop("service", None)  # one process writes to one terminal
    more = "".join(f" {key}={value}" for key, value in sorted(event.items()))
    return f"{time} {str(level).upper()} {name}: {text}{more}" + (f"\n{traceback}" if traceback else "")
