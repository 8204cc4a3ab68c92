"""Policies: an event of one service asks a command of another. Each service keeps its own as a literal table.

The command's id is derived from the event and the policy, so an event delivered twice asks once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import UNSET, Struct

from shared.decider import Answer, CommandHandler
from shared.errors import Refused
from shared.message import CommandMessage, EventMessage, data_of, reaction_id
from shared.trust.identity import system


class Policy(Struct, frozen=True, kw_only=True):
    """`on` is an event kind (`intake.OrientationAccepted`); `reads` the fields of it that matter here.

    `given` turns what was read into the data of the command `asks`, or None when nothing is asked. `tolerates` lists the refusal
    codes that mean: it is so already.
    """

    name: str
    on: str
    reads: type[Any]
    asks: type[Any]
    given: Callable[[Any], dict[str, Any] | None]
    tolerates: frozenset[str] = frozenset()


class PolicyRunner:
    """Runs a service's policies. `same_time` also records at the event's own time: only for the loading of past history."""

    def __init__(self, shell: CommandHandler, policies: Sequence[Policy], *, same_time: bool = False) -> None:
        self.shell = shell
        self.same_time = same_time
        self.policies: dict[str, list[Policy]] = {}
        for policy in policies:
            self.policies.setdefault(policy.on, []).append(policy)

    def react(self, event: EventMessage) -> list[Answer]:
        """Ask everything that follows from one event; every policy is tried before the first failure is raised."""
        answers: list[Answer] = []
        failures: list[Exception] = []
        for policy in self.policies.get(event.kind, ()):
            try:
                answers += self.ask(policy, event)
            except Exception as failure:  # noqa: BLE001 - one policy's fault must not keep the others from running; raised below
                failure.add_note(f"policy: {policy.name}")
                failures.append(failure)
        if failures:
            raise failures[0]
        return answers

    def ask(self, policy: Policy, event: EventMessage) -> list[Answer]:
        data = policy.given(data_of(event, policy.reads))
        if data is None:
            return []
        message = self.message(policy, event, data)
        try:
            return [self.shell.handle(message, system(policy.name))]
        except Refused as refusal:
            if refusal.code in policy.tolerates:
                return []
            raise

    def message(self, policy: Policy, event: EventMessage, data: dict[str, Any]) -> CommandMessage:
        return CommandMessage(
            id=reaction_id(event.id, policy.name),
            type=policy.asks.__name__,
            actor=system(policy.name).actor,
            territory=event.territory,
            time=event.time,
            data=data,
            causation_id=str(event.id),
            correlation_id=None if event.correlationid is UNSET else str(event.correlationid),
            recorded_time=event.recordedtime if self.same_time else None,
        )
