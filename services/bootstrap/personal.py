"""What protects personal data, built from the settings: each part when it is first used, in the processes that need it.

Only services that record what is personal, and gateways, open the database of keys (`parts.OF_PERSONS`).
"""

from collections.abc import Callable
from functools import cached_property

from services.bootstrap.opening import open_person_keys
from services.bootstrap.parts import OF_PERSONS, OF_PROCESSES
from services.bootstrap.person_keyring import opened_keyring
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from shared.message import Position
from shared.trust.personal import search, transit
from shared.trust.personal.key_database import KeyDatabase
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.opening import Opening
from shared.trust.personal.protection import Protection
from shared.trust.personal.search import SearchIndex
from shared.trust.personal.transit import Transit
from shared.trust.seals import key_for


class PersonalData:
    """`followed` is how far the log was followed for the keys (`key_projector`): from then on there are some."""

    def __init__(self, settings: Settings, followed: Callable[[], Position]) -> None:
        self.settings = settings
        self.followed = followed

    def key_for(self, purpose: str) -> bytes:
        return key_for(purpose, self.settings.keys.encryption_key())

    @cached_property
    def database(self) -> KeyDatabase:
        return open_person_keys(self.settings.person_keys)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys of persons (`opened_keyring`)."""
        return opened_keyring(self.database, self.settings, self.followed)

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
