"""A webhook: a subscription to the feed whose events are sent to an address of its owner. One stream per webhook, `webhook-<webhook>`.

The owner is the actor who created it, with the territories that it had when it last said what is sent and where. No secret is recorded:
the number of its version is (`shared.trust.webhook_secrets`).
"""

from datetime import date
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.webhooks.coded_values import StopReason
from services.webhooks.commands import (
    ChangeWebhook,
    Command,
    CreateWebhook,
    DeleteWebhook,
    PauseWebhook,
    ReplayWebhook,
    ResumeWebhook,
    RotateWebhookSecret,
    StopWebhook,
    TestWebhook,
)
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier, PublicText

# Events: what happened -----------------------------------------------------------------------------------------------


class Owner(Struct, frozen=True):
    """`territories` are those where the owner may act (`*` is all of them)."""

    actor: Identifier
    role: Code
    organisation: Identifier
    territories: list[Code]

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.actor, self.role, self.organisation


class WebhookCreated(Struct, frozen=True, tag=True, kw_only=True):
    """`after` is the position after which it begins; None for its own."""

    webhook: Identifier
    owner: Owner
    url: PublicText
    territories: list[Code]
    types: list[Code]
    after: int | None
    on: date


class WebhookChanged(Struct, frozen=True, tag=True, kw_only=True):
    """What is sent and where, as the owner now says it."""

    webhook: Identifier
    owner: Owner
    url: PublicText
    territories: list[Code]
    types: list[Code]
    on: date


class WebhookPaused(Struct, frozen=True, tag=True, kw_only=True):
    webhook: Identifier
    on: date


class WebhookResumed(Struct, frozen=True, tag=True, kw_only=True):
    """`passed_over` is the id of the message that is left out."""

    webhook: Identifier
    passed_over: Identifier | None
    on: date


class WebhookSecretRotated(Struct, frozen=True, tag=True, kw_only=True):
    """`version` is the number of the new secret; the one before it signs too for `overlap_hours` after the recording."""

    webhook: Identifier
    version: int
    overlap_hours: int
    on: date


class WebhookReplayed(Struct, frozen=True, tag=True, kw_only=True):
    """Everything after a position is sent again: this is the `run`-th time."""

    webhook: Identifier
    after: int
    run: int
    on: date


class WebhookTestRequested(Struct, frozen=True, tag=True, kw_only=True):
    webhook: Identifier
    on: date


class WebhookStopped(Struct, frozen=True, tag=True, kw_only=True):
    """A message was given up. Nothing after it is sent before the owner resumes."""

    webhook: Identifier
    reason: StopReason
    message: PublicText
    on: date


class WebhookDeleted(Struct, frozen=True, tag=True, kw_only=True):
    webhook: Identifier
    on: date


Event = (
    WebhookCreated
    | WebhookChanged
    | WebhookPaused
    | WebhookResumed
    | WebhookSecretRotated
    | WebhookReplayed
    | WebhookTestRequested
    | WebhookStopped
    | WebhookDeleted
)

# State: what is true -------------------------------------------------------------------------------------------------

Status = Literal["active", "paused", "stopped"]


class Unknown(Struct, frozen=True):
    """No such webhook."""


class Webhook(Struct, frozen=True):
    """`secret` is the version of its secret; `given_up` the message on which it is stopped; `passed_over` those that are left out."""

    owner: Owner
    url: str
    territories: list[str]
    types: list[str]
    status: Status = "active"
    secret: int = 1
    run: int = 0
    resumptions: int = 0
    reason: StopReason | None = None
    given_up: str | None = None
    passed_over: frozenset[str] = frozenset()


class Deleted(Struct, frozen=True):
    """Its id is not used again."""


State = Unknown | Webhook | Deleted
initial: State = Unknown()


def evolve(state: State, event: Event) -> State:
    if isinstance(event, WebhookCreated):
        return Webhook(event.owner, event.url, event.territories, event.types)
    if not isinstance(state, Webhook):
        return state
    match event:
        case WebhookChanged():
            return replace(state, owner=event.owner, url=event.url, territories=event.territories, types=event.types)
        case WebhookPaused():
            return replace(state, status="paused")
        case WebhookResumed(passed_over=message):
            left_out = state.passed_over | ({message} if message else set())
            return replace(
                state, status="active", resumptions=state.resumptions + 1, reason=None, given_up=None, passed_over=frozenset(left_out)
            )
        case WebhookSecretRotated(version=version):
            return replace(state, secret=version)
        case WebhookReplayed(run=run):
            return replace(state, run=run)
        case WebhookTestRequested():
            return state
        case WebhookStopped(reason=reason, message=message):
            return replace(state, status="stopped", reason=reason, given_up=message)
        case WebhookDeleted():
            return Deleted()
        case _:
            assert_never(event)


def stream(command: Command) -> str:
    return f"webhook-{command.webhook}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    if isinstance(command, CreateWebhook):
        return [create(state, command)]
    return [of_known(known(state, command), command)]


def create(state: State, command: CreateWebhook) -> Event:
    if not isinstance(state, Unknown):
        raise Refused("webhook_already_exists")
    return WebhookCreated(
        webhook=command.webhook,
        owner=owner(command),
        url=command.url,
        territories=command.territories,
        types=command.types,
        after=command.after,
        on=command.on,
    )


def owner(command: CreateWebhook | ChangeWebhook) -> Owner:
    return Owner(command.by, command.role, command.organisation, command.territories_of_actor)


def known(state: State, command: Command) -> Webhook:
    """The webhook, for its owner and for whose permission reaches those of others. To anybody else it does not exist."""
    if not isinstance(state, Webhook):
        raise Refused("webhook_unknown")
    if command.scope == "owner" and state.owner.identity != (command.by, command.role, command.organisation):
        raise Refused("webhook_unknown")
    return state


def of_known(state: Webhook, command: Command) -> Event:
    webhook, on = command.webhook, command.on
    match command:
        case ChangeWebhook():
            return change(state, command)
        case PauseWebhook():
            if state.status != "active":
                raise Refused("webhook_not_active")
            return WebhookPaused(webhook=webhook, on=on)
        case ResumeWebhook():
            return resume(state, command)
        case RotateWebhookSecret(overlap_hours=hours):
            return WebhookSecretRotated(webhook=webhook, version=state.secret + 1, overlap_hours=hours, on=on)
        case ReplayWebhook(after=after):
            return WebhookReplayed(webhook=webhook, after=after, run=state.run + 1, on=on)
        case TestWebhook():
            return WebhookTestRequested(webhook=webhook, on=on)
        case StopWebhook():
            return stop(state, command)
        case DeleteWebhook():
            return WebhookDeleted(webhook=webhook, on=on)
        case CreateWebhook():
            raise AssertionError("a webhook that is known is not created")
        case _:
            assert_never(command)


def change(state: Webhook, command: ChangeWebhook) -> Event:
    said = (owner(command), command.url, command.territories, command.types)
    if said == (state.owner, state.url, state.territories, state.types):
        raise Refused("webhook_unchanged")
    return WebhookChanged(
        webhook=command.webhook,
        owner=owner(command),
        url=command.url,
        territories=command.territories,
        types=command.types,
        on=command.on,
    )


def resume(state: Webhook, command: ResumeWebhook) -> Event:
    if state.status == "active":
        raise Refused("webhook_already_active")
    if command.pass_over and state.given_up is None:
        raise Refused("nothing_to_pass_over")
    return WebhookResumed(webhook=command.webhook, passed_over=state.given_up if command.pass_over else None, on=command.on)


def stop(state: Webhook, command: StopWebhook) -> Event:
    if state.status != "active" or state.resumptions != command.resumptions:
        raise Refused("webhook_not_active")
    return WebhookStopped(webhook=command.webhook, reason=command.reason, message=command.message, on=command.on)


decider = Decider("webhooks", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
