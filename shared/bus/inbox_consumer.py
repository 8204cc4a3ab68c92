"""Keeps an inbox fed: its own connection and channel, messages in order, acknowledged only when their effect is durable.

One process listens for a service, the others stand by (a lease beside the log: RabbitMQ's single active consumer knows nothing of
the reading of the log, and the embedded broker has none). The broker and the database may go and come back at any time.
"""

import logging
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from shared.bus import topology
from shared.bus.checkpoint import check_held
from shared.bus.dead_letters import FileDeadLetters
from shared.bus.inbox import PAGE, Failure, Inbox, Stopped
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.publisher import Publisher
from shared.bus.transport.connection import BROKER_FAULTS, connected, consumer, drained, event_of
from shared.errors import Unavailable
from shared.message import EventMessage, encode
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native, native_context
from shared.store.port import Checkpoints

green_only(__name__)
log = logging.getLogger(__name__)

LEASE = 1.0  # seconds that a standby waits for its turn before it looks whether it must stop
IDLE = 0.5  # seconds without a message before the log is looked at
GATHER = 0.002  # seconds for the next message of a batch


class InboxConsumer:
    """`letters` is where the embedded broker's dead letters are kept; with RabbitMQ they are in its queue.

    It has `begun` when what was recorded before it came is handled: whoever asks its service earlier would be shown the past.
    """

    def __init__(self, inbox: Inbox, checkpoints: Checkpoints, uri: str, letters: FileDeadLetters | None = None) -> None:
        self.inbox = inbox
        self.service = inbox.service
        self.checkpoints = checkpoints
        self.uri = uri
        self.letters = letters
        self.arrived: list[Any] = []
        self.behind = False
        self.active = False
        self.begun = False
        self.backoff = Backoff()

    @property
    def stopping(self) -> bool:
        return self.inbox.stopping.is_set()

    def run(self) -> None:
        """Listen until `stop` is called."""
        while not self.stopping:
            try:
                self.turn()
            except Stopped:
                self.wait_to_go_on()
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("%s waits for its servers: %s", self.service, fault or type(fault).__name__)
                self.inbox.stopping.wait(self.backoff.again())

    def stop(self) -> None:
        self.inbox.stop()

    def healthy(self) -> bool:
        return self.inbox.healthy()

    def wait_to_go_on(self) -> None:
        while not self.inbox.healthy() and not self.stopping:
            self.inbox.stopping.wait(IDLE)

    def turn(self) -> None:
        with native_context(self.checkpoints.lease(self.inbox.lease, LEASE)) as held:
            self.active = bool(held)
            try:
                if held:
                    self.inbox.held = held
                    self.listen()
                else:
                    self.begun = self.inbox.stands_by()  # another process reads for the service
            finally:
                self.active = False

    def listen(self) -> None:
        """Until something happened to the servers: then the lease is taken anew, for it may be lost."""
        self.begun = False
        self.inbox.interrupted = False
        self.inbox.forget()
        self.arrived = []
        with connected(self.uri) as connection:
            channel = connection.channel()
            self.declare(channel)
            self.bury_through(connection)
            self.inbox.catch_up()
            self.begun = True
            with consumer(channel, topology.inbox(self.service), self.arrived.append, PAGE):
                while not (self.stopping or self.inbox.interrupted):
                    check_held(self.inbox.held, self.inbox.lease)
                    self.step(connection)
                    self.backoff.reset()
            self.inbox.rest()

    def declare(self, channel: Any) -> None:
        embedded = topology.is_embedded(self.uri)
        (topology.declare_embedded_inbox if embedded else topology.declare_inbox)(channel, self.service, self.inbox.kinds)

    def bury_through(self, connection: Any) -> None:
        if isinstance(self.inbox, PolicyInbox):
            self.inbox.bury = self.bury_in_file(self.letters) if self.letters else self.bury_in_queue(Publisher(connection))

    def bury_in_file(self, letters: FileDeadLetters) -> Callable[[EventMessage, Failure], None]:
        return lambda event, failure: native(letters.bury, self.service, event, failure.reason)

    def bury_in_queue(self, publisher: Publisher) -> Callable[[EventMessage, Failure], None]:
        def bury(event: EventMessage, failure: Failure) -> None:
            headers = {"service": failure.service, "kind": failure.kind, "position": failure.position, "reason": failure.reason}
            publisher.send(encode(event), "", topology.dead(self.service), headers, str(event.id))
            publisher.confirm()

        return bury

    def step(self, connection: Any) -> None:
        messages = self.gather(connection)
        if messages:
            self.take(messages)
        else:
            self.look_at_the_log()
        if self.letters:
            self.take_back(self.letters)

    def gather(self, connection: Any) -> Sequence[Any]:
        """The messages that are there, at most a page; the wait for the first is short enough to notice anything else."""
        more = drained(connection, IDLE)
        while more and len(self.arrived) < PAGE:
            more = drained(connection, GATHER)
        messages, self.arrived[:] = self.arrived[:PAGE], self.arrived[PAGE:]
        return messages

    def take(self, messages: Sequence[Any]) -> None:
        for again, group in groupby(messages, key=given_back):
            together = list(group)
            events = [event for message in together if (event := event_of(message))]
            if again:
                for event in events:
                    self.inbox.again(event)
            else:
                self.inbox.receive(events)
            together[-1].ack(multiple=True)
        self.behind = False

    def look_at_the_log(self) -> None:
        """Nothing arrives. When the log is ahead twice in a row, the messages are lost or nobody relays: read them there."""
        ahead = self.inbox.patiently(self.inbox.store.head) > self.inbox.place()
        if ahead and self.behind:
            self.inbox.catch_up()
        self.behind = ahead
        self.inbox.rest()

    def take_back(self, letters: FileDeadLetters) -> None:
        for number, event in native(letters.given_back, self.service):
            self.inbox.again(event)
            native(letters.handled, number)


def given_back(message: Any) -> bool:
    return bool((message.headers or {}).get(topology.REPLAY))
