"""nameko's queue consumer, which returns soon after a long absence of the broker and can be stopped during it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import eventlet
from nameko.extensions import ProviderCollector
from nameko.messaging import QueueConsumer, QueueConsumerStopped

from shared.address import Address
from shared.bus.topology import TOPIC, make_exchange
from shared.bus.transport.connection import connection_to
from shared.runtime.backoff import MAX_DELAY_S, MIN_DELAY_S

log = logging.getLogger(__name__)

COMPONENTS = "parcours"  # the key of our objects in nameko's configuration
TURN = "turn"  # of a service's objects, the one that says from when on it may answer
TURN_INTERVAL_S = 0.1
AMQP_URI = "AMQP_URI"  # nameko's configuration key: an `Address`


class ResilientQueueConsumer(QueueConsumer):  # type: ignore[misc]  # nameko has no types
    """Messages are handed over in the thread that reads them: a request only starts a worker, and a reply only wakes its caller."""

    consuming = False

    @property
    def connection(self) -> Any:
        """Every connection of this consumer is a copy of it."""
        return connection_to(self.address)

    @property
    def address(self) -> Address:
        return Address(self.container.config[AMQP_URI])

    def on_connection_error(self, fault: Exception, interval: float) -> None:
        """nameko would log the address, with the passwords of all brokers but the first."""
        log.warning(
            "the broker at %s cannot be reached: %s; the next attempt is in %g s", self.address, self.address.conceal(fault), interval
        )

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        self.consuming = False
        with self.create_connection() as connection:
            delays = {"interval_start": MIN_DELAY_S, "interval_step": MIN_DELAY_S, "interval_max": MAX_DELAY_S}
            connection.ensure_connection(self.on_connection_error, **delays)
            yield connection

    def on_consume_ready(self, *args: Any, **options: Any) -> None:
        self.consuming = True
        super().on_consume_ready(*args, **options)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        for provider in self._providers:
            make_exchange(channel, provider.queue.exchange.name, TOPIC)
            options = {"queues": [provider.queue], "callbacks": [provider.handle_message], "accept": self.accept}
            consumer = consumer_cls(**options, no_ack=getattr(provider, "no_ack", False))
            consumer.qos(prefetch_count=self.prefetch_count)
            self._consumers[provider] = consumer
        return self._consumers.values()

    def unregister_provider(self, provider: Any) -> None:
        if self.consuming:
            super().unregister_provider(provider)
        else:  # nameko would wait for the consuming thread to cancel a consumer that does not exist
            ProviderCollector.unregister_provider(self, provider)

    def run(self, *args: Any, **options: Any) -> None:
        with suppress(QueueConsumerStopped):
            self.wait_for_turn()
            super().run(*args, **options)

    def wait_for_turn(self) -> None:
        """Take no request before the service may answer: those that come meanwhile wait in the queue, or go to another process."""
        objects = self.container.config.get(COMPONENTS, {}).get(self.container.service_name, {})
        if turn := objects.get(TURN):
            while not turn.may_answer():
                eventlet.sleep(TURN_INTERVAL_S)

    def stop(self) -> None:
        """Stop now: nameko would wait until the broker is back, to leave in good order."""
        if not self.consuming and self._gt is not None:
            if not self._consumers_ready.ready():
                self._consumers_ready.send_exception(QueueConsumerStopped())
            self._gt.kill(QueueConsumerStopped())
        super().stop()
