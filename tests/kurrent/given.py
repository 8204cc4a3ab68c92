"""Where the contract suite finds a KurrentDB: the simulated one always, real ones when the environment says so.

PARCOURS_TEST_KURRENT is the address of a node that holds nothing else, and PARCOURS_TEST_KURRENT_RESET the command that empties it before
each test: for a node that keeps all in memory (`--mem-db`), what restarts it, for instance `docker restart kurrent`.

PARCOURS_TEST_KURRENT=cluster takes a container engine instead: three nodes that keep all in memory (tests/docker-compose.kurrent.yml),
made anew for each test. Nothing less empties them: a node that is restarted alone gets everything back from the others. It is asked
for by name because it takes a quarter of a minute a test, and an image that is not under an OSI licence (ADR 13).
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from pytest_docker.plugin import get_docker_services

from shared.errors import Unavailable
from shared.store.kurrent.store import KurrentStore
from tests.kurrent.server import Simulated
from tests.servers import free_port

NODE, RESET = "PARCOURS_TEST_KURRENT", "PARCOURS_TEST_KURRENT_RESET"
SIMULATED, REAL, CLUSTER = "kurrent-simulated", "kurrent-node", "kurrent-cluster"
PLACES = (SIMULATED, {"cluster": CLUSTER}.get(os.environ[NODE], REAL)) if NODE in os.environ else (SIMULATED,)
COMPOSE = Path(__file__).parent.parent / "docker-compose.kurrent.yml"
READY = 60.0  # seconds for a node to answer after it was emptied, and for a cluster to have a leader


@contextmanager
def simulated() -> Iterator[str]:
    """Simulated: proves the client and the wire, nothing about durability."""
    server = Simulated()
    try:
        yield server.uri
    finally:
        server.stop()


@contextmanager
def real() -> Iterator[str]:
    uri = os.environ[NODE]
    subprocess.run(os.environ[RESET], shell=True, check=True, timeout=READY)
    wait_until_it_answers(uri, time.monotonic() + READY)
    yield uri


@contextmanager
def cluster() -> Iterator[str]:
    """Each node tells clients its own port on this machine, so the ports are chosen here."""
    ports = [free_port() for _ in range(3)]
    words = [f"KURRENT_PORT_{number}={port}" for number, port in enumerate(ports, 1)]
    compose = " ".join([*words, "docker compose"])
    with get_docker_services(compose, str(COMPOSE), f"kurrent-{uuid4().hex[:12]}", ["up --detach"], ["down --volumes"]):
        uri = f"kurrentdb://{','.join(f'127.0.0.1:{port}' for port in ports)}?tls=false"
        wait_until_it_answers(uri, time.monotonic() + READY)
        yield uri


def wait_until_it_answers(uri: str, deadline: float) -> None:
    while True:
        try:
            store = KurrentStore(uri)
            head = store.head()
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            store.close()
            assert head == 0, f"{NODE} holds events: {RESET} has to empty it"
            return


def place(name: str) -> Iterator[str]:
    with {SIMULATED: simulated, REAL: real, CLUSTER: cluster}[name]() as uri:
        yield uri
