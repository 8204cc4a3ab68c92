"""Runs policies: reads an event, and gives the commands that follow from it to the service's command handler."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from shared.command_handler import Answer, CommandHandler
from shared.errors import Refused
from shared.message import CommandMessage, EventMessage, data_of
from shared.policy import Policy, policy_command_id
from shared.trust.access import system


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
