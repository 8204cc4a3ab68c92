"""Fields of events: protected on their way into the log, and opened for who may read them.

A field is encrypted under the key of the person whom its event is about, and bound to the id of the event, its own name and the person. An
event about nobody is protected under the key of the programme, which nobody destroys.

The digest that an event keeps of its command is keyed by the same key: from the digest of a short text, the text could be guessed.
"""

import hmac
from collections.abc import Callable, Collection, Mapping
from hashlib import sha256
from typing import Any

from msgspec import structs

from shared.errors import Refused
from shared.message import CommandMessage
from shared.trust.personal.cipher import Unreadable, seal, unseal
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.marks import PERSON, Personal, personal_fields

PROGRAMME = "-"  # whose key protects what is about nobody: no identifier of a person begins so
DIGEST_LENGTH = 32  # hexadecimal digits


def bound_to(event_id: str, field: str, person: str) -> str:
    """No part holds a bar."""
    return f"{event_id}|{field}|{person}"


class Protection:
    """Protects what services record. Who records nothing personal needs no keys: `open_keyring` is asked when something is."""

    def __init__(self, open_keyring: Callable[[], Keyring]) -> None:
        self.open_keyring = open_keyring

    @property
    def keyring(self) -> Keyring:
        return self.open_keyring()

    def protected(self, event: Any, event_id: str) -> Any:
        """The event with its personal fields encrypted.

        Raises:
            Refused: `person_erased`: the key of the person was destroyed.
            Unavailable: the keys cannot be reached.
        """
        values = {field.name: getattr(event, field.name) for field in personal_fields(type(event))}
        stated = {name: value for name, value in values.items() if value is not None}
        if not stated:
            return event
        person = getattr(event, PERSON, None) or PROGRAMME
        key = self.keyring.for_writing(person)
        return structs.replace(event, **{name: seal(key, value, bound_to(event_id, name, person)) for name, value in stated.items()})

    def prepare(self, persons: Collection[str]) -> None:
        """Make the keys of many persons at once. See `Keyring.prepare`."""
        self.keyring.prepare(persons)

    def keyed(self, message: CommandMessage, command: Any) -> CommandMessage:
        """The message with the digest that its events keep; without one if the key is gone, and it cannot be compared any more."""
        if message.digest is None or not personal_fields(type(command)):
            return message
        try:
            key = self.keyring.for_writing(getattr(command, PERSON, None) or PROGRAMME)
        except Refused:
            return structs.replace(message, digest=None)
        return structs.replace(message, digest=hmac.digest(key, message.digest.encode(), sha256).hex()[:DIGEST_LENGTH])


class Opening:
    """Opens fields of events for a reader. `events` are the events in their current shape, by kind."""

    def __init__(self, open_keyring: Callable[[], Keyring], events: Mapping[str, type[Any]]) -> None:
        self.open_keyring = open_keyring
        self.fields = {kind: fields for kind, event in events.items() if (fields := personal_fields(event))}

    def has_personal(self, kind: str) -> bool:
        return kind in self.fields

    def opened(self, kind: str, event_id: str, data: Mapping[str, Any], allowed: Collection[Personal]) -> dict[str, Any]:
        """The data of an event, with those fields in clear that are of an allowed kind and whose key is there.

        Raises:
            Unavailable: the keys cannot be reached.
        """
        sealed = {
            field.name: data[field.name]["sealed"]
            for field in self.fields.get(kind, ())
            if field.kind in allowed and isinstance(data.get(field.name), dict) and "sealed" in data[field.name]
        }
        person = data.get(PERSON) or PROGRAMME
        key = self.open_keyring().for_reading(person) if sealed else None
        if key is None:
            return dict(data)
        return {**data, **opened_fields(key, sealed, event_id, person)}


def opened_fields(key: bytes, sealed: Mapping[str, str], event_id: str, person: str) -> dict[str, Any]:
    """Those that can be opened. Another was moved here, or encrypted under a key that is lost: it stays what it is, for all to see."""
    found = {}
    for name, text in sealed.items():
        try:
            found[name] = unseal(key, text, bound_to(event_id, name, person))
        except Unreadable:
            continue
    return found
