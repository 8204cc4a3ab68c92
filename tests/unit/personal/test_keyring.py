"""Keys of persons: made once, kept for some seconds, gone when they are destroyed, and worth nothing without the key that wraps them."""

import pytest

from shared.errors import KeysUnavailable, Refused, Unavailable
from shared.trust.personal.cipher import new_key
from shared.trust.personal.key_database import KeyChanges
from shared.trust.personal.key_wrapping import FileWrapper
from shared.trust.personal.keyring import KEPT_S, MAX_KEPT, Keyring
from tests.unit.personal.keys_in_memory import KeysInMemory

WRAPPER = FileWrapper(new_key())


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def keyring(database: KeysInMemory, clock: Clock | None = None) -> Keyring:
    return Keyring(database, WRAPPER, clock or Clock())


def test_every_process_reads_the_key_that_was_made_first() -> None:
    database = KeysInMemory()
    assert keyring(database).for_writing("p") == keyring(database).for_writing("p") == keyring(database).for_reading("p")


def test_of_two_processes_that_make_a_key_at_once_both_use_the_one_that_is_stored() -> None:
    database, other = KeysInMemory(), keyring(KeysInMemory())

    class Slow(KeysInMemory):
        def add(self, keys: dict[str, str]) -> None:  # type: ignore[override]
            database.add({person: WRAPPER.wrap(b"f" * 32, person) for person in keys})  # the other one was faster
            database.add(keys)

        def keys_of(self, persons: list[str]) -> dict[str, str | None]:  # type: ignore[override]
            return database.keys_of(persons)

    assert keyring(Slow()).for_writing("p") == b"f" * 32 != other.for_writing("p")


def test_who_only_reads_makes_no_key() -> None:
    database = KeysInMemory()
    assert keyring(database).for_reading("p") is None
    assert database.wrapped == {}


def test_a_key_is_asked_for_again_after_some_seconds_so_that_a_destroyed_one_is_gone() -> None:
    database, clock = KeysInMemory(), Clock()
    keys = keyring(database, clock)
    key = keys.for_writing("p")
    database.apply(KeyChanges(["p"], {}), 0, 1)
    assert keys.for_reading("p") == key
    clock.now += KEPT_S + 1
    assert keys.for_reading("p") is None
    with pytest.raises(Refused, match="person_erased"):
        keys.for_writing("p")
    assert database.wrapped == {"p": None}


def test_many_keys_are_made_in_one_transaction_and_read_from_memory_afterwards() -> None:
    database = KeysInMemory()
    keys = keyring(database)
    keys.prepare([f"p-{number}" for number in range(100)])
    reads = database.reads
    assert len({keys.for_writing(f"p-{number}") for number in range(100)}) == 100
    assert database.reads == reads <= 3


def test_memory_is_bounded() -> None:
    keys = keyring(KeysInMemory())
    for start in range(0, 3 * MAX_KEPT, 5_000):
        keys.prepare([f"p-{number}" for number in range(start, start + 5_000)])
        assert len(keys.kept) <= MAX_KEPT


def test_a_wrapped_key_is_worth_nothing_under_another_key_or_for_another_person() -> None:
    database = KeysInMemory()
    keyring(database).for_writing("p")
    assert not Keyring(database, FileWrapper(new_key()), Clock()).for_reading("p")
    database.wrapped["q"] = database.wrapped["p"]
    assert not keyring(database).for_reading("q")


def test_a_key_whose_time_is_over_goes_from_memory_when_another_is_read() -> None:
    clock = Clock()
    keys = keyring(KeysInMemory(), clock)
    keys.for_writing("p")
    clock.now += KEPT_S + 1
    keys.for_writing("q")
    assert set(keys.kept) == {"q"}


def test_a_damaged_key_opens_nothing_stops_nobody_else_and_is_no_erasure(caplog: pytest.LogCaptureFixture) -> None:
    database = KeysInMemory()
    database.wrapped["p"] = "damaged"
    keys = keyring(database)
    assert not keys.for_reading("p")
    with pytest.raises(KeysUnavailable):
        keys.for_writing("p")
    assert keys.for_writing("q")
    assert "the key of p is damaged" in caplog.text


def test_a_database_that_is_away_is_no_log_that_is_away() -> None:
    class Away(KeysInMemory):
        def keys_of(self, persons: object) -> dict[str, str | None]:
            raise Unavailable("away")

    with pytest.raises(KeysUnavailable):
        keyring(Away()).for_writing("p")
