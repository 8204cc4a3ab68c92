"""What protects personal data, built from the settings: each part when it is first used, in the processes that need it.

Only services that record what is personal, and gateways, open the database of keys (`parts.OF_PERSONS`).
"""

import time
from functools import cached_property

from services.bootstrap.opening import open_person_keys
from services.bootstrap.parts import OF_PERSONS, OF_PROCESSES, Part
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from shared.errors import Misconfigured
from shared.trust.personal import search, transit
from shared.trust.personal.cipher import Unreadable
from shared.trust.personal.key_database import KeyDatabase
from shared.trust.personal.key_wrapping import file_wrapper
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.opening import Opening
from shared.trust.personal.protection import PROGRAMME, Protection
from shared.trust.personal.search import SearchIndex
from shared.trust.personal.transit import Transit
from shared.trust.seals import key_for


class PersonalData:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def key_for(self, purpose: str) -> bytes:
        return key_for(purpose, self.settings.keys.encryption_key())

    @cached_property
    def database(self) -> KeyDatabase:
        return open_person_keys(self.settings.person_keys)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys of persons.

        Raises:
            Misconfigured: the key-encryption key is not the one that wrapped them.
        """
        keyring = Keyring(self.database, file_wrapper(self.settings.keys.encryption_key()), time.monotonic)
        try:
            keyring.for_writing(PROGRAMME)
        except Unreadable as fault:
            part = Part.KEY_ENCRYPTION_KEY.value
            file, database = self.settings.keys.encryption, self.settings.person_keys
            raise Misconfigured(f"{part}: {file} is not the key that wrapped the keys in {Part.PERSON_KEYS.value}, {database}.") from fault
        return keyring

    @cached_property
    def protection(self) -> Protection:
        return Protection(lambda: self.keyring)

    @cached_property
    def opening(self) -> Opening:
        return Opening(lambda: self.keyring, {kind: event for service in SERVICES.values() for kind, event in service.events.items()})

    @cached_property
    def transit(self) -> Transit:
        """What gateways encrypt for services."""
        services = (service for name, service in SERVICES.items() if OF_PROCESSES[name].parts >= OF_PERSONS)
        commands = {name: command for service in services for name, command in service.commands.items()}
        return Transit(lambda: self.key_for(transit.PURPOSE), commands)

    def find(self, text: str, limit: int) -> list[str] | None:
        """The persons whom a name or a telephone number finds; None if it is too short to search for."""
        tokens = self.index.searched(text)
        return None if tokens is None else self.database.persons_with(tokens, limit)

    @cached_property
    def index(self) -> SearchIndex:
        return SearchIndex(self.key_for(search.PURPOSE))
