"""Who may do what on the broker: every allowed thing works, and RabbitMQ itself refuses every other, for the user of each process.

What is allowed is read in the declaration from which the definitions are made (`services.bootstrap.broker_rights`).
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from deploy.broker_users import OPERATOR, TEMPLATE, template, text
from parcours_client.feed import read_feed
from services.bootstrap.broker_rights import Rights, exchanges, rights, with_inbox
from services.bootstrap.names import GATEWAY, NAMES, PROCESSES, RELAY
from shared.address import Address
from shared.bus.feed_history import events_since, last_event
from shared.bus.names import Names
from shared.bus.publisher import Publisher
from shared.bus.tail import tail
from shared.bus.topology import REQUEST_ARGUMENTS, declare_feed, declare_figures, declare_inbox
from shared.bus.transport.connection import open_connection
from shared.cloud_event import encode_cloud_event
from shared.message import EventMessage, decode_event, line
from tests.contract.store.writing import event
from tests.forks import ROOT
from tests.harness.broker_users import Users, users
from tests.processes import eventually
from tests.servers import GivenRabbitmq, RabbitmqServer

ACCESS_REFUSED = 403
STREAMS = ("journey.feed", "journey.figures")
Action = Callable[[Any], Any]


@pytest.fixture(scope="module")
def broker(rabbitmq_server: GivenRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    """With every queue, declared by its own process as the product does."""
    with users(rabbitmq_server, tmp_path_factory.mktemp("users")) as made:
        for name in NAMES:
            with open_connection(made.of(name)) as connection:
                channel = connection.channel()
                if name in with_inbox():
                    declare_inbox(channel, made.names, name, ["intake.PersonIdentified"])
                queue = made.names.requests(name)
                channel.queue_declare(queue=queue, durable=True, auto_delete=False, arguments=REQUEST_ARGUMENTS)
                channel.queue_bind(queue=queue, exchange=made.names.rpc, routing_key=f"{name}.*")
        with open_connection(made.of(RELAY)) as connection:
            declare_feed(connection.channel(), made.names)
        with open_connection(made.of("reporting")) as connection:
            declare_figures(connection.channel(), made.names)
        yield made


class User:
    """One connection of a user, on which actions are tried, each on a channel of its own."""

    def __init__(self, connection: pika.BlockingConnection) -> None:
        self.connection = connection

    def may(self, action: Action) -> bool:
        """Whether the broker did what was asked, or refused it for another reason than the rights of this user."""
        channel = self.connection.channel()
        channel.confirm_delivery()
        try:
            action(channel)
        except ChannelClosedByBroker as closed:
            return bool(closed.reply_code != ACCESS_REFUSED)
        channel.close()
        return True


@contextmanager
def logged_in(broker: Users, process: str) -> Iterator[User]:
    with pika.BlockingConnection(pika.URLParameters(broker.of(process))) as connection:
        yield User(connection)


def queues(names: Names) -> Sequence[str]:
    return [
        *map(names.requests, NAMES),
        *(queue for name in with_inbox() for queue in (names.inbox(name), names.dead_letters(name))),
        *map(names.scoped, STREAMS),
    ]


def call(method: str, *words: Any, **options: Any) -> None:
    """A method of the channel, which comes last."""
    *given, channel = words
    getattr(channel, method)(*given, **options)


def read(queue: str, channel: Any) -> None:
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(queue, lambda *_: None)


def allowed(granted: Rights, what: str, name: str) -> bool:
    return re.search(getattr(granted, what), name) is not None


EVERY_PROCESS = pytest.mark.parametrize("process", PROCESSES)


@EVERY_PROCESS
def test_each_user_does_with_each_queue_what_is_declared_and_nothing_else(broker: Users, process: str) -> None:
    names, granted = broker.names, rights(broker.names)[process]
    with logged_in(broker, process) as user:
        for queue in queues(names):
            configures, writes, reads = (allowed(granted, what, queue) for what in ("configure", "write", "read"))
            may_bind = writes and allowed(granted, "read", names.events)
            actions: dict[str, tuple[Action, bool]] = {
                "declare": (partial(call, "queue_declare", queue, durable=True), configures),
                "read": (partial(read, queue), reads),
                "bind": (partial(call, "queue_bind", queue, names.events, "#.nothing"), may_bind),
            }
            if not configures:
                actions["delete"] = (partial(call, "queue_delete", queue), False)
            if not reads:
                actions["empty"] = (partial(call, "queue_purge", queue), False)
            found = {what: user.may(action) for what, (action, _) in actions.items()}
            assert found == {what: expected for what, (_, expected) in actions.items()}, queue


@EVERY_PROCESS
def test_each_user_does_with_each_exchange_what_is_declared_and_nothing_else(broker: Users, process: str) -> None:
    names, granted = broker.names, rights(broker.names)[process]
    with logged_in(broker, process) as user:
        for exchange in exchanges(names):
            assert not user.may(partial(call, "exchange_delete", exchange)), exchange
            assert not user.may(partial(call, "exchange_declare", exchange, "topic", durable=True)), exchange
        for exchange in (names.events, names.dead):
            publishes = user.may(partial(call, "basic_publish", exchange, "alencon.intake.Nothing", b"{}"))
            assert publishes == allowed(granted, "write", exchange), exchange
        for name in NAMES:
            key = f"{name}.nothing"
            asks = user.may(partial(call, "basic_publish", names.rpc, key, b"{}"))
            assert asks == (allowed(granted, "write", names.rpc) and allowed(granted, "write_keys", key)), key
            own, key = names.requests(process if process in NAMES else name), f"{name}.*"
            binds = user.may(partial(call, "queue_bind", own, names.rpc, key))
            assert binds == (allowed(granted, "write", own) and allowed(granted, "read_keys", key)), key
        answers = user.may(lambda channel: channel.basic_publish("", "amq.rabbitmq.reply-to.nobody", b"{}"))
        assert answers == allowed(granted, "write", "amq.default")


def test_what_matters_most_is_refused(broker: Users) -> None:
    """In words, whatever the declaration says."""
    names = broker.names
    for process in PROCESSES:
        with logged_in(broker, process) as user:
            assert user.may(lambda channel: channel.basic_publish(names.events, "a.intake.Nothing", b"{}")) == (process == RELAY)
            assert user.may(lambda channel: channel.basic_publish(names.rpc, "intake.nothing", b"{}")) == (process == GATEWAY)
            assert user.may(lambda channel: read(names.inbox("coaching"), channel)) == (process == "coaching")
            assert user.may(lambda channel: channel.queue_declare("mine")) is False
            assert user.may(lambda channel: channel.exchange_declare("mine")) is False
    with logged_in(broker, "intake") as user:
        for everything in ("#", "coaching.*", "*.*"):
            assert not user.may(partial(call, "queue_bind", names.requests("intake"), names.rpc, everything)), everything


def test_a_message_cannot_be_published_in_the_name_of_another_user(broker: Users) -> None:
    """Whoever may reply reaches the stream through the default exchange; its readers look who published."""
    names = broker.names
    forged = pika.BasicProperties(user_id=names.user(RELAY))
    with pika.BlockingConnection(pika.URLParameters(broker.of("intake"))) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker) as refused:
            channel.basic_publish("", names.feed, b"{}", forged)
        assert refused.value.reply_code == 406


@pytest.mark.parametrize("process", [RELAY, "reporting"])
def test_a_publisher_names_its_user(broker: Users, process: str) -> None:
    queue = broker.names.inbox("intake")
    with open_connection(broker.of(process)) as connection:
        publisher = Publisher(connection)
        publisher.publish(b"{}", "", queue, {}, "told")
        publisher.wait_for_confirms()
    with pika.BlockingConnection(pika.URLParameters(broker.of("intake"))) as connection:
        channel = connection.channel()
        _, properties, _ = next(channel.consume(queue, auto_ack=True, inactivity_timeout=20))
        assert properties.user_id == broker.names.user(process)


def test_readers_of_the_stream_pass_over_what_others_than_the_relay_put_there(broker: Users) -> None:
    """Before and after what is genuine: with the name of its publisher, and without any."""
    feed, relay = broker.names.feed, broker.names.user(RELAY)
    genuine, forged = told(7), [told(position) for position in (6, 8, 9)]
    for process, each, names_itself in (
        ("intake", forged[0], True),
        (RELAY, genuine, True),
        *(("reporting", later, False) for later in forged[1:]),
    ):
        with pika.BlockingConnection(pika.URLParameters(broker.of(process))) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            properties = pika.BasicProperties(user_id=broker.names.user(process)) if names_itself else pika.BasicProperties()
            channel.basic_publish("", feed, encode_cloud_event(each), properties)
    reader = Address(broker.of("coaching"))
    assert last_event(reader, feed, relay) == (1, genuine)
    assert [*events_since(reader, feed, genuine.recordedtime, relay)] == [genuine]
    assert last_event(reader, feed) == (3, forged[-1])
    assert next(tail(reader, "first", feed, relay)) == (1, genuine)
    (batch,) = islice(read_feed(broker.of("coaching"), stream=feed, publisher=relay), 1)
    assert [each.event.position for each in batch] == [7]


def told(position: int) -> EventMessage:
    body = event("person-1", kind="intake.PersonIdentified").body
    return decode_event(line(body, position, position, "2024-04-02T09:30:00.000000+00:00", None))


def test_passwords_stay_when_the_definitions_are_made_again(broker: Users) -> None:
    before = {process: broker.of(process) for process in PROCESSES}
    again = json.loads(broker.make())
    assert {process: broker.of(process) for process in PROCESSES} == before
    assert not any(password in json.dumps(again) for password in map(str, before.values()))
    assert all((broker.folder / process).stat().st_mode & 0o077 == 0 for process in PROCESSES)


def test_the_template_is_that_of_the_declaration() -> None:
    """`make compose` writes it."""
    assert TEMPLATE.read_text() == text(template()) + "\n"


def test_an_empty_broker_has_the_users_of_the_script_and_no_other(tmp_path: Path) -> None:
    """docker-compose.yml: deploy/secrets.sh fills in the template, and the broker reads it when it starts, whatever it held."""
    env = {**os.environ, "PARCOURS_ENVIRONMENT": "trial"}
    subprocess.run([ROOT / "deploy" / "secrets.sh", tmp_path], check=True, capture_output=True, env=env)
    names = Names("trial")
    addresses = {name: urlsplit((tmp_path / f"{name}_amqp_uri").read_text().strip()) for name in (*PROCESSES, OPERATOR)}
    operator = addresses[OPERATOR]
    server = RabbitmqServer((tmp_path / "definitions.json").read_text(), (str(operator.username), str(operator.password)))
    try:
        assert {user["name"] for user in server.api.get("/users").json()} == set(map(names.user, addresses))
        eventually(lambda: exchanges_of(server) >= set(exchanges(names)), "the exchanges", 20)
        for place in addresses.values():
            here = place._replace(netloc=f"{place.username}:{place.password}@127.0.0.1:{server.amqp}").geturl()
            eventually(partial(connects, here), f"{place.username} is let in", 20)
    finally:
        server.close()


def exchanges_of(server: RabbitmqServer) -> set[str]:
    return {each["name"] for each in server.api.get("/exchanges/%2F").json()}


def connects(uri: str) -> bool:
    try:
        pika.BlockingConnection(pika.URLParameters(uri)).close()
    except AMQPError:  # the console is there before the listener
        return False
    return True
