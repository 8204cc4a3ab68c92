"""What operators see of real processes: whether a gateway is ready, what waits beside it, and the metrics of each process."""

import re
import signal
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.bootstrap.names import PROCESSES
from services.reporting.projection.generations import lease, own
from tests.architecture.source import ROOT
from tests.journey.watched import Watched, watched
from tests.processes import Product, eventually, is_well

METRIC = re.compile(r"\b(?:parcours|process)_[a-z_]+")
DEPLOY = ROOT / "deploy"
LOGS = {"PARCOURS_LOG_FORMAT": "json", "PARCOURS_LOG_LEVEL": "info,amqp=warning,pika=warning"}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AWAY = {"coaching", "relay"}
LEASES = {
    "intake": "intake.inbox",
    "coaching": "coaching.inbox",
    "referrals": "referrals.inbox",
    "reporting": lease(own()),
    "webhooks": "webhooks",
    "relay": "relay",
}
HOSTED_READERS = {
    "gateway": {"relay", "feed", "figures", "intake.inbox", "coaching.inbox", "referrals.inbox", "person_keys"},
    "relay": {"relay", "feed"},
    "webhooks": set[str](),
    "accounts": set[str](),
    "reporting": {"reporting.inbox", "figures"},
    "intake": {"intake.inbox", "person_keys"},
    **{name: {f"{name}.inbox"} for name in ("coaching", "referrals")},
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Watched]:
    postgres, rabbitmq = request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbitmq_server")
    with postgres.database() as dsn, rabbitmq.vhost() as uri:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, **LOGS}
        with watched(tmp_path_factory.mktemp("watched"), env) as product:
            yield product


def waiting(product: Product) -> set[str]:
    """What waits beside the gateway, which is ready."""
    answer = product.client.get("/readyz")
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ready"), body
    return {name for name, each in body["components"].items() if each["state"] != "ready"}


def meet(product: Product) -> int:
    data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    return int(product.must("IdentifyPerson", data)["position"])


def test_every_process_answers_for_its_metrics(product: Watched) -> None:
    position = meet(product)

    def caught_up() -> bool:
        return all(
            product.scrape(name)["parcours_reader_lag_positions", reader] == 0 for name in PROCESSES for reader in HOSTED_READERS[name]
        )

    eventually(caught_up, "every reader is at the head, by what its process tells")
    found = {name: product.scrape(name) for name in PROCESSES}
    for name, samples in found.items():
        assert samples["parcours_log_head_position",] >= position, name
        assert samples["parcours_readings_failed",] == 0, name
        assert samples["parcours_pool_connections_max", "log_readers"] == 6, name
        assert {key[1] for key in samples if key[0] == "parcours_reader_lag_positions"} == HOSTED_READERS[name]
    assert {name: lease for name, lease in LEASES.items() if found[name]["parcours_lease_held", lease] == 1} == LEASES
    assert found["reporting"]["parcours_lease_held", "figures"] == 1
    assert found["intake"]["parcours_commands_total", "accepted", "intake", "IdentifyPerson"] == 1
    assert found["gateway"]["parcours_gateway_commands_total", "accepted"] == 1
    assert found["gateway"]["parcours_gateway_http_requests_total", "POST", "/v1/commands/<name>", "201"] == 1
    assert found["gateway"]["parcours_gateway_feed_position",] == found["gateway"]["parcours_log_head_position",]
    assert found["gateway"]["parcours_rpc_seconds_count", "handle_each", "intake"] == 1
    assert found["reporting"]["parcours_projection_stopped", "reporting"] == 0
    assert found["reporting"]["parcours_pool_connections_max", "read_models"] == 15
    assert found["coaching"]["parcours_dead_letters", "coaching"] == 0
    assert found["webhooks"]["parcours_webhook_messages_waiting",] == 0
    assert product.client.get("/metrics").status_code == 200  # as before, on its own port


def test_every_metric_of_the_alerts_and_of_the_dashboard_is_told(product: Watched) -> None:
    panels = msgspec.json.decode((DEPLOY / "grafana" / "parcours.json").read_bytes())["panels"]
    written = [target["expr"] for panel in panels for target in panel["targets"]]
    written.append("".join(re.findall(r"expr: (?:>-\n)?((?:.|\n)*?)\n {8}\w", (DEPLOY / "prometheus" / "alerts.yml").read_text())))
    text = "".join(product.text(name) for name in PROCESSES)
    told = set(re.findall(r"^(?:# TYPE )?(\w+)", text, re.MULTILINE))
    asked = set(METRIC.findall(" ".join(written)))
    assert len(asked) > 15
    assert asked - told == set()


def test_every_line_of_every_log_is_json_and_names_the_command_and_its_trace(product: Watched) -> None:
    id, person = str(uuid4()), str(uuid4())
    data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    product.client.headers["traceparent"] = TRACE
    position = product.must("IdentifyPerson", data, id=id)["position"]
    del product.client.headers["traceparent"]
    lines = {name: (product.folder / f"{name}.log").read_text().splitlines() for name in PROCESSES}
    read = {name: [msgspec.json.decode(line) for line in written] for name, written in lines.items()}
    assert all({"timestamp", "level", "logger", "event", "service"} <= line.keys() for written in read.values() for line in written)
    assert all({line["service"] for line in written} <= {name} for name, written in read.items())
    (decided,) = (line for line in read["intake"] if line.get("command_id") == id)
    assert (decided["event"], decided["correlation_id"], decided["level"]) == ("IdentifyPerson: accepted", id, "info")
    assert decided["traceparent"] == TRACE
    (event,) = product.get("/v1/events", after=position - 1, limit=1).json()["events"]
    assert (event["commandid"], event["traceparent"]) == (id, TRACE)
    assert not any(person in line for written in lines.values() for line in written)


def test_what_is_frozen_or_dead_beside_a_gateway_is_named_and_leaves_it_ready(product: Watched) -> None:
    coaching, relay = product.processes["coaching"], product.processes["relay"]
    assert coaching.child is not None
    relay.kill()
    coaching.child.send_signal(signal.SIGSTOP)
    try:
        meet(product)  # what is not away goes on
        eventually(lambda: waiting(product) == AWAY, "both are named")
        assert product.scrape("gateway")["parcours_relay_delay_seconds",] > 0
    finally:
        coaching.child.send_signal(signal.SIGCONT)
        relay.start()
    eventually(lambda: is_well(product.client), "both are back")
