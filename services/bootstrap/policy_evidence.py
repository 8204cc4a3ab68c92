"""Whether policies have reacted to the events of the log, as the log itself tells it.

How it works
------------
The ids of a policy's commands follow from the event and the policy. So the log is read once, and each command that an event should have
led to is looked for: recorded, or refused and made a task. One that is tolerated leaves no trace: its effect was there already. Such a
command is decided again, as of the event and as of each later change of its stream, and nothing is recorded. If it would have been
accepted, or refused for another reason, at all these moments, then the policy never reacted to the event.

A policy is judged from the first event on of which there is a trace: before that, it may not have existed. Retries of tasks are not
judged. Dead letters wait for an operator, and are no holes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from services.bootstrap.policy_tasks import task_command_id
from shared.command_handler import LoadedStream, Received
from shared.errors import Invalid, Refused
from shared.message import START, EventMessage, Position, data_of
from shared.policy import Policy, policy_command_id
from shared.policy_runner import PolicyRunner, as_refused
from shared.proof.coverage_audit import CoverageFault
from shared.store.port import EventStore, pages
from shared.trust.access import system

MAX_MOMENTS = 100  # as of which a command is decided again


class Due(NamedTuple):
    """A command that an event should have led to."""

    service: str
    policy: Policy
    event: EventMessage
    data: dict[str, Any]
    place: int  # among the commands of the policy for this event

    @property
    def id(self) -> UUID:
        return policy_command_id(self.event.id, self.policy.id, self.place)


class PolicyEvidence:
    """`runners` and `reached`, the positions of their inboxes, are by service; `waiting` are the ids of the events of dead letters."""

    def __init__(
        self, store: EventStore, runners: Mapping[str, PolicyRunner], reached: Mapping[str, Position], waiting: Collection[UUID]
    ) -> None:
        self.store = store
        self.runners = runners
        self.reached = reached
        self.waiting = waiting
        self.traced = 0  # commands of which there is a trace
        self.tolerated = 0  # commands whose effect was there already
        self.pending: dict[UUID, Due] = {}
        self.tasks: dict[UUID, UUID] = {}  # the command, by the one that opened its task
        self.streams: dict[UUID, str] = {}  # of the commands that were found
        self.first: dict[str, Position] = {}  # the first event of which a policy has left a trace

    def faults(self) -> Iterator[tuple[str, CoverageFault]]:
        """What is wrong, each with its service."""
        head = self.store.head()
        for page in pages(self.store, START, head):
            for event in page:
                yield from self.look_for(event)
                for service, runner in self.runners.items():
                    if event.position <= self.reached[service]:
                        self.expect(service, runner.policies.get(event.kind, ()), event)
        for due in self.pending.values():
            if due.event.id not in self.waiting and self.first.get(due.policy.id, head) <= due.event.position:
                if self.was_there_already(due, head):
                    self.tolerated += 1
                else:
                    yield due.service, untraced(due)

    def expect(self, service: str, policies: Iterable[Policy], event: EventMessage) -> None:
        """Note what an event should lead to."""
        for policy in policies:
            for place, data in enumerate(policy.data(data_of(event, policy.reads))):
                due = Due(service, policy, event, data, place)
                self.pending[due.id] = due
                self.tasks[task_command_id(event.id, policy.id, "OpenTask")] = due.id

    def look_for(self, event: EventMessage) -> Iterator[tuple[str, CoverageFault]]:
        """Note of what an event is the trace."""
        due = self.pending.pop(self.tasks.get(event.commandid, event.commandid), None)
        if due is not None:
            self.traced += 1
            self.first.setdefault(due.policy.id, due.event.position)
            self.streams[event.commandid] = event.subject
        elif self.streams.get(event.commandid, event.subject) != event.subject:
            text = f"the policy “{event.actor.id}” took effect twice for one event, at position {event.position} again"
            yield event.source.rpartition("/")[2], CoverageFault("double", event.position, text)

    def was_there_already(self, due: Due, head: Position) -> bool:
        """Whether the command was, at some moment since the event, refused for a reason that the policy tolerates."""
        runner = self.runners[due.service]
        message = runner.message(due.policy, due.event, due.data, due.place, due.event)
        try:
            received = runner.handler.receive(message, system(due.policy.id))
        except (Refused, Invalid) as refusal:
            return as_refused(refusal).code in due.policy.tolerates
        own = self.store.read_stream(received.stream)
        later = [event.position for event in own if event.position > due.event.position]
        return any(self.is_tolerated(due, received, own, moment) for moment in (due.event.position, *later[:MAX_MOMENTS], head))

    def is_tolerated(self, due: Due, received: Received, own: list[EventMessage], moment: Position) -> bool:
        """Whether the command, as of a position, would have recorded nothing, and that is in order."""

        def as_of(stream: str) -> list[EventMessage]:
            return [event for event in self.store.read_stream(stream) if event.position <= moment]

        loaded = LoadedStream(received.type, received.stream, [event for event in own if event.position <= moment])
        try:
            return not self.runners[due.service].handler.decide(received, received.stream, loaded, as_of).append.events
        except Refused as refusal:
            return refusal.code in due.policy.tolerates


def untraced(due: Due) -> CoverageFault:
    text = f"the policy “{due.policy.id}” has not reacted to the event at position {due.event.position}, {due.event.kind}"
    return CoverageFault("hole", due.event.position, text)
