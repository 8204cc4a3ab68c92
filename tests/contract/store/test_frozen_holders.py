"""A process that is frozen loses its lease within seconds, and does no harm when it goes on."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.store.lease import LEASE_S, Lease
from shared.store.port import Checkpoints
from tests.forks import WITH_ITS_PARENT

pytestmark = pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)

ROOT = Path(__file__).parents[3]
LIMIT_S = 60.0  # of what takes some seconds


class Holder:
    def __init__(self, address: str) -> None:
        command = [*WITH_ITS_PARENT, sys.executable, "-m", "tests.contract.store.holding", address]
        self.child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.token = int(self.line())

    def line(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline().strip()

    def save(self, position: int) -> tuple[str, str]:
        """Whether it saved, and whether it takes the lease for held."""
        assert self.child.stdin is not None
        self.child.stdin.write(f"{position}\n")
        self.child.stdin.flush()
        return self.line(), self.line()


@pytest.fixture
def holder(address: str) -> Iterator[Holder]:
    holder = Holder(address)
    yield holder
    holder.child.kill()
    holder.child.communicate()


def test_a_frozen_holder_loses_its_lease_and_saves_nothing_when_it_goes_on(holder: Holder, checkpoints: Checkpoints) -> None:
    assert holder.save(4) == ("saved", "True")
    holder.child.send_signal(signal.SIGSTOP)
    with checkpoints.lease("relay", LIMIT_S) as held:
        assert isinstance(held, Lease)
        assert held
        assert held.token > holder.token
        assert checkpoints.load("relay") == 4
        checkpoints.save("relay", 5, held)
        holder.child.send_signal(signal.SIGCONT)
        assert holder.save(9) == ("refused", "False")
        checkpoints.save("relay", 6, held)
    assert checkpoints.load("relay") == 6


@pytest.mark.long
def test_a_holder_that_is_at_work_keeps_its_lease(holder: Holder, checkpoints: Checkpoints) -> None:
    with checkpoints.lease("relay", LEASE_S + 1) as held:
        assert not held
    assert holder.save(4) == ("saved", "True")


def test_a_lease_is_lost_for_its_holder_no_later_than_for_others(checkpoints: Checkpoints) -> None:
    with checkpoints.lease("relay", 0) as held:
        assert isinstance(held, Lease)
        held.until = time.monotonic()
        assert not held
