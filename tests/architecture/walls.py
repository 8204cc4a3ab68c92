"""Import rules: which modules may import which, checked on the graph of all imports (grimp, the engine of import-linter).

A rule names its sources (packages with all their modules) and either what they may not import or all that they may import. `indirect`
rules also follow imports of imports. `except_for` lists modules to which a rule does not apply, each for the reason in its comment.
"""

from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from grimp import ImportGraph, build_graph

from services.bootstrap.names import NAMES

PACKAGES = ("services", "shared", "demo", "deploy")
DRIVERS = ("sqlite3", "psycopg", "sqlalchemy", "kurrentdbclient", "grpc")
BROKER = ("nameko", "kombu", "eventlet", "greenlet", "pika", "amqp")
ADAPTERS = ("shared.bus", "shared.runtime", "shared.store.sqlite", "shared.store.postgres", "shared.store.kurrent")
KERNEL = (
    "shared.address",
    "shared.admission",
    "shared.catalogue",
    "shared.certificates",
    "shared.cloud_event",
    "shared.coded_value",
    "shared.command_batch",
    "shared.command_counts",
    "shared.command_endpoint",
    "shared.command_fields",
    "shared.command_handler",
    "shared.command_schema",
    "shared.command_trials",
    "shared.command_type",
    "shared.concealment",
    "shared.coverage",
    "shared.decider",
    "shared.description",
    "shared.errors",
    "shared.field_rules",
    "shared.message",
    "shared.metrics",
    "shared.plain_values",
    "shared.placement",
    "shared.policy",
    "shared.policy_runner",
    "shared.proof",
    "shared.reply",
    "shared.store.append_checks",
    "shared.store.archive",
    "shared.store.deliveries",
    "shared.store.gateway_records",
    "shared.store.group_commit",
    "shared.store.head_watcher",
    "shared.store.lease",
    "shared.store.port",
    "shared.store.recent_events",
    "shared.store.stored",
    "shared.store.tree_heads",
    "shared.store.upcasting",
    "shared.stream_memory",
    "shared.time",
    "shared.tls",
    "shared.trial_values",
    "shared.trust",
    "shared.validation",
)
PURE_KERNEL = (
    "shared.catalogue",
    "shared.certificates",
    "shared.coded_value",
    "shared.command_fields",
    "shared.decider",
    "shared.description",
    "shared.errors",
    "shared.field_rules",
    "shared.message",
    "shared.placement",
    "shared.policy",
    "shared.trust.personal.marks",
    "shared.trust.scope",
)
SENDS = "services.webhooks.delivery"  # the part of the webhooks service that acts on the world
FOLLOWS = "services.intake.key_projector"  # the part of intake that follows the log for the keys of persons
WRITE_SERVICES = tuple(f"services.{name}" for name in NAMES if name != "reporting")
PURE = (
    *WRITE_SERVICES,
    "services.reporting.aggregates",
    "services.reporting.answers",
    "services.reporting.definition_answers",
    "services.reporting.answer_types",
    "services.reporting.list_answers",
    "services.reporting.state_labels",
    "services.reporting.person_answers",
    "services.reporting.coded_values",
    "services.reporting.facts",
    "services.reporting.disclosure",
    "services.reporting.indicators",
    "services.vocabulary",
)
# The standard library and packages without clock, chance, I/O or threads. SQLAlchemy only builds questions there: no engine, no connection.
PURE_LIBRARIES = (
    *("abc", "bisect", "calendar", "collections", "dataclasses", "datetime", "enum", "functools", "hashlib", "itertools", "re", "typing"),
    *("uuid", "zoneinfo", "data_inclusion", "msgspec", "sqlalchemy"),
)


class Wall(NamedTuple):
    name: str
    sources: Collection[str]
    forbidden: Collection[str] = ()
    only: Collection[str] = ()
    indirect: bool = False
    except_for: Collection[str] = ()


@cache
def imports() -> ImportGraph:
    """The imports of the product as it is."""
    return build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def within(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def breaches(graph: ImportGraph, wall: Wall) -> list[str]:
    """Every import that breaks a rule, as a chain `a -> b -> c`."""
    sources = [module for module in sorted(graph.modules) if within(module, wall.sources) and not within(module, wall.except_for)]
    return [" -> ".join(chain) for module in sources for chain in chains(graph, wall, module)]


def chains(graph: ImportGraph, wall: Wall, module: str) -> Iterator[tuple[str, ...]]:
    for imported in sorted(graph.find_modules_directly_imported_by(module)):
        if (wall.only and not within(imported, wall.only)) or within(imported, wall.forbidden):
            yield module, imported
    if wall.indirect:
        for target in sorted(graph.modules):
            if within(target, wall.forbidden) and (chain := graph.find_shortest_chain(module, target)) and len(chain) > 2:
                yield tuple(chain)


def others(name: str) -> list[str]:
    """The packages that a service may not import: those of other services, and the roots."""
    names = {*NAMES, "gateway", "bootstrap", "cli"} - {name}
    return [f"services.{other}" for other in sorted(names)]


SERVICES_ARE_INDEPENDENT = [
    Wall(f"services.{name} imports no other service, and not the composition root", [f"services.{name}"], others(name), indirect=True)
    for name in NAMES
]
GATEWAY = Wall(
    "The gateway imports no service but the published language of reporting and of webhooks, and not the composition root",
    ["services.gateway"],
    [other for other in others("gateway") if other not in {"services.reporting", "services.webhooks"}]
    + [f"services.webhooks.{part}" for part in ("webhook", "commands", "coded_values", "french", "delivery", "service", "description")]
    + [f"services.reporting.{part}" for part in ("aggregates", "disclosure", "facts", "indicators", "projection", "queries")]
    + [f"services.reporting.{part}" for part in ("service", "description")],
    indirect=True,
)
SHARED_IS_BELOW = Wall("shared imports no service", ["shared"], ["services", "demo", "deploy"], indirect=True)
VOCABULARY_IS_BELOW = Wall("The vocabulary imports no service", ["services.vocabulary"], others("vocabulary"), indirect=True)
KERNEL_IS_ALONE = Wall("The kernel knows neither a broker nor a database", KERNEL, [*BROKER, *DRIVERS, *ADAPTERS], indirect=True)
STORES_KNOW_NO_BUS = Wall(
    "A log is read and written without a broker", ["shared.store"], ["shared.bus", "shared.runtime", *BROKER], indirect=True
)
PURITY = Wall(
    "Aggregates, policies, facts and indicators: no clock, chance, I/O, log, broker or SQL driver",
    (*PURE, *PURE_KERNEL),
    only=(*PURE, *PURE_KERNEL, *PURE_LIBRARIES),
    except_for=(
        *(f"{service}.service" for service in WRITE_SERVICES),  # the nameko shell
        SENDS,
        FOLLOWS,
        "services.vocabulary.french",  # texts of validation, whose type belongs to marshmallow's side
    ),
)
FEW_KNOW_NAMEKO = Wall(
    "nameko, kombu, eventlet, pika and amqp are known in a handful of files",
    PACKAGES,
    BROKER,
    except_for=(
        "shared.bus",
        "shared.runtime",
        "services.bootstrap.hosting",
        "services.cli.serve",
        "services.gateway.command_client",  # waits for replies on green threads
        "services.gateway.health",  # asks all services at once on green threads
        "services.gateway.line_exchange",  # reads, decides and answers on green threads
        "services.gateway.reply_box",  # waits for the client
        "services.gateway.http_protocol",
        "services.gateway.service",
        "deploy.healthy",
    ),
)
ONE_KNOWS_KURRENT = Wall(
    "Only its adapter knows the KurrentDB client", PACKAGES, ["kurrentdbclient", "grpc"], except_for=["shared.store.kurrent"]
)
FEW_KNOW_SQL = Wall(
    "Only adapters know an SQL driver",
    PACKAGES,
    ["sqlite3", "psycopg"],
    except_for=("shared.store.postgres", "shared.store.sqlite", "shared.bus.dead_letter_file", "services.reporting.projection"),
)
REPORTING_KNOWS_SQLALCHEMY = Wall("Only reporting knows SQLAlchemy", PACKAGES, ["sqlalchemy"], except_for=["services.reporting"])
COMPOSITION_IS_NATIVE = Wall(
    "The composition root, whose imports are native, imports nothing of the gateway that waits on green threads",
    ["services.bootstrap.composition"],
    ["services.gateway.service", "services.gateway.dependencies", "services.gateway.command_client", "services.gateway.feed"],
    indirect=True,
)
DEMO_IS_A_CLIENT = Wall("The demo knows commands, not internals", ["demo"], ["services", "shared"], indirect=True)

SENDING_IS_APART = Wall(
    "What decides on webhooks does not know what sends them",
    ["services.webhooks"],
    [SENDS],
    indirect=True,
    except_for=[SENDS, "services.webhooks.service"],
)

METRICS_ARE_DEFINED_IN_ONE_PLACE = Wall(
    "Metrics are defined in one place, and read in three",
    PACKAGES,
    ["prometheus_client"],
    except_for=["shared.metrics", "services.bootstrap.readings", "services.bootstrap.metrics_listener", "services.gateway.health"],
)

WALLS = (
    METRICS_ARE_DEFINED_IN_ONE_PLACE,
    SENDING_IS_APART,
    *SERVICES_ARE_INDEPENDENT,
    GATEWAY,
    SHARED_IS_BELOW,
    VOCABULARY_IS_BELOW,
    KERNEL_IS_ALONE,
    STORES_KNOW_NO_BUS,
    PURITY,
    FEW_KNOW_NAMEKO,
    ONE_KNOWS_KURRENT,
    FEW_KNOW_SQL,
    REPORTING_KNOWS_SQLALCHEMY,
    COMPOSITION_IS_NATIVE,
    DEMO_IS_A_CLIENT,
)


def circles(graph: ImportGraph) -> list[list[str]]:
    """Groups of our own modules that import each other in a circle (strongly connected components, Tarjan's algorithm)."""
    ours = [module for module in graph.modules if within(module, PACKAGES)]
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for imported in graph.find_modules_directly_imported_by(module):
            if not within(imported, PACKAGES):
                continue
            if imported not in index:
                visit(imported)
                low[module] = min(low[module], low[imported])
            elif imported in stack:
                low[module] = min(low[module], index[imported])
        if low[module] == index[module]:
            position = stack.index(module)
            group = stack[position:]
            del stack[position:]
            if len(group) > 1:
                found.append(sorted(group))

    for module in ours:
        if module not in index:
            visit(module)
    return sorted(found)
