"""Policies: an event of one service asks a command of another. Each service declares its own as a literal table.

The id of the command is derived from the event and the policy, so an event that is delivered twice asks once.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

from msgspec import UNSET, Struct

from shared.command_handler import Answer, CommandHandler
from shared.errors import Refused
from shared.message import CommandMessage, EventMessage, data_of
from shared.trust.access import system


class Policy(Struct, frozen=True, kw_only=True):
    """One rule: when `event` happens, ask `command`.

    `id` is persisted: it is part of the ids of the commands that the policy has given, and the actor that is recorded with them. It is
    never edited, whatever its wording; `description` may be. `event` is an event kind (`intake.OrientationAccepted`) and `reads` a
    struct of the fields of it that matter here. `data` turns what was read into the data of the command, or into None when nothing is
    to be asked. `tolerates` lists the refusal codes that mean: it is so already.
    """

    id: str
    description: str
    event: str
    reads: type[Any]
    command: type[Any]
    data: Callable[[Any], dict[str, Any] | None]
    tolerates: frozenset[str] = frozenset()


class PolicyRunner:
    """Runs a service's policies on events.

    With `at_event_time` the commands are also recorded at the time of the event's own recording: only for importing past history.
    """

    def __init__(self, handler: CommandHandler, policies: Sequence[Policy], *, at_event_time: bool = False) -> None:
        self.handler = handler
        self.at_event_time = at_event_time
        self.policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self.policies.setdefault(policy.event, []).append(policy)

    def react(self, event: EventMessage) -> list[Answer]:
        """Run every policy of one event; all are tried before the first failure is raised, with the policy's id as a note."""
        answers: list[Answer] = []
        failures: list[Exception] = []
        for policy in self.policies.get(event.kind, ()):
            try:
                answers += self.run(policy, event)
            except Exception as failure:  # noqa: BLE001 - one failing policy must not keep the others from running; raised below
                failure.add_note(f"policy: {policy.id}")
                failures.append(failure)
        if failures:
            raise failures[0]
        return answers

    def run(self, policy: Policy, event: EventMessage) -> list[Answer]:
        data = policy.data(data_of(event, policy.reads))
        if data is None:
            return []
        try:
            return [self.handler.handle(self.message(policy, event, data), system(policy.id))]
        except Refused as refusal:
            if refusal.code in policy.tolerates:
                return []
            raise

    def message(self, policy: Policy, event: EventMessage, data: dict[str, Any]) -> CommandMessage:
        return CommandMessage(
            id=policy_command_id(event.id, policy.id),
            type=policy.command.__name__,
            actor=system(policy.id).actor,
            territory=event.territory,
            time=event.time,
            data=data,
            causation_id=str(event.id),
            correlation_id=None if event.correlationid is UNSET else str(event.correlationid),
            recorded_time=event.recordedtime if self.at_event_time else None,
        )


def policy_command_id(event: UUID, policy: str) -> UUID:
    """The id of the command that a policy gives for an event: the same at every redelivery."""
    return uuid5(event, policy)
