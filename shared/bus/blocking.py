"""Connections to RabbitMQ for code that blocks, with pika: to which brokers, and with which limits, `shared.bus.brokers` decides."""

import logging
import time

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelClosedByBroker,
    ConnectionClosed,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from shared.address import Address
from shared.bus.brokers import (
    BLOCKED_TIMEOUT_S,
    BLOCKING_HEARTBEAT_S,
    OPENING_TIMEOUT_S,
    Broker,
    brokers,
    first_that_opens,
    innermost,
    reason,
)
from shared.errors import Misconfigured, Unavailable
from shared.runtime.backoff import Backoff
from shared.tls import UnusableFile, client_context, refusal

ROUNDS = 3  # of a list, for a command that somebody waits for
ACCESS_REFUSED, NOT_FOUND = 403, 404
LIMIT = "limit"  # NOT_ALLOWED is also what a broker answers that has too many connections: that passes

logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs each failure with a traceback, and raises it as well


def parameters_of(broker: Broker) -> pika.ConnectionParameters:
    """Raises UnusableFile: a file of certificates cannot be read."""
    return pika.ConnectionParameters(
        host=broker.host,
        port=broker.port,
        virtual_host=broker.virtual_host,
        credentials=pika.PlainCredentials(broker.user, broker.password),
        ssl_options=pika.SSLOptions(client_context(broker.certificates), broker.name) if broker.certificates else None,
        heartbeat=BLOCKING_HEARTBEAT_S,
        socket_timeout=OPENING_TIMEOUT_S,
        stack_timeout=OPENING_TIMEOUT_S,
        blocked_connection_timeout=BLOCKED_TIMEOUT_S,
    )


def open_one(broker: Broker) -> pika.BlockingConnection:
    """Raises AMQPError, OSError: it does not answer, or refuses."""
    try:
        return pika.BlockingConnection(parameters_of(broker))
    except AMQPConnectorStackTimeout as fault:  # which is neither for pika
        raise TimeoutError(f"no answer within {OPENING_TIMEOUT_S:g} s") from fault


def connect(address: Address | str, rounds: int = 1) -> pika.BlockingConnection:
    """A connection to the first broker that opens one. All are tried `rounds` times.

    Raises:
        AMQPError, OSError: none does, or the one that answers refuses.
    """
    backoff = Backoff()
    for _ in range(rounds - 1):
        try:
            return first_that_opens(Address(address), open_one, (AMQPError, OSError))
        except (AMQPError, OSError):
            time.sleep(backoff.next_delay())
    return first_that_opens(Address(address), open_one, (AMQPError, OSError))


def ask(address: Address, exchange: str | None = None) -> None:
    """Ask every broker of an address whether it takes us. With `exchange`, declare it if it is not there: that right is asked as well.

    Raises:
        Misconfigured: one of them refuses: the user, the password, the virtual host or the exchange. Or TLS with it fails for good.
        Unavailable: no broker is there.
    """
    rejections, away = [], []
    for broker in (each := brokers(address)):
        try:
            ask_one(broker, exchange)
        except Misconfigured as fault:
            rejections.append(f"{broker.address}: {fault}")
        except Unavailable as fault:
            broker.failed()
            away.append(f"{broker.address}: {fault}")
    if rejections:
        raise Misconfigured(*(address.conceal(rejection) for rejection in rejections))
    if len(away) == len(each):
        raise Unavailable(address.conceal("; ".join(away)))


def make_exchange(connection: pika.BlockingConnection, exchange: str) -> None:
    """As processes do (`shared.bus.topology`): it is declared unless it is there."""
    try:
        connection.channel().exchange_declare(exchange, passive=True)
    except ChannelClosedByBroker as fault:
        if fault.reply_code != NOT_FOUND:
            raise
        connection.channel().exchange_declare(exchange, "topic", durable=True)


def ask_one(broker: Broker, exchange: str | None) -> None:
    try:
        with open_one(broker) as connection:
            if exchange is not None:
                make_exchange(connection, exchange)
    except UnusableFile as fault:
        raise Misconfigured(f"{fault}.") from None
    except ProbableAuthenticationError:
        raise Misconfigured("RabbitMQ does not accept this user with this password (403).") from None
    except ProbableAccessDeniedError as fault:
        if LIMIT in str(fault):
            raise Unavailable(f"RabbitMQ takes no more connections: {fault}") from fault
        raise Misconfigured(f"RabbitMQ has no virtual host {broker.virtual_host!r} for this user (530).") from None
    except ChannelClosedByBroker as fault:
        if fault.reply_code != ACCESS_REFUSED:
            raise Unavailable(f"RabbitMQ: {fault.reply_text}") from fault
        raise Misconfigured(f"RabbitMQ does not let this user declare {exchange} (403).") from None
    except ConnectionClosed as fault:
        raise Unavailable(f"RabbitMQ: {fault.reply_text}") from fault
    except (AMQPConnectionError, OSError) as fault:
        if why := refusal(innermost(fault), broker.name):
            raise Misconfigured(f"RabbitMQ {why}") from None
        raise Unavailable(f"RabbitMQ does not answer: {reason(fault)}") from fault
