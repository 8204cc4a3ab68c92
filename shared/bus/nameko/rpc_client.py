"""Calls to other services over nameko's RPC, and the connection on which requests and replies leave.

How it works
------------
nameko describes a connection for each message, looks it up in a pool and waits for a publisher confirm. None of that is needed here: a
request that is lost is answered Unavailable when its time is over, a lost reply likewise, and the same command sent again gets the same
answer. So a process has one `Sender`: one connection that stays open, messages that are not written to disk, no confirms.

A green thread listens on that connection. It notices that the broker closed it, so that the next message opens another one, and it
receives requests that reached no queue (`mandatory`), whose callers then fail at once instead of waiting.

`RpcClient.call` puts a limit on every wait. Whatever keeps the reply from coming is Unavailable: the outcome of the call is unknown.
A reply is forgotten when its caller gives up, so nothing accumulates.
"""

import threading
from collections.abc import Callable
from typing import Any

import eventlet
import kombu.serialization
from amqp.exceptions import AMQPError
from nameko.containers import WorkerContext
from nameko.exceptions import UnknownService
from nameko.extensions import Entrypoint
from nameko.rpc import MethodProxy, ReplyListener

from shared.bus.nameko.queue_consumer import AMQP_URI, ResilientQueueConsumer
from shared.bus.names import NAMES, SOLE
from shared.bus.transport.connection import BROKER_FAULTS, CONNECT_TIMEOUT_S, Connection
from shared.errors import Unavailable
from shared.runtime.native_threads import green_only

green_only(__name__)

RPC_TIMEOUT_S = 10.0  # for a reply
TRANSIENT = 1  # AMQP delivery mode: the broker keeps the message in memory

dumps: Any = kombu.serialization.dumps  # kombu's annotations are incomplete


class Sender:
    """Publishes requests and replies on one connection, which is opened when it is first needed and again after it was lost.

    `on_unroutable` is called with the correlation id of a mandatory message that reached no queue.
    """

    def __init__(self, uri: str, on_unroutable: Callable[[str], object] = lambda correlation_id: None) -> None:
        self.uri = uri
        self.on_unroutable = on_unroutable
        self.lock = threading.Lock()
        self.connection: Any = None
        self.channel: Any = None

    def publish(self, payload: object, *, exchange: Any, routing_key: str, mandatory: bool = False, **properties: Any) -> None:
        """Publish one message; `extra_headers` and AMQP properties go with it.

        Raises:
            BROKER_FAULTS: the broker is away.
        """
        channel = self.open()
        content_type, encoding, body = dumps(payload, properties.pop("serializer", "json"))
        headers = properties.pop("extra_headers", {})
        message = channel.prepare_message(
            body,
            content_type=content_type,
            content_encoding=encoding,
            headers=headers,
            properties={**properties, "delivery_mode": TRANSIENT},
        )
        try:
            channel.basic_publish(message, exchange=exchange.name, routing_key=routing_key, mandatory=mandatory)
        except BaseException:  # a timeout as well: half a frame may have been written, and no other frame may follow it
            self.close(channel)
            raise

    def open(self) -> Any:
        with self.lock:
            if self.channel is None:
                self.connect()
            return self.channel

    def connect(self) -> None:
        connection = Connection(self.uri, connect_timeout=CONNECT_TIMEOUT_S, heartbeat=0, transport_options={"confirm_publish": False})
        connection.connect()
        channel = connection.channel()
        if hasattr(channel, "events"):  # the embedded broker's channels have none, and lose no connection
            channel.events["basic_return"].add(self.on_return)
            eventlet.spawn(self.listen, connection, channel)
        self.connection, self.channel = connection, channel

    def listen(self, connection: Any, channel: Any) -> None:
        try:
            while self.channel is channel:  # a closed connection would be opened again by kombu
                connection.drain_events()
        except (EOFError, *BROKER_FAULTS):  # EOFError is what eventlet raises for a socket that was closed in this process
            self.close(channel)

    def stop(self) -> None:
        if self.channel is not None:
            self.close(self.channel)

    def close(self, channel: Any) -> None:
        """Close this channel's connection, if it is still the current one. The next message opens another."""
        if self.channel is channel:
            self.channel = None
            connection, self.connection = self.connection, None
            connection.collect()

    def on_return(self, fault: AMQPError, exchange: str, key: str, message: Any) -> None:
        self.on_unroutable(message.properties["correlation_id"])


senders: dict[str, Sender] = {}


def shared_sender(uri: str) -> Sender:
    """The process's sender of replies for this broker."""
    return senders.setdefault(uri, Sender(uri))


class Replies(ReplyListener):  # type: ignore[misc]  # nameko has no types
    """nameko's listener for replies. It can also drop a pending reply, and fail one whose request was unroutable."""

    queue_consumer = ResilientQueueConsumer()
    no_ack = True  # a reply whose caller is gone is useless to any other process

    def setup(self) -> None:
        super().setup()
        self.queue.name = self.container.config.get(NAMES, SOLE).scoped(self.queue.name)

    def handle_message(self, body: Any, message: Any) -> None:
        event = self._reply_events.pop(message.properties.get("correlation_id"), None)
        if event is not None:
            event.send(body)

    def get_reply_event(self, correlation_id: str) -> Any:
        event = super().get_reply_event(correlation_id)
        event.drop = lambda: self.drop(correlation_id)
        return event

    def drop(self, correlation_id: str) -> None:
        self._reply_events.pop(correlation_id, None)

    def fail(self, correlation_id: str) -> None:
        event = self._reply_events.pop(correlation_id, None)
        if event is not None:
            event.send_exception(UnknownService("the request reached no queue"))


class RpcCaller(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """nameko's worker context needs an entrypoint; this one only gives it a name."""

    method_name = "rpc_caller"


class RpcClient:
    """Calls methods of nameko services by their names."""

    def __init__(self, container: Any, replies: Replies, timeout: float = RPC_TIMEOUT_S) -> None:
        self.context = WorkerContext(container, service=None, entrypoint=RpcCaller())
        self.replies = replies
        self.timeout = timeout
        self.sender = Sender(container.config[AMQP_URI], replies.fail)
        self.methods: dict[tuple[str, str], Any] = {}

    def call(self, service: str, method: str, *args: Any) -> Any:
        """The JSON that `service.method(*args)` returns.

        Raises:
            Unavailable: no reply within the timeout, no such service, or no broker. What was done is unknown.
        """
        expired = eventlet.Timeout(self.timeout)
        reply = None
        try:
            reply = self.method(service, method).call_async(*args)
            return reply.result()
        except eventlet.Timeout as timeout:
            if timeout is not expired:
                raise
            raise Unavailable(f"{service} did not answer within {self.timeout:g} s") from timeout
        except UnknownService as fault:
            raise Unavailable(f"{service} is not running") from fault
        except BROKER_FAULTS as fault:
            raise Unavailable(f"the broker is away: {fault}") from fault
        finally:
            expired.cancel()
            if reply is not None:
                reply.reply_event.drop()

    def method(self, service: str, method: str) -> Any:
        key = (service, method)
        if key not in self.methods:
            proxy = self.methods[key] = MethodProxy(self.context, service, method, self.replies)
            proxy.publisher = self
        return self.methods[key]

    def publish(self, payload: object, *, correlation_id: str, **options: Any) -> None:
        """Called by nameko's proxy, which registers the pending reply before the request leaves: drop it if the request cannot leave."""
        try:
            self.sender.publish(payload, correlation_id=correlation_id, **options)
        except BaseException:
            self.replies.drop(correlation_id)
            raise

    def stop(self) -> None:
        self.sender.stop()
