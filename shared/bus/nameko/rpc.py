"""nameko's RPC entrypoint, made to outlive the broker.

nameko stops the whole container when a reply cannot be published. But a broker that goes away while a command is being handled
is ordinary: what was decided is in the log, the caller is told that the outcome is unknown, and its retry gets the same answer.
So a reply that cannot be sent is logged and dropped.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from nameko.extensions import ProviderCollector
from nameko.messaging import QueueConsumer, QueueConsumerStopped
from nameko.rpc import Responder, Rpc, RpcConsumer, get_rpc_exchange

from shared.bus.nameko.outgoing import outgoing
from shared.bus.transport.connection import BROKER_FAULTS
from shared.runtime.backoff import LONGEST, SHORTEST

log = logging.getLogger(__name__)

AMQP_URI = "AMQP_URI"


class SteadyConsumer(QueueConsumer):  # type: ignore[misc]  # nameko has no types
    """nameko's own, which comes back soon after a long absence of the broker, and can be stopped during it.

    A message is handed over in the thread that reads it: a worker is started for a request, and a reply only wakes who waits.
    """

    consuming = False

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        self.consuming = False
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, interval_start=SHORTEST, interval_step=SHORTEST, interval_max=LONGEST)
            yield connection

    def on_consume_ready(self, *consumed: Any, **options: Any) -> None:
        self.consuming = True
        super().on_consume_ready(*consumed, **options)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        for provider in self._providers:
            taken = {"queues": [provider.queue], "callbacks": [provider.handle_message], "accept": self.accept}
            consumer = consumer_cls(**taken, no_ack=getattr(provider, "no_ack", False))
            consumer.qos(prefetch_count=self.prefetch_count)
            self._consumers[provider] = consumer
        return self._consumers.values()

    def unregister_provider(self, provider: Any) -> None:
        if self.consuming:
            super().unregister_provider(provider)
        else:  # nobody would take the consumer away: there is none
            ProviderCollector.unregister_provider(self, provider)

    def run(self, *args: Any, **options: Any) -> None:
        with suppress(QueueConsumerStopped):
            super().run(*args, **options)

    def stop(self) -> None:
        """nameko would wait until the broker is back, to leave it in good order."""
        if not self.consuming and self._gt is not None:
            if not self._consumers_ready.ready():
                self._consumers_ready.send_exception(QueueConsumerStopped())
            self._gt.kill(QueueConsumerStopped())
        super().stop()


class QuietResponder(Responder):  # type: ignore[misc]  # nameko has no types
    publisher_cls = staticmethod(lambda uri, **options: outgoing(uri))


class EnduringRpcConsumer(RpcConsumer):  # type: ignore[misc]  # nameko has no types
    queue_consumer = SteadyConsumer()

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        config = self.container.config
        try:
            responder = QuietResponder(config[AMQP_URI], get_rpc_exchange(config), self.container.serializer, message)
            result, exc_info = responder.send_response(result, exc_info)
        except BROKER_FAULTS as fault:
            log.warning("a reply was dropped, its caller will ask again: %s", fault)
        finally:
            self.acknowledge(message)
        return result, exc_info

    def acknowledge(self, message: Any) -> None:
        """The call is done, whatever became of its reply: a message kept would take the room of another for as long as we consume."""
        try:
            self.queue_consumer.ack_message(message)
        except BROKER_FAULTS as fault:
            log.warning("a call will come again: %s", fault)


class EnduringRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    rpc_consumer = EnduringRpcConsumer()

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Python checks it a moment later, when the method is called."""


rpc = EnduringRpc.decorator
