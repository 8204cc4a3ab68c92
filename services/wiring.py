"""What each nameko service finds in its configuration: `config["parcours"][service][name]`."""

from collections.abc import Sequence
from typing import Any

from services.composition import POLICIES, SCHEMAS, Parts, event_structs
from services.gateway.feed import Feed
from services.gateway.outside import Call, Outside
from services.reporting.upkeep import Upkeep
from services.reporting.window import Window
from shared.bus.inbox import Inbox
from shared.bus.listener import Listener
from shared.bus.native import native
from shared.bus.projection import Projection
from shared.bus.reactions import Reactions
from shared.time import now

Wires = dict[str, dict[str, Any]]


def wired(parts: Parts, names: Sequence[str]) -> Wires:
    return {name: gateway(parts) if name == "gateway" else deciding(parts, name) for name in names}


def deciding(parts: Parts, name: str) -> dict[str, Any]:
    wires: dict[str, Any] = {"desk": parts.desk(name), "listener": listener(parts, inbox(parts, name))}
    if name != "reporting":
        return wires
    parts.publish_definitions()
    return {**wires, "reports": Window(parts.reporting)}


def inbox(parts: Parts, name: str) -> Inbox:
    if name in POLICIES:
        reactor = parts.reactor(name)
        return Reactions(name, parts.store, parts.checkpoints, reactor.react, reactor.policies.keys())
    return Projection(name, parts.store, Upkeep(parts.reporting, parts.store))


def listener(parts: Parts, inbox: Inbox) -> Listener:
    return Listener(inbox, parts.checkpoints, parts.settings.amqp_uri, parts.letters_file)


def gateway(parts: Parts) -> dict[str, Any]:
    """The gateway makes its HTTP side when it knows how to call the services."""
    programme, store = parts.settings.programme(), parts.store

    def compose(call: Call) -> Outside:
        return Outside(
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
