"""Why a PostgreSQL server refuses a connection, if it does: a wrong password is not a server that is away.

How it works
------------
A server that refuses a connection says why with a SQLSTATE, but libpq keeps only its sentence, which is in the language of the server.
libpq can however write down what the server says (`PQtrace`), and the code is in it. So a connection that failed is tried once more
with that trace, in memory. What the server answers with a code that does not pass by itself is a wrong setting (Misconfigured);
everything else is a server that is away (Unavailable).
"""

import os
import re
import select
import sys
import time

from psycopg import pq

from shared.store.postgres.connection import TRANSIENT_SQLSTATES

ASK_TIMEOUT_S = 5  # to connect
ERROR_RESPONSE = re.compile(rb'^B\t\d+\tErrorResponse\t.*? C "([0-9A-Z]{5})"', re.MULTILINE)
REJECTIONS = {
    "28P01": "it does not accept this user with this password",
    "28000": "it does not let this user in",
    "3D000": "it has no database of this name",
    "42501": "this user has no right to connect to the database",
}


def rejection(conninfo: str) -> str | None:
    """Why a server refuses a connection for a reason that does not pass by itself; None if it does, or if no server answers."""
    if sys.platform != "linux":  # libpq writes its trace there alone
        return None
    pgconn = pq.PGconn.connect_start(conninfo.encode())
    trace = os.memfd_create("trace", os.MFD_CLOEXEC)
    try:
        pgconn.trace(trace)
        pgconn.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        poll_until_done(pgconn)
        if pgconn.needs_password:
            return "it asks for a password, and the address has none"
        pgconn.untrace()
        codes = ERROR_RESPONSE.findall(os.pread(trace, os.fstat(trace).st_size, 0))
    finally:
        pgconn.finish()
        os.close(trace)
    code = codes[-1].decode() if codes else ""
    if not code or code.startswith(TRANSIENT_SQLSTATES):
        return None
    return f"{REJECTIONS.get(code, 'it does not take this connection')} ({code})"


def poll_until_done(pgconn: pq.abc.PGconn) -> None:
    deadline = time.monotonic() + ASK_TIMEOUT_S
    status = pq.PollingStatus.WRITING
    while pgconn.status != pq.ConnStatus.BAD and status in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
        socket = select.poll()
        socket.register(pgconn.socket, select.POLLIN if status == pq.PollingStatus.READING else select.POLLOUT)
        if not socket.poll(max(0.0, deadline - time.monotonic()) * 1_000):
            return
        status = pq.PollingStatus(pgconn.connect_poll())
