"""Every process under its own user of RabbitMQ and its own role of PostgreSQL: everything works, also after a fault."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest

from services.bootstrap.database_roles import ROLES
from services.bootstrap.names import GATEWAY, PROCESSES, RELAY
from shared.bus.tail import tail
from shared.store.postgres.rights import TABLES
from tests.harness.broker_users import Users, users
from tests.harness.database_roles import LOG, MODELS, OWNER, PERSON_KEYS, PERSONS, Roles, installed, set_up
from tests.harness.receiver import Receiver
from tests.harness.world import met
from tests.journey.test_starting import ended
from tests.journey.test_webhooks import LOCAL
from tests.processes import Product, eventually, is_well
from tests.servers import GivenRabbitmq

DAY = "2024-03-{:02}T10:00:00+01:00"
LEFT = {"exit_on": "2024-03-02", "reason": "DEMANDE", "outcomes": []}
SENT = {"kind": "CCAS", "needs": [], "urgency": False, "consent": True}


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    with installed() as made:
        set_up(made, tmp_path_factory.mktemp("owner"))
        yield made


@pytest.fixture(scope="module")
def broker(rabbitmq_server: GivenRabbitmq, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Users]:
    with users(rabbitmq_server, tmp_path_factory.mktemp("users")) as made:
        yield made


@pytest.fixture(scope="module")
def product(roles: Roles, broker: Users, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """`env` is that of an operator, who has every right; no process is given it."""
    folder = tmp_path_factory.mktemp("product")
    common = {"PARCOURS_ENVIRONMENT": broker.names.environment, "PARCOURS_RATE_LIMIT": "off"}
    addresses = {"PARCOURS_AMQP_URI": broker.uri, "PARCOURS_EVENT_STORE": roles.dsn(OWNER)}
    addresses |= {"PARCOURS_READ_MODELS": roles.dsn("reporting", MODELS), "PARCOURS_PERSON_KEYS": roles.dsn(PERSONS, PERSON_KEYS)}
    made = Product(folder, {**common, **addresses})
    keys = {name: value for name, value in made.env.items() if name not in {*common, *addresses}}
    for process, started in made.processes.items():
        started.env = {**common, **keys, **LOCAL, "PARCOURS_AMQP_URI": broker.of(process), **roles.addresses(process)}
    try:
        made.start()
        yield made
    finally:
        made.stop()


def tell(product: Product, name: str, data: dict[str, Any], day: int, role: str = "coach", **more: Any) -> None:
    product.must(name, data, role=role, time=DAY.format(day), **more)


def journey(product: Product, person: str) -> None:
    """Through the policies of each service: a journey opens, ends, and what the rules refuse to a policy becomes a task."""
    orientation = f"o-{person}"
    tell(product, "IdentifyPerson", met(person), 1)
    tell(product, "OpenJourney", {"person": person, "referent": "coach-1"}, 2)
    eventually(lambda: "CoachingStarted" in kinds(product, person), "the policy of intake")
    tell(product, "ExitJourney", {"person": person, **LEFT}, 3)
    eventually(lambda: "FollowUpScheduled" in kinds(product, person), "the policy of coaching")
    tell(product, "GrantRenewal", {"person": person}, 4, role="coordinator")
    tell(product, "CorrectExit", {"person": person, **LEFT, "exit_on": "2024-03-20", "why": "SAISIE"}, 21)
    tell(product, "ReceiveOrientation", {"orientation": orientation, "person": person, **SENT}, 5, "prescriber", organisation="ccas")
    tell(product, "AcceptOrientation", {"orientation": orientation, "referent": "coach-2"}, 6)
    eventually(lambda: "PrescriberInformed" in kinds(product, None), "the policy of referrals")
    eventually(lambda: "TaskOpened" in kinds(product, person), "a task that a policy of coaching opens")


def events(product: Product) -> list[dict[str, Any]]:
    return list(product.get("/v1/events", role="coordinator", limit=1000).json()["events"])


def kinds(product: Product, person: str | None) -> list[str]:
    """Of the events about this person, or of all."""
    return [each["type"].rpartition(".")[2] for each in events(product) if person in (None, (each.get("data") or {}).get("person"))]


def sent(receiver: Receiver, person: str) -> list[str]:
    told = [each.event for each in receiver.taken]
    return [each["type"].rpartition(".")[2] for each in told if (each.get("data") or {}).get("person") == person]


def figures(product: Product) -> int:
    return int(product.get("/v1/indicators", territory="alencon", quarter="2024-Q1").json()["indicators"]["people_met"]["value"])


def test_everything_works_and_after_a_fault_again(product: Product, roles: Roles, broker: Users, rabbitmq_server: GivenRabbitmq) -> None:
    with Receiver() as receiver:
        told = product.must("CreateWebhook", {"webhook": "w-1", "url": receiver.url}, role="coordinator", territory="all")
        before = figures(product)
        journey(product, "p-before")
        eventually(lambda: figures(product) == before + 1, "the figures")
        cut_off_everybody(product, roles, broker, rabbitmq_server)
        journey(product, "p-after")
        eventually(lambda: figures(product) == before + 2, "the figures")
        eventually(lambda: "JourneyExited" in sent(receiver, "p-after"), "the webhook")
        assert receiver.taken[0].verified(told["secret"])
    logs = {process: started.log.read_text() for process, started in product.processes.items()}
    assert {process: text for process, text in logs.items() if "permission denied" in text or "ACCESS_REFUSED" in text} == {}


def cut_off_everybody(product: Product, roles: Roles, broker: Users, server: GivenRabbitmq) -> None:
    """End every session on the database and every connection to the broker, and kill a process of each kind."""
    with psycopg.connect(roles.place.geturl(), autocommit=True) as session:
        session.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'parcours\\_%'")
    for each in server.api.get("/connections").json():
        if str(each.get("user", "")).startswith(broker.names.environment):
            server.api.delete(f"/connections/{quote(each['name'], safe='')}")
    for process in ("coaching", RELAY):
        product.processes[process].kill()
        product.processes[process].start()
    eventually(lambda: is_well(product.client), "that all is well")


def test_back_ends_read_what_the_relay_published_and_nothing_that_others_put_there(product: Product, broker: Users) -> None:
    identified = product.must("IdentifyPerson", met(str(uuid4())))
    eventually(lambda: any(each["position"] == identified["position"] for each in events(product)))
    feed, publisher = broker.names.feed, broker.names.user(RELAY)
    known = [each["position"] for each in events(product)]
    found = [event.position for _, event in islice(tail(broker.uri, "first", feed, publisher), len(known))]
    assert sorted({*found}) == sorted({*known} & {*found})
    assert identified["position"] in found


def test_an_operator_verifies_rebuilds_and_backs_up(product: Product, tmp_path: Path) -> None:
    product.must("IdentifyPerson", met(str(uuid4())))
    before = figures(product)
    for words in (("rebuild",), ("audit", "figures"), ("check",), ("backup", str(tmp_path / "backup")), ("dead", "list")):
        done = product.tool(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    eventually(lambda: figures(product) == before, "the figures, from the tables that were made again")
    relay = product.processes[RELAY]
    relay.end()  # a sealer that stops seals what is left
    relay.start()
    done = product.tool("verify")
    assert (done.returncode, "every event is sealed" in done.stderr) == (0, True), done
    assert product.get("/v1/dead-letters", role="operator").status_code == 200, "read by the gateway, of every service"


@pytest.mark.parametrize("process", PROCESSES)
def test_a_check_with_the_rights_of_a_process_says_that_all_is_well(product: Product, process: str) -> None:
    started = product.processes[process]
    code, output = ended(product.folder, "check", process, env=started.env)
    assert code == 0, output


def test_the_owner_opens_a_session_which_a_gateway_redeems(product: Product) -> None:
    code, output = ended(product.folder, "setup", "--name", "marie", env=product.env)
    assert (code, "/lien#" in output) == (0, True), output


@pytest.mark.parametrize("process", ["coaching", GATEWAY, RELAY])
def test_a_process_whose_role_has_no_rights_says_so_in_one_sentence(product: Product, roles: Roles, tmp_path: Path, process: str) -> None:
    """A log that is set up, whose owner has not granted what this release needs."""
    role = ROLES[process].role
    with psycopg.connect(roles.place._replace(path=f"/{LOG}").geturl(), autocommit=True) as session:
        session.execute(b"create database lacking template template0; ")
        session.execute("grant connect on database lacking to public")
    try:
        address = roles.place._replace(path="/lacking").geturl()
        assert ended(tmp_path, "setup", "--no-link", env={"PARCOURS_EVENT_STORE": address})[0] == 0
        with psycopg.connect(address, autocommit=True) as session:
            session.execute(f"revoke all on {', '.join(TABLES)} from {role}".encode())
        env = {**product.processes[process].env, "PARCOURS_EVENT_STORE": roles.dsn(process, "lacking")}
        code, output = ended(tmp_path, "service", process, env=env)
        assert (code, output.count("parcours setup"), "Traceback" in output) == (2, 1, False), output
    finally:
        with psycopg.connect(roles.place.geturl(), autocommit=True) as session:
            session.execute("drop database lacking with (force)")
