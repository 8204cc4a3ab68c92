"""The consumers of the log, with what each says to have applied: inboxes of policies, the relay, webhooks, and the read models."""

from collections.abc import Collection, Iterator
from uuid import UUID

from services.bootstrap.composition import Components
from services.bootstrap.names import RELAY
from services.bootstrap.policy_evidence import PolicyEvidence
from services.bootstrap.registry import SERVICES
from services.reporting.facts.tables import TABLES
from services.reporting.projection.read_models import read_checkpoint
from shared.coverage import begun, read_coverage
from shared.errors import Replaced
from shared.message import Position
from shared.proof.coverage_audit import Consumer
from shared.store.deliveries import coverage_name

FEED = "feed"
REPORTING = "reporting.inbox"


def with_policies() -> list[str]:
    return [name for name, service in SERVICES.items() if service.policies]


def beside_log(components: Components) -> Iterator[Consumer]:
    """The consumers whose checkpoints are beside the log, those that have begun."""
    relays = [RELAY] if components.settings.embedded else [RELAY, FEED]
    for name in [*relays, *(f"{service}.inbox" for service in with_policies())]:
        position, stored = components.checkpoints.load_covered(name)
        if position or stored:
            yield Consumer(name, position, read_coverage(stored) if stored else begun(position), name in relays)
    for webhook in components.webhook_deliveries.webhooks():
        if found := components.webhook_deliveries.covered(webhook.webhook):
            cursor, stored = found
            coverage = read_coverage(stored) if stored else begun(cursor.position)
            yield Consumer(coverage_name(webhook.webhook), cursor.position, coverage, resumes=True)


def of_reporting(components: Components) -> Iterator[Consumer]:
    """The read models of this version, once they are filled."""
    try:
        with components.reports.models.reading() as connection:
            checkpoint = read_checkpoint(connection, TABLES)
    except Replaced:
        return
    if checkpoint.coverage:
        yield Consumer(REPORTING, checkpoint.position, read_coverage(checkpoint.coverage))


def policy_evidence(components: Components, consumers: Collection[Consumer], waiting: Collection[UUID]) -> PolicyEvidence:
    """What the log tells of the policies whose inboxes are among the consumers."""
    reached: dict[str, Position] = {
        service: each.position for service in with_policies() for each in consumers if each.name == f"{service}.inbox"
    }
    return PolicyEvidence(components.store, {service: components.policy_runner(service) for service in reached}, reached, waiting)
