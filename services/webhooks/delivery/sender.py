"""What sends one webhook: its messages in order, one at a time, each until it is taken or given up.

How it works
------------
A step makes one attempt at most, on the state that the log says at that moment, with what the owner may read at that moment:

1. read the stream of the webhook: its address, its filter, its secret, whether it is active; send a test that was asked for;
2. from the cursor on, find the next event of the log that the owner sees, and the messages that it leads to (hints come before it);
3. ask the deliveries for each of them: what was delivered or passed over is done, what waits for its next attempt is waited for;
4. make an attempt, and note what became of it;
5. when all messages of an event are done, move the cursor past it, and note with it which events were passed (`shared.coverage`).

A process that dies between an answer and its note (4) leaves nothing in the deliveries, and the message is sent again under the same id.
Nothing else is sent twice, and nothing is left out: the cursor passes an event only when its messages are done.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from services.webhooks.coded_values import StopReason
from services.webhooks.delivery.followed import Followed, followed, message_id
from services.webhooks.delivery.post import NoAnswer, Post
from services.webhooks.delivery.schedule import next_delay
from services.webhooks.delivery.targets import NotAllowed, Targets
from shared.coverage import applied, begun, resumed
from shared.errors import Forbidden
from shared.message import PREFIX, START, EventMessage, Position
from shared.store.deliveries import Cursor, Deliveries, Delivery
from shared.store.port import EventStore
from shared.time import Clock
from shared.trust.webhook_secrets import WebhookSecrets

log = logging.getLogger(__name__)

PAGE_SIZE = 500  # events that are read at once
KEPT_DELIVERIES = 1_000  # of one webhook
PRUNE_EVERY = 256  # deliveries
GONE = 410
TEST_TYPE = f"{PREFIX}webhooks.Test"
TESTS_RUN = 0
STANDBY_S = 1.0  # until it is asked again whether this process may send
MEDIA_TYPE = "application/cloudevents+json"


class Told(Protocol):
    """An event or a hint, as the feed tells it."""

    @property
    def id(self) -> object: ...
    @property
    def position(self) -> Position: ...
    @property
    def type(self) -> str: ...


class Audience(Protocol):
    """What an owner sees of the log: see `services.gateway.audience.Audience`."""

    def seen(self, page: Sequence[EventMessage], before: EventMessage | None) -> Iterator[Any]: ...


class Deleted(Exception):
    """The webhook is not there any more."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What every sender uses. `audience` raises Forbidden while the owner may follow nothing; `encode` gives the CloudEvent of a message.

    `schedule` has the seconds between attempts; `stop` records that a message was given up.
    """

    store: EventStore
    deliveries: Deliveries
    audience: Callable[[Followed], Audience]
    encode: Callable[[Any], bytes]
    targets: Targets
    post: Post
    secrets: WebhookSecrets
    schedule: Sequence[float]
    stop: Callable[[Followed, StopReason, str], None]
    clock: Clock
    chance: Callable[[], float]


class Sender:
    """`may_send` is asked before each attempt: whether this process still has the right to send."""

    def __init__(self, webhook: str, parts: Parts, may_send: Callable[[], bool]) -> None:
        self.webhook = webhook
        self.parts = parts
        self.may_send = may_send
        self.run = -1
        self.position: Position = START  # every event up to here is done
        self.before: EventMessage | None = None  # the event there
        self.page: list[EventMessage] = []  # the events after it, as far as they are read
        self.done: set[str] = set()  # the messages of the next event that are done
        self.coverage = begun(START)  # of the present run
        self.passed: list[EventMessage] = []  # events since the cursor was saved
        self.delivered = 0

    def step(self) -> float | None:
        """Make one attempt at most. Seconds until the next step is due; None if only another event makes one due.

        Raises:
            Deleted: there is nothing more to do.
        """
        webhook = followed(self.parts.store.read_stream(f"webhook-{self.webhook}"))
        if webhook is None:
            raise Deleted
        if webhook.test and self.may_send():
            self.send_test(webhook, webhook.test.message)
        if webhook.state.status != "active":
            return None
        try:
            return self.send_next(webhook, self.parts.audience(webhook))
        except Forbidden:
            return None

    def send_next(self, webhook: Followed, audience: Audience) -> float | None:
        self.begin(webhook)
        while event := self.next_event():
            for told in audience.seen([event], self.before):
                message = message_id(str(told.id))
                if message not in self.done and (wait := self.attempt(webhook, told, message)) is not None:
                    return wait
                self.done.add(message)
            self.pass_event(event)
        self.save_cursor()
        return None

    # The cursor ---------------------------------------------------------------------------------------------------------

    def begin(self, webhook: Followed) -> None:
        """Find where to go on: after a start, and when a replay was asked for."""
        if self.run == webhook.state.run:
            return
        cursor, stored = self.parts.deliveries.covered(self.webhook) or (None, None)
        if cursor and cursor.run == webhook.state.run:
            self.coverage = resumed(stored, cursor.position)
            self.position = min(cursor.position, self.coverage.until)  # what was delivered is not sent again
        else:
            self.coverage, self.position = begun(webhook.start), webhook.start
        self.before = next(iter(self.parts.store.read_at([self.position])), None) if self.position else None
        self.page, self.done, self.passed, self.run = [], set(), [], webhook.state.run

    def next_event(self) -> EventMessage | None:
        if not self.page:
            self.page = self.parts.store.read_all(self.position, PAGE_SIZE)[::-1]
        return self.page[-1] if self.page else None

    def pass_event(self, event: EventMessage) -> None:
        """All messages of an event are done. The cursor is saved at once if there were any, otherwise now and then."""
        self.page.pop()
        self.position, self.before = event.position, event
        self.passed.append(event)
        if self.done or len(self.passed) >= PAGE_SIZE:
            self.save_cursor()
        self.done.clear()

    def save_cursor(self) -> None:
        if self.passed:
            coverage = applied(self.coverage, self.passed, [event.position for event in self.passed])
            self.parts.deliveries.advance(self.webhook, Cursor(self.run, self.position), coverage.text())
            self.coverage, self.passed = coverage, []

    # One message --------------------------------------------------------------------------------------------------------

    def attempt(self, webhook: Followed, told: Told, message: str) -> float | None:
        """Make an attempt if one is due. None if the message is done, otherwise the seconds until the next step."""
        earlier = self.parts.deliveries.find(self.webhook, self.run, message)
        if earlier and earlier.status in {"delivered", "passed_over"}:
            return None
        resumptions = webhook.state.resumptions
        blank = self.blank(told.type, told.position, message, resumptions)
        known = earlier if earlier and earlier.resumptions == resumptions else None
        present = replace(earlier or blank, resumptions=resumptions, attempts=known.attempts if known else 0)
        if message in webhook.state.passed_over:
            self.parts.deliveries.record(replace(present, status="passed_over", next_at=None))
            return None
        if known and known.status == "given_up":  # a process died before it told so
            return self.give_up(webhook, known)
        if known and (wait := self.seconds_until(known.next_at)) > 0:
            return wait
        if not self.may_send():
            return STANDBY_S
        answer, fault = self.sent(webhook, message, self.parts.encode(told))
        tried = replace(present, attempts=present.attempts + 1, answer=answer, fault=fault, last_at=self.text(), next_at=None)
        return self.settle(webhook, tried)

    def blank(self, type_: str, position: Position, message: str, resumptions: int) -> Delivery:
        """A message that was never tried."""
        now = self.text()
        return Delivery(
            webhook=self.webhook,
            run=self.run,
            message=message,
            position=position,
            type=type_,
            status="waiting",
            attempts=0,
            resumptions=resumptions,
            first_at=now,
            last_at=now,
        )

    def settle(self, webhook: Followed, tried: Delivery) -> float:
        """Note what became of an attempt; the seconds until the next step."""
        if succeeded(tried.answer):
            self.parts.deliveries.record(replace(tried, status="delivered"))
            self.done.add(tried.message)
            self.prune()
            return 0.0
        delay = None if tried.answer == GONE else next_delay(self.parts.schedule, tried.attempts, self.parts.chance)
        if delay is None:
            self.parts.deliveries.record(replace(tried, status="given_up"))
            return self.give_up(webhook, tried)
        self.parts.deliveries.record(replace(tried, status="waiting", next_at=self.text(delay)))
        return delay

    def give_up(self, webhook: Followed, delivery: Delivery) -> float:
        reason = StopReason.GONE if delivery.answer == GONE else StopReason.EXHAUSTED
        log.warning("the webhook %s is stopped: %s", self.webhook, reason.value)
        self.parts.stop(webhook, reason, delivery.message)
        return 0.0

    def send_test(self, webhook: Followed, message: str) -> None:
        """Send a test once, whatever its answer."""
        if self.parts.deliveries.find(self.webhook, TESTS_RUN, message):
            return
        answer, fault = self.sent(webhook, message, test_event(self.webhook, message, self.text()))
        blank = replace(self.blank(TEST_TYPE, START, message, webhook.state.resumptions), run=TESTS_RUN)
        self.parts.deliveries.record(replace(blank, status="tested", attempts=1, answer=answer, fault=fault))

    def sent(self, webhook: Followed, message: str, body: bytes) -> tuple[int | None, str | None]:
        """The status of the answer, or why there is none."""
        now = self.parts.clock()
        timestamp = int(now.timestamp())
        headers = {
            "Content-Type": MEDIA_TYPE,
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": self.parts.secrets.signatures(self.webhook, webhook.secret_versions(now), message, timestamp, body),
        }
        try:
            return self.parts.post(self.parts.targets.target(webhook.state.url), headers, body), None
        except (NotAllowed, NoAnswer) as fault:
            return None, fault.code

    def prune(self) -> None:
        self.delivered += 1
        if self.delivered % PRUNE_EVERY == 0:
            self.parts.deliveries.prune(self.webhook, KEPT_DELIVERIES)

    def text(self, later: float = 0.0) -> str:
        """An instant as the deliveries keep it: such texts sort."""
        return (self.parts.clock() + timedelta(seconds=later)).astimezone(UTC).isoformat(timespec="microseconds")

    def seconds_until(self, moment: str | None) -> float:
        return (datetime.fromisoformat(moment) - self.parts.clock()).total_seconds() if moment else 0.0


def succeeded(answer: int | None) -> bool:
    return answer is not None and 200 <= answer < 300


def test_event(webhook: str, message: str, time: str) -> bytes:
    """A CloudEvent that tells nothing but that it is a test."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": message,
            "type": TEST_TYPE,
            "source": "/parcours/webhooks",
            "subject": f"webhook-{webhook}",
            "time": time,
            "datacontenttype": "application/json",
            "data": {"webhook": webhook},
        }
    )
