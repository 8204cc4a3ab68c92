"""Tasks: what a policy could not do and a person has to decide. One stream per task, `task-<task>`.

A task is opened by the policy that was refused, with the reason. It ends when somebody says that it is done, or when the policy is tried
again and succeeds.
"""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from services.vocabulary.fields import Id, LongText
from shared.command_fields import ActorId, CommandTerritory, FactDate
from shared.decider import Decider, unchanged
from shared.errors import Refused
from shared.placement import InTerritory, Place
from shared.trust.personal.marks import NOTE, Code, Identifier, Sealed

Text = Annotated[str, Meta(max_length=200)]

# Events: what happened -----------------------------------------------------------------------------------------------


class TaskOpened(Struct, frozen=True, tag=True, kw_only=True):
    """The policy was refused with this `code` on the event at position `cause`. `person` is whom that event is about, if about one."""

    task: Identifier
    policy: Code
    cause: int
    kind: Code
    person: Identifier | None
    code: Code
    details: dict[Code, Code]
    territory: Code
    on: date


class TaskRetried(Struct, frozen=True, tag=True, kw_only=True):
    """The policy is to be tried again on the same event."""

    task: Identifier
    policy: Code
    cause: int
    on: date


class RetryRefused(Struct, frozen=True, tag=True, kw_only=True):
    """The policy was tried again, and refused again with this `code`. The task stays open."""

    task: Identifier
    code: Code
    details: dict[Code, Code]
    on: date


class TaskCompleted(Struct, frozen=True, tag=True, kw_only=True):
    """Nothing is left to do. `note` says what was done; the policy itself leaves none. `person` is that of the task."""

    task: Identifier
    note: Annotated[str | Sealed | None, NOTE]
    on: date
    person: Identifier | None = None


Event = TaskOpened | TaskRetried | RetryRefused | TaskCompleted

# State: what is true -------------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """No such task."""


class Open(Struct, frozen=True):
    policy: str
    cause: int
    territory: str
    person: str | None = None


class Completed(Struct, frozen=True):
    """Done."""


State = Unknown | Open | Completed
initial: State = Unknown()


def evolve(state: State, event: Event) -> State:
    match event:
        case TaskOpened(policy=policy, cause=cause, territory=territory, person=person):
            return Open(policy, cause, territory, person)
        case TaskRetried() | RetryRefused():
            return state
        case TaskCompleted():
            return Completed()
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class OpenTask(Struct, frozen=True, kw_only=True):
    task: Id
    policy: Text
    cause: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    kind: Text
    person: Id | None = None
    code: Text
    details: dict[Text, LongText]
    on: FactDate
    territory: CommandTerritory


class RetryTask(Struct, frozen=True, kw_only=True):
    task: Id
    on: FactDate


class RefuseRetry(Struct, frozen=True, kw_only=True):
    task: Id
    code: Text
    details: dict[Text, LongText]
    on: FactDate


class CompleteTask(Struct, frozen=True, kw_only=True):
    """People say in a note what was done; the policy of the task has nothing to add."""

    task: Id
    note: Annotated[LongText, NOTE] | None = None
    on: FactDate
    by: ActorId


Command = OpenTask | RetryTask | RefuseRetry | CompleteTask


def place(state: State, command: Command) -> Place:
    return InTerritory(state.territory) if isinstance(state, Open) else None


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case OpenTask():
            return [open_task(state, command)]
        case RetryTask(task=task, on=on):
            waiting = waiting_task(state)
            return [TaskRetried(task=task, policy=waiting.policy, cause=waiting.cause, on=on)]
        case RefuseRetry(task=task, code=code, details=details, on=on):
            waiting_task(state)
            return [RetryRefused(task=task, code=code, details=details, on=on)]
        case CompleteTask(task=task, note=note, on=on, by=by):
            waiting = waiting_task(state)
            if waiting.policy != by and note is None:
                raise Refused("task_without_note")
            return [TaskCompleted(task=task, note=note, on=on, person=waiting.person)]
        case _:
            assert_never(command)


def open_task(state: State, command: OpenTask) -> TaskOpened:
    if not isinstance(state, Unknown):
        raise Refused("task_already_open")
    return TaskOpened(
        task=command.task,
        policy=command.policy,
        cause=command.cause,
        kind=command.kind,
        person=command.person,
        code=command.code,
        details=command.details,
        territory=command.territory,
        on=command.on,
    )


def waiting_task(state: State) -> Open:
    match state:
        case Unknown():
            raise Refused("task_unknown")
        case Completed():
            raise Refused("task_already_completed")
        case _:
            return state


decider = Decider(
    "reporting",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"task-{command.task}",
    place=place,
    upcasts={"TaskCompleted": (unchanged,)},
)
