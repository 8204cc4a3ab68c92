"""Policies: an event leads to a command, usually in another service. Each service declares its own as a literal table.

The id of the command is derived from the event and the policy, so an event that is delivered twice gives one command.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct


class Policy(Struct, frozen=True, kw_only=True):
    """One rule: when `event` happens, give `command`.

    `id` is persisted: it is part of the ids of the commands that the policy has given, and the actor that is recorded with them. It is
    never edited, whatever its wording; `description` may be. `task` says
    in French what a person has to do when the command is refused. `event` is an event kind (`intake.OrientationAccepted`) and `reads` a
    struct of the fields of it that matter here. `data` turns what was read into the data of each command: none when there is nothing to do.
    `tolerates` lists the refusals that mean that the effect of the command is there already.
    """

    id: str
    description: str
    task: str
    event: str
    reads: type[Any]
    command: type[Any]
    data: Callable[[Any], Sequence[dict[str, Any]]]
    tolerates: frozenset[str] = frozenset()


def policy_command_id(event: UUID, policy: str, index: int = 0) -> UUID:
    """The id of a command that a policy gives for an event, by its place among them: the same at every redelivery."""
    first = uuid5(event, policy)
    return uuid5(first, str(index)) if index else first
