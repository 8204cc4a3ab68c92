"""SIGTERM under load: what is under way is answered, what comes later is told to come back, and no answer is an error of the server."""

import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.processes import Process, Product, eventually, free_port, in_one_process

CALLERS = 8
NEWCOMERS = 24
GET = b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
REFUSED = "refused"


class Callers:
    """Threads that identify persons without pause, each on a connection that it keeps, until nobody listens any more."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.outcomes = Counter[str]()
        self.wrong: list[str] = []
        self.headers = {"Authorization": f"Bearer {product.token('coach')}"}
        self.threads = [threading.Thread(target=self.work) for _ in range(CALLERS)]

    def work(self) -> None:
        with httpx.Client(base_url=self.product.url, timeout=30) as client:
            while self.outcomes[REFUSED] < CALLERS:
                if not self.call(client):
                    return

    def call(self, client: httpx.Client) -> bool:
        body = {"territory": "alencon", "data": {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}}
        try:
            answer = client.post("/v1/commands/IdentifyPerson", json=body, headers={**self.headers, "Idempotency-Key": str(uuid4())})
        except httpx.ConnectError:
            self.outcomes[REFUSED] += 1
            return False
        except httpx.HTTPError as fault:
            self.wrong.append(repr(fault))
            return False
        self.outcomes[str(answer.status_code)] += 1
        if answer.status_code == 503:
            assert answer.headers["Content-Type"].startswith("application/problem+json")
            time.sleep(0.05 * float(answer.headers["Retry-After"]))
        elif answer.status_code != 201:
            self.wrong.append(f"{answer.status_code} {answer.text!r}")
        return True


@pytest.mark.parametrize("attempt", range(4))
def test_a_process_that_stops_answers_what_is_under_way_and_refuses_the_rest(tmp_path: Path, attempt: int) -> None:
    with in_one_process(tmp_path) as product:
        callers = Callers(product)
        for thread in callers.threads:
            thread.start()
        time.sleep(1 + attempt / 10)
        process = product.processes["serve"].child
        assert process is not None
        process.send_signal(signal.SIGTERM)
        for thread in callers.threads:
            thread.join(60)
        assert process.wait(20) == 0
    assert callers.wrong == []
    assert callers.outcomes["201"] > CALLERS
    assert callers.outcomes[REFUSED] == CALLERS


@pytest.mark.parametrize("attempt", range(3))
def test_a_process_that_is_stopped_reports_no_error(tmp_path: Path, attempt: int) -> None:
    """What waits in native threads is woken there: a green lock would be switched to from another thread, which the hub reports."""
    with in_one_process(tmp_path) as product:
        time.sleep(0.3 * attempt)
        process, log = product.processes["serve"].child, tmp_path / "serve.log"
        assert process is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert [line for line in log.read_text().splitlines() if "Traceback" in line or "error" in line.lower()] == []


@pytest.mark.parametrize("delay", [0, 0.1, 0.2, 0.4, 0.6, 0.8])
def test_a_process_that_is_stopped_while_it_starts_ends_too(tmp_path: Path, delay: float) -> None:
    log, started = tmp_path / "serve.log", tmp_path / "log.sqlite"
    process = Process("serve", "--data", str(tmp_path), "--port", str(free_port()), env={}, log=log)
    process.start()
    assert process.child is not None
    eventually(started.exists, "that it has begun")
    time.sleep(delay)
    process.child.send_signal(signal.SIGTERM)
    assert process.child.wait(20) in {0, -signal.SIGTERM}  # at once, as long as nothing had begun
    assert "Traceback" not in log.read_text()


def test_a_client_that_pauses_between_two_requests_is_told_that_its_connection_ends(tmp_path: Path) -> None:
    """Nothing was under way, so that nothing but this client is waited for."""
    with in_one_process(tmp_path) as product, socket.create_connection(("127.0.0.1", product.port), timeout=20) as client:
        process = product.processes["serve"].child
        assert process is not None
        client.sendall(GET.replace(b"close", b"keep-alive"))
        assert b"200 OK" in client.recv(10_000)
        process.send_signal(signal.SIGTERM)
        eventually(lambda: not listens(product.port), "that nobody listens")
        client.sendall(GET.replace(b"close", b"keep-alive"))
        answer = client.recv(10_000)
        assert process.wait(20) == 0
    assert b"503 " in answer.splitlines()[0]
    assert b"connection: close" in answer.lower()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Newcomers:
    """Threads that ask again and again, each time on a new connection, until nobody listens: some always wait to be accepted."""

    def __init__(self, port: int) -> None:
        self.address = ("127.0.0.1", port)
        self.outcomes = Counter[str]()
        self.threads = [threading.Thread(target=self.work) for _ in range(NEWCOMERS)]

    def work(self) -> None:
        outcome = ""
        while outcome != REFUSED:
            outcome = self.call()
            self.outcomes[outcome] += 1

    def call(self) -> str:
        try:
            with socket.create_connection(self.address, timeout=30) as connection:
                connection.sendall(GET)
                answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        except ConnectionRefusedError:
            return REFUSED
        except OSError as fault:
            return repr(fault)
        return answer[9:12].decode()


def test_who_waits_to_be_accepted_when_a_process_stops_is_answered_too(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        newcomers = Newcomers(product.port)
        for thread in newcomers.threads:
            thread.start()
        time.sleep(1)
        process = product.processes["serve"].child
        assert process is not None
        process.send_signal(signal.SIGTERM)
        for thread in newcomers.threads:
            thread.join(60)
        assert process.wait(20) == 0
    assert set(newcomers.outcomes) == {"200", "503", REFUSED}, newcomers.outcomes
