"""Calls to other services over nameko's RPC.

How it works
------------
A request names the service and the method in its routing key, and carries a correlation id and the identity of this process, signed for a
minute (`write_service`). `RpcClient.call` waits for the reply, with a limit. A reply is forgotten when its caller gives up, so nothing
accumulates; the broker drops a request that nobody took before its caller gave up.

When the connection is lost before a reply has come (a node of the broker died), the request is sent once more on another connection. A
service may then get it twice: commands have ids, and everything else only reads. Whatever else keeps the reply from coming is
Unavailable: the outcome of the call is unknown.
"""

import logging
import time
from typing import Any
from uuid import uuid4

import eventlet
from nameko.exceptions import deserialize
from nameko.rpc import get_rpc_exchange

from shared.bus.nameko.queue_consumer import AMQP_URI
from shared.bus.nameko.sender import Listener, Sender
from shared.bus.transport.connection import BROKER_FAULTS
from shared.errors import Unavailable
from shared.metrics import RPC_FAILURES, RPC_SECONDS
from shared.runtime.native_threads import green_only
from shared.trust.access import system
from shared.trust.tokens import IdentitySigner

green_only(__name__)
log = logging.getLogger(__name__)

RPC_TIMEOUT_S = 10.0  # for a reply
SENDINGS = 2  # of a request: a connection that was lost may be one that had died unnoticed
LINK_INTERVAL_S = 1.0  # between two looks whether the connection is open
SIGNER = "parcours.signer"  # in nameko's configuration: the `IdentitySigner` of a process that asks services
IDENTITY = "nameko.identity"  # the header with the signed identity; nameko hands it on when a method calls another service
REFUSED = "IdentityNotValid"  # the exception with which a service refuses it


class Lost(Exception):
    """The connection on which a request was sent is gone."""


class NotRunning(Exception):
    """A request reached no queue."""


class RpcClient:
    """Calls methods of nameko services by their names."""

    def __init__(self, container: Any, timeout: float = RPC_TIMEOUT_S) -> None:
        self.timeout = timeout
        self.exchange = get_rpc_exchange(container.config)
        self.signer: IdentitySigner = container.config[SIGNER]
        self.identity = system(container.service_name)
        self.pending: dict[str, Any] = {}
        self.sender = Sender(container.config[AMQP_URI], Listener(self.on_reply, self.on_unroutable, self.on_lost))

    def keep_linked(self) -> None:
        """Keep the connection to the broker open for ever, so that `linked` tells whether there can be one."""
        while True:
            try:
                self.sender.open()
            except BROKER_FAULTS as fault:
                log.info("the broker is away: %s", fault)
            eventlet.sleep(LINK_INTERVAL_S)

    def linked(self) -> bool:
        return self.sender.channel is not None

    def call(self, service: str, method: str, *args: Any) -> Any:
        """The JSON that `service.method(*args)` returns.

        Raises:
            Unavailable: no reply within the timeout, no such service, or no broker: what was done is unknown. Or the service does not
                know the key of this process, and did nothing.
        """
        expired, asked_at = eventlet.Timeout(self.timeout), time.perf_counter()
        reply: dict[str, Any] = {}
        try:
            reply = self.ask(service, method, {"args": args, "kwargs": {}})
        except eventlet.Timeout as timeout:
            if timeout is not expired:
                raise
            raise Unavailable(f"{service} did not answer within {self.timeout:g} s") from timeout
        except NotRunning as fault:
            raise Unavailable(f"{service} is not running") from fault
        except (Lost, *BROKER_FAULTS) as fault:
            raise Unavailable(f"the broker is away: {fault}") from fault
        finally:
            expired.cancel()
            RPC_SECONDS.labels(service, method).observe(time.perf_counter() - asked_at)
            if not reply or reply["error"]:
                RPC_FAILURES.labels(service, method).inc()
        if error := reply["error"]:
            if error["exc_type"] != REFUSED:
                raise deserialize(error)
            raise Unavailable(f"{service} does not know the key of this process: has it the right PARCOURS_PUBLIC_KEYS?")
        return reply["result"]

    def ask(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """The body of the reply.

        Raises:
            Lost, BROKER_FAULTS: the broker is away.
            NotRunning: no such service has ever been there.
        """
        for _ in range(SENDINGS - 1):
            try:
                return self.send(service, method, request)
            except (Lost, *BROKER_FAULTS):
                continue
        return self.send(service, method, request)

    def send(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        correlation_id = str(uuid4())
        answered = self.pending[correlation_id] = eventlet.event.Event()
        try:
            self.sender.publish(
                request,
                exchange=self.exchange,
                routing_key=f"{service}.{method}",
                mandatory=True,
                reply_to=self.sender.reply_to,
                correlation_id=correlation_id,
                expiration=str(int(self.timeout * 1000)),
                extra_headers={IDENTITY: self.signer.token(self.identity, service)},
            )
            reply: dict[str, Any] = answered.wait()
        finally:
            self.pending.pop(correlation_id, None)
        return reply

    def on_reply(self, correlation_id: str, body: Any) -> None:
        if answered := self.pending.pop(correlation_id, None):
            answered.send(body)

    def on_unroutable(self, correlation_id: str) -> None:
        if answered := self.pending.pop(correlation_id, None):
            answered.send_exception(NotRunning())

    def on_lost(self) -> None:
        pending, self.pending = self.pending, {}
        for answered in pending.values():
            answered.send_exception(Lost("the connection was lost"))

    def stop(self) -> None:
        self.sender.stop()
