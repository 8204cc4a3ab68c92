"""What the service answers about webhooks. The gateway reads these structs; their names and fields are part of the interface."""

from typing import Literal

from msgspec import Struct

State = Literal["active", "paused", "stopped", "over_limit"]


class WebhookOwner(Struct, frozen=True):
    """`territories` are those where the owner could act when it last said what is sent (`*` is all of them)."""

    actor: str
    role: str
    organisation: str
    territories: list[str]


class WebhookDelivery(Struct, frozen=True):
    """What became of a message. `message` is its `webhook-id`, `run` how often the webhook had been replayed.

    `position` is that of its event; a test has none. `answer` is the status of the last response; without one, `fault` says why:
    timeout, not_reached, tls, broken_off, not_http, name_unknown, address_not_allowed, port_not_allowed or scheme_not_allowed.
    """

    message: str
    run: int
    position: int | None
    type: str
    status: Literal["waiting", "delivered", "given_up", "passed_over", "tested"]
    attempts: int
    answer: int | None
    fault: str | None
    first_at: str
    last_at: str
    next_at: str | None


class WebhookStop(Struct, frozen=True):
    """Why it was stopped, and on which message: GONE (answered 410) or EXHAUSTED (no attempt succeeded)."""

    reason: str
    label: str
    message: str
    at: str


class WebhookAnswer(Struct, frozen=True):
    """A webhook as it is. `over_limit`: its owner has older ones, as many as are served.

    Everything up to `position` was sent in this run, or is not for the owner; it is null for readers of masked figures, who are not told
    how far the log goes. `waiting` is the message that is being tried again, or on which it was stopped.
    """

    webhook: str
    owner: WebhookOwner
    url: str
    territories: list[str]
    types: list[str]
    status: State
    stop: WebhookStop | None
    run: int
    position: int | None
    secret_version: int
    previous_secret_until: str | None
    created_at: str
    waiting: WebhookDelivery | None


class Webhooks(Struct, frozen=True):
    webhooks: list[WebhookAnswer]


class WebhookDeliveries(Struct, frozen=True):
    """The latest first. Only some of the latest are kept of what was delivered."""

    deliveries: list[WebhookDelivery]
