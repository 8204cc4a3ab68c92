"""Where the contract suite finds a KurrentDB: the simulated one always, a real node when the environment names one.

PARCOURS_TEST_KURRENT is the address of a node that holds nothing else, and PARCOURS_TEST_KURRENT_RESET the command that empties it before
each test: for a node that keeps all in memory (`--mem-db`), what restarts it, for instance `docker restart kurrent`.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Unavailable
from shared.store.kurrent import KurrentStore
from tests.kurrent.server import Simulated

NODE, RESET = "PARCOURS_TEST_KURRENT", "PARCOURS_TEST_KURRENT_RESET"
SIMULATED, REAL = "kurrent-simulated", "kurrent-node"
PLACES = (SIMULATED, REAL) if NODE in os.environ else (SIMULATED,)
READY = 60.0  # seconds for a node to answer after it was emptied


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


def wait_until_it_answers(uri: str, deadline: float) -> None:
    while True:
        try:
            store = KurrentStore(uri)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            head = store.head()
            store.close()
            assert head == 0, f"{NODE} holds events: {RESET} has to empty it"
            return


def place(name: str) -> Iterator[str]:
    with simulated() if name == SIMULATED else real() as uri:
        yield uri
