"""One connection to PostgreSQL: prepared statements with binary values through libpq, and a limit on every wait.

How it works
------------
A call has two halves. `send` prepares the statement, once for each connection, and sends its name with the packed values; `receive`
returns the result. `call` does both; a reader does something else in between (reader.py).

Why not psycopg's cursors: adapting the values takes more than half the time of a short call. Here the values are already packed in
PostgreSQL's binary formats (binary_format.py), and results are read as bytes.

Why not libpq's blocking call (`PQexecPrepared`): it waits without a limit. A server that neither answers nor closes the connection,
because its machine swaps, its disk hangs or its process is stopped, would block a writer for ever, with all that queue behind it. So the
connection is non-blocking. We wait for the socket with `poll`, at most `answer_timeout` seconds for each piece of the answer, and let
libpq take in what has arrived. This also releases the GIL while waiting, and costs about 2 % of an append. Whether the server is there at
all is found sooner (silence.py).

Errors. An error that may pass by itself (`is_transient`) is raised as Unavailable. Any other error is a bug of ours, or a request that
the server will always refuse, and is raised as psycopg's error. After Unavailable the connection must be closed, because an answer to
the failed call may still arrive on it; the pool does that.
"""

import select
import time
from typing import NoReturn

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.address import Address
from shared.errors import Misconfigured, Unavailable
from shared.store.postgres import servers, silence

# The settings that the log relies on, whatever the defaults of the server or the role are. sql/append_events.sql explains the isolation
# level. The planner options: a connection keeps the plan of a prepared statement. A plan made while the log has ten events is
# a sequential scan, which would later go through a million of them. Each of our queries has an index, so only index scans are allowed.
# What is not allowed but needed (the sort of a short list) costs so much in the eyes of the planner that the server would compile the plan
# (JIT) at each call, many hundred times as long as the query takes: so it compiles nothing. Nor does it plan for the values of one call:
# that takes longer than our statements do.
SETTINGS = b"""set synchronous_commit = on; set default_transaction_isolation = 'read committed';
set timezone = 'UTC'; set client_encoding = 'UTF8'; set standard_conforming_strings = on;
set lock_timeout = '5s'; set statement_timeout = '6s';
set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off; set jit = off;
set plan_cache_mode = force_generic_plan"""

ANSWER_TIMEOUT_S = 7.0  # without a byte of an answer; longer than statement_timeout, after which the server itself answers
# Connection parameters that detect a network which drops packets silently: while connecting (seconds, for each host), while sending
# (milliseconds), and on an idle connection (seconds). Values in the address have precedence.
CONNECTION_TIMEOUTS = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
# Errors that may pass by themselves, by the start of their SQLSTATE (PostgreSQL, appendix A): 08 connection, 53 insufficient resources,
# 57 operator intervention (and the end of a statement's time), 58 system error, 40 transaction rollback, 55P03 lock not available, 25P03 a
# transaction that was idle too long, and 25006 read-only transaction: a standby refuses to write until it is promoted. psycopg calls some
# others "operational" too, but they would recur on every attempt.
TRANSIENT_SQLSTATES = ("08", "53", "57", "58", "40", "55P03", "25P03", "25006")
BINARY = 1  # the format of values and results
SUCCESSFUL = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


def is_transient(fault: psycopg.Error) -> bool:
    """Whether an error may pass by itself. One without an SQLSTATE was raised on our side, because the connection broke."""
    code = fault.diag.sqlstate
    return code.startswith(TRANSIENT_SQLSTATES) if code else isinstance(fault, psycopg.OperationalError)


def with_timeouts(address: Address) -> str:
    """Return the connection string of an address, with CONNECTION_TIMEOUTS for the parameters that it does not set itself.

    Raises:
        Misconfigured: it is none of PostgreSQL.
    """
    try:
        return make_conninfo("", **{**CONNECTION_TIMEOUTS, **conninfo_to_dict(address.reveal())})
    except psycopg.ProgrammingError as fault:
        raise Misconfigured(address.conceal(f"PostgreSQL: {fault}").strip()) from None


def unavailable(address: Address, fault: psycopg.Error) -> Unavailable:
    return Unavailable(address.conceal(f"PostgreSQL: {fault}"))


class Statement:
    """A statement with the OIDs of its parameters' types. Each connection prepares it once, under its name."""

    def __init__(self, name: str, text: str, *types: int) -> None:
        self.name = name.encode()
        self.text = text.encode()
        self.types = types
        self.formats = (BINARY,) * len(types)


class Connection:
    """A connection for one thread at a time.

    All methods raise Unavailable when the server cannot be reached, does not answer, or reports a transient error. Close the connection
    then.
    """

    def __init__(self, dsn: Address | str, answer_timeout: float = ANSWER_TIMEOUT_S) -> None:
        address = Address(dsn)
        try:
            self.psycopg_connection = servers.connect(with_timeouts(address), psycopg.Connection, autocommit=True)
        except psycopg.OperationalError as fault:
            raise unavailable(address, fault) from fault
        self.pgconn = self.psycopg_connection.pgconn
        self.link = silence.Link(self.pgconn)
        self.pgconn.nonblocking = 1  # otherwise sending blocks without a limit while the server does not read
        self.answer_timeout = answer_timeout
        self.look_interval_ms = min(answer_timeout, silence.LOOK_INTERVAL_S) * 1_000
        self.prepared: set[bytes] = set()
        self.readable, self.readable_or_writable = select.poll(), select.poll()
        self.readable.register(self.pgconn.socket, READABLE)
        self.readable_or_writable.register(self.pgconn.socket, READABLE | select.POLLOUT)
        self.run(SETTINGS)

    def run(self, commands: bytes) -> None:
        """Execute SQL commands without parameters; their results are dropped."""
        try:
            self.pgconn.send_query(commands)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        self.receive()

    def call(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """Execute a statement with packed values and return its result, in binary format."""
        self.send(statement, *values)
        return self.receive()

    def send(self, statement: Statement, *values: bytes | None) -> None:
        """The first half of a call: the server starts to work on it. The second half is `receive`."""
        pgconn = self.pgconn
        try:
            if statement.name not in self.prepared:
                pgconn.send_prepare(statement.name, statement.text, statement.types)
                self.receive()
                self.prepared.add(statement.name)
            pgconn.send_query_prepared(statement.name, values, statement.formats, BINARY)
            while pgconn.flush():
                self.wait_for(self.readable_or_writable)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault

    def receive(self) -> pq.abc.PGresult:
        """The second half of a call: return the last result of what was sent."""
        pgconn, results = self.pgconn, []
        try:
            while True:
                while pgconn.is_busy():
                    self.wait_for(self.readable)
                if (result := pgconn.get_result()) is None:
                    break
                results.append(result)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        if not results:
            raise Unavailable("PostgreSQL: the connection was lost")
        for result in results:
            if result.status not in SUCCESSFUL:
                self.raise_fault(result)
        return results[-1]

    def wait_for(self, poll: select.poll) -> None:
        """Wait until the socket is ready, and take in what has arrived."""
        since = time.monotonic()
        while not poll.poll(self.look_interval_ms):
            if self.link.look(since):
                raise Unavailable("PostgreSQL: the server does not answer")
            if time.monotonic() - since >= self.answer_timeout:
                raise Unavailable(f"PostgreSQL: no answer for {self.answer_timeout:g} seconds")
        self.pgconn.consume_input()
        self.link.server.answered()

    def raise_fault(self, result: pq.abc.PGresult) -> NoReturn:
        fault = psycopg.errors.error_from_result(result, encoding="utf-8")
        if self.pgconn.status == pq.ConnStatus.BAD or is_transient(fault):
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        raise fault

    def is_alive(self) -> bool:
        """Whether the server is there and has kept this idle connection open. On an idle socket, anything to read announces its end."""
        return self.pgconn.status == pq.ConnStatus.OK and not self.link.given_up and not self.readable.poll(0)

    def close(self) -> None:
        self.psycopg_connection.close()
