"""Connections to RabbitMQ for code that blocks, with pika: one after the other, the brokers of an address are tried."""

import logging

import pika
from pika.exceptions import (
    AMQPConnectionError,
    ChannelClosedByBroker,
    ConnectionClosed,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from shared.address import Address
from shared.errors import Misconfigured, Unavailable

ASK_TIMEOUT_S = 5.0  # for each step of connecting to a broker that is only asked whether it takes us
ACCESS_REFUSED = 403
LIMIT = "limit"  # NOT_ALLOWED is also what a broker answers that has too many connections: that passes

logging.getLogger("pika").setLevel(logging.CRITICAL)  # it logs each failure with a traceback, and raises it as well


def parameters_of(address: Address) -> list[pika.URLParameters]:
    """Raises Misconfigured for an option that means nothing."""
    try:
        return [pika.URLParameters(each.reveal()) for each in address.alternatives()]
    except ValueError as fault:
        raise Misconfigured(address.conceal(f"RabbitMQ: {fault}")) from None


def connect(address: Address | str) -> pika.BlockingConnection:
    """A connection to the first broker that answers.

    Raises:
        AMQPError, OSError: none does, or the one that answers refuses.
    """
    return pika.BlockingConnection(parameters_of(Address(address)))


def ask(address: Address, exchange: str | None = None) -> None:
    """Ask every broker of an address whether it takes us. With `exchange`, declare it: our right to do so is asked as well.

    Raises:
        Misconfigured: one of them refuses: the user, the password, the virtual host or the exchange.
        Unavailable: no broker is there.
    """
    rejections, away = [], []
    for each, parameters in zip(address.alternatives(), parameters_of(address), strict=True):
        parameters.socket_timeout = parameters.stack_timeout = parameters.blocked_connection_timeout = ASK_TIMEOUT_S
        try:
            ask_one(parameters, exchange)
        except Misconfigured as fault:
            rejections.append(f"{each}: {fault}")
        except Unavailable as fault:
            away.append(f"{each}: {fault}")
    if rejections:
        raise Misconfigured(*(address.conceal(rejection) for rejection in rejections))
    if len(away) == len(address.alternatives()):
        raise Unavailable(address.conceal("; ".join(away)))


def ask_one(parameters: pika.URLParameters, exchange: str | None) -> None:
    try:
        with pika.BlockingConnection(parameters) as connection:
            if exchange is not None:
                connection.channel().exchange_declare(exchange, "topic", durable=True)
    except ProbableAuthenticationError:
        raise Misconfigured("RabbitMQ does not accept this user with this password (403).") from None
    except ProbableAccessDeniedError as fault:
        if LIMIT in str(fault):
            raise Unavailable(f"RabbitMQ takes no more connections: {fault}") from fault
        raise Misconfigured(f"RabbitMQ has no virtual host {parameters.virtual_host!r} for this user (530).") from None
    except ChannelClosedByBroker as fault:
        if fault.reply_code != ACCESS_REFUSED:
            raise Unavailable(f"RabbitMQ: {fault.reply_text}") from fault
        raise Misconfigured(f"RabbitMQ does not let this user declare {exchange} (403).") from None
    except ConnectionClosed as fault:
        raise Unavailable(f"RabbitMQ: {fault.reply_text}") from fault
    except (AMQPConnectionError, OSError) as fault:
        raise Unavailable(f"RabbitMQ does not answer: {reason(fault)}") from fault


def reason(fault: BaseException) -> str:
    """What the operating system said, of all that pika wraps around it."""
    while not isinstance(fault, OSError) and fault.args and isinstance(fault.args[0], BaseException):
        fault = fault.args[0]
    inner = getattr(fault, "exception", fault)
    return str(inner) or type(inner).__name__
