"""Who reaches the broker without the key of the services is answered nothing, whatever method of whatever service they ask.

The questions are sent to the services as they run, over RabbitMQ.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services.bootstrap.registry import SERVICES
from shared.time import now
from shared.trust.access import Signer, system
from tests.forks import ROOT
from tests.processes import Product, running
from tests.servers import GivenPostgres, GivenRabbitmq

SENDERS = ("nobody", "forged", "expired", "visitor")
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


def test_a_question_without_a_valid_identity_is_refused_by_every_method(asked: tuple[Product, str]) -> None:
    product, uri = asked
    key = Path(product.env["PARCOURS_KEYS"]).read_bytes()
    tokens = {
        "forged": Signer(b"another key of thirty-two bytes!", "services", now).sign(system("gateway")),
        "expired": Signer(key, "services", lambda: now() - timedelta(minutes=2)).sign(system("gateway")),
        "visitor": product.token("coordinator"),
    }
    contexts = {"nobody": {}, **{sender: {"identity": token} for sender, token in tokens.items()}}
    found = answers(uri, contexts)
    assert len(found) == len(SENDERS) * len(methods()) > len(SENDERS) * 4 * len(SERVICES)
    assert set(found.values()) == {"IdentityNotValid"}, found
    known = answers(uri, {"known": {"identity": Signer(key, "services", now).sign(system("gateway"))}})
    assert not [method for method, answer in known.items() if answer == "IdentityNotValid"]
    assert "healthy" in known["known intake health"]
