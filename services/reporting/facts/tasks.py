"""Tasks: what a policy could not do, and whether somebody has done it since."""

from datetime import date

import msgspec
from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class TaskOpened(Struct):
    task: str
    policy: str
    kind: str
    code: str
    details: dict[str, str]
    territory: str
    on: date
    person: str | None = None


class RetryRefused(Struct):
    task: str
    code: str
    details: dict[str, str]
    on: date


class TaskEvent(Struct):
    task: str
    on: date


def on_task_opened(event: TaskOpened, context: EventContext) -> list[Change]:
    columns = {"policy": event.policy, "kind": event.kind, "code": event.code, "details": msgspec.json.encode(event.details).decode()}
    return [Change("task", (event.task,), columns | {"territory": event.territory, "person": event.person, "opened_on": iso(event.on)})]


def on_task_retried(event: TaskEvent, context: EventContext) -> list[Change]:
    return [Change("task", (event.task,), {"retried_on": iso(event.on), "refused_on": None})]


def on_retry_refused(event: RetryRefused, context: EventContext) -> list[Change]:
    columns = {"code": event.code, "details": msgspec.json.encode(event.details).decode(), "refused_on": iso(event.on)}
    return [Change("task", (event.task,), columns)]


def on_task_completed(event: TaskEvent, context: EventContext) -> list[Change]:
    return [Change("task", (event.task,), {"completed_on": iso(event.on)})]


READERS: dict[str, FactReader] = {
    "reporting.TaskOpened": reader(TaskOpened, on_task_opened),
    "reporting.TaskRetried": reader(TaskEvent, on_task_retried),
    "reporting.RetryRefused": reader(RetryRefused, on_retry_refused),
    "reporting.TaskCompleted": reader(TaskEvent, on_task_completed),
}
