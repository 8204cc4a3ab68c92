"""How many connections PostgreSQL has to allow: the sum of what the processes may open at once."""

from services.bootstrap.names import GATEWAY, PROCESSES, RELAY
from services.reporting.projection import database
from shared.store.postgres import checkpoints, deliveries, gateway_records, person_keys, pool, store, tree_heads

LEASE = 1  # a connection for each lease that a process holds or waits for, and but for intake and the relay it has one at most
LOOKS = 4  # of a start or a health check: both open the log for a moment
RESERVED = 3  # `superuser_reserved_connections` of PostgreSQL
FOR_OPERATORS = 10  # `parcours` commands, backups, a person with psql
OF_ALL = pool.MAX_CONNECTIONS + store.MAX_WRITERS + checkpoints.MAX_CONNECTIONS + person_keys.MAX_CONNECTIONS + LOOKS
REBUILD = 1  # of its second process
OF_ONE = {
    "intake": LEASE,  # what follows the log for the keys of persons has one, too
    "reporting": database.MAX_CONNECTIONS + REBUILD + LEASE,  # the check of coverage has a lease, too
    "webhooks": deliveries.MAX_CONNECTIONS,
    GATEWAY: gateway_records.MAX_CONNECTIONS,
    RELAY: tree_heads.MAX_CONNECTIONS + deliveries.MAX_CONNECTIONS + 3 * LEASE,  # so have the feed, the sealer, and a check of coverage
}


def connections_of(process: str) -> int:
    """What one process opens at most, with its health check."""
    return OF_ALL + (0 if process == GATEWAY else LEASE) + OF_ONE.get(process, 0)


def max_connections(copies: int) -> int:
    """`max_connections` of a server on which so many of every process run."""
    return copies * sum(map(connections_of, PROCESSES)) + RESERVED + FOR_OPERATORS
