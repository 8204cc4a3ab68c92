"""What an address of brokers means, and what it may not say."""

import pytest

from shared.address import Address
from shared.bus.brokers import Broker, brokers
from shared.errors import Misconfigured


def test_an_address_names_user_host_port_and_virtual_host() -> None:
    (broker,) = brokers(Address("amqp://us%40er:p%3Aw@rabbit.example:5673/a%2Fb"))
    assert (broker.user, broker.password, broker.host, broker.port, broker.virtual_host) == ("us@er", "p:w", "rabbit.example", 5673, "a/b")
    assert broker.certificates is None


@pytest.mark.parametrize("path", ["", "/", "//", "/%2F"])
def test_what_is_left_out_is_what_rabbitmq_has_by_default(path: str) -> None:
    (broker,) = brokers(Address(f"amqps://[::1]{path}"))
    assert (broker.user, broker.password, broker.host, broker.port, broker.virtual_host) == ("guest", "guest", "::1", 5671, "/")


def test_options_name_the_files_of_certificates() -> None:
    options = (
        "cacertfile=/etc/ca.pem&certfile=/etc/own.pem&keyfile=/etc/key.pem&password=sesame&server_name_indication=b&verify=verify_peer"
    )
    (broker,) = brokers(Address(f"amqps://u:sesame@127.0.0.1?{options}"))
    assert broker.certificates is not None
    assert (broker.certificates.authorities, broker.certificates.own, broker.certificates.key) == (
        "/etc/ca.pem",
        "/etc/own.pem",
        "/etc/key.pem",
    )
    assert (broker.certificates.password, broker.name) == ("sesame", "b")
    assert "sesame" not in f"{broker!r} {broker.certificates!r}"
    assert brokers(Address("amqps://h"))[0].name == "h"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("amqp://h1;amqps://h2", "all have it, or none"),
        ("amqps://h?verify=verify_none", "always verified"),
        ("amqps://h?heartbeat=5", "heartbeat"),
        ("amqps://h?sesame=sesame", "options"),
        ("amqps://h?cacertfile=", "empty"),
        ("amqps://h?cacertfile", "empty"),
        ("amqps://h?cacertfile=/a&cacertfile=/b", "twice"),
        ("amqps://h?keyfile=/a", "certfile"),
        ("amqp://h?cacertfile=/a", "amqps"),
    ],
)
def test_an_address_that_says_what_is_not_meant_is_refused(text: str, word: str) -> None:
    with pytest.raises(Misconfigured) as fault:
        brokers(Address(text))
    (sentence,) = fault.value.sentences
    assert word in sentence
    assert "sesame" not in sentence


def test_a_broker_has_no_password_in_its_text() -> None:
    assert repr(Broker(Address("amqp://u:sesame@h/v"))) == "Broker('amqp://u@h/v')"
