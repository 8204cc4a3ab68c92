"""The address on which a process answers for its metrics."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from services.bootstrap.metrics_listener import Server, in_networks, listen
from services.bootstrap.settings import Settings, read_settings
from tests.processes import free_port

HERE, ELSEWHERE = (ip_network("127.0.0.0/8"),), (ip_network("10.0.0.0/8"),)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(tmp_path, environ={"PARCOURS_METRICS_LISTEN": f"127.0.0.1:{free_port()}"})


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    server = listen(settings)
    assert server is not None
    yield server
    server.shutdown()
    server.server_close()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_it_answers_the_metrics_of_the_process_and_nothing_else(server: Server) -> None:
    answer = httpx.get(f"{address(server)}/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "parcours_info{" in answer.text
    assert [httpx.get(f"{address(server)}{path}").status_code for path in ("/", "/metrics/", "/readyz")] == [404] * 3
    assert httpx.post(f"{address(server)}/metrics").status_code == 404


def test_it_answers_the_networks_of_the_operator_alone(settings: Settings) -> None:
    server = listen(replace(settings, metrics_from=ELSEWHERE))
    assert server is not None
    try:
        answer = httpx.get(f"{address(server)}/metrics")
        assert (answer.status_code, "parcours_info" in answer.text) == (403, False)
    finally:
        server.shutdown()
        server.server_close()


def test_a_client_that_says_nothing_keeps_no_other_waiting(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)):
        assert httpx.get(f"{address(server)}/metrics", timeout=5).status_code == 200


def test_an_address_that_is_taken_is_a_fault(server: Server, settings: Settings) -> None:
    with pytest.raises(OSError, match="in use"):
        listen(settings)


def test_it_is_off_unless_it_is_given(tmp_path: Path) -> None:
    assert listen(read_settings(tmp_path, environ={})) is None


def test_a_client_of_ipv4_is_known_on_an_address_of_ipv6() -> None:
    assert in_networks("::ffff:127.0.0.1", HERE)
    assert not in_networks("::ffff:127.0.0.1", ELSEWHERE)
    assert not in_networks("::1", HERE)
