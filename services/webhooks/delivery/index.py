"""Which webhooks there are: read from the log into the deliveries, so that they are found without reading the log again."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from services.webhooks.webhook import Owner
from shared.message import Position, Recorded
from shared.store.deliveries import Deliveries, KnownWebhook
from shared.store.port import Checkpoints, EventStore, Held

NAME = "webhooks"  # of the checkpoint, and of the lease of what sends
SERVICE = "webhooks."
PAGE_SIZE = 1_000
SAVE_EVERY = 1_000  # events that concern no webhook
MAX_OF_OWNER = 20  # webhooks that are served: each has a thread


class Named(msgspec.Struct):
    """What matters here in an event of a webhook."""

    webhook: str
    owner: Owner | None = None


class Index:
    """One thread at a time uses it. Several processes may each have one: what they note is the same."""

    def __init__(self, store: EventStore, checkpoints: Checkpoints, deliveries: Deliveries) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.deliveries = deliveries
        self.reached: Position | None = None
        self.unsaved = 0

    def catch_up(self, held: Held = True) -> Position:
        """Read the log to its end, under a lease; returns the position of that."""
        position = self.checkpoints.load(NAME) if self.reached is None else self.reached
        while page := self.store.read_as(Recorded, position, PAGE_SIZE):
            concerned = [event for event in page if event.kind.startswith(SERVICE)]
            for event in concerned:
                self.note(event)
            position = page[-1].position
            self.unsaved += len(page)
            if concerned or self.unsaved >= SAVE_EVERY:
                self.checkpoints.save(NAME, position, held)
                self.unsaved = 0
        self.reached = position
        return position

    def note(self, event: Recorded) -> None:
        named = msgspec.json.decode(event.data, type=Named)
        if event.kind == "webhooks.WebhookCreated" and named.owner:
            self.deliveries.add(KnownWebhook(named.webhook, *named.owner.identity, event.position))
        elif event.kind == "webhooks.WebhookDeleted":
            self.deliveries.remove(named.webhook)


def served(webhooks: Iterable[KnownWebhook]) -> Iterator[str]:
    """The ids of the webhooks that are served: the oldest of each owner."""
    counted = Counter[tuple[str, str, str]]()
    for webhook in webhooks:
        owner = (webhook.actor, webhook.role, webhook.organisation)
        counted[owner] += 1
        if counted[owner] <= MAX_OF_OWNER:
            yield webhook.webhook
