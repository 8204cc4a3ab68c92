"""What a process opens: it decides which addresses must be given, and which servers are asked before it starts."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from services.bootstrap.names import GATEWAY, NAMES, RELAY


class Part(Enum):
    """A part of the system that a process opens, with the variable of its address, or of its file."""

    LOG = "PARCOURS_EVENT_STORE"
    READ_MODELS = "PARCOURS_READ_MODELS"
    GATEWAY_RECORDS = "PARCOURS_GATEWAY_RECORDS"
    PERSON_KEYS = "PARCOURS_PERSON_KEYS"
    BROKER = "PARCOURS_AMQP_URI"
    KEYS = "PARCOURS_KEYS"
    KEY_ENCRYPTION_KEY = "PARCOURS_KEY_ENCRYPTION_KEY"
    SEAL_KEY = "PARCOURS_SEAL_KEY"
    SIGNING_KEY = "PARCOURS_SIGNING_KEY"
    PUBLIC_KEYS = "PARCOURS_PUBLIC_KEYS"
    SURVEY_KEY = "PARCOURS_SURVEY_KEY"
    WEBHOOK_KEY = "PARCOURS_WEBHOOK_KEY"

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", " ")


class Needs(Struct, frozen=True):
    """What a process opens. One that is `apart` talks with others over RabbitMQ."""

    parts: frozenset[Part]
    apart: bool = False


def needs(*parts: Part) -> Needs:
    return Needs(frozenset(parts))


EVERYTHING = Needs(frozenset(Part))
LOG_ALONE = needs(Part.LOG)
KEY_PARTS = frozenset(Part) - {Part.LOG, Part.READ_MODELS, Part.GATEWAY_RECORDS, Part.PERSON_KEYS, Part.BROKER}
"""The keys: `services.bootstrap.key_files` has the table of who reads which."""
OF_A_SERVICE = frozenset({Part.LOG, Part.BROKER, Part.PUBLIC_KEYS})
OF_PERSONS = frozenset({Part.PERSON_KEYS, Part.KEY_ENCRYPTION_KEY})  # of who records what is personal, and of the gateway, which shows it
OF_PROCESSES: Mapping[str, Needs] = {
    **{name: Needs(OF_A_SERVICE | OF_PERSONS, apart=True) for name in NAMES},
    "coaching": Needs(OF_A_SERVICE | OF_PERSONS | {Part.SURVEY_KEY}, apart=True),
    "reporting": Needs(OF_A_SERVICE | OF_PERSONS | {Part.READ_MODELS}, apart=True),
    "webhooks": Needs(OF_A_SERVICE | {Part.WEBHOOK_KEY}, apart=True),
    "accounts": Needs(OF_A_SERVICE, apart=True),
    GATEWAY: Needs(OF_A_SERVICE | OF_PERSONS | {Part.GATEWAY_RECORDS, Part.KEYS, Part.SIGNING_KEY}, apart=True),
    RELAY: Needs(frozenset({Part.LOG, Part.BROKER, Part.SEAL_KEY}), apart=True),
}
"""By the name of a process in `parcours service`."""

OF_COMMANDS: Mapping[str, Needs] = {
    **dict.fromkeys(("serve", "demo", "check"), EVERYTHING),
    "restore": needs(Part.LOG, Part.READ_MODELS, Part.GATEWAY_RECORDS, Part.PERSON_KEYS, Part.BROKER, Part.KEYS, Part.SEAL_KEY),
    "setup": needs(Part.LOG, Part.GATEWAY_RECORDS, Part.KEYS),
    "load": needs(Part.LOG, Part.READ_MODELS, Part.KEYS, *OF_PERSONS),
    **dict.fromkeys(("history", "replay"), LOG_ALONE),
    **dict.fromkeys(("verify", "bundle"), needs(Part.LOG, Part.SEAL_KEY)),
    **dict.fromkeys(("keys", "witness", "generate"), needs()),
    "backup": needs(Part.LOG, Part.GATEWAY_RECORDS, Part.PERSON_KEYS, Part.BROKER, Part.KEYS, Part.SEAL_KEY),
    **dict.fromkeys(
        ("indicators", "evidence", "changes", "rebuild", "audit", "projections", "generations"), needs(Part.LOG, Part.READ_MODELS)
    ),
    **{name: needs(Part.BROKER) for name in ("dead", "tail")},
}
"""By the name of a command, but for `service`."""


def needs_of(command: str, process: str | None) -> Needs:
    """Those of a command, or of the process that it names."""
    return OF_PROCESSES[process] if process is not None else OF_COMMANDS[command]
