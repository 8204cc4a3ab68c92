"""nameko's RPC entrypoint, made to outlive the broker.

nameko stops the whole container when a reply cannot be published. But a broker that goes away while a command is being handled
is ordinary: what was decided is in the log, the caller is told that the outcome is unknown, and its retry gets the same answer.
So a reply that cannot be sent is logged and dropped.
"""

import logging
from typing import Any

from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError
from nameko.rpc import Rpc, RpcConsumer

log = logging.getLogger(__name__)


class EnduringRpcConsumer(RpcConsumer):  # type: ignore[misc]  # nameko has no types
    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        try:
            answered: tuple[Any, Any] = super().handle_result(message, result, exc_info)
            return answered
        except (OSError, AMQPError, KombuError) as fault:
            log.warning("a reply was dropped, its caller will ask again: %s", fault)
            return result, exc_info


class EnduringRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    rpc_consumer = EnduringRpcConsumer()


rpc = EnduringRpc.decorator
