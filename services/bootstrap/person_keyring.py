"""Opens the keys of persons, if they are those of what is recorded."""

import time
from collections.abc import Callable

from services.bootstrap.parts import Part
from services.bootstrap.settings import Settings
from shared.errors import Misconfigured
from shared.message import START, Position
from shared.trust.personal.cipher import Unreadable
from shared.trust.personal.key_database import KeyDatabase
from shared.trust.personal.key_wrapping import file_wrapper
from shared.trust.personal.keyring import Keyring, keys_reached
from shared.trust.personal.protection import PROGRAMME


def opened_keyring(database: KeyDatabase, settings: Settings, followed: Callable[[], Position]) -> Keyring:
    """The keys of persons. `followed` is how far the log was followed for them: from then on there are some.

    Raises:
        Misconfigured: they are lost, or the key-encryption key is not the one that wrapped them.
    """
    wrapper, where = file_wrapper(settings.keys.encryption_key()), f"{Part.PERSON_KEYS.value}: {settings.person_keys}"
    keyring = Keyring(database, wrapper, time.monotonic)
    with keys_reached():
        known = database.keys_of([PROGRAMME]).get(PROGRAMME)
    if known is None and followed() != START:  # new keys would hide that those of what is recorded are gone
        raise Misconfigured(f"{where} holds no key, although keys were in use: put it back, or restore a backup.")
    try:
        if known is not None:
            wrapper.unwrap(known, PROGRAMME)
    except Unreadable as fault:
        file = settings.keys.encryption
        raise Misconfigured(f"{Part.KEY_ENCRYPTION_KEY.value}: {file} is not the key that wrapped the keys in {where}.") from fault
    keyring.prepare([PROGRAMME])
    return keyring
