"""Who reaches the broker without the key of a gateway is answered nothing, whatever method of whatever service they ask.

The questions are sent to the services as they run, over RabbitMQ.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import jwt
import pytest

from services.bootstrap.registry import SERVICES
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity, system
from shared.trust.identity_keys import new_signing_key
from shared.trust.tokens import EDDSA, IDENTITY_LIFETIME, PREVIOUS_AUDIENCE, Signer, audience_of, claims, sign
from tests.forks import ROOT
from tests.harness.identities import signed, signing_key_of
from tests.harness.world import met
from tests.processes import Product, running
from tests.servers import GivenPostgres, GivenRabbitmq

ASKED = "intake"
SENDERS = ("nobody", "forged", "expired", "visitor", "installation")
ASK = """
import json, sys
from nameko.exceptions import RemoteError
from nameko.standalone.rpc import ClusterRpcProxy
uri, methods, contexts = json.loads(sys.stdin.read())
answers = {}
for sender, context in contexts.items():
    with ClusterRpcProxy({"AMQP_URI": uri}, context, timeout=30) as cluster:
        for service, method in methods:
            try:
                answers[f"{sender} {service} {method}"] = repr(getattr(cluster[service], method)())
            except RemoteError as fault:
                answers[f"{sender} {service} {method}"] = fault.exc_type
print(json.dumps(answers))
"""

SEND = """
import json, sys
from nameko.standalone.rpc import ClusterRpcProxy
uri, context, service, requests = json.loads(sys.stdin.read())
with ClusterRpcProxy({"AMQP_URI": uri}, context, timeout=30) as cluster:
    print(json.dumps(cluster[service].handle_each(requests)))
"""


def methods() -> list[tuple[str, str]]:
    """Each method that a service answers over RPC, by service."""
    found = []
    for service, description in SERVICES.items():
        module, _, class_name = description.nameko_service.partition(":")
        published: type[Any] = getattr(import_module(module), class_name)
        found += [(service, name) for name in dir(published) if getattr(getattr(published, name), "nameko_entrypoints", ())]
    return found


@pytest.fixture(scope="module")
def asked(
    tmp_path_factory: pytest.TempPathFactory, rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres
) -> Iterator[tuple[Product, str]]:
    with rabbitmq_server.vhost() as uri, postgres_server.database() as dsn:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        with running(tmp_path_factory.mktemp("identities"), env) as product:
            yield product, uri


def answers(uri: str, contexts: dict[str, dict[str, str]]) -> dict[str, str]:
    question = json.dumps([uri, methods(), contexts])
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, input=question, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def command_replies(uri: str, context: dict[str, str], requests: list[tuple[str, str]]) -> list[Any]:
    """What a service answers to commands, each (token, command as JSON)."""
    done = subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=ROOT,
        input=json.dumps([uri, context, ASKED, requests]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    replies: list[Any] = json.loads(done.stdout)
    return replies


def test_a_question_without_a_valid_identity_is_refused_by_every_method(asked: tuple[Product, str]) -> None:
    product, uri = asked
    key = signing_key_of(product.folder)
    tokens = {
        "forged": signed(system("gateway"), ASKED, key=new_signing_key()),
        "expired": signed(system("gateway"), ASKED, key=key, lifetime=timedelta(seconds=-1)),
        "visitor": product.token("coordinator"),
        "installation": Signer((product.folder / "keys").read_bytes(), PREVIOUS_AUDIENCE, now).sign(system("gateway"), IDENTITY_LIFETIME),
    }
    contexts = {"nobody": {}, **{sender: {"identity": token} for sender, token in tokens.items()}}
    found = answers(uri, contexts)
    assert len(found) == len(SENDERS) * len(methods()) > len(SENDERS) * 4 * len(SERVICES)
    assert set(found.values()) == {"IdentityNotValid"}, found


def test_what_one_service_was_handed_opens_no_other(asked: tuple[Product, str]) -> None:
    product, uri = asked
    handed = {"handed": {"identity": signed(system("gateway"), ASKED, key=signing_key_of(product.folder))}}
    known = answers(uri, handed)
    refused = {method.split()[1] for method, answer in known.items() if answer == "IdentityNotValid"}
    assert refused == set(SERVICES) - {ASKED}
    assert "healthy" in known[f"handed {ASKED} health"]
    assert not [method for method, answer in known.items() if method.split()[1] == ASKED and answer == "IdentityNotValid"]


def test_no_service_can_speak_as_a_coach(asked: tuple[Product, str]) -> None:
    """With all that a service can read, and even with the identity of the question itself as it should be: the coach is not believed."""
    product, uri = asked
    gateway, coach = signing_key_of(product.folder), Identity(Actor("coach-1", "coach", "etape"), ("*",))
    own = new_signing_key()
    said = claims(coach, audience_of(ASKED), now() + IDENTITY_LIFETIME)
    forged = {
        "by a key of its own": sign(own, coach, ASKED, now() + IDENTITY_LIFETIME),
        "under the name of the right key": jwt.encode(said, own.private, EDDSA, headers={"kid": gateway.kid}),
        "by nobody": jwt.encode(said, "", "none", headers={"kid": gateway.kid}),
        "with the public key as a secret": jwt.encode(said, gateway.x, "HS256", headers={"kid": gateway.kid}),
        "handed to another service": signed(coach, "coaching", key=gateway),
    }
    right = signed(coach, ASKED, key=gateway)
    asking = {"identity": signed(system("gateway"), ASKED, key=gateway)}
    command = {"id": str(uuid4()), "type": "IdentifyPerson", "territory": "alencon", "data": met(str(uuid4()))}
    tokens = [*forged.values(), right]
    replies = command_replies(uri, asking, [(token, json.dumps(command)) for token in tokens])
    assert [next(iter(reply)) for reply in replies] == [*["forbidden"] * len(forged), "accepted"], replies
    assert len([event for event in product.get("/v1/events").json()["events"] if event["type"].endswith("PersonIdentified")]) == 1
