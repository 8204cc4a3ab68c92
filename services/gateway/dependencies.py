"""What the gateway does not make itself. The composition root injects it; a test injects something else."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from services.gateway.client_address import LOOPBACK_NETWORKS, Network
from services.gateway.command_client import Call, CommandClient
from services.gateway.feed import Feed
from services.gateway.rate_limit import Rate
from services.vocabulary.accounts import Register
from services.vocabulary.programme import Groupings, Programme
from shared.bus.dead_letters import DeadLetters
from shared.bus.names import SOLE, Names
from shared.catalogue import Catalogue
from shared.description import ServiceDescription
from shared.store.gateway_records import GatewayRecords
from shared.store.port import Checkpoints, EventStore
from shared.time import Clock
from shared.trust.access import Permissions
from shared.trust.oidc_tokens import OidcTokens
from shared.trust.personal.opening import Opening
from shared.trust.seals import Seals
from shared.trust.tokens import IdentitySigner, Signer
from shared.trust.webhook_secrets import WebhookSecrets

NativeCall = Callable[..., Any]
"""`native(fn, *args)`: runs a blocking function from a green thread."""

Deadline = Callable[[float], AbstractContextManager[None]]
"""`with deadline(seconds)`: raises Unavailable when the block takes longer."""


FindPersons = Callable[[str, int], Sequence[str] | None]
"""`find_persons(text, limit)`: those whom a name or a telephone number finds; None if it is too short to search for. Blocks."""


@dataclass(frozen=True, kw_only=True)
class GatewayDeps:
    """`services` are the descriptions of all services, by name; `schemas` the validation schemas of their commands.

    `sessions_signer` signs what visitors hold, `identity_signer` what the services are handed: neither token passes for the other.
    `survey_seals` makes the tickets that coaching takes for genuine; with the `webhook_secrets`, webhooks are signed.
    `opening` opens personal fields of events for who may read them.
    `linked` tells whether the broker is reached. `records` are shared with the other gateways; `accounts` reads
    those of the log. `reference` is the configuration of the
    programme.
    `development_login` lets a visitor of the loopback address choose a role. Pages of `origins` may use the interface. What the
    `trusted_proxies` say of their clients in their `proxy_headers` is believed. `names` are those on the broker. `oidc` checks the
    tokens of the issuer of identities.
    """

    call: Call
    linked: Callable[[], bool]
    commands: CommandClient
    store: EventStore
    checkpoints: Checkpoints
    records: GatewayRecords
    accounts: Callable[[], Register]
    dead_letters: DeadLetters
    native: NativeCall
    feed: Feed
    deadline: Deadline
    sessions_signer: Signer
    identity_signer: IdentitySigner
    survey_seals: Seals
    webhook_secrets: WebhookSecrets
    opening: Opening
    find_persons: FindPersons
    permissions: Permissions
    programme: str
    reference: Programme
    territories: Mapping[str, str]
    groupings: Mapping[str, str]
    members: Groupings
    services: Mapping[str, ServiceDescription]
    schemas: Mapping[str, Mapping[str, type[Schema]]]
    catalogue: Catalogue
    clock: Clock
    development_login: bool = False
    rate_limit: Rate | None = None
    metrics_from: Sequence[Network] = LOOPBACK_NETWORKS
    origins: Collection[str] = frozenset()
    trusted_proxies: Sequence[Network] = ()
    proxy_headers: str = "x-forwarded"
    names: Names = SOLE
    oidc: OidcTokens | None = None

    @property
    def events(self) -> dict[str, type[Any]]:
        """The struct of each event in its current shape, by kind (`intake.PersonIdentified`)."""
        return {kind: event for service in self.services.values() for kind, event in service.events.items()}
