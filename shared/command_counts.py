"""Counts the commands of a service by type and outcome: those of its callers, by the words of `shared.reply`, and those of its policies."""

import logging

from shared.command_handler import CommandHandler
from shared.metrics import COMMANDS
from shared.reply import Reply

log = logging.getLogger(__name__)

UNKNOWN = "?"  # a type that the service does not know is what somebody wrote, and no label


def count(handler: CommandHandler, name: str, outcome: str) -> None:
    known = handler.command_types.get(name)
    log.info("%s: %s", name if known else UNKNOWN, outcome)
    COMMANDS.labels(known.decider.service if known else UNKNOWN, name if known else UNKNOWN, outcome).inc()


def counted(handler: CommandHandler, name: str, reply: Reply) -> Reply:
    """The reply, which has one member, whose name is the outcome."""
    count(handler, name, next(iter(reply)))
    return reply
