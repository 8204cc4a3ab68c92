"""What a policy is refused becomes a task of the reporting service, in the territory of the event that caused it."""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid5

import msgspec
from msgspec import UNSET

from shared.command_handler import CommandHandler
from shared.command_type import Answer
from shared.errors import Refused
from shared.message import CommandMessage, EventMessage, Position, data_of
from shared.policy import Policy, policy_command_id
from shared.trust.access import system

STREAMS = "task-"
EVENTS = ("reporting.TaskOpened", "reporting.RetryRefused", "reporting.TaskCompleted")
"""What policies append of another service: every service that has policies may."""


class About(msgspec.Struct):
    """The person that an event is about, as far as its data names one."""

    person: str | None = None
    merged: str | None = None


class Retried(msgspec.Struct):
    """The fields of the task's own event that matter here."""

    policy: str
    cause: Position


class PolicyTasks:
    """Opens, finds and completes the tasks of refused policies: `shared.policy_runner.Tasks`."""

    retry_kind = "reporting.TaskRetried"

    def __init__(self, handler: CommandHandler, read_at: Callable[[Sequence[Position]], Sequence[EventMessage]]) -> None:
        self.handler = handler
        self.read_at = read_at

    def open(self, policy: Policy, event: EventMessage, refusal: Refused, *, at_event_time: bool) -> list[Answer]:
        about = data_of(event, About)
        data = refused(event, policy, refusal) | {
            "policy": policy.id,
            "cause": event.position,
            "kind": event.kind,
            "person": about.person or about.merged,
        }
        return self.give("OpenTask", policy, event, data, at_event_time=at_event_time)

    def retried(self, event: EventMessage) -> tuple[str, EventMessage | None]:
        """The policy to be tried again, and the event that caused it; None if the log has no event there."""
        again = data_of(event, Retried)
        return again.policy, next(iter(self.read_at([again.cause])), None)

    def refuse(self, policy: Policy, cause: EventMessage, retry: EventMessage, refusal: Refused) -> list[Answer]:
        return self.give("RefuseRetry", policy, retry, refused(cause, policy, refusal), at_event_time=False)

    def complete(self, policy: Policy, cause: EventMessage, retry: EventMessage) -> list[Answer]:
        return self.give("CompleteTask", policy, retry, {"task": str(policy_command_id(cause.id, policy.id))}, at_event_time=False)

    def give(self, command: str, policy: Policy, event: EventMessage, data: dict[str, object], *, at_event_time: bool) -> list[Answer]:
        message = CommandMessage(
            id=task_command_id(event.id, policy.id, command),
            type=command,
            actor=system(policy.id).actor,
            territory=event.territory,
            time=event.time,
            data=data,
            causation_id=str(event.id),
            correlation_id=None if event.correlationid is UNSET else str(event.correlationid),
            recorded_time=event.recordedtime if at_event_time else None,
        )
        try:
            return [self.handler.handle(message, system(policy.id))]
        except Refused as refusal:
            if refusal.code in {"task_already_open", "task_already_completed"}:
                return []
            raise


def task_command_id(event: UUID, policy: str, command: str) -> UUID:
    """The id of a command that opens, refuses or completes the task of a policy: the same at every redelivery of the event."""
    return uuid5(policy_command_id(event, policy), command)


def refused(cause: EventMessage, policy: Policy, refusal: Refused) -> dict[str, object]:
    """The task of a policy that was refused on an event, and why."""
    details = {name: str(value) for name, value in refusal.details.items()}
    return {"task": str(policy_command_id(cause.id, policy.id)), "code": refusal.code, "details": details}
