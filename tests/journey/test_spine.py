"""The main job, as it is run for real: a process for each service, RabbitMQ and PostgreSQL over TLS, and a person on their way."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.journey.test_starting import ended
from tests.processes import Product, eventually, running
from tests.servers import PostgresServer, RabbitmqServer
from tests.servers.certificates import Authority, authority
from tests.servers.silent import silent

DAY = datetime(2024, 2, 1, 10, 0).astimezone()
QUARTER = "2024-Q2"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, tls_rabbitmq: RabbitmqServer, tls_postgres: PostgresServer) -> Iterator[Product]:
    """The first broker of the address takes connections and answers nothing."""
    with tls_rabbitmq.vhost() as uri, tls_postgres.database() as dsn, silent() as mute:
        brokers = (secured := tls_rabbitmq.over_tls(uri)).replace(f":{tls_rabbitmq.amqps}", f":{mute}") + f";{secured}"
        database = tls_postgres.over_tls(dsn)
        models = database.replace("postgresql:", "postgresql+psycopg:")
        env = {"PARCOURS_AMQP_URI": brokers, "PARCOURS_EVENT_STORE": database, "PARCOURS_READ_MODELS": models}
        with running(tmp_path_factory.mktemp("spine"), env) as running_product:
            yield running_product


class InboxConsumer:
    """A frontend on the live feed, in a thread of its own."""

    def __init__(self, product: Product) -> None:
        self.events: list[dict[str, Any]] = []
        self.connected = threading.Event()
        self.product = product
        self.token = product.token("coordinator")
        threading.Thread(target=self.listen, daemon=True).start()
        assert self.connected.wait(20)

    def listen(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        # The feed has no end of its own: it is cut when the product stops, after the tests have read what they wait for.
        with suppress(httpx.HTTPError), httpx.stream("GET", f"{self.product.url}/v1/stream", headers=headers, timeout=120) as stream:
            self.connected.set()
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    self.events.append(json.loads(line[5:]))

    def kinds(self, person: str) -> list[str]:
        mine = [event for event in self.events if (event.get("data") or {}).get("person") == person]
        return [event["type"].rpartition(".")[2] for event in mine]


def at(days: int) -> str:
    return (DAY + timedelta(days=days)).isoformat()


def timeline(product: Product, person: str) -> str:
    return product.get(f"/parcours/{person}", role="coordinator").text


def test_a_person_goes_from_orientation_to_follow_up_and_the_committee_sees_it(product: Product) -> None:
    listener = InboxConsumer(product)
    person, orientation, outcome = (str(uuid4()) for _ in range(3))
    before = figures(product)
    orient(product, person, orientation)
    eventually(lambda: "ReferentAssigned" in listener.kinds(person), "the accepted orientation opens the journey")
    referral = str(uuid4())
    send = {"person": person, "referral": referral, "partner": "ml-alencon", "thematique": "mobilite--financer-ma-mobilite"}
    listed = {"partner": "ml-alencon", "label": "Mission locale", "services": ["accompagnement"]}
    product.send("ListPartner", listed, role="coordinator", time=at(0))  # another test of this module may have listed it
    product.must("SendReferral", {**send, "consent": "c-1", "shared_fields": ["needs"]}, time=at(20))
    product.must("HoldInterview", {"person": person, "mode": "PRESENTIEL", "minutes": 45}, time=at(21))
    job = {"person": person, "outcome": outcome, "contract": "CDI", "weekly_hours": 35, "evidence": "CONTRAT"}
    product.must("FindJob", job, time=at(80))
    leave = {"person": person, "exit_on": (DAY + timedelta(days=81)).date().isoformat(), "reason": "OUTCOME", "outcomes": [outcome]}
    product.must("ExitJourney", leave, time=at(81))
    eventually(lambda: listener.kinds(person).count("FollowUpScheduled") == 2, "the exit schedules both follow-ups")
    eventually(lambda: "ReferralWithdrawn" in listener.kinds(person), "the exit withdraws the open referral")
    follow = {"person": person, "rank": 1, "milestone": "M3", "situation": "EMPLOI", "still_in_outcome": True, "channel": "TELEPHONE"}
    last = product.must("CompleteFollowUp", follow, time=at(175))

    def counted() -> bool:
        after = figures(product, position=last["accepted"]["position"] if "accepted" in last else last["position"])
        people, positive = after["people_met"]["value"], after["positive_rate"]
        was = before["positive_rate"]
        return people == before["people_met"]["value"] + 1 and (positive["numerator"], positive["denominator"]) == (
            was["numerator"] + 1,
            was["denominator"] + 1,
        )

    eventually(counted, "the committee's figures")
    eventually(lambda: "CDI" in timeline(product, person), "the timeline")
    assert listener.kinds(person)[0] == "PersonIdentified"
    assert len({event["id"] for event in listener.events}) == len(listener.events)


def orient(product: Product, person: str, orientation: str) -> None:
    qpv = {"vintage": 2024, "name": "Perseigne"}
    identify = {"person": person, "channel": "PARTENAIRE", "place": "Maison de quartier", "radar": "NON_INSCRIT", "qpv": qpv}
    product.must("IdentifyPerson", identify, time=at(0))
    receive = {"orientation": orientation, "person": person, "kind": "MISSION_LOCALE", "needs": [], "urgency": False, "consent": True}
    product.must("ReceiveOrientation", receive, role="prescriber", organisation="ml-alencon", time=at(1))
    product.must("AcceptOrientation", {"orientation": orientation, "referent": "coach-1"}, time=at(2))


def figures(product: Product, **params: Any) -> dict[str, Any]:
    answer = product.get("/v1/indicators", territory="alencon", quarter=QUARTER, **params)
    assert answer.status_code == 200, answer.text
    indicators: dict[str, Any] = answer.json()["indicators"]
    return indicators


def test_the_same_command_sent_twice_is_recorded_once_and_answered_alike(product: Product) -> None:
    id, person = str(uuid4()), str(uuid4())
    data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "INCONNU"}
    first = product.must("IdentifyPerson", data, id=id, time=at(3))
    assert product.must("IdentifyPerson", data, id=id, time=at(3)) == first


def test_live_figures_equal_a_replay_at_the_same_position(product: Product) -> None:
    live = product.tool("indicators", "--territory", "all", "--quarter", QUARTER, "--json")
    replayed = product.tool("replay", "--territory", "all", "--quarter", QUARTER, "--json")
    assert live.returncode == replayed.returncode == 0, live.stderr + replayed.stderr
    assert json.loads(live.stdout) == json.loads(replayed.stdout)


def test_a_past_date_is_a_time_of_recording(product: Product) -> None:
    """Facts of February 2024 recorded today are not known as of yesterday."""
    yesterday = (date.today() - timedelta(days=1)).isoformat()  # noqa: DTZ011 - the day before this very run
    replayed = product.tool("replay", "--as-of", yesterday, "--quarter", QUARTER, "--json")
    assert "time of recording" in replayed.stderr
    assert replayed.returncode == 1
    assert "définition" in replayed.stderr


def test_a_broken_command_lists_every_fault_in_french(product: Product) -> None:
    answer = product.send("HoldInterview", {"mode": "PIGEON", "minutes": 0}, time=at(3))
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert {"person", "mode", "minutes"} <= set(json.dumps(answer.json()).replace('"', " ").split())


def test_every_process_is_connected_over_tls_and_every_service_is_ready(product: Product, tls_rabbitmq: RabbitmqServer) -> None:
    assert product.client.get("/readyz").status_code == 200
    vhost = unquote(urlsplit(product.env["PARCOURS_AMQP_URI"]).path[1:])

    def secured() -> list[bool]:
        return [each["ssl"] for each in tls_rabbitmq.api.get("/connections").json() if each.get("vhost") == vhost]

    assert all(eventually(secured, "the management plugin knows connections"))
    checked = product.tool("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    logs = "".join(process.log.read_text() for process in product.processes.values())
    assert "simultaneous" not in logs
    assert "Traceback" not in logs


@pytest.mark.parametrize(
    ("words", "wrong"), [(("service", "coaching"), "broker"), (("service", "reporting"), "log"), (("check",), "models")]
)
def test_a_certificate_that_is_not_accepted_ends_a_start(product: Product, tmp_path: Path, words: tuple[str, ...], wrong: str) -> None:
    name = {"broker": "PARCOURS_AMQP_URI", "log": "PARCOURS_EVENT_STORE", "models": "PARCOURS_READ_MODELS"}[wrong]
    trusted, stranger = quote(str(authority().file), safe=""), quote(str(Authority("stranger", tmp_path).file), safe="")
    assert trusted in product.env[name]
    env = {**product.env, name: product.env[name].rpartition(";")[2].replace(trusted, stranger)}
    code, output = ended(tmp_path, *words, env=env)
    assert (code, output.count("no authority that is trusted"), "Traceback" in output) == (2, 1, False), output
    assert f"{name}: " in output
