"""The open tasks of territories: what a policy could not do and a person has to decide."""

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, select

from services.reporting.answers import Task
from services.reporting.facts import tables as t

MAX_TASKS = 500  # the oldest first; as some are completed, later ones come up


def open_tasks(connection: Connection, territories: Collection[str]) -> list[Task]:
    task = t.task.c
    waiting = (
        select(t.task)
        .where(task.opened_on.is_not(None), task.completed_on.is_(None), task.territory.in_(territories))
        .order_by(task.opened_on, task.task)
        .limit(MAX_TASKS)
    )
    return [
        Task(
            row.task,
            row.territory,
            row.policy,
            row.kind,
            row.code,
            msgspec.json.decode(row.details),
            row.person,
            row.opened_on,
            row.retried_on,
        )
        for row in connection.execute(waiting)
    ]
