"""Metrics that are read when somebody asks: how far readers of the log are, dead letters, messages of webhooks, connections.

A process tells of the parts that it hosts. A gateway also tells of every reader whose checkpoint is beside the log, as the processes of
those may all be dead. A part that is away, or that this process has not opened yet, is left out of the answer: a missing value is seen,
an old one is not.

It reads with the connections that the process has, and is asked in a native thread.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.bootstrap.composition import Components
from services.bootstrap.names import GATEWAY, RELAY
from services.bootstrap.registry import SERVICES
from services.intake.key_projector import NAME as PERSON_KEYS
from services.reporting.queries.projection_state import projection_state
from shared.bus.names import FIGURES
from shared.bus.relay_delay import relay_delay
from shared.errors import Fault
from shared.message import START, Position
from shared.proof.sealer import NAME as SEALER
from shared.store.postgres.pool import ConnectionPool
from shared.time import now

log = logging.getLogger(__name__)

INTAKE, REPORTING, WEBHOOKS, FEED = "intake", "reporting", "webhooks", "feed"
FAMILIES: Mapping[str, tuple[str, Sequence[str]]] = {
    "parcours_log_head_position": ("The position of the last event of the log.", ()),
    "parcours_reader_position": ("Up to which position a reader has handled the log.", ("reader",)),
    "parcours_reader_lag_positions": ("How many positions a reader is behind the head, some of which may be gaps.", ("reader",)),
    "parcours_relay_delay_seconds": ("For how long the first event that no relay has published has waited.", ()),
    "parcours_projection_stopped": ("1 if the projection has stopped at an event, 0 otherwise.", ("projection",)),
    "parcours_dead_letters": ("Events that a policy could not handle, which wait for an operator.", ("service",)),
    "parcours_webhook_messages_waiting": ("Messages of webhooks that wait for their next attempt.", ()),
    "parcours_pool_connections_in_use": ("Connections to a database that are lent now.", ("pool",)),
    "parcours_pool_connections_max": ("Connections that a pool opens at most.", ("pool",)),
    "parcours_readings_failed": ("Groups of these metrics that could not be read just now, as their part is away.", ()),
}
"""The text and the labels of each metric."""


class Answer:
    """The metrics of one question, by name."""

    def __init__(self) -> None:
        self.families = {name: GaugeMetricFamily(name, text, labels=labels) for name, (text, labels) in FAMILIES.items()}

    def set(self, name: str, value: float, *labels: str) -> None:
        self.families[name].add_metric(labels, value)


class Readings(Collector):
    """`hosted` are the processes (`services.bootstrap.names`) that this one is."""

    def __init__(self, components: Components, hosted: Sequence[str]) -> None:
        self.components = components
        self.opened = components.opened
        self.hosted = frozenset(hosted)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        answer = Answer()
        failed = 0
        for read in (self.readers, self.relay, self.projection, self.dead_letters, self.webhooks, self.pools):
            try:
                read(answer)
            except Fault as fault:
                log.info("metrics cannot be read (%s): %s", read.__name__, fault)
                failed += 1
        answer.set("parcours_readings_failed", failed)
        return [family for family in answer.families.values() if family.samples]

    def log_is_open(self) -> bool:
        return self.opened("store") is not None and self.opened("checkpoints") is not None

    def readers(self, answer: Answer) -> None:
        """The head of the log, and the readers whose checkpoints are beside it."""
        if self.opened("store") is not None:
            head = self.components.store.head()
            answer.set("parcours_log_head_position", head)
            for name in self.checkpoints() if self.log_is_open() else ():
                position = self.components.checkpoints.load(name)
                if name not in (FIGURES, SEALER, PERSON_KEYS) or position != START:  # else it has not begun
                    self.set_reader(answer, name, position, head)

    def checkpoints(self) -> list[str]:
        """The names of the checkpoints of the relay, of the sealer, of the stream of figures, of the keys of persons, and of policies."""
        embedded = self.components.settings.embedded
        relay, figures = ([RELAY, SEALER], []) if embedded else ([RELAY, FEED, SEALER], [FIGURES])
        policies = [name for name, service in SERVICES.items() if service.policies]
        everywhere = GATEWAY in self.hosted
        return [
            *(relay if everywhere or RELAY in self.hosted else []),
            *(figures if everywhere or REPORTING in self.hosted else []),
            *([PERSON_KEYS] if everywhere or INTAKE in self.hosted else []),
            *(f"{name}.inbox" for name in policies if everywhere or name in self.hosted),
        ]

    def set_reader(self, answer: Answer, name: str, position: Position, head: Position) -> None:
        answer.set("parcours_reader_position", position, name)
        answer.set("parcours_reader_lag_positions", max(0, head - position), name)

    def relay(self, answer: Answer) -> None:
        if self.hosted & {GATEWAY, RELAY} and self.log_is_open():
            delay = relay_delay(self.components.store, self.components.checkpoints, now)
            answer.set("parcours_relay_delay_seconds", delay.total_seconds())

    def projection(self, answer: Answer) -> None:
        if REPORTING in self.hosted and self.opened("reports") is not None:
            head = self.components.store.head()
            state = projection_state(self.components.reports, REPORTING, head)
            if state.position is not None:
                self.set_reader(answer, f"{REPORTING}.inbox", state.position, head)
            answer.set("parcours_projection_stopped", state.stop is not None, REPORTING)

    def dead_letters(self, answer: Answer) -> None:
        for name in SERVICES:
            if name in self.hosted and SERVICES[name].policies:
                answer.set("parcours_dead_letters", self.components.dead_letters.count(name), name)

    def webhooks(self, answer: Answer) -> None:
        if WEBHOOKS in self.hosted and self.opened("webhook_deliveries") is not None:
            answer.set("parcours_webhook_messages_waiting", self.components.webhook_deliveries.waiting())

    def pools(self, answer: Answer) -> None:
        """The pools of connections to servers: files have none."""
        of_log = {"log_readers": "reader_pool", "log_writer": "writer_pool"}
        found: dict[str, object] = {name: getattr(self.opened("raw_store"), pool, None) for name, pool in of_log.items()}
        found |= {name: getattr(self.opened(name), "pool", None) for name in ("checkpoints", "gateway_records", "webhook_deliveries")}
        counts = {name: (pool.in_use, pool.max_connections) for name, pool in found.items() if isinstance(pool, ConnectionPool)}
        if (reports := self.opened("reports")) and (of_models := reports.models.connections()):
            counts["read_models"] = of_models
        for name, (used, limit) in counts.items():
            answer.set("parcours_pool_connections_in_use", used, name)
            answer.set("parcours_pool_connections_max", limit, name)
