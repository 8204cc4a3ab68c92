"""Every import rule holds, and each of them notices a breach."""

import copy

import pytest

from tests.architecture import walls
from tests.architecture.walls import Wall, breaches, circles, imports


@pytest.mark.parametrize("wall", walls.WALLS, ids=lambda wall: wall.name)
def test_a_rule_holds(wall: Wall) -> None:
    assert breaches(imports(), wall) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(imports()) == []


def test_every_source_of_a_rule_exists() -> None:
    """A rule about a module that was renamed would hold for ever."""
    names = {name for wall in walls.WALLS for name in (*wall.sources, *wall.except_for)}
    ours = {name for name in names if name.partition(".")[0] in walls.PACKAGES}
    assert ours - set(imports().modules) == set()


def test_every_module_of_the_kernel_is_under_its_rule() -> None:
    """A new module of `shared` belongs to the kernel or to an adapter; `shared.version` imports nothing."""
    shared = {module for module in imports().modules if walls.within(module, ["shared"]) and not imports().find_children(module)}
    covered = {module for module in shared if walls.within(module, (*walls.KERNEL, *walls.ADAPTERS))}
    assert shared - covered == {"shared.version"}


BREACHES = [
    (walls.SERVICES_ARE_INDEPENDENT[0], "services.intake.person", "services.coaching.coded_values"),
    (walls.SERVICES_ARE_INDEPENDENT[1], "services.coaching.journey", "services.bootstrap.composition"),
    (walls.GATEWAY, "services.gateway.commands_api", "services.bootstrap.composition"),
    (walls.GATEWAY, "services.gateway.commands_api", "services.intake.person"),
    (walls.GATEWAY, "services.gateway.queries_api", "services.reporting.queries.reports"),
    (walls.SHARED_IS_BELOW, "shared.errors", "services.intake.person"),
    (walls.VOCABULARY_IS_BELOW, "services.vocabulary.fields", "services.intake.person"),
    (walls.KERNEL_IS_ALONE, "shared.policy", "shared.bus.relay"),
    (walls.KERNEL_IS_ALONE, "shared.command_handler", "kurrentdbclient"),
    (walls.KERNEL_IS_ALONE, "shared.store.port", "grpc"),
    (walls.STORES_KNOW_NO_BUS, "shared.store.sqlite.store", "pika"),
    (walls.PURITY, "services.coaching.journey", "random"),
    (walls.PURITY, "services.coaching.journey", "eventlet"),
    (walls.PURITY, "services.intake.person", "nameko"),
    (walls.PURITY, "services.referrals.policies", "kombu"),
    (walls.PURITY, "services.coaching.workshop", "sqlite3"),
    (walls.PURITY, "services.reporting.facts.tables", "psycopg"),
    (walls.PURITY, "services.reporting.aggregates.targets", "time"),
    (walls.PURITY, "services.referrals.policies", "shared.store.sqlite.store"),
    (walls.PURITY, "shared.decider", "shared.command_handler"),
    (walls.FEW_KNOW_NAMEKO, "services.reporting.queries.reports", "nameko"),
    (walls.FEW_KNOW_NAMEKO, "services.bootstrap.composition", "eventlet"),
    (walls.ONE_KNOWS_KURRENT, "services.bootstrap.composition", "kurrentdbclient"),
    (walls.FEW_KNOW_SQL, "services.gateway.queries_api", "psycopg"),
    (walls.REPORTING_KNOWS_SQLALCHEMY, "services.gateway.queries_api", "sqlalchemy"),
    (walls.METRICS_ARE_DEFINED_IN_ONE_PLACE, "services.gateway.queries_api", "prometheus_client"),
    (walls.COMPOSITION_IS_NATIVE, "services.bootstrap.composition", "services.gateway.dependencies"),
    (walls.SENDING_IS_APART, "services.webhooks.webhook", "services.webhooks.delivery.targets"),
    (walls.GATEWAY, "services.gateway.webhooks_api", "services.webhooks.delivery.queries"),
    (walls.DEMO_IS_A_CLIENT, "demo.study", "services.intake.person"),
]


@pytest.mark.parametrize(("wall", "importer", "imported"), BREACHES)
def test_a_breach_is_noticed(wall: Wall, importer: str, imported: str) -> None:
    """A rule that lets a breach through is no rule: each is tried on a copy of the graph."""
    graph = copy.deepcopy(imports())
    assert importer in graph.modules
    if imported not in graph.modules:
        graph.add_module(imported, is_squashed=True)
    graph.add_import(importer=importer, imported=imported)
    assert any(chain.startswith(importer) and imported in chain for chain in breaches(graph, wall))


def test_every_rule_was_broken_once() -> None:
    tried = {wall.name for wall, *_ in BREACHES}
    assert {wall.name for wall in walls.WALLS if wall not in walls.SERVICES_ARE_INDEPENDENT} - tried == set()


def test_a_circle_is_noticed() -> None:
    graph = copy.deepcopy(imports())
    graph.add_import(importer="shared.errors", imported="shared.command_handler")
    assert any("shared.errors" in circle for circle in circles(graph))
