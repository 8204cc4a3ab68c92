"""Whether the gateway lives, whether everything behind it answers, and what it has counted."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

import eventlet
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json
from services.gateway.dependencies import GatewayDeps
from services.gateway.metrics import Metrics
from services.gateway.request_context import RequestContext
from shared.errors import Fault

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds


class Health:
    """Anybody may ask: what is said here is which part, and where it stands; the words of a fault are for the log of its service."""

    def __init__(self, outside: GatewayDeps, metrics: Metrics, patience: float = PATIENCE) -> None:
        self.outside = outside
        self.metrics = metrics
        self.patience = patience

    def rules(self) -> Iterable[Rule]:
        yield Rule("/healthz", methods=["GET"], endpoint=self.healthz)
        yield Rule("/readyz", methods=["GET"], endpoint=self.readyz)
        yield Rule("/metrics", methods=["GET"], endpoint=self.counted)

    def healthz(self, visit: RequestContext) -> Response:
        return json({"status": "alive"})

    def readyz(self, visit: RequestContext) -> Response:
        asked = {"log": self.log} | {service: partial(self.service, service) for service in self.outside.schemas}
        answers = {name: eventlet.spawn(self.in_time, ask) for name, ask in asked.items()}
        checks = {name: str(answer.wait()) for name, answer in answers.items()}
        ready = all(said == "ready" for said in checks.values())
        return json({"status": "ready" if ready else "waiting", "checks": checks}, 200 if ready else 503)

    def in_time(self, ask: Callable[[], str]) -> str:
        with eventlet.Timeout(self.patience, False):
            return ask()
        return f"no answer within {self.patience:g} s."

    def log(self) -> str:
        try:
            self.outside.native(self.outside.store.head)
        except Fault as fault:
            log.warning("the log cannot be read: %s", fault)
            return "The log cannot be read now."
        return "ready"

    def service(self, name: str) -> str:
        """A service is ready when it answers and its inbox goes on: a projection that stopped names the event it cannot take."""
        try:
            said = self.outside.call(name, "health")
        except Fault as fault:
            log.warning("%s does not answer: %s", name, fault)
            return "It does not answer now."
        return "ready" if said["healthy"] else str(said["fault"])

    def counted(self, visit: RequestContext) -> Response:
        self.metrics.set("feed_position", self.outside.feed.head)
        self.metrics.set("feed_events", len(self.outside.feed.events))
        return Response(self.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
