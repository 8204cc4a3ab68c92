"""How a process logs: as lines for people or as JSON, and from which level on."""

import logging
import re
from collections.abc import Mapping

from msgspec import Struct

from services.bootstrap.environment import Environment
from services.bootstrap.network_settings import parts
from shared.errors import Misconfigured

FORMATS = ("console", "json")
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
LOGGER = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


class LogSettings(Struct, frozen=True):
    """`levels` are those of some loggers and of what is below them; `level` is that of all others."""

    format: str = "console"
    level: int = logging.WARNING
    levels: Mapping[str, int] = {}


def log_settings(environment: Environment) -> LogSettings:
    """The settings of logs; what is wrong in them is collected there."""
    level, levels = environment.read("PARCOURS_LOG_LEVEL", levels_of)
    return LogSettings(environment.read("PARCOURS_LOG_FORMAT", format_of), level, levels)


def format_of(text: str) -> str:
    if text not in FORMATS:
        raise Misconfigured(f"PARCOURS_LOG_FORMAT: one of these is expected: {', '.join(FORMATS)}")
    return text


def levels_of(text: str) -> tuple[int, Mapping[str, int]]:
    """A level for all, and those of loggers: `warning,shared.bus=info`."""
    general, levels = logging.WARNING, {}
    for part in parts(text) or [""]:
        logger, named, level = part.rpartition("=")
        if level not in LEVELS or (named and not LOGGER.fullmatch(logger)):
            raise Misconfigured(
                f"PARCOURS_LOG_LEVEL: {', '.join(LEVELS)} is expected, and others for loggers, such as warning,shared.bus=info."
            )
        if named:
            levels[logger] = LEVELS[level]
        else:
            general = LEVELS[level]
    return general, levels
