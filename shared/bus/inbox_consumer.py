"""Feeds an inbox with the messages of its queue, and with the log where messages are missing.

How it works
------------
`run` repeats these steps until `stop` is called:

1. *Lease.* Wait for the lease of the inbox. One process handles the events of a service; the others are on standby and try again every
   LEASE_TIMEOUT_S. (RabbitMQ's single active consumer is not enough: it does not cover reading the log, and the embedded broker has
   none.)
2. *Catch up.* Open a connection, declare the queue, and read the log to its end. Then `caught_up` is true: before that, a query would
   show the past.
3. *Consume.* Take messages in batches of at most PAGE_SIZE. The first of a batch is waited for up to IDLE_INTERVAL_S, each further
   one up to BATCH_WAIT_S. Give the batch to the inbox, and acknowledge it when all effects are durable. A process that dies before that
   gets the messages again. Those of events that the inbox has handled are acknowledged before it handles others. Otherwise they would
   return each time that a process dies of others, and the broker, which takes what returns DELIVERY_LIMIT times for the cause, would
   make them dead letters. So a message returns once: its event is handled when the next process catches up, whatever becomes of that.
4. *Idle.* When no message arrives for IDLE_INTERVAL_S, compare the log with the inbox's position. If the log is ahead twice in a row,
   messages were lost or no relay runs: read the log.
5. *Dead letters.* With the embedded broker, look for dead letters that were given back. With RabbitMQ they arrive as messages.

When the broker or a database was away, the loop ends and starts again at 1 with a growing delay, because the lease may be lost. When
the inbox stops at an event (`Stopped`, and it is not healthy), the lease is released and the inbox is asked every IDLE_INTERVAL_S
whether to resume.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from shared.address import Address
from shared.bus import topology
from shared.bus.checkpoint import check_held
from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.inbox import PAGE_SIZE, Failure, Inbox, Stopped
from shared.bus.names import SOLE, Names
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.publisher import Publisher
from shared.bus.transport.connection import BROKER_FAULTS, consuming, drain_one, event_of, open_connection
from shared.errors import Damaged, Unavailable
from shared.message import EventMessage, encode
from shared.metrics import LEASE_HELD
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native, native_context
from shared.store.port import Checkpoints

green_only(__name__)
log = logging.getLogger(__name__)

LEASE_TIMEOUT_S = 1.0  # how long a standby waits for the lease before it checks whether it must stop
IDLE_INTERVAL_S = 0.5  # without a message, before the log is compared with the position
BATCH_WAIT_S = 0.002  # for the next message of a batch


class InboxConsumer:
    """Feeds `inbox` from the broker at `uri`. `dead_letter_file` holds the dead letters of the embedded broker; None for RabbitMQ."""

    def __init__(
        self,
        inbox: Inbox,
        checkpoints: Checkpoints,
        uri: Address | str,
        dead_letter_file: FileDeadLetters | None = None,
        names: Names = SOLE,
    ) -> None:
        self.inbox = inbox
        self.service = inbox.service
        self.checkpoints = checkpoints
        self.uri = Address(uri)
        self.dead_letter_file = dead_letter_file
        self.names = names
        self.received: list[Any] = []  # messages that the inbox has not been given yet
        self.given_back: Mapping[UUID, Mapping[str, Any]] = {}  # the headers of the dead letters that are handled again, by event
        self.lagging = False  # the log was ahead when the inbox was last idle
        self.active = False  # this process holds the lease
        self.caught_up = False  # the events that were recorded before the start are handled, here or by the active process
        self.backoff = Backoff()

    @property
    def stopping(self) -> bool:
        return self.inbox.stopping.is_set()

    def run(self) -> None:
        """Consume until `stop` is called. Waits while servers are away; raises other exceptions, and Damaged, which no waiting mends."""
        while not self.stopping:
            try:
                self.run_with_lease()
            except Stopped:
                if self.inbox.damage is not None:
                    raise self.inbox.damage from None
                self.wait_while_unhealthy()
            except Damaged:
                raise
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("%s waits for its servers: %s", self.service, fault or type(fault).__name__)
                self.inbox.stopping.wait(self.backoff.next_delay())

    def stop(self) -> None:
        self.inbox.stop()

    def healthy(self) -> bool:
        return self.inbox.healthy()

    def wait_while_unhealthy(self) -> None:
        while not self.inbox.healthy() and not self.stopping:
            self.inbox.stopping.wait(IDLE_INTERVAL_S)
            self.inbox.resume_if_requested()

    def run_with_lease(self) -> None:
        """Wait for the lease, at most LEASE_TIMEOUT_S, and consume while it is held."""
        with native_context(self.checkpoints.lease(self.inbox.lease, LEASE_TIMEOUT_S)) as held:
            self.active = bool(held)
            LEASE_HELD.labels(self.inbox.lease).set(self.active)
            try:
                if held:
                    self.inbox.held = held
                    self.consume()
                else:
                    self.caught_up = self.inbox.ready_on_standby()
            finally:
                self.active = False
                LEASE_HELD.labels(self.inbox.lease).set(0)

    def consume(self) -> None:
        """Catch up, then handle messages until `stop` is called or a server was away."""
        self.caught_up = False
        self.inbox.interrupted = False
        self.inbox.invalidate()
        self.received = []
        with open_connection(self.uri) as connection:
            channel = connection.channel()
            self.declare_queue(channel)
            self.connect_dead_letters(connection)
            self.inbox.catch_up()
            self.caught_up = True
            with consuming(channel, self.names.inbox(self.service), self.received.append, PAGE_SIZE):
                while not (self.stopping or self.inbox.interrupted):
                    check_held(self.inbox.held, self.inbox.lease)
                    self.poll_once(connection)
                    self.backoff.reset()
            self.inbox.flush()

    def declare_queue(self, channel: Any) -> None:
        declare = topology.declare_embedded_inbox if topology.is_embedded(self.uri) else topology.declare_inbox
        declare(channel, self.names, self.service, self.inbox.kinds)

    def poll_once(self, connection: Any) -> None:
        messages = self.receive_batch(connection)
        if messages:
            self.handle_messages(messages)
        else:
            self.compare_with_log()
        if self.dead_letter_file:
            self.redeliver_dead_letters(self.dead_letter_file)

    def receive_batch(self, connection: Any) -> Sequence[Any]:
        """Up to PAGE_SIZE messages; none if none arrived within IDLE_INTERVAL_S."""
        more = drain_one(connection, IDLE_INTERVAL_S)
        while more and len(self.received) < PAGE_SIZE:
            more = drain_one(connection, BATCH_WAIT_S)
        messages, self.received[:] = self.received[:PAGE_SIZE], self.received[PAGE_SIZE:]
        return messages

    def handle_messages(self, messages: Sequence[Any]) -> None:
        """Handle messages, and acknowledge each when its effects are durable: at once if they are already."""
        position = self.inbox.position()
        received = [(message, event_of(message)) for message in messages]
        given_back = [(message, event) for message, event in received if is_redelivered(message)]
        announced = [(message, event) for message, event in received if not is_redelivered(message)]
        new = [(message, event) for message, event in announced if event and event.position > position]
        acknowledge(
            [message for message, event in announced if not event or event.position <= position], together=not new and not given_back
        )
        self.inbox.receive([event for _, event in new])
        acknowledge([message for message, _ in new], together=not given_back)
        self.given_back = {event.id: message.headers for message, event in given_back if event}
        for message, event in given_back:
            self.redeliver([event] if event else [])
            message.ack()
        self.given_back = {}
        self.lagging = False

    def redeliver(self, events: Iterable[EventMessage]) -> None:
        for event in events:
            if recorded := self.inbox.recorded(event):
                self.inbox.redeliver(recorded)

    def compare_with_log(self) -> None:
        """No message arrives. Messages of new events may be on their way, so read the log only if it is ahead the second time too."""
        ahead = self.inbox.call_until_available(self.inbox.store.head) > self.inbox.position()
        if ahead and self.lagging:
            self.inbox.catch_up()
        self.lagging = ahead
        self.inbox.flush()

    # Dead letters -------------------------------------------------------------------------------------------------------

    def connect_dead_letters(self, connection: Any) -> None:
        """Tell a policy inbox how to make an event a dead letter, on this connection."""
        if isinstance(self.inbox, PolicyInbox):
            file = self.dead_letter_file
            self.inbox.publish_dead_letter = self.dead_letter_to_file(file) if file else self.dead_letter_to_queue(Publisher(connection))

    def dead_letter_to_file(self, file: FileDeadLetters) -> Callable[[EventMessage, Failure], None]:
        return lambda event, failure: native(
            file.add, self.service, event, failure.reason, failure.attempts, failure.first_failed_at, failure.last_failed_at
        )

    def dead_letter_to_queue(self, publisher: Publisher) -> Callable[[EventMessage, Failure], None]:
        def publish(event: EventMessage, failure: Failure) -> None:
            headers = {"service": failure.service, "kind": failure.kind, "position": failure.position, "reason": failure.reason}
            headers |= failures_with(failure, self.given_back.get(event.id, {}))
            publisher.publish(encode(event), "", self.names.dead_letters(self.service), headers, str(event.id))
            publisher.wait_for_confirms()

        return publish

    def redeliver_dead_letters(self, file: FileDeadLetters) -> None:
        for id, event in native(file.given_back, self.service):
            self.redeliver([event])
            native(file.delete, id)


def acknowledge(messages: Sequence[Any], *, together: bool) -> None:
    """`together`: with all that came before the last of them, in one acknowledgement."""
    for message in messages[-1:] if together else messages:
        message.ack(multiple=together)


def is_redelivered(message: Any) -> bool:
    """Whether the message is a dead letter that was given back."""
    return bool((message.headers or {}).get(topology.REPLAY_HEADER))


def failures_with(failure: Failure, earlier: Mapping[str, Any]) -> dict[str, Any]:
    """The headers that tell of the failures of an event; `earlier` are those of the dead letter that it was before, if it was."""
    attempts = failure.attempts + (earlier.get(topology.ATTEMPTS_HEADER) or 0)
    first = earlier.get(topology.FIRST_FAILED_HEADER) or failure.first_failed_at
    known = {topology.FIRST_FAILED_HEADER: first, topology.LAST_FAILED_HEADER: failure.last_failed_at}
    return {topology.ATTEMPTS_HEADER: attempts} | {name: text for name, text in known.items() if text}
