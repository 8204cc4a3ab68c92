"""The queries of this service, as the gateway calls them: answers (`services.webhooks.answers`) in plain JSON values, and faults as values.

They answer what is recorded at that moment, whichever process sends.
"""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any

import msgspec

from services.webhooks.answers import WebhookAnswer, WebhookDeliveries, WebhookDelivery, WebhookOwner, Webhooks, WebhookStop
from services.webhooks.delivery.followed import Followed, followed
from services.webhooks.delivery.index import Index, served
from services.webhooks.webhook import Webhook
from shared.errors import Fault, Refused
from shared.message import Position
from shared.reply import reply_to
from shared.store.deliveries import Deliveries, Delivery
from shared.store.port import EventStore

LOOKED_THROUGH = 50  # of the latest deliveries, for the one that is waiting

Reply = Any


class WebhookQueries:
    def __init__(self, store: EventStore, index: Index, deliveries: Deliveries) -> None:
        self.store = store
        self.index = index
        self.kept = deliveries
        self.lock = Lock()

    def webhooks(self, owner: list[str] | None) -> Reply:
        return reply(lambda: Webhooks(self.listed(owner)))

    def webhook(self, webhook: str) -> Reply:
        return reply(lambda: self.answer(self.known(webhook), self.served()))

    def deliveries(self, webhook: str, limit: int) -> Reply:
        return reply(lambda: WebhookDeliveries([told(each) for each in self.kept.latest(self.known(webhook).id, limit)]))

    def listed(self, owner: list[str] | None) -> list[WebhookAnswer]:
        served = self.served()
        webhooks = self.kept.webhooks((owner[0], owner[1], owner[2]) if owner else None)
        found = [self.read(webhook.webhook) for webhook in webhooks]
        return [self.answer(each, served) for each in found if each]

    def served(self) -> frozenset[str]:
        """The webhooks that are served, of all that the log has now."""
        with self.lock:
            self.index.catch_up()
        return frozenset(served(self.kept.webhooks()))

    def read(self, webhook: str) -> Followed | None:
        return followed(self.store.read_stream(f"webhook-{webhook}"))

    def known(self, webhook: str) -> Followed:
        found = self.read(webhook)
        if found is None:
            raise Refused("webhook_unknown")
        return found

    def answer(self, webhook: Followed, served: frozenset[str]) -> WebhookAnswer:
        state = webhook.state
        until = webhook.previous_secret_until
        return WebhookAnswer(
            webhook=webhook.id,
            owner=WebhookOwner(state.owner.actor, state.owner.role, state.owner.organisation, state.owner.territories),
            url=state.url,
            territories=state.territories,
            types=state.types,
            status=state.status if webhook.id in served else "over_limit",
            stop=stop_of(state, webhook.stopped_at),
            run=state.run,
            position=self.position(webhook),
            secret_version=state.secret,
            previous_secret_until=until.isoformat() if until else None,
            created_at=webhook.created_at.isoformat(),
            waiting=self.waiting(webhook),
        )

    def position(self, webhook: Followed) -> Position:
        cursor = self.kept.cursor(webhook.id)
        return cursor.position if cursor and cursor.run == webhook.state.run else webhook.start

    def waiting(self, webhook: Followed) -> WebhookDelivery | None:
        latest = self.kept.latest(webhook.id, LOOKED_THROUGH)
        return next((told(each) for each in latest if each.run == webhook.state.run and each.status in {"waiting", "given_up"}), None)


def stop_of(state: Webhook, at: datetime | None) -> WebhookStop | None:
    if state.reason is None or state.given_up is None or at is None:
        return None
    return WebhookStop(state.reason.value, state.reason.label, state.given_up, at.isoformat())


def told(delivery: Delivery) -> WebhookDelivery:
    return WebhookDelivery(
        message=delivery.message,
        run=delivery.run,
        position=delivery.position or None,
        type=delivery.type,
        status=delivery.status,
        attempts=delivery.attempts,
        answer=delivery.answer,
        fault=delivery.fault,
        first_at=delivery.first_at,
        last_at=delivery.last_at,
        next_at=delivery.next_at,
    )


def reply(ask: Callable[[], Any]) -> Reply:
    try:
        return msgspec.to_builtins(ask())
    except Fault as fault:
        return reply_to(fault)
