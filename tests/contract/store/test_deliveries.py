"""The ledger of webhooks keeps the same promises in SQLite and in PostgreSQL."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.store.deliveries import Cursor, Delivery, DeliveryLedger, Entry
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.sqlite.deliveries import SqliteDeliveries

ENTRY = Entry("w-1", "coach-1", "coach", "etape", 7)
OTHER = Entry("w-2", "coach-2", "coach", "etape", 5)
WAITING = Delivery(
    webhook="w-1",
    run=0,
    message="m-1",
    position=2**40,
    type="fr.parcours.intake.PersonIdentified",
    status="waiting",
    attempts=1,
    resumptions=0,
    answer=503,
    first_at="2024-05-01T10:00:00.000000Z",
    last_at="2024-05-01T10:00:00.000000Z",
    next_at="2024-05-01T10:00:05.000000Z",
)


def opened(address: str) -> DeliveryLedger:
    return PostgresDeliveries(address) if address.startswith("postgres") else SqliteDeliveries(Path(address))


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "log.sqlite") if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def ledger(place: str) -> Iterator[DeliveryLedger]:
    ledger = opened(place)
    yield ledger
    ledger.close()


def attempt(number: int, **more: Any) -> Delivery:
    at = f"2024-05-01T10:00:{number:02}.000000Z"
    return replace(WAITING, **{"message": f"m-{number}", "position": number, "first_at": at, "last_at": at, **more})


def test_webhooks_are_listed_by_owner_in_the_order_of_their_creation(ledger: DeliveryLedger) -> None:
    for entry in (ENTRY, OTHER, ENTRY):
        ledger.add(entry)
    assert ledger.entries() == [OTHER, ENTRY]
    assert ledger.entries(("coach-1", "coach", "etape")) == [ENTRY]
    assert ledger.entries(("coach-1", "coach", "")) == []


def test_a_webhook_that_was_deleted_does_not_come_back(ledger: DeliveryLedger) -> None:
    ledger.add(ENTRY)
    ledger.remove("w-1")
    ledger.add(ENTRY)
    assert ledger.entries() == []


def test_a_cursor_goes_neither_back_nor_to_an_earlier_run(ledger: DeliveryLedger) -> None:
    ledger.add(ENTRY)
    assert ledger.cursor("w-1") is None
    assert ledger.cursor("nothing") is None
    expected = Cursor(0, 0)
    for cursor in (Cursor(0, 7), Cursor(0, 2**40), Cursor(0, 9), Cursor(1, 3), Cursor(0, 2**41), Cursor(1, 2)):
        ledger.advance("w-1", cursor)
        expected = max(expected, cursor, key=lambda each: (each.run, each.position))
        assert ledger.cursor("w-1") == expected


def test_a_message_has_one_row_in_each_run(ledger: DeliveryLedger) -> None:
    assert ledger.find("w-1", 0, "m-1") is None
    again = replace(WAITING, attempts=2, answer=None, fault="timeout", last_at="2024-05-01T10:00:05.000000Z", next_at=None)
    for delivery in (WAITING, again, replace(again, run=1)):
        ledger.record(delivery)
    assert ledger.find("w-1", 0, "m-1") == again
    assert ledger.find("w-1", 1, "m-1") == replace(again, run=1)
    assert ledger.find("w-2", 0, "m-1") is None


def test_what_was_delivered_stays_so(ledger: DeliveryLedger) -> None:
    delivered = replace(WAITING, status="delivered", answer=204, next_at=None)
    ledger.record(delivered)
    ledger.record(replace(WAITING, attempts=9))
    assert ledger.find("w-1", 0, "m-1") == delivered


def test_the_latest_come_first_and_old_ones_are_forgotten_unless_they_wait(ledger: DeliveryLedger) -> None:
    for number in range(1, 9):
        ledger.record(attempt(number, status="waiting" if number == 2 else "given_up" if number == 3 else "delivered"))
    ledger.record(replace(attempt(1), webhook="w-2"))
    assert [each.position for each in ledger.latest("w-1", 3)] == [8, 7, 6]
    ledger.prune("w-1", 3)
    assert [each.position for each in ledger.latest("w-1", 100)] == [8, 7, 6, 3, 2]
    ledger.prune("w-1", 100)
    assert len(ledger.latest("w-1", 100)) == 5
    assert len(ledger.latest("w-2", 100)) == 1


def test_several_processes_keep_one_ledger(ledger: DeliveryLedger, place: str) -> None:
    ledger.add(ENTRY)
    others = [opened(place) for _ in range(4)]

    def work(number: int) -> None:
        for step in range(10):
            others[number].record(attempt(10 * number + step))
            others[number].advance("w-1", Cursor(0, 10 * number + step + 1))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(others))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for other in others:
        other.close()
    assert len(ledger.latest("w-1", 100)) == 40
    assert ledger.cursor("w-1") == Cursor(0, 40)


def test_messages_that_wait_are_counted_in_the_present_run_of_the_webhooks_that_are_there(ledger: DeliveryLedger) -> None:
    ledger.add(ENTRY)
    assert ledger.waiting() == 0
    for number, status in enumerate(("waiting", "delivered", "given_up", "waiting")):
        ledger.record(attempt(number, status=status))
    assert ledger.waiting() == 2
    ledger.record(attempt(0, status="delivered"))
    assert ledger.waiting() == 1
    ledger.advance("w-1", Cursor(1, 3))
    assert ledger.waiting() == 0
    ledger.record(attempt(5, run=1))
    assert ledger.waiting() == 1
    ledger.remove("w-1")
    assert ledger.waiting() == 0
