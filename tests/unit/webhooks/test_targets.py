"""Where webhooks may send, and where never: every way that is known to name an inner address by an outer one."""

import re
import socket
import threading
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from services.vocabulary.fields import URL_PATTERN
from services.webhooks.delivery import targets
from services.webhooks.delivery.targets import NotAllowed, Targets, url_rule
from shared.field_rules import Circumstances

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::6810:84e5", "2a00:1450:4007:80d::200e"]
INNER = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9"),
    *("192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "3fff::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "::127.0.0.1", "::8.8.8.8"),
    *("2002:7f00:1::", "2002:0808:0808::1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::a00:1", "2001:0:4136:e378::1"),
    "5f00::1",
]
FACT: Any = Circumstances(None, None, "alencon")  # type: ignore[arg-type]  # the rule looks at neither day


def to(*addresses: str, **more: Any) -> Targets:
    return Targets(resolve=lambda host, port: addresses, **more)


def refused(given: Targets, url: str = "https://hooks.example/a") -> str:
    with pytest.raises(NotAllowed) as fault:
        given.target(url)
    return fault.value.code


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called_under_its_name(address: str) -> None:
    target = to(address).target("https://hooks.example/a?b=c")
    assert (target.host, target.port, target.authority, target.path) == ("hooks.example", 443, "hooks.example", "/a?b=c")
    assert (target.tls, target.addresses) == (True, (address,))


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_never_called_not_even_beside_a_public_one(address: str) -> None:
    assert refused(to(address)) == "address_not_allowed"
    assert refused(to(PUBLIC[0], address)) == "address_not_allowed"
    assert refused(to(address, PUBLIC[2])) == "address_not_allowed"


@pytest.mark.parametrize("network", ["127.0.0.0/8", "10.0.0.0/8", "::1/128", "::ffff:0:0/96", "64:ff9b::/96"])
def test_a_network_that_is_configured_is_called_and_no_other(network: str) -> None:
    allowed = [address for address in INNER if "%" not in address and address_in(address, network)]
    assert allowed
    for address in INNER:
        given = to(address, networks=(ip_network(network),))
        if address in allowed:
            assert given.target("https://hooks.example:4711/").port == 4711
        else:
            assert refused(given) == "address_not_allowed"


def address_in(address: str, network: str) -> bool:
    parsed, within = ip_address(address), ip_network(network)
    return parsed.version == within.version and parsed in within


def test_one_address_in_a_configured_network_does_not_excuse_another() -> None:
    assert refused(to("10.0.0.1", "192.168.0.1", networks=(ip_network("10.0.0.0/8"),))) == "address_not_allowed"
    mixed = to("10.0.0.1", "8.8.8.8", networks=(ip_network("10.0.0.0/8"),))
    assert refused(mixed, "https://hooks.example:4711/") == "port_not_allowed"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"])
def test_other_spellings_of_an_inner_address_are_seen_through(host: str) -> None:
    """By the resolver of the system: what is checked is what would be called."""
    assert refused(Targets(), f"https://{host}/") in {"address_not_allowed", "name_unknown"}


def test_tls_and_few_ports() -> None:
    assert refused(to(PUBLIC[0]), "http://hooks.example/") == "scheme_not_allowed"
    assert to(PUBLIC[0], http=True).target("http://hooks.example").port == 80
    assert to(PUBLIC[0]).target("https://hooks.example:8443/").authority == "hooks.example:8443"
    for port in (22, 25, 80, 5432, 5672, 6379, 65_535):
        assert refused(to(PUBLIC[0]), f"https://hooks.example:{port}/") == "port_not_allowed"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://user@hooks.example/",
            "https://user:pass@hooks.example/",
            "https://hooks.example#@inner/",
            "https://hooks.example\\@inner/",
        ),
        *("ftp://hooks.example/", "file:///etc/passwd", "gopher://hooks.example/", "https:///a", "https://", "//hooks.example/"),
        *("https://hooks.example:0/", "https://hooks.example:99999999/", "https://hooks.example:/", "https://hooks .example/"),
        *("https://hooks.example/\r\nHost: inner", "https://höoks.example/", "https://hooks.example/é", "https://[fe80::1%25eth0]/"),
        *("HTTPS://hooks.example/", "https://hooks.example/a#b"),
    ],
)
def test_what_could_be_read_in_two_ways_is_no_address(url: str) -> None:
    assert re.fullmatch(URL_PATTERN, url) is None


def test_a_name_without_an_address_is_said_so() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    assert refused(Targets(resolve=nothing)) == "name_unknown"
    assert refused(to()) == "name_unknown"
    assert refused(to("nonsense")) == "name_unknown"


def test_a_resolver_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: threading.Event().wait(30))
    with pytest.raises(TimeoutError):
        targets.resolved("hooks.example", 443, timeout=0.05)


def test_the_rule_of_a_field_says_it_in_french() -> None:
    assert list(url_rule(to(PUBLIC[0]))("https://hooks.example/", FACT)) == []
    [(path, text)] = list(url_rule(to("127.0.0.1"))("https://hooks.example/", FACT))
    assert path == ""
    assert text.startswith("Ce nom mène à une adresse qui n’est pas publique")
