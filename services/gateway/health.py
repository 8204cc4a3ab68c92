"""Liveness, readiness, and metrics.

Ready or well
-------------
A gateway is *ready* when it can answer: it listens and is not stopping, its connection to the broker is open, the log can be read, and
which sessions have ended is known (without that, nobody is let in). Only this is the status of `/readyz`, which decides whether it gets
requests and whether it is started again. Each of these is asked for OWN_TIMEOUT_S at most.

What else is away turns no gateway red, as no other gateway would do better: commands of a service that is away are answered 503, and
everything else goes on. It is reported beside it, in `components`, after OTHERS_TIMEOUT_S at most, so that the status never waits for it.
The system is *well* when the gateway is ready, every service answers and its inbox goes on, and no event waits for the relay.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from functools import partial

import eventlet
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.client_address import from_networks
from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import Problem
from services.gateway.request_context import RequestContext
from services.gateway.session import EndedSessions
from shared.bus.relay_delay import RELAY, relay_delay
from shared.errors import Fault
from shared.metrics import REGISTRY
from shared.version import __version__

log = logging.getLogger(__name__)

OWN_TIMEOUT_S = 2.0
OTHERS_TIMEOUT_S = 0.5  # below the second for which a probe waits by default
MAX_RELAY_DELAY = timedelta(seconds=5)
READY = "ready"

Question = Callable[[], str]
"""The state of a component: READY, or why it is not. It may block green."""


class Health:
    """Public: names the component and its position only. The details of a fault are in the log of its service."""

    def __init__(self, deps: GatewayDeps, ended: EndedSessions, timeout: float = OTHERS_TIMEOUT_S) -> None:
        self.deps = deps
        self.ended = ended
        self.timeout = timeout

    def rules(self) -> Iterable[Rule]:
        yield Rule("/healthz", methods=["GET"], endpoint=self.healthz)
        yield Rule("/readyz", methods=["GET"], endpoint=self.readyz)
        yield Rule("/metrics", methods=["GET"], endpoint=self.prometheus)

    def healthz(self, context: RequestContext) -> Response:
        return json_response({"status": "alive", "version": __version__})

    def readyz(self, context: RequestContext) -> Response:
        own: Mapping[str, Question] = {"log": self.log, "broker": self.broker, "gateway_records": self.gateway_records}
        others: Mapping[str, Question] = {**{name: partial(self.service, name) for name in self.deps.services}, RELAY: self.relay}
        asked = {name: eventlet.spawn(within, OWN_TIMEOUT_S, ask) for name, ask in own.items()}
        asked |= {name: eventlet.spawn(within, self.timeout, ask) for name, ask in others.items()}
        states = {name: str(answer.wait()) for name, answer in asked.items()}
        ready = all(states[name] == READY for name in own)
        well = all(state == READY for state in states.values())
        components = {name: component(state, needed=name in own) for name, state in states.items()}
        return json_response({"status": READY if ready else "waiting", "well": well, "components": components}, 200 if ready else 503)

    def log(self) -> str:
        try:
            self.deps.native(self.deps.store.head)
        except Fault as fault:
            log.warning("the log cannot be read: %s", fault)
            return "The log cannot be read now."
        return READY

    def broker(self) -> str:
        return READY if self.deps.linked() else "The broker cannot be reached now."

    def gateway_records(self) -> str:
        return READY if self.ended.fresh() else "Which sessions have ended, or which accounts there are, is not known."

    def service(self, name: str) -> str:
        """A service is ready when it answers and its inbox goes on. A stopped projection names the event that it cannot apply."""
        try:
            health = self.deps.call(name, "health")
        except Fault as fault:
            log.warning("%s does not answer: %s", name, fault)
            return "It does not answer now."
        return READY if health["healthy"] else str(health["fault"])

    def relay(self) -> str:
        """Whether any relay works is known by what is left to do: a standby that is away keeps no event waiting."""
        try:
            delay = self.deps.native(relay_delay, self.deps.store, self.deps.checkpoints, self.deps.clock)
        except Fault as fault:
            log.warning("how long events wait for the relay is not known: %s", fault)
            return "The log cannot be read now."
        return READY if delay <= MAX_RELAY_DELAY else f"An event has waited for {delay.total_seconds():.0f} s."

    def prometheus(self, context: RequestContext) -> Response:
        """The metrics of this process. Each recorded event moves one, so they are for the operator's own networks."""
        if not from_networks(context.request, self.deps.metrics_from):
            raise Problem(403, "metrics_not_here", "Ces mesures ne se lisent que du réseau de l’exploitation", "Rien n’est montré ici.")
        return Response(self.deps.native(generate_latest, REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def within(timeout: float, ask: Question) -> str:
    with eventlet.Timeout(timeout, False):
        try:
            return ask()
        except Exception:
            log.exception("the state of a component cannot be told")
            return "Its state is not known."
    return f"no answer within {timeout:g} s."


def component(state: str, *, needed: bool) -> dict[str, bool | str]:
    """`needed`: the gateway is not ready without it."""
    return {"state": READY, "needed": needed} if state == READY else {"state": "waiting", "needed": needed, "reason": state}
