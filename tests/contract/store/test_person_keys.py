"""The database of the keys of persons: a key is made once, goes for good, and is found by no token afterwards."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import Unavailable
from shared.store.postgres.person_keys import PostgresPersonKeys
from shared.store.sqlite.person_keys import SqlitePersonKeys
from shared.trust.personal.key_database import KeyChanges, KeyDatabase

PROCESSES = 4


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else str(tmp_path / "person_keys.sqlite")


def opened(address: str) -> KeyDatabase:
    return PostgresPersonKeys(address) if address.startswith("postgres") else SqlitePersonKeys(Path(address))


@pytest.fixture
def databases(address: str) -> Iterator[list[KeyDatabase]]:
    """The same database, opened by several processes."""
    found = [opened(address) for _ in range(PROCESSES)]
    yield found
    for each in found:
        each.close()


def test_the_key_that_is_there_first_stays(databases: list[KeyDatabase]) -> None:
    first, other = databases[:2]
    first.add({"p": "one", "": "programme"})
    other.add({"p": "two", "q": "three"})
    assert first.keys_of(["p", "q", "r", ""]) == other.keys_of(["p", "q", "r", ""]) == {"p": "one", "q": "three", "": "programme"}


def test_of_processes_that_make_the_same_keys_at_once_all_read_the_same(databases: list[KeyDatabase]) -> None:
    persons = [f"p-{number}" for number in range(50)]
    together = threading.Barrier(PROCESSES)

    def make(number: int) -> None:
        together.wait()
        order = persons if number % 2 else persons[::-1]
        for start in range(0, 50, 10):
            databases[number].add(dict.fromkeys(order[start : start + 10], f"made by {number}"))

    threads = [threading.Thread(target=make, args=[number]) for number in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    read = [each.keys_of(persons) for each in databases]
    assert len(read[0]) == 50
    assert all(each == read[0] for each in read)


def test_a_destroyed_key_is_gone_with_its_tokens_and_none_takes_its_place(databases: list[KeyDatabase]) -> None:
    first, other = databases[:2]
    first.add({"p": "one", "q": "two"})
    first.apply(KeyChanges([], {"p": ["t", "u"], "q": ["t"]}), 0, 5)
    first.apply(KeyChanges(["p", "never-seen"], {}), 5, 9)
    other.add({"p": "again", "never-seen": "new"})
    assert other.keys_of(["p", "q", "never-seen"]) == {"p": None, "q": "two", "never-seen": None}
    assert other.persons_with(["t"], 10) == ["q"]
    assert other.wrapped_after("", 10) == {"q": "two"}


def test_of_a_person_whose_key_goes_in_the_same_step_no_token_stays(databases: list[KeyDatabase]) -> None:
    databases[0].add({"p": "one"})
    databases[0].apply(KeyChanges(["p"], {"p": ["t"]}), 0, 5)
    assert databases[0].persons_with(["t"], 10) == []


def test_who_has_no_key_is_not_found(databases: list[KeyDatabase]) -> None:
    databases[0].apply(KeyChanges([], {"p": ["t"]}), 0, 5)
    assert databases[0].persons_with(["t"], 10) == []


def test_the_position_moves_with_the_changes_and_for_one_process_alone(databases: list[KeyDatabase]) -> None:
    first, other = databases[:2]
    first.add({"p": "one"})
    first.apply(KeyChanges([], {"p": ["t"]}), 0, 5)
    with pytest.raises(Unavailable):
        other.apply(KeyChanges(["p"], {}), 0, 7)
    assert (other.position(), other.keys_of(["p"]), other.persons_with(["t"], 10)) == (5, {"p": "one"}, ["p"])


def test_who_is_found_has_all_tokens_and_the_last_ones_count(databases: list[KeyDatabase]) -> None:
    database = databases[0]
    database.add(dict.fromkeys(("p", "q", "r"), "k"))
    database.apply(KeyChanges([], {"p": ["a", "b"], "q": ["a"], "r": ["a", "b", "c"]}), 0, 5)
    assert database.persons_with(["a", "b"], 10) == ["p", "r"]
    assert database.persons_with(["a"], 2) == ["p", "q"]
    database.apply(KeyChanges([], {"p": ["b", "d"]}), 5, 6)
    database.apply(KeyChanges([], {"q": []}), 6, 7)
    assert database.persons_with(["a"], 10) == ["r"]
    assert database.persons_with(["b", "d"], 10) == ["p"]


def test_keys_are_wrapped_anew_page_by_page_and_what_changed_meanwhile_stays(databases: list[KeyDatabase]) -> None:
    database = databases[0]
    database.add({f"p{number}": f"old-{number}" for number in range(5)})
    assert [*database.wrapped_after("p1", 2)] == ["p2", "p3"]
    databases[1].apply(KeyChanges(["p3"], {}), 0, 5)
    database.rewrap({"p2": ("old-2", "new-2"), "p3": ("old-3", "new-3"), "p4": ("another", "new-4")})
    assert database.keys_of(["p2", "p3", "p4"]) == {"p2": "new-2", "p3": None, "p4": "old-4"}


def test_it_is_found_again_by_the_next_process(address: str) -> None:
    database = opened(address)
    database.add({"p": "one"})
    database.apply(KeyChanges([], {"p": ["t"]}), 0, 5)
    database.close()
    again = opened(address)
    assert (again.position(), again.keys_of(["p"]), again.persons_with(["t"], 10)) == (5, {"p": "one"}, ["p"])
    again.close()


def test_no_byte_of_a_destroyed_key_stays_in_the_files(tmp_path: Path) -> None:
    """SQLite keeps what is deleted in free pages, unless it is told otherwise, and in its write-ahead log."""
    file = tmp_path / "person_keys.sqlite"
    database = SqlitePersonKeys(file)
    wrapped = {f"p{number}": f"wrapped-key-{number:03}-" + "x" * 60 for number in range(200)}
    database.add(wrapped)
    database.apply(KeyChanges([], {"p7": ["token-of-seven"], "p8": ["token-of-eight"]}), 0, 5)
    database.apply(KeyChanges(["p7"], {}), 5, 6)
    found = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"wrapped-key-008" in found
    assert b"token-of-eight" in found
    assert b"wrapped-key-007" not in found
    assert b"token-of-seven" not in found
    assert [each.name for each in tmp_path.iterdir() if each.stat().st_mode & 0o077] == []
    database.close()


def test_a_destroyed_key_leaves_the_files_as_soon_as_nobody_reads(tmp_path: Path) -> None:
    file = tmp_path / "person_keys.sqlite"
    database = SqlitePersonKeys(file)
    database.add({"p": "wrapped-key-of-p" + "x" * 60})
    reader = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    reader.execute("begin")
    reader.execute("select count(*) from person_keys").fetchone()
    threading.Timer(0.5, reader.rollback).start()
    database.apply(KeyChanges(["p"], {}), 0, 5)
    assert b"wrapped-key-of-p" not in b"".join(each.read_bytes() for each in tmp_path.iterdir())
    reader.close()
    database.close()


def test_who_is_erased_is_erased_with_all_records_that_are_theirs(databases: list[KeyDatabase]) -> None:
    """Merged one into the other, into a third; one that was separated again is somebody else."""
    database = databases[0]
    persons = ("p", "q", "r", "s", "t")
    database.add(dict.fromkeys(persons, "k"))
    database.apply(KeyChanges([], {person: ["a"] for person in persons}, {"q": "p", "r": "q", "s": "p"}), 0, 5)
    database.apply(KeyChanges([], {}, {"s": None}), 5, 6)
    database.apply(KeyChanges(["p"], {}), 6, 7)
    assert databases[1].keys_of(persons) == {"p": None, "q": None, "r": None, "s": "k", "t": "k"}
    assert databases[1].persons_with(["a"], 10) == ["s", "t"]


def test_a_record_alone_is_erased_alone(databases: list[KeyDatabase]) -> None:
    databases[0].add({"p": "k", "q": "k"})
    databases[0].apply(KeyChanges(["q"], {}, {"q": "p"}), 0, 5)
    assert databases[0].keys_of(["p", "q"]) == {"p": "k", "q": None}
