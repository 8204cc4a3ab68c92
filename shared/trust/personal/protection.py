"""Fields of events, protected on their way into the log.

A field is encrypted under the key of the person whom its event is about, and bound to the id of the event, its own name and the person. An
event about nobody is protected under the key of the programme, which nobody destroys.

The digest that an event keeps of its command is keyed by the same key: from the digest of a short text, the text could be guessed.
"""

import hmac
from collections.abc import Callable, Collection
from hashlib import sha256
from typing import Any

from msgspec import structs

from shared.errors import Refused
from shared.message import CommandMessage
from shared.trust.personal.cipher import seal
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.marked_fields import personal_fields
from shared.trust.personal.marks import PERSON

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
