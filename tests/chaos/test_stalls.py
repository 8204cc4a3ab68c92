"""No client stalls another: while many hold the gateway up in every way that a client can, others are answered.

Nothing here measures a time. The crowd is held for as long as the others ask, so an answer proves that nobody waited for the crowd.
"""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import uuid4

import psutil
import pytest

from tests.chaos.test_crowd import LIMIT, follow, meet, serving
from tests.processes import Product, in_one_process, read_models_file

CROWD = 200  # clients that do not go on; many times the workers of any service
HEAD = "Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
LINES = "POST /v1/commands HTTP/1.1\r\n" + HEAD + "Content-Type: application/x-ndjson\r\nContent-Length: 60000\r\n\r\n"
COMMAND = (
    "POST /v1/commands/IdentifyPerson HTTP/1.1\r\n" + HEAD + "Content-Type: application/json\r\nContent-Length: 2000\r\n"
    "Idempotency-Key: {key}\r\n\r\n"
)
LOGIN = "POST /v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n"
FORM = (
    "POST /connexion HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: 500\r\n\r\n"
)
READING = "GET /v1/indicators?territory=alencon&quarter=2024-Q1&position={position} HTTP/1.1\r\n" + HEAD + "\r\n"
EVENTS = "GET /v1/events?limit=1000 HTTP/1.1\r\n" + HEAD + "\r\n"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("stalls")) as product:
        psutil.Process(serving(product)).rlimit(psutil.RLIMIT_NOFILE, (LIMIT, LIMIT))
        for _ in range(300):
            meet(product)
        yield product


@contextmanager
def holding(product: Product, request: str, rest: bytes = b"") -> Iterator[list[socket.socket]]:
    """A crowd of clients who sent this much of a request, and stay."""
    with ExitStack() as held:
        crowd = []
        for _ in range(CROWD):
            client = held.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.settimeout(20)
            client.connect(("127.0.0.1", product.port))
            client.sendall(request.format(token=product.token("coordinator"), key=uuid4()).encode() + rest)
            crowd.append(client)
        yield crowd


def ask(product: Product, *, ready: bool = True) -> None:
    """What others do meanwhile."""
    for _ in range(5):
        assert product.client.get("/healthz").status_code == 200
        meet(product)
    assert not ready or product.client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("request_head", "rest"),
    [(LINES, b'{"id"'), (COMMAND, b"{"), (LOGIN, b"{"), (FORM, b"role="), (EVENTS, b""), ("GET /healthz HTTP/1.1\r\nHost:", b"")],
    ids=["lines", "command", "login", "form", "reader", "headers"],
)
def test_clients_who_do_not_go_on_hold_up_nobody(product: Product, request_head: str, rest: bytes) -> None:
    with holding(product, request_head, rest):
        ask(product)


def test_idle_followers_hold_up_nobody(product: Product) -> None:
    token = product.token("coordinator")
    with ExitStack() as held:
        for _ in range(CROWD * 3):
            held.enter_context(follow(product, token))
        ask(product)


def test_readers_who_wait_for_a_position_hold_up_nobody(product: Product) -> None:
    """The projection cannot go on, so that nobody's position is reached."""
    with closing(sqlite3.connect(read_models_file(product.folder), timeout=20)) as models:
        models.execute("CREATE TRIGGER halted BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'halted'); END")
        models.commit()
        try:
            meet(product)
            position = product.client.get("/v1/events?limit=1000", headers={"Authorization": f"Bearer {product.token('auditor')}"}).json()[
                "next"
            ]
            with holding(product, READING.replace("{position}", str(position))):
                ask(product, ready=False)
        finally:
            models.execute("DROP TRIGGER halted")
            models.commit()
