"""Liveness, readiness of the log and of every service, and metrics."""

import logging
from collections.abc import Callable, Iterable
from functools import partial

import eventlet
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.client_address import from_networks
from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.metrics import Metrics
from services.gateway.problems import Problem
from services.gateway.request_context import RequestContext
from shared.errors import Fault
from shared.version import __version__

log = logging.getLogger(__name__)

CHECK_TIMEOUT_S = 2.0


class Health:
    """Public: names the component and its position only. The details of a fault are in the log of its service."""

    def __init__(self, deps: GatewayDeps, metrics: Metrics, timeout: float = CHECK_TIMEOUT_S) -> None:
        self.deps = deps
        self.metrics = metrics
        self.timeout = timeout

    def rules(self) -> Iterable[Rule]:
        yield Rule("/healthz", methods=["GET"], endpoint=self.healthz)
        yield Rule("/readyz", methods=["GET"], endpoint=self.readyz)
        yield Rule("/metrics", methods=["GET"], endpoint=self.prometheus)

    def healthz(self, context: RequestContext) -> Response:
        return json_response({"status": "alive", "version": __version__})

    def readyz(self, context: RequestContext) -> Response:
        questions = {"log": self.log} | {service: partial(self.service, service) for service in self.deps.services}
        answers = {name: eventlet.spawn(self.within_timeout, ask) for name, ask in questions.items()}
        checks = {name: str(answer.wait()) for name, answer in answers.items()}
        ready = all(state == "ready" for state in checks.values())
        return json_response({"status": "ready" if ready else "waiting", "checks": checks}, 200 if ready else 503)

    def within_timeout(self, ask: Callable[[], str]) -> str:
        with eventlet.Timeout(self.timeout, False):
            return ask()
        return f"no answer within {self.timeout:g} s."

    def log(self) -> str:
        try:
            self.deps.native(self.deps.store.head)
        except Fault as fault:
            log.warning("the log cannot be read: %s", fault)
            return "The log cannot be read now."
        return "ready"

    def service(self, name: str) -> str:
        """A service is ready when it answers and its inbox goes on. A stopped projection names the event that it cannot apply."""
        try:
            health = self.deps.call(name, "health")
        except Fault as fault:
            log.warning("%s does not answer: %s", name, fault)
            return "It does not answer now."
        return "ready" if health["healthy"] else str(health["fault"])

    def prometheus(self, context: RequestContext) -> Response:
        """The counts of this process. Each recorded event moves one, so they are for the operator's own networks."""
        if not from_networks(context.request, self.deps.metrics_from):
            raise Problem(403, "metrics_not_here", "Ces mesures ne se lisent que du réseau de l’exploitation", "Rien n’est montré ici.")
        self.metrics.set("feed_position", self.deps.feed.head)
        self.metrics.set("feed_events", len(self.deps.feed.events))
        return Response(self.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")
