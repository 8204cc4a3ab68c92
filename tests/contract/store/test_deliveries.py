"""The deliveries of webhooks are kept with the same promises in SQLite and in PostgreSQL."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.store.deliveries import Cursor, Deliveries, Delivery, KnownWebhook
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.sqlite.deliveries import SqliteDeliveries

KNOWN = KnownWebhook("w-1", "coach-1", "coach", "etape", 7)
OTHER = KnownWebhook("w-2", "coach-2", "coach", "etape", 5)
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


def opened(address: str) -> Deliveries:
    return PostgresDeliveries(address) if address.startswith("postgres") else SqliteDeliveries(Path(address))


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "log.sqlite") if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def deliveries(place: str) -> Iterator[Deliveries]:
    deliveries = opened(place)
    yield deliveries
    deliveries.close()


def attempt(number: int, **more: Any) -> Delivery:
    at = f"2024-05-01T10:00:{number:02}.000000Z"
    return replace(WAITING, **{"message": f"m-{number}", "position": number, "first_at": at, "last_at": at, **more})


def test_webhooks_are_listed_by_owner_in_the_order_of_their_creation(deliveries: Deliveries) -> None:
    for webhook in (KNOWN, OTHER, KNOWN):
        deliveries.add(webhook)
    assert deliveries.webhooks() == [OTHER, KNOWN]
    assert deliveries.webhooks(("coach-1", "coach", "etape")) == [KNOWN]
    assert deliveries.webhooks(("coach-1", "coach", "")) == []


def test_a_webhook_that_was_deleted_does_not_come_back(deliveries: Deliveries) -> None:
    deliveries.add(KNOWN)
    deliveries.remove("w-1")
    deliveries.add(KNOWN)
    assert deliveries.webhooks() == []


def test_a_cursor_goes_neither_back_nor_to_an_earlier_run(deliveries: Deliveries) -> None:
    deliveries.add(KNOWN)
    assert deliveries.cursor("w-1") is None
    assert deliveries.cursor("nothing") is None
    expected = Cursor(0, 0)
    for cursor in (Cursor(0, 7), Cursor(0, 2**40), Cursor(0, 9), Cursor(1, 3), Cursor(0, 2**41), Cursor(1, 2)):
        deliveries.advance("w-1", cursor)
        expected = max(expected, cursor, key=lambda each: (each.run, each.position))
        assert deliveries.cursor("w-1") == expected


def test_a_message_has_one_row_in_each_run(deliveries: Deliveries) -> None:
    assert deliveries.find("w-1", 0, "m-1") is None
    again = replace(WAITING, attempts=2, answer=None, fault="timeout", last_at="2024-05-01T10:00:05.000000Z", next_at=None)
    for delivery in (WAITING, again, replace(again, run=1)):
        deliveries.record(delivery)
    assert deliveries.find("w-1", 0, "m-1") == again
    assert deliveries.find("w-1", 1, "m-1") == replace(again, run=1)
    assert deliveries.find("w-2", 0, "m-1") is None


def test_what_was_delivered_stays_so(deliveries: Deliveries) -> None:
    delivered = replace(WAITING, status="delivered", answer=204, next_at=None)
    deliveries.record(delivered)
    deliveries.record(replace(WAITING, attempts=9))
    assert deliveries.find("w-1", 0, "m-1") == delivered


def test_the_latest_come_first_and_old_ones_are_forgotten_unless_they_wait(deliveries: Deliveries) -> None:
    for number in range(1, 9):
        deliveries.record(attempt(number, status="waiting" if number == 2 else "given_up" if number == 3 else "delivered"))
    deliveries.record(replace(attempt(1), webhook="w-2"))
    assert [each.position for each in deliveries.latest("w-1", 3)] == [8, 7, 6]
    deliveries.prune("w-1", 3)
    assert [each.position for each in deliveries.latest("w-1", 100)] == [8, 7, 6, 3, 2]
    deliveries.prune("w-1", 100)
    assert len(deliveries.latest("w-1", 100)) == 5
    assert len(deliveries.latest("w-2", 100)) == 1


def test_several_processes_keep_the_same_deliveries(deliveries: Deliveries, place: str) -> None:
    deliveries.add(KNOWN)
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
    assert len(deliveries.latest("w-1", 100)) == 40
    assert deliveries.cursor("w-1") == Cursor(0, 40)


def test_messages_that_wait_are_counted_in_the_present_run_of_the_webhooks_that_are_there(deliveries: Deliveries) -> None:
    deliveries.add(KNOWN)
    assert deliveries.waiting() == 0
    for number, status in enumerate(("waiting", "delivered", "given_up", "waiting")):
        deliveries.record(attempt(number, status=status))
    assert deliveries.waiting() == 2
    deliveries.record(attempt(0, status="delivered"))
    assert deliveries.waiting() == 1
    deliveries.advance("w-1", Cursor(1, 3))
    assert deliveries.waiting() == 0
    deliveries.record(attempt(5, run=1))
    assert deliveries.waiting() == 1
    deliveries.remove("w-1")
    assert deliveries.waiting() == 0
