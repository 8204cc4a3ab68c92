"""All that the gateway does not make itself: the composition root gives it, a test gives another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from marshmallow import Schema

from services.gateway.feed import Feed
from shared.store.port import EventStore
from shared.time import Clock
from shared.trust.identity import Signer
from shared.trust.permissions import Permissions

Reply = Any


class Call(Protocol):
    """One question to a service, answered in JSON. Raises Unavailable when the broker or the service does not answer in time."""

    def __call__(self, service: str, method: str, *args: Any) -> Reply: ...


Bridge = Callable[..., Any]  # native(fn, *args): a blocking call, from a green thread


@dataclass(frozen=True, kw_only=True)
class GatewayDeps:
    """`schemas` is, for each service, its SCHEMAS; `events` the struct of each event kind (`intake.PersonIdentified`).

    `sessions` signs what visitors hold, `services` what the services are handed: two audiences, so that neither passes for the other.
    `development_login` lets whoever sits at this machine choose a role; it answers to loopback alone.
    """

    call: Call
    store: EventStore
    native: Bridge
    feed: Feed
    sessions: Signer
    services: Signer
    permissions: Permissions
    programme: str
    territories: Mapping[str, str]
    schemas: Mapping[str, Mapping[str, type[Schema]]]
    events: Mapping[str, type[Any]]
    clock: Clock
    development_login: bool = True
