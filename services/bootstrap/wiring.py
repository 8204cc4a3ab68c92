"""What each nameko service finds in its configuration: `config["parcours"][service][name]`."""

from collections.abc import Sequence
from typing import Any

from services.bootstrap.composition import POLICIES, SCHEMAS, Components, event_structs
from services.gateway.dependencies import Call, GatewayDeps
from services.gateway.feed import Feed
from services.reporting.projection.projector import Projector
from services.reporting.queries.rpc_queries import ReportQueries
from shared.bus.inbox import Inbox
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.projection_inbox import ProjectionInbox
from shared.runtime.native_threads import native
from shared.time import now

Wires = dict[str, dict[str, Any]]


def wired(parts: Components, names: Sequence[str]) -> Wires:
    return {name: gateway(parts) if name == "gateway" else deciding(parts, name) for name in names}


def deciding(parts: Components, name: str) -> dict[str, Any]:
    wires: dict[str, Any] = {"desk": parts.desk(name), "listener": listener(parts, inbox(parts, name))}
    if name != "reporting":
        return wires
    parts.publish_definitions()
    return {**wires, "reports": ReportQueries(parts.reporting)}


def inbox(parts: Components, name: str) -> Inbox:
    if name in POLICIES:
        reactor = parts.reactor(name)
        return PolicyInbox(name, parts.store, parts.checkpoints, reactor.react, reactor.policies.keys())
    return ProjectionInbox(name, parts.store, Projector(parts.reporting, parts.store))


def listener(parts: Components, inbox: Inbox) -> InboxConsumer:
    return InboxConsumer(inbox, parts.checkpoints, parts.settings.amqp_uri, parts.letters_file)


def gateway(parts: Components) -> dict[str, Any]:
    """The gateway makes its HTTP side when it knows how to call the services."""
    programme, store = parts.settings.programme(), parts.store

    def compose(call: Call) -> GatewayDeps:
        return GatewayDeps(
            call=call,
            store=store,
            native=native,
            feed=Feed(store, native),
            sessions=parts.sessions_signer,
            services=parts.services_signer,
            permissions=parts.permissions,
            programme=programme.label,
            territories={territory.id: territory.label for territory in programme.territories},
            schemas=SCHEMAS,
            events=event_structs(),
            clock=now,
        )

    return {"compose": compose}
