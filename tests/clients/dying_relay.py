"""A relay that kills itself with SIGKILL after it published to the feed and before it saved its checkpoint: its successor repeats events.

python -m tests.clients.dying_relay LOG URI
"""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

from shared.bus.checkpoint import CachedCheckpoint
from shared.bus.relay import Relay
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.chaos.test_relay import load_on
from tests.contract.bus.running import Bus
from tests.forks import ROOT

DIES_AT = 2  # the save of the feed's checkpoint before which it dies
save, saves = CachedCheckpoint.save, itertools.count(1)


def dying_save(checkpoint: CachedCheckpoint) -> None:
    if checkpoint.name == "feed" and checkpoint.unsaved and next(saves) == DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    save(checkpoint)


def relays_die(bus: Bus, times: int) -> None:
    """Relays that die under load, one after the other. Each but the last leaves events that the next one repeats."""
    with load_on(bus):
        for _ in range(times):
            command = [sys.executable, "-W", "ignore", "-m", "tests.clients.dying_relay", str(bus.folder / "log.sqlite"), bus.uri]
            died = subprocess.run(command, cwd=ROOT, timeout=120, check=False)
            assert died.returncode == -signal.SIGKILL


if __name__ == "__main__":
    setattr(CachedCheckpoint, "save", dying_save)  # noqa: B010 - the fault that is tested; mypy allows no assignment to a method
    path = Path(sys.argv[1])
    Relay(SqliteStore(path), SqliteCheckpoints(path), sys.argv[2], window_size=20).run()
