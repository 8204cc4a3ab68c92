"""The port of the deliveries of webhooks: which there are, how far each has got, and what became of each message that it sent.

Vocabulary
----------
Run       How often a webhook has begun: 0, and one more for each replay. A message is sent once in each run.
Cursor    Run and position: every event of the log up to there was sent in this run, or is not for the owner of the webhook.
Delivery  What became of one message in one run.

The rules that every adapter keeps
----------------------------------
- What a method has recorded survives a crash when it returns.
- A cursor never goes back within a run, and a run never gives way to an earlier one: a worker that lost its lease undoes nothing.
- A message that was delivered stays so: a late attempt that failed does not change it.

The contract suite is tests/contract/store/test_deliveries.py. Adapters are blocking and thread-safe; every method raises Unavailable
when the database cannot be reached.
"""

from typing import Literal, Protocol

from msgspec import Struct

from shared.message import Position

Status = Literal["waiting", "delivered", "given_up", "passed_over", "tested"]


class KnownWebhook(Struct, frozen=True):
    """A webhook that is known here. `created` is the position of the event that created it."""

    webhook: str
    actor: str
    role: str
    organisation: str
    created: Position


WEBHOOK = "webhook"


def coverage_name(webhook: str) -> str:
    """The name of a webhook among those whose coverage is kept."""
    return f"{WEBHOOK} {webhook}"


class Cursor(Struct, frozen=True):
    run: int
    position: Position


class Delivery(Struct, frozen=True, kw_only=True):
    """One message of one run.

    `position` is that of the event (0 for a test), `type` its whole type. `answer` is the status of the last response, if there was
    one; otherwise `fault` says why there was none. `attempts` counts since the webhook was last resumed: `resumptions` is how often it
    had been. Times are ISO texts in UTC; `next_at` is the time of the next attempt, of a message that is waiting for one.
    """

    webhook: str
    run: int
    message: str
    position: Position
    type: str
    status: Status
    attempts: int
    resumptions: int
    answer: int | None = None
    fault: str | None = None
    first_at: str
    last_at: str
    next_at: str | None = None


class Deliveries(Protocol):
    def add(self, webhook: KnownWebhook) -> None:
        """Note a webhook. One that is known, deleted ones too, stays as it is."""

    def remove(self, webhook: str) -> None:
        """Note that a webhook was deleted."""

    def webhooks(self, owner: tuple[str, str, str] | None = None) -> list[KnownWebhook]:
        """The webhooks of an owner (actor, role, organisation), or all, without the deleted ones, in the order of their creation."""

    def cursor(self, webhook: str) -> Cursor | None:
        """How far a webhook has got; None before it began."""

    def advance(self, webhook: str, cursor: Cursor, coverage: str | None = None) -> None:
        """Move the cursor of a webhook that was added and, in the same commit, note what was applied up to there (`shared.coverage`)."""

    def covered(self, webhook: str) -> tuple[Cursor, str | None] | None:
        """The cursor and what was noted as applied, as of one moment; None before the webhook began."""

    def find(self, webhook: str, run: int, message: str) -> Delivery | None:
        """What became of a message, as long as it is kept."""

    def record(self, delivery: Delivery) -> None:
        """Note what became of a message."""

    def latest(self, webhook: str, limit: int) -> list[Delivery]:
        """The deliveries of the last attempts, the latest first."""

    def waiting(self) -> int:
        """How many messages wait for their next attempt, of all webhooks, in their present run or a later one."""

    def prune(self, webhook: str, keep: int) -> None:
        """Forget all but the `keep` latest deliveries of a webhook. Only what was delivered or passed over is ever forgotten."""

    def close(self) -> None:
        """Close all connections. They cannot be used afterwards."""
