"""A crowd leaves nothing behind: storms of followers and requests under a small limit of open files, and what is held after them."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psutil
import pytest

from tests.processes import Product, eventually, in_one_process

LIMIT = 1_024  # open files, as many systems have it
FOLLOWERS = 300
SLACK = 15  # files that a process may open on its way: connections to its stores, and of the test itself
SETTLED_S = 10.0  # in which all that a crowd used is given back


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("crowd")) as product:
        process = psutil.Process(serving(product))
        process.rlimit(psutil.RLIMIT_NOFILE, (LIMIT, LIMIT))
        yield product


def serving(product: Product) -> int:
    (child,) = (process.child for process in product.processes.values() if process.child is not None)
    return child.pid


def open_files(product: Product) -> int:
    return len(os.listdir(f"/proc/{serving(product)}/fd"))


def follow(product: Product, token: str) -> socket.socket:
    """A follower of the stream, who has read its first bytes."""
    follower = socket.create_connection(("127.0.0.1", product.port), timeout=20)
    follower.sendall(f"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert follower.recv(64).startswith(b"HTTP/1.1 200"), "the stream is open"
    return follower


def meet(product: Product) -> None:
    product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})


def settled(product: Product, before: int) -> bool:
    return open_files(product) <= before + SLACK


def test_followers_who_leave_leave_nothing_behind(product: Product) -> None:
    token = product.token("coordinator")
    meet(product)
    before, process = open_files(product), psutil.Process(serving(product))
    threads, memory = process.num_threads(), 0
    for storm in range(3):
        followers = [follow(product, token) for _ in range(FOLLOWERS)]
        for _ in range(10):
            meet(product)
        assert open_files(product) >= before + FOLLOWERS - SLACK
        for follower in followers:
            follower.close()
        eventually(lambda: settled(product, before), "every socket is given back", SETTLED_S)
        memory = memory or process.memory_info().rss  # after the first storm, which fills caches
        eventually(lambda: "stream_clients 0" in product.client.get("/metrics").text, f"storm {storm} is over", SETTLED_S)
    assert process.num_threads() <= threads + 8
    assert process.memory_info().rss < 1.3 * memory


def test_more_connections_than_files_are_met_and_the_product_goes_on(product: Product) -> None:
    """At the limit nothing can be accepted or opened; afterwards every request is answered, by one listening socket."""
    before = open_files(product)
    crowd: list[socket.socket] = []
    try:
        for _ in range(LIMIT + 200):
            connection = socket.socket()
            connection.settimeout(0.2)
            crowd.append(connection)
            try:
                connection.connect(("127.0.0.1", product.port))
            except OSError:
                break
        eventually(lambda: open_files(product) >= LIMIT - 20, "the limit is reached")
    finally:
        for connection in crowd:
            connection.close()
    eventually(lambda: settled(product, before), "every socket is given back")
    product.client.close()
    for _ in range(60):
        with closing(socket.create_connection(("127.0.0.1", product.port), timeout=5)) as asked:
            asked.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert asked.recv(64).startswith(b"HTTP/1.1 200")
    assert listening(product) == 1


def listening(product: Product) -> int:
    connections = psutil.Process(serving(product)).net_connections("tcp")
    return len([each for each in connections if each.status == psutil.CONN_LISTEN and each.laddr.port == product.port])
