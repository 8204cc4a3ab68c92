"""The KurrentDB servers of the contract suite: always a simulated one, and real ones if the environment names them.

PARCOURS_TEST_KURRENT is the address of a node without other data, and PARCOURS_TEST_KURRENT_RESET a command that empties it before each
test: for a node with its data in memory (`--mem-db`) the one that restarts it, for instance `docker restart kurrent`.

PARCOURS_TEST_KURRENT=cluster uses a container engine: three nodes with their data in memory (tests/docker-compose.kurrent.yml), created
for each test, because a node that is restarted alone gets its data back from the others. This is never the default: it takes 15 seconds
a test, and the image is not under an OSI licence (ADR 13).
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
SERVERS = (SIMULATED, {"cluster": CLUSTER}.get(os.environ[NODE], REAL)) if NODE in os.environ else (SIMULATED,)
COMPOSE = Path(__file__).parent.parent / "docker-compose.kurrent.yml"
START_TIMEOUT_S = 60.0  # until a node answers after it was emptied, or a cluster has a leader


@contextmanager
def simulated() -> Iterator[str]:
    """The server is simulated: this tests the client and the protocol, but says nothing about durability."""
    server = Simulated()
    try:
        yield server.uri
    finally:
        server.stop()


@contextmanager
def real() -> Iterator[str]:
    uri = os.environ[NODE]
    subprocess.run(os.environ[RESET], shell=True, check=True, timeout=START_TIMEOUT_S)
    wait_until_ready(uri, time.monotonic() + START_TIMEOUT_S)
    yield uri


@contextmanager
def cluster() -> Iterator[str]:
    """The ports are chosen here, because each node tells clients its own port on this machine."""
    ports = [free_port() for _ in range(3)]
    variables = [f"KURRENT_PORT_{number}={port}" for number, port in enumerate(ports, 1)]
    compose = " ".join([*variables, "docker compose"])
    with get_docker_services(compose, str(COMPOSE), f"kurrent-{uuid4().hex[:12]}", ["up --detach"], ["down --volumes"]):
        uri = f"kurrentdb://{','.join(f'127.0.0.1:{port}' for port in ports)}?tls=false"
        wait_until_ready(uri, time.monotonic() + START_TIMEOUT_S)
        yield uri


def wait_until_ready(uri: str, deadline: float) -> None:
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
            assert head == 0, f"{NODE} has events: {RESET} must empty it"
            return


def address_of(name: str) -> Iterator[str]:
    """Yield the address of an empty log on one of SERVERS."""
    with {SIMULATED: simulated, REAL: real, CLUSTER: cluster}[name]() as uri:
        yield uri
