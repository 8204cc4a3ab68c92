"""What each nameko service finds in its configuration: `config["parcours"][service][name]`."""

from collections.abc import Sequence
from typing import Any

from services.composition import POLICIES, Parts
from services.reporting.window import Window
from shared.bus.inbox import Inbox, Projection, Reactions
from shared.bus.listener import Listener

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
        return Reactions(name, parts.store, parts.checkpoints, parts.reactor(name).react)
    return Projection(name, parts.store, parts.reporting.position, parts.reporting.apply)


def listener(parts: Parts, inbox: Inbox) -> Listener:
    return Listener(inbox, parts.checkpoints, parts.settings.amqp_uri, parts.letters_file)


def gateway(parts: Parts) -> dict[str, Any]:
    return {}
