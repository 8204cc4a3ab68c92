"""Tasks in the words of people: what is to be done, and why it was left to them."""

from msgspec import structs

from services.gateway.dependencies import GatewayDeps
from services.reporting.list_answers import TaskLine


class TaskEntry(TaskLine, frozen=True, kw_only=True):
    """A task as people read it: `what` is to be done, and `why` it was left to them."""

    what: str
    why: str


class TaskTexts:
    def __init__(self, deps: GatewayDeps) -> None:
        self.what = {policy.id: policy.task for service in deps.services.values() for policy in service.policies}
        self.catalogue = deps.catalogue

    def entry(self, task: TaskLine) -> TaskEntry:
        what, why = self.what.get(task.policy, task.policy), self.catalogue.text(task.code, task.details)
        return TaskEntry(**structs.asdict(task), what=what, why=why)
