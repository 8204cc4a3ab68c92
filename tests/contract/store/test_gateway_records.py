"""What gateways know of each other: a key belongs to one thing however many gateways ask at once, and what has expired is deleted."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.store.gateway_records import GatewayRecords
from shared.store.postgres.connection import Connection, Statement
from shared.store.postgres.gateway_records import PostgresGatewayRecords
from shared.store.sqlite.gateway_records import SqliteGatewayRecords

GATEWAYS = 6
NOW, LATER = 1_000, 2_000


def opened(address: str) -> PostgresGatewayRecords | SqliteGatewayRecords:
    return PostgresGatewayRecords(address) if address.startswith("postgres") else SqliteGatewayRecords(Path(address))


@pytest.fixture(params=["sqlite", "postgres"])
def gateways(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[GatewayRecords]]:
    """The same records, opened by several gateways."""
    address = str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else str(tmp_path / "gateway.sqlite")
    found = [opened(address) for _ in range(GATEWAYS)]
    yield list(found)
    for each in found:
        each.close()


def test_a_session_that_ended_is_known_everywhere_until_it_would_have_expired(gateways: list[GatewayRecords]) -> None:
    gateways[0].end_session("s", LATER)
    gateways[1].end_session("s", LATER)
    assert [each.ended_sessions(NOW) for each in gateways] == [{"s": LATER}] * GATEWAYS
    assert gateways[2].ended_sessions(LATER) == {}


def test_of_gateways_that_claim_a_key_at_once_for_different_things_one_gets_it(gateways: list[GatewayRecords]) -> None:
    """Keys in any order, several at once: no two gateways wait for each other."""
    keys = [f"k-{number}" for number in range(200)]
    claimed: list[set[str]] = [set() for _ in gateways]
    together = threading.Barrier(GATEWAYS)

    def claim(number: int) -> None:
        order = keys if number % 2 else keys[::-1]
        together.wait()
        for start in range(0, len(order), 20):
            claimed[number] |= gateways[number].claim_keys([(key, f"asked-{number}") for key in order[start : start + 20]], LATER, NOW)

    threads = [threading.Thread(target=claim, args=[number]) for number in range(GATEWAYS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(key for each in claimed for key in each) == sorted(keys)


def test_a_key_is_claimed_again_for_the_same_and_by_nothing_else(gateways: list[GatewayRecords]) -> None:
    first, other = gateways[:2]
    assert first.claim_keys([("k", "one"), ("l", "one")], LATER, NOW) == {"k", "l"}
    assert other.claim_keys([("k", "one"), ("l", "other"), ("m", "other")], LATER, NOW) == {"k", "m"}


def test_a_key_is_free_when_as_many_claims_are_taken_back_as_were_made(gateways: list[GatewayRecords]) -> None:
    first, other = gateways[:2]
    for each in (first, other):
        each.claim_keys([("k", "one")], LATER, NOW)
    first.release_keys(["k"])
    assert other.claim_keys([("k", "other")], LATER, NOW) == set()
    other.release_keys(["k"])
    assert first.claim_keys([("k", "other")], LATER, NOW) == {"k"}
    assert other.claim_keys([("k", "one")], LATER, NOW) == set()


def test_a_login_link_opens_once_however_many_gateways_are_asked_at_once(gateways: list[GatewayRecords]) -> None:
    for round in range(20):
        gateways[0].keep_link(f"link-{round}", "what it opens", LATER)
    opened: list[str | None] = []
    together = threading.Barrier(GATEWAYS)

    def redeem(number: int) -> None:
        for round in range(20):
            together.wait()
            opened.append(gateways[number].redeem_link(f"link-{round}", NOW))

    threads = [threading.Thread(target=redeem, args=[number]) for number in range(GATEWAYS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(opened, key=str) == [None] * 20 * (GATEWAYS - 1) + ["what it opens"] * 20


def test_a_login_link_that_has_expired_opens_nothing_and_is_deleted(gateways: list[GatewayRecords]) -> None:
    first, other = gateways[:2]
    first.keep_link("late", "what it opens", LATER)
    assert other.redeem_link("late", LATER) is None
    other.forget(LATER)
    assert first.redeem_link("late", NOW) is None


def test_what_has_expired_is_free_and_is_deleted(gateways: list[GatewayRecords]) -> None:
    first, other = gateways[:2]
    first.claim_keys([("k", "one"), ("l", "one")], LATER, NOW)
    assert other.claim_keys([("k", "other")], LATER + 1, LATER) == {"k"}
    first.end_session("s", LATER)
    other.forget(LATER)
    assert first.ended_sessions(0) == {}
    assert first.claim_keys([("k", "one"), ("l", "two")], LATER, NOW) == {"l"}


def test_no_statement_is_compiled_by_the_server(postgres_dsn: str) -> None:
    """A sort, which our connections forbid and some statements need, looks dear enough for that, and it takes longer than the statement."""
    connection = Connection(postgres_dsn)
    assert connection.call(Statement("jit", "show jit")).get_value(0, 0) == b"off"
    connection.close()
