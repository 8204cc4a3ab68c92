"""What the gateway does not make itself. The composition root injects it; a test injects something else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from services.gateway.command_client import Call, CommandClient
from services.gateway.feed import Feed
from shared.catalogue import Catalogue
from shared.description import ServiceDescription
from shared.store.port import EventStore
from shared.time import Clock
from shared.trust.access import Permissions, Signer

NativeCall = Callable[..., Any]
"""`native(fn, *args)`: runs a blocking function from a green thread."""


@dataclass(frozen=True, kw_only=True)
class GatewayDeps:
    """`services` are the descriptions of all services, by name; `schemas` the validation schemas of their commands.

    `sessions_signer` signs what visitors hold, `services_signer` what the services are handed: two audiences, so that neither token
    passes for the other. `development_login` lets a visitor of the loopback address choose a role.
    """

    call: Call
    commands: CommandClient
    store: EventStore
    native: NativeCall
    feed: Feed
    sessions_signer: Signer
    services_signer: Signer
    permissions: Permissions
    programme: str
    territories: Mapping[str, str]
    services: Mapping[str, ServiceDescription]
    schemas: Mapping[str, Mapping[str, type[Schema]]]
    catalogue: Catalogue
    clock: Clock
    development_login: bool = True

    @property
    def events(self) -> dict[str, type[Any]]:
        """The struct of each event in its current shape, by kind (`intake.PersonIdentified`)."""
        return {kind: event for service in self.services.values() for kind, event in service.events.items()}
