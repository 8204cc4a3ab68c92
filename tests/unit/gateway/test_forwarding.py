"""What is believed of a request: the connection, and what trusted proxies say of it, as far as they said it themselves."""

from ipaddress import ip_network
from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from services.gateway.forwarding import Proxies, address_of
from tests.harness.world import World

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
CLIENT, PROXY, INNER, STRANGER = "192.0.2.7", "10.0.0.1", "10.0.0.2", "198.51.100.9"
ALL = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "parcours.example"}
KNOWN = (CLIENT, "https", "parcours.example")
UNSAID = ("", "http", "gateway:8000")


def seen(headers: dict[str, str], peer: str = PROXY, kind: str = "x-forwarded") -> tuple[str | None, str, str]:
    environ = EnvironBuilder(base_url="http://gateway:8000", headers=Headers(headers)).get_environ()
    request = Proxies(TRUSTED, kind).seen_through(Request({**environ, "REMOTE_ADDR": peer}))
    return request.remote_addr, request.scheme, request.host


def test_a_trusted_proxy_tells_of_its_client() -> None:
    assert seen(ALL) == KNOWN
    assert seen(ALL, peer="fd00::1") == KNOWN


def test_a_stranger_tells_of_nobody() -> None:
    assert seen(ALL, peer=STRANGER) == (STRANGER, "http", "gateway:8000")


@pytest.mark.parametrize(
    ("addresses", "client"),
    [
        (f"{STRANGER}, {CLIENT}", CLIENT),
        (f"{PROXY}, {CLIENT}", CLIENT),
        (f"{STRANGER}, {CLIENT}, {INNER}", CLIENT),
        (f"{INNER}, {PROXY}", INNER),
        ("unknown", ""),
        (f"{CLIENT}, unknown", ""),
        ("", ""),
        (f"{CLIENT}:4711", CLIENT),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_client_is_who_the_first_of_our_proxies_was_asked_by(addresses: str, client: str) -> None:
    """What stands before it, the client wrote."""
    assert seen({"X-Forwarded-For": addresses})[0] == client


def test_forwarded_tells_the_same() -> None:
    forwarded = f'for={STRANGER};host=evil.example, For="{CLIENT}:80";Proto=HTTPS;host="parcours.example", for={INNER}'
    assert seen({"Forwarded": forwarded}, kind="forwarded") == KNOWN
    assert seen({"Forwarded": 'for="[2001:db8::7]:1"'}, kind="forwarded")[0] == "2001:db8::7"
    assert seen({"Forwarded": "for=_hidden;proto=gopher"}, kind="forwarded") == UNSAID


def test_the_kind_that_our_proxies_do_not_write_is_not_read() -> None:
    """It comes from the client: a proxy passes on what it does not know."""
    forwarded = {"Forwarded": f"for={STRANGER};proto=http;host=evil.example"}
    assert seen(ALL | forwarded) == KNOWN
    assert seen(forwarded) == UNSAID
    assert seen(ALL, kind="forwarded") == UNSAID


@pytest.mark.parametrize("text", ["", "a:b:c", "[", "[::1", "1.2.3", "é", ":", "1.2.3.4.5", "[::1]x"])
def test_what_is_no_address_is_nobody(text: str) -> None:
    assert address_of(text) in {"", "::1"}


def metrics(world: World, **asked: Any) -> int:
    return world.client.get("/metrics", **asked).status_code


def test_measurements_are_for_the_operators_networks_through_a_trusted_proxy_too(tmp_path: Any) -> None:
    world = World(tmp_path, trusted_proxies=TRUSTED, metrics_from=[ip_network("192.0.2.0/24")])
    through = {"environ_base": {"REMOTE_ADDR": PROXY}}
    assert metrics(world, headers={"X-Forwarded-For": CLIENT}, **through) == 200
    assert metrics(world, headers={"X-Forwarded-For": STRANGER}, **through) == 403
    assert metrics(world, **through) == 403
    assert metrics(world, headers={"X-Forwarded-For": CLIENT}, environ_base={"REMOTE_ADDR": STRANGER}) == 403
    assert metrics(world, environ_base={"REMOTE_ADDR": CLIENT}) == 200
    assert metrics(world, headers={"X-Forwarded-For": STRANGER}, environ_base={"REMOTE_ADDR": CLIENT}) == 403
