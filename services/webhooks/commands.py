"""The commands that a webhook accepts. Each is filled in with who gives it and how far that permission reaches."""

from typing import Annotated

from msgspec import Meta, Struct

from services.vocabulary.fields import EventType, Id, LogPosition, TerritoryOrAll, WebhookUrl
from services.webhooks.coded_values import StopReason
from shared.command_fields import ActorId, ActorOrganisation, ActorRole, ActorTerritories, CommandScope, FactDate

Hours = Annotated[int, Meta(ge=0, le=168)]
Number = Annotated[int, Meta(ge=0, le=1_000_000)]
Territories = Annotated[list[TerritoryOrAll], Meta(max_length=50)]
Types = Annotated[list[EventType], Meta(max_length=100)]


class Given(Struct, frozen=True, kw_only=True):
    """What every command has: the webhook, the day, and who gives it."""

    webhook: Id
    on: FactDate
    by: ActorId
    role: ActorRole
    organisation: ActorOrganisation
    territories_of_actor: ActorTerritories
    scope: CommandScope


class CreateWebhook(Given, frozen=True, kw_only=True):
    """The filter is that of the feed; empty is everything that the owner may read. Without `after` it begins with what is recorded next."""

    url: WebhookUrl
    territories: Territories = []
    types: Types = []
    after: LogPosition | None = None


class ChangeWebhook(Given, frozen=True, kw_only=True):
    """Another address and another filter, whole, from the event on that is next to be sent."""

    url: WebhookUrl
    territories: Territories = []
    types: Types = []


class PauseWebhook(Given, frozen=True, kw_only=True):
    """Nothing is sent until it is resumed, and nothing is lost."""


class ResumeWebhook(Given, frozen=True, kw_only=True):
    """Goes on with the event that was next. `pass_over` leaves out the one on which it was stopped."""

    pass_over: bool = False


class RotateWebhookSecret(Given, frozen=True, kw_only=True):
    """A new secret. The one before it signs too, for `overlap_hours`."""

    overlap_hours: Hours = 24


class ReplayWebhook(Given, frozen=True, kw_only=True):
    """Everything after a position is sent again, under the ids that it had."""

    after: LogPosition


class TestWebhook(Given, frozen=True, kw_only=True):
    """One message that holds no event, sent once, whatever the state of the webhook."""

    __test__ = False  # pytest takes it for a test otherwise


class DeleteWebhook(Given, frozen=True, kw_only=True):
    """Nothing is sent any more. Its id is never used again."""


class StopWebhook(Given, frozen=True, kw_only=True):
    """Given by what sends, on the message that it gives up. `resumptions` is how often the webhook had been resumed then."""

    reason: StopReason
    message: Id
    resumptions: Number


Command = (
    CreateWebhook
    | ChangeWebhook
    | PauseWebhook
    | ResumeWebhook
    | RotateWebhookSecret
    | ReplayWebhook
    | TestWebhook
    | DeleteWebhook
    | StopWebhook
)
