"""Counts the commands of a service by type and outcome: those of its callers, by the words of `shared.reply`, and those of its policies."""

import logging
from collections import Counter
from collections.abc import Sequence

from structlog.contextvars import bound_contextvars

from shared.command_handler import CommandHandler
from shared.metrics import COMMANDS
from shared.reply import Reply

log = logging.getLogger(__name__)

UNKNOWN = "?"  # a type that the service does not know is what somebody wrote, and no label


def count(handler: CommandHandler, name: str, outcome: str) -> None:
    log.info("%s: %s", name if name in handler.command_types else UNKNOWN, outcome)
    increase(handler, name, outcome, 1)


def increase(handler: CommandHandler, name: str, outcome: str, number: int) -> None:
    known = handler.command_types.get(name)
    COMMANDS.labels(known.decider.service if known else UNKNOWN, name if known else UNKNOWN, outcome).inc(number)


def count_each(handler: CommandHandler, answered: Sequence[tuple[str, str, Reply]]) -> None:
    """Count many replies, each with the id of its command, which logs name, and its type."""
    outcomes = [(name, next(iter(reply))) for _, name, reply in answered]
    for (name, outcome), number in Counter(outcomes).items():
        increase(handler, name, outcome, number)
    if log.isEnabledFor(logging.INFO):
        for (id, _, _), (name, outcome) in zip(answered, outcomes, strict=True):
            with bound_contextvars(**({"command_id": id} if id else {})):
                log.info("%s: %s", name if name in handler.command_types else UNKNOWN, outcome)


def counted(handler: CommandHandler, name: str, reply: Reply) -> Reply:
    """The reply, which has one member, whose name is the outcome."""
    count(handler, name, next(iter(reply)))
    return reply
