"""Runs policies: reads an event, and gives the commands that follow from it to the service's command handler.

What the rules refuse to a policy is for a person to decide: it becomes a task (`Tasks`), which names the reason. When the reason is gone,
somebody has the policy tried again.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import UNSET
from structlog.contextvars import bound_contextvars

from shared.command_counts import count
from shared.command_handler import CommandHandler
from shared.command_type import Answer
from shared.errors import Invalid, Refused
from shared.message import CommandMessage, EventMessage, data_of
from shared.policy import Policy, policy_command_id
from shared.trust.access import system


class Tasks(Protocol):
    """Where the refusal of a policy becomes a person's task."""

    retry_kind: str
    """The kind of event that asks for another try."""

    def open(self, policy: Policy, event: EventMessage, refusal: Refused, *, at_event_time: bool) -> list[Answer]: ...
    def retried(self, event: EventMessage) -> tuple[str, EventMessage | None]: ...
    def refuse(self, policy: Policy, cause: EventMessage, retry: EventMessage, refusal: Refused) -> list[Answer]: ...
    def complete(self, policy: Policy, cause: EventMessage, retry: EventMessage) -> list[Answer]: ...


class PolicyRunner:
    """Runs a service's policies on events.

    With `at_event_time` the commands are also recorded at the time of the event's own recording: only for importing past history.
    """

    def __init__(
        self, handler: CommandHandler, policies: Sequence[Policy], tasks: Tasks | None = None, *, at_event_time: bool = False
    ) -> None:
        self.handler = handler
        self.tasks = tasks
        self.at_event_time = at_event_time
        self.policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self.policies.setdefault(policy.event, []).append(policy)
        self.kinds = frozenset(self.policies) | ({tasks.retry_kind} if tasks else set())  # of the events that it reacts to

    def react(self, event: EventMessage) -> list[Answer]:
        """Run every policy of one event; all are tried before the first failure is raised, with the policy's id as a note."""
        if event.kind not in self.kinds:
            return []
        carried = {"correlation_id": event.correlationid, "traceparent": event.traceparent}
        known = {"causation_id": str(event.id), **{name: value for name, value in carried.items() if value is not UNSET}}
        with bound_contextvars(position=event.position, **known):
            return self.react_known(event)

    def react_known(self, event: EventMessage) -> list[Answer]:
        """React while logs name the event."""
        if self.tasks and event.kind == self.tasks.retry_kind:
            return self.retry(self.tasks, event)
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
        try:
            return self.give(policy, event)
        except (Refused, Invalid) as refusal:
            if self.tasks is None:
                raise
            return self.tasks.open(policy, event, as_refused(refusal), at_event_time=self.at_event_time)

    def retry(self, tasks: Tasks, event: EventMessage) -> list[Answer]:
        """Try a refused policy again, as of now. If it is refused again, its task stays open, and says why."""
        name, cause = tasks.retried(event)
        if cause is None:
            return []
        for policy in self.policies.get(cause.kind, ()):
            if policy.id == name:
                try:
                    return [*self.give(policy, cause, event), *tasks.complete(policy, cause, event)]
                except (Refused, Invalid) as refusal:
                    return tasks.refuse(policy, cause, event, as_refused(refusal))
        return []  # a policy of another service

    def give(self, policy: Policy, event: EventMessage, retry: EventMessage | None = None) -> list[Answer]:
        """Give the commands of a policy, at the time of the event or of the retry. One that is refused does not keep the others back.

        Raises:
            Refused, Invalid: the rules do not allow one of them, and its effect is not there already.
        """
        answers: list[Answer] = []
        refusals: list[Refused | Invalid] = []
        for index, data in enumerate(policy.data(data_of(event, policy.reads))):
            message = self.message(policy, event, data, index, retry or event)
            try:
                with bound_contextvars(command_id=str(message.id)):
                    answers.append(self.decided(message, policy))
            except (Refused, Invalid) as refusal:
                if as_refused(refusal).code not in policy.tolerates:
                    refusals.append(refusal)
        if refusals:
            raise refusals[0]
        return answers

    def decided(self, message: CommandMessage, policy: Policy) -> Answer:
        try:
            answer = self.handler.handle(message, system(policy.id))
        except (Refused, Invalid) as refusal:
            count(self.handler, message.type, "invalid" if isinstance(refusal, Invalid) else "refused")
            raise
        count(self.handler, message.type, "accepted")
        return answer

    def message(self, policy: Policy, event: EventMessage, data: dict[str, Any], index: int, when: EventMessage) -> CommandMessage:
        return CommandMessage(
            id=policy_command_id(event.id, policy.id, index),
            type=policy.command.__name__,
            actor=system(policy.id).actor,
            territory=event.territory,
            time=when.time,
            data=data,
            causation_id=str(event.id),
            correlation_id=None if event.correlationid is UNSET else str(event.correlationid),
            traceparent=None if event.traceparent is UNSET else str(event.traceparent),
            recorded_time=event.recordedtime if self.at_event_time else None,
        )


def as_refused(fault: Refused | Invalid) -> Refused:
    """What an event holds may be no valid command, written before its fields were checked: that is for a person to decide, too."""
    if isinstance(fault, Refused):
        return fault
    return Refused("policy_command_not_valid", faults="; ".join(f"{field} : {' '.join(texts)}" for field, texts in fault.faults.items()))
