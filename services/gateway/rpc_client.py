"""Questions to the services over nameko's RPC, with an end to each wait."""

from typing import Any

import eventlet
from nameko.containers import WorkerContext
from nameko.exceptions import UnknownService
from nameko.extensions import Entrypoint
from nameko.rpc import MethodProxy, ReplyListener

from shared.bus.nameko.outgoing import Outgoing
from shared.bus.nameko.rpc import AMQP_URI, SteadyConsumer
from shared.bus.transport.connection import BROKER_FAULTS
from shared.errors import Unavailable

PATIENCE = 10.0  # seconds


class Replies(ReplyListener):  # type: ignore[misc]  # nameko has no types
    """nameko's own, which can also forget an answer that nobody waits for, and hear that a question found no service."""

    queue_consumer = SteadyConsumer()
    no_ack = True  # whoever asked may be gone with the process, and nobody else waits for this answer

    def handle_message(self, body: Any, message: Any) -> None:
        event = self._reply_events.pop(message.properties.get("correlation_id"), None)
        if event is not None:
            event.send(body)

    def get_reply_event(self, correlation_id: str) -> Any:
        event = super().get_reply_event(correlation_id)
        event.forget = lambda: self.forget(correlation_id)
        return event

    def forget(self, correlation_id: str) -> None:
        self._reply_events.pop(correlation_id, None)

    def returned(self, correlation_id: str) -> None:
        event = self._reply_events.pop(correlation_id, None)
        if event is not None:
            event.send_exception(UnknownService("nobody listens"))


class RpcCaller(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """A worker context belongs to an entrypoint: this one is only a name."""

    method_name = "question"


class RpcClient:
    """`call(service, method, *args)`. Whatever keeps the answer from coming is Unavailable: nobody knows what was done."""

    def __init__(self, container: Any, replies: Replies, patience: float = PATIENCE) -> None:
        self.context = WorkerContext(container, service=None, entrypoint=RpcCaller())
        self.replies = replies
        self.patience = patience
        self.sending = Outgoing(container.config[AMQP_URI], replies.returned)
        self.methods: dict[tuple[str, str], Any] = {}

    def __call__(self, service: str, method: str, *args: Any) -> Any:
        expired = eventlet.Timeout(self.patience)
        reply = None
        try:
            reply = self.method(service, method).call_async(*args)
            return reply.result()
        except eventlet.Timeout as timeout:
            if timeout is not expired:
                raise
            raise Unavailable(f"{service} did not answer within {self.patience:g} s.") from timeout
        except UnknownService as fault:
            raise Unavailable(f"{service} is not there.") from fault
        except BROKER_FAULTS as fault:
            raise Unavailable(f"The broker is away: {fault}") from fault
        finally:
            expired.cancel()
            if reply is not None:
                reply.reply_event.forget()

    def method(self, service: str, method: str) -> Any:
        key = (service, method)
        if key not in self.methods:
            proxy = self.methods[key] = MethodProxy(self.context, service, method, self.replies)
            proxy.publisher = self
        return self.methods[key]

    def publish(self, payload: object, *, correlation_id: str, **options: Any) -> None:
        """nameko's proxy waits for an answer before its question has left: one that does not leave is answered by nobody."""
        try:
            self.sending.publish(payload, correlation_id=correlation_id, **options)
        except BaseException:
            self.replies.forget(correlation_id)
            raise

    def stop(self) -> None:
        self.sending.stop()
