"""Which server of PostgreSQL is tried first, and when one counts as silent: without a server of PostgreSQL."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec import Struct

from shared.store.postgres import presence, silence
from shared.store.postgres.presence import SSL_REQUEST
from shared.store.postgres.servers import connect, in_turn
from shared.store.postgres.silence import Link, Place, server_at
from tests.servers.silent import full, refusing, serving, silent

TWO = "postgresql://u@one.example:5433,two.example:5434/parcours?target_session_attrs=read-write"
ONE_PLACE, TWO_PLACE = Place("one.example", "5433"), Place("two.example", "5434")


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "known", {})
    monkeypatch.setattr(presence, "ASK_TIMEOUT_S", 0.3)


class Reached(Struct, frozen=True):
    port: bytes
    host: bytes = b"127.0.0.1"
    hostaddr: bytes = b"127.0.0.1"


class Driver(psycopg.Connection[Any]):
    """Opens nothing: `fates` are what becomes of each attempt, `asked` the hosts."""

    fates: dict[str, Exception | None] = {}  # noqa: RUF012 - set by each test
    asked: list[str] = []  # noqa: RUF012

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "Driver":
        host = str(psycopg.conninfo.conninfo_to_dict(conninfo)["host"])
        cls.asked.append(host)
        if fate := cls.fates.get(host):
            raise fate
        return cls.__new__(cls)

    def __del__(self, *ignored: object) -> None:
        """There is nothing to close."""


def hosts_asked(fates: dict[str, Exception | None]) -> list[str]:
    Driver.fates, Driver.asked = fates, []
    with suppress(psycopg.OperationalError):
        connect(TWO, Driver)
    return Driver.asked


TIMEOUT = psycopg.errors.ConnectionTimeout("connection timeout expired")
READ_ONLY = psycopg.OperationalError("session is read-only")


def test_each_server_of_an_address_has_an_address_of_its_own() -> None:
    places, each = zip(*in_turn(TWO), strict=True)
    assert places == (ONE_PLACE, TWO_PLACE)
    parameters = [psycopg.conninfo.conninfo_to_dict(one) for one in each]
    assert [(one["host"], one["port"], one["target_session_attrs"], one["dbname"]) for one in parameters] == [
        ("one.example", "5433", "read-write", "parcours"),
        ("two.example", "5434", "read-write", "parcours"),
    ]


@pytest.mark.parametrize(
    ("conninfo", "places"),
    [
        ("", [("", "5432")]),
        ("host=a,b", [("a", "5432"), ("b", "5432")]),
        ("host=a,b port=1", [("a", "1"), ("b", "1")]),
        ("hostaddr=::1,127.0.0.1 port=1,2", [("::1", "1"), ("127.0.0.1", "2")]),
        ("host=/run/a", [("/run/a", "5432")]),
    ],
)
def test_servers_are_those_of_libpq(conninfo: str, places: list[tuple[str, str]]) -> None:
    assert [place for place, _ in in_turn(conninfo)] == places


def test_a_server_that_was_silent_is_tried_last_until_it_opens_a_connection() -> None:
    assert hosts_asked({"one.example": TIMEOUT}) == ["one.example", "two.example"]
    assert hosts_asked({"one.example": TIMEOUT}) == ["two.example"]
    assert hosts_asked({"two.example": READ_ONLY}) == ["two.example", "one.example"]
    assert hosts_asked({}) == ["one.example"]


def test_a_refusal_is_no_silence() -> None:
    """A standby that is not promoted yet stays before the primary that is frozen, and after one that works."""
    assert hosts_asked({"one.example": READ_ONLY}) == ["one.example", "two.example"]
    assert hosts_asked({}) == ["one.example"]
    server_at(ONE_PLACE).gave_nothing(time.monotonic())
    for _ in range(2):
        assert hosts_asked({"one.example": TIMEOUT, "two.example": READ_ONLY}) == ["two.example", "one.example"]


def test_who_reaches_none_of_several_hears_what_each_said() -> None:
    Driver.fates = {"one.example": TIMEOUT, "two.example": READ_ONLY}
    with pytest.raises(
        psycopg.OperationalError, match=r"one.example:5433: connection timeout expired; two.example:5434: session is read-only"
    ):
        connect(TWO, Driver)


def look_long_after(port: int) -> tuple[Link, bool]:
    link = Link(Reached(str(port).encode()))
    return link, link.look(time.monotonic() - 10)


@pytest.mark.parametrize("away", [silent, full, refusing])
def test_a_server_that_does_not_answer_is_silent_for_all_connections_to_it(away: Callable[[], Any]) -> None:
    with away() as port:
        other = Link(Reached(str(port).encode()))
        link, gave_up = look_long_after(port)
        assert gave_up
        assert link.given_up
        assert other.given_up
        assert not Link(Reached(str(port).encode())).given_up  # one that is opened later
        assert not Link(Reached(b"1")).given_up  # of another server


def test_a_server_that_answers_is_not_silent_however_long_a_statement_takes() -> None:
    asked: list[bytes] = []

    def answer(client: socket.socket) -> None:
        asked.append(client.recv(8))
        client.sendall(b"N")

    with serving(None, answer) as port:
        _, gave_up = look_long_after(port)
        assert not gave_up
        assert asked == [SSL_REQUEST]


def test_a_server_behind_a_socket_in_a_folder_is_asked_there(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / ".s.PGSQL.5432"))
        listener.listen()
        assert not presence.answers(str(tmp_path), 5432)
        listener.accept()[0].close()
        threading.Thread(target=lambda: listener.accept()[0].sendall(b"N"), daemon=True).start()
        assert presence.answers(str(tmp_path), 5432)
    assert not presence.answers(str(tmp_path / "nowhere"), 5432)


def test_nobody_asks_a_server_that_answered_somebody_just_now() -> None:
    with silent() as port:
        link = Link(Reached(str(port).encode()))
        link.server.answered()
        assert not link.look(time.monotonic() - 10)
        assert not link.look(time.monotonic())


def test_a_server_is_asked_by_one_at_a_time() -> None:
    with silent() as port:
        links = [Link(Reached(str(port).encode())) for _ in range(2)]
        links[0].server.asking.acquire()
        began = time.monotonic()
        assert not links[1].look(began - 10)
        assert time.monotonic() - began < presence.ASK_TIMEOUT_S
        links[0].server.asking.release()


def test_a_server_that_is_given_up_is_not_asked_again() -> None:
    with silent() as port:
        link, gave_up = look_long_after(port)
        began = time.monotonic()
        assert gave_up
        assert link.look(began - 10)
        assert time.monotonic() - began < presence.ASK_TIMEOUT_S


def test_an_answer_that_comes_meanwhile_counts() -> None:
    """Of a server that takes connections more slowly than it answers those it has."""
    with silent() as port:
        link = Link(Reached(str(port).encode()))
        threading.Timer(0.1, link.server.answered).start()
        assert not link.look(time.monotonic() - 10)
