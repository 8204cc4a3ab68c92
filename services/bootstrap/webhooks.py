"""What sends webhooks, put together: with the gateway's judgement of what an owner may read: a webhook tells what the feed tells."""

import random
from collections.abc import Callable, Iterable
from uuid import UUID, uuid5

import msgspec

from services.gateway.audience import Audience, EventFilter
from services.gateway.grants import standing
from services.gateway.hints import Hint
from services.gateway.query_parameters import bare_kind
from services.gateway.read_access import ReadAccess
from services.vocabulary.accounts import Register
from services.vocabulary.calendar import local_date
from services.vocabulary.programme import PROGRAMME
from services.webhooks.coded_values import StopReason
from services.webhooks.delivery.followed import Followed
from shared.cloud_event import encode_cloud_event
from shared.command_handler import CommandHandler
from shared.errors import Refused
from shared.message import Actor, CommandMessage, EventMessage
from shared.time import Clock, now
from shared.trust.access import Identity, system

STOPS = UUID("6b1d4c0e-9a52-5f1e-8a57-3d0f6c2e0001")  # the namespace of the ids of StopWebhook: persisted


class Audiences:
    """`territories` are those of the programme, `accounts` reads those of the log. `open_to_others`: who has none is served as well."""

    def __init__(self, access: ReadAccess, territories: Iterable[str], accounts: Callable[[], Register], *, open_to_others: bool) -> None:
        self.access = access
        self.territories = tuple(territories)
        self.accounts = accounts
        self.open_to_others = open_to_others

    def of(self, webhook: Followed) -> Audience:
        """What the owner of a webhook sees of the log, through the filter of the webhook.

        Raises:
            Forbidden: the owner may not follow the feed, or has no grant for it any more.
            Unavailable: the accounts cannot be read.
        """
        owner = webhook.state.owner
        identity = Identity(Actor(owner.actor, owner.role, owner.organisation), tuple(owner.territories))
        identity = standing(self.accounts(), identity, local_date(now()), open_to_others=self.open_to_others)
        self.access.check_somewhere(identity, "follow_feed")
        places = frozenset(webhook.state.territories)
        event_filter = EventFilter(frozenset() if PROGRAMME in places else places, frozenset(map(bare_kind, webhook.state.types)))
        return Audience(self.access, identity, event_filter, self.territories)


def encoded(told: EventMessage | Hint) -> bytes:
    """A message as the feed sends it."""
    return msgspec.json.encode(told) if isinstance(told, Hint) else encode_cloud_event(told)


def stop_with(handler: CommandHandler, clock: Clock) -> Callable[[Followed, StopReason, str], None]:
    """Records that a webhook is stopped on a message. Does nothing if it is already, or was changed since."""

    def stop(webhook: Followed, reason: StopReason, message: str) -> None:
        resumptions = webhook.state.resumptions
        identity = system("webhooks")
        command = CommandMessage(
            id=uuid5(STOPS, f"{webhook.id}/{message}/{resumptions}"),
            type="StopWebhook",
            actor=identity.actor,
            territory=PROGRAMME,
            time=clock(),
            data={"webhook": webhook.id, "reason": reason.value, "message": message, "resumptions": resumptions},
        )
        try:
            handler.handle(command, identity)
        except Refused as refusal:
            if refusal.code not in {"webhook_not_active", "webhook_unknown"}:
                raise

    return stop


chance = random.SystemRandom().random
