"""A webhook as what sends it knows it: the state of its aggregate, and what only the envelopes of its events say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from msgspec import Struct

from services.webhooks import webhook
from services.webhooks.webhook import Webhook, WebhookCreated, WebhookReplayed, WebhookSecretRotated, WebhookTestRequested
from shared.message import START, EventMessage, Position

MAX_ID_LENGTH = 64
decode = msgspec.json.Decoder(webhook.decider.events).decode


class Test(Struct, frozen=True):
    """A test that was asked for: the id of its message."""

    __test__ = False

    message: str


class Followed(Struct, frozen=True):
    """`start` is where the present run begins. The secret before the present one signs until `previous_secret_until`."""

    id: str
    state: Webhook
    created: Position
    created_at: datetime
    start: Position
    previous_secret_until: datetime | None = None
    stopped_at: datetime | None = None
    test: Test | None = None

    def secret_versions(self, now: datetime) -> list[int]:
        """The versions of the secret that sign now, the present one first."""
        until = self.previous_secret_until
        return [self.state.secret, self.state.secret - 1] if until and now < until else [self.state.secret]


def followed(history: Sequence[EventMessage]) -> Followed | None:
    """The webhook of a stream; None if it was deleted, or never created.

    A run begins no later than it was asked for: a position that the log did not have yet is its end then.
    """
    events = [decode(event.data) for event in history]
    state = reduce(webhook.evolve, events, webhook.initial)
    if not isinstance(state, Webhook):
        return None
    start, created, previous_until, stopped_at, test = START, history[0], None, None, None
    for event, envelope in zip(events, history, strict=True):
        match event:
            case WebhookCreated(after=after) | WebhookReplayed(after=after):
                start = envelope.position if after is None else min(after, envelope.position)
            case WebhookSecretRotated(overlap_hours=hours):
                previous_until = envelope.recordedtime + timedelta(hours=hours)
            case WebhookTestRequested():
                test = Test(str(uuid5(envelope.id, "test")))
            case webhook.WebhookStopped():
                stopped_at = envelope.recordedtime
    identity = history[0].subject.removeprefix("webhook-")
    return Followed(identity, state, created.position, created.recordedtime, start, previous_until, stopped_at, test)


def message_id(event: str) -> str:
    """The id of the message that tells an event: that of the event itself if it is a UUID, otherwise one that follows from it.

    A hint has an id with dots, which must not be in the id of a message.
    """
    try:
        return str(UUID(event))
    except ValueError:
        return str(uuid5(NAMESPACE_URL, event))
