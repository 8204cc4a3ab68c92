"""Checkpoints never move backwards; a lease has one holder at a time and ends with it.

KurrentDB has no checkpoints: a log there uses the SQLite ones, in the data directory.
"""

import subprocess
import sys
import threading
import time

import pytest

from shared.store.port import Checkpoints

pytestmark = pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)

HOLD_LEASE = """
import sys
from pathlib import Path
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints
address = sys.argv[1]
checkpoints = PostgresCheckpoints(address) if address.startswith("postgres") else SqliteCheckpoints(Path(address))
with checkpoints.lease("relay", 0) as held:
    print(bool(held), flush=True)
    sys.stdin.read()
"""


def test_a_checkpoint_that_was_never_saved_is_at_the_start(checkpoints: Checkpoints) -> None:
    assert checkpoints.load("relay") == 0


def test_a_checkpoint_is_saved_under_its_name_and_never_moves_backwards(checkpoints: Checkpoints) -> None:
    for position in (7, 12, 3, 12):
        checkpoints.save("relay", position)
    checkpoints.save("facts", 2)
    assert (checkpoints.load("relay"), checkpoints.load("facts")) == (12, 2)


def test_a_lease_has_one_holder_and_other_names_are_free(checkpoints: Checkpoints) -> None:
    with checkpoints.lease("relay", 0) as first, checkpoints.lease("relay", 0.1) as second, checkpoints.lease("facts", 0) as other:
        assert (bool(first), bool(second), bool(other)) == (True, False, True)
    with checkpoints.lease("relay", 0) as third:
        assert third


def test_a_waiting_process_gets_a_lease_when_it_is_released(checkpoints: Checkpoints) -> None:
    acquired = threading.Event()

    def hold() -> None:
        with checkpoints.lease("relay", 5) as held:
            assert held
            acquired.set()
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    acquired.wait(5)
    with checkpoints.lease("relay", 10) as held:
        assert held
    holder.join()


def test_a_killed_process_releases_its_lease(checkpoints: Checkpoints, address: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD_LEASE, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with checkpoints.lease("relay", 0) as held:
            assert not held
        holder.kill()
        with checkpoints.lease("relay", 10) as held:
            assert held
