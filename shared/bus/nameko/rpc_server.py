"""The server side of nameko's RPC, made to survive the broker.

nameko stops the whole container when a reply cannot be published. But a broker that goes away while a command is handled is ordinary:
what was decided is in the log, the caller is told that the outcome is unknown, and its retry gets the same answer. So a reply that
cannot be sent is logged and dropped.

Requests wait in a quorum queue, which a cluster keeps when one of its nodes dies; nameko declares a queue that lives on one node.
"""

import logging
from typing import Any

from nameko.rpc import Responder, RpcConsumer, get_rpc_exchange

from shared.bus.nameko.queue_consumer import AMQP_URI, ResilientQueueConsumer
from shared.bus.nameko.sender import DIRECT_REPLY, EMBEDDED_REPLY, shared_sender
from shared.bus.names import NAMES, SOLE
from shared.bus.topology import REQUEST_ARGUMENTS, TOPIC, is_embedded
from shared.bus.transport.connection import BROKER_FAULTS, Exchange, Queue

log = logging.getLogger(__name__)

DEFAULT_EXCHANGE = Exchange("")  # routes by the name of the queue, or of the channel that `reply_to` stands for


class UnconfirmedResponder(Responder):  # type: ignore[misc]  # nameko has no types
    publisher_cls = staticmethod(lambda uri, **options: shared_sender(uri))


class ResilientRpcConsumer(RpcConsumer):  # type: ignore[misc]  # nameko has no types
    queue_consumer = ResilientQueueConsumer()

    def setup(self) -> None:
        super().setup()
        config = self.container.config
        name = get_rpc_exchange(config).name
        self.queue = Queue(
            config.get(NAMES, SOLE).requests(self.container.service_name),
            exchange=Exchange(name, type=TOPIC, no_declare=True),  # the consumer of its queue sees to it
            routing_key=f"{self.container.service_name}.*",
            durable=True,
            queue_arguments=None if is_embedded(config[AMQP_URI]) else REQUEST_ARGUMENTS,
        )

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        config = self.container.config
        try:
            responder = UnconfirmedResponder(config[AMQP_URI], self.reply_exchange(message), self.container.serializer, message)
            result, exc_info = responder.send_response(result, exc_info)
        except BROKER_FAULTS as fault:
            log.warning("a reply was dropped; its caller will ask again: %s", fault)
        finally:
            self.acknowledge(message)
        return result, exc_info

    def reply_exchange(self, message: Any) -> Any:
        """The exchange of a reply: `reply_to` names a channel or a queue of ours, or nameko's own client has bound it there."""
        ours = message.properties["reply_to"].startswith((DIRECT_REPLY, EMBEDDED_REPLY))
        return DEFAULT_EXCHANGE if ours else get_rpc_exchange(self.container.config)

    def acknowledge(self, message: Any) -> None:
        """Always acknowledge, whatever became of the reply: an unacknowledged request would occupy a prefetch slot for ever."""
        try:
            self.queue_consumer.ack_message(message)
        except BROKER_FAULTS as fault:
            log.warning("a request will be redelivered: %s", fault)
