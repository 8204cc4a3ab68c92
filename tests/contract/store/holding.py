"""A process that holds a lease and saves under it when it is told to: python -m tests.contract.store.holding ADDRESS.

It prints whether it holds the lease, its token, and whether each position that it reads from its input was saved.
"""

import sys
from pathlib import Path

from shared.errors import Unavailable
from shared.store.lease import Lease
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints

address = sys.argv[1]
checkpoints = PostgresCheckpoints(address) if address.startswith("postgres") else SqliteCheckpoints(Path(address))
with checkpoints.lease("relay", 0) as held:
    assert isinstance(held, Lease)
    print(held.token, flush=True)
    for position in sys.stdin:
        try:
            checkpoints.save("relay", int(position), held)
        except Unavailable:
            print("refused", flush=True)
        else:
            print("saved", flush=True)
        print(bool(held), flush=True)
