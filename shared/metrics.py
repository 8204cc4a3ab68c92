"""The metrics of a process, as Prometheus reads them. Each is defined here with its labels, and moved where what it counts happens.

A label has one of few values, which the code knows: a service, a method, a route, a type of command, an outcome. None names a person, an
actor, a territory or a word that somebody wrote. Still, a count that rises by one tells that a command of its type was given just then, so
metrics are for the networks of the operator (`PARCOURS_METRICS_FROM`).

What is read only when somebody asks (how far readers of the log are, dead letters, connections) is in `services.bootstrap.readings`.

Native threads move these metrics too, so a process imports this module with the locks that Python made (`import_native`). Names and units
follow https://prometheus.io/docs/practices/naming.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from shared.version import __version__

disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the counters, for a time that nobody asks for

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

INFO = Gauge("parcours_info", "1, with the version of the product.", ["version"], registry=REGISTRY)
INFO.labels(__version__).set(1)

# The gateway --------------------------------------------------------------------------------------------------------------------------

HTTP_REQUESTS = Counter(
    "parcours_gateway_http_requests", "Requests answered, by method, route and status.", ["method", "route", "status"], registry=REGISTRY
)
GATEWAY_COMMANDS = Counter("parcours_gateway_commands", "Commands answered to clients, by outcome.", ["outcome"], registry=REGISTRY)
STREAM_CLIENTS = Gauge("parcours_gateway_stream_clients", "Clients that follow the feed now.", registry=REGISTRY)
STREAM_EVENTS = Counter("parcours_gateway_stream_events", "Events sent to clients of the feed.", registry=REGISTRY)
STREAM_OVERTAKEN = Counter("parcours_gateway_stream_overtaken", "Clients dropped because they read too slowly.", registry=REGISTRY)
FEED_POSITION = Gauge("parcours_gateway_feed_position", "The position of the last event taken from the log.", registry=REGISTRY)
FEED_EVENTS = Gauge("parcours_gateway_feed_events", "Events held in memory.", registry=REGISTRY)

# Calls to services --------------------------------------------------------------------------------------------------------------------

RPC_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # a call waits for 10 s at most
RPC_SECONDS = Histogram(
    "parcours_rpc_seconds",
    "From a request to a service until its reply, or until it was given up, by service and method.",
    ["service", "method"],
    buckets=RPC_BUCKETS,
    registry=REGISTRY,
)
RPC_FAILURES = Counter("parcours_rpc_failures", "Requests to a service without a usable reply.", ["service", "method"], registry=REGISTRY)

# Services -----------------------------------------------------------------------------------------------------------------------------

COMMANDS = Counter(
    "parcours_commands", "Commands decided, those of policies too, by type and outcome.", ["service", "type", "outcome"], registry=REGISTRY
)
COVERAGE_FAULTS = Gauge(
    "parcours_coverage_faults",
    "Events that a consumer left out or applied twice, and checkpoints that do not fit, as of the last check.",
    ["consumer"],
    registry=REGISTRY,
)
COVERAGE_CHECKED = Gauge(
    "parcours_coverage_checked_timestamp_seconds",
    "When it was last checked what consumers have applied, by the lease of the check.",
    ["check"],
    registry=REGISTRY,
)
LEASE_HELD = Gauge("parcours_lease_held", "1 while this process holds the lease, 0 while it waits for it.", ["lease"], registry=REGISTRY)
