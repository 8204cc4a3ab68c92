"""Prepared, binary calls through libpq, and the connections that carry them.

Why not psycopg's cursors: their adaptation of values is the larger half of a short call. Here each statement
is prepared once for a connection, and its parameters are packed in PostgreSQL's own binary formats (`packing.py`).

Why not libpq's own call, which sends, waits and reads in one: it waits without end. A server that neither answers nor hangs up (its
machine swaps, its disk hangs, its process was stopped) would hold up a writer, and all that queue behind it, for as long. So a call is
sent, waited for in `poll` for so many seconds of silence, and read. That costs a fiftieth of an append.
"""

import select

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.errors import Unavailable

# What the log relies on, whatever the server's or the role's defaults are. See sql/append_events.sql for the isolation.
# A connection keeps a plan for as long as it lives, and one that was made when the log had ten events would go through a million of
# them: every question of ours has its index, so nothing else may be planned.
SETTINGS = b"""set synchronous_commit = on; set default_transaction_isolation = 'read committed';
set timezone = 'UTC'; set lock_timeout = '30s'; set client_encoding = 'UTF8'; set standard_conforming_strings = on;
set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off"""

SILENCE = 45.0  # seconds without a byte of an answer; a writer waits 30 for its lock
# A network that swallows all without a word is noticed as well, where the address does not say otherwise: while connecting, while
# sending (milliseconds), and on a connection that waits.
PATIENCE = {
    "connect_timeout": 10,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}
# What passes, by the first letters of its SQLSTATE: no connection, no room, somebody's order to stop, trouble of the machine, a
# transaction undone for another's sake, a lock that did not come. And a standby: it does not write until it is promoted. Any other
# error would be the same however often it is asked, although psycopg calls some of them operational as well.
AWAY = ("08", "53", "57", "58", "40", "55P03", "25006")
READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


def away(fault: psycopg.Error) -> bool:
    """An error without a code was made on this side of a connection, by its end."""
    code = fault.diag.sqlstate
    return code.startswith(AWAY) if code else isinstance(fault, psycopg.OperationalError)


def address(dsn: str) -> str:
    return make_conninfo("", **{**PATIENCE, **conninfo_to_dict(dsn)})


class Statement:
    """A statement and the types of its parameters; its name tells connections apart who prepared it already."""

    def __init__(self, name: str, text: str, *types: int) -> None:
        self.name = name.encode()
        self.text = text.encode()
        self.types = types


class Connection:
    """One connection, used by one thread at a time. Whoever gets Unavailable from it closes it: an answer may still be on its way."""

    def __init__(self, dsn: str, silence: float = SILENCE) -> None:
        try:
            self.connection = psycopg.connect(address(dsn), autocommit=True)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        self.pg = self.connection.pgconn
        self.pg.nonblocking = 1  # or libpq waits without end for a server that does not take what it is sent
        self.silence = silence
        self.prepared: set[bytes] = set()
        self.poll, self.sending = select.poll(), select.poll()
        self.poll.register(self.pg.socket, READABLE)
        self.sending.register(self.pg.socket, READABLE | select.POLLOUT)
        self.run(SETTINGS)

    def run(self, commands: bytes) -> None:
        try:
            self.pg.send_query(commands)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        self.receive()

    def call(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        self.send(statement, *values)
        return self.receive()

    def send(self, statement: Statement, *values: bytes | None) -> None:
        """Half of a call: the server works while this thread does something else, until `receive`."""
        try:
            if statement.name not in self.prepared:
                self.pg.send_prepare(statement.name, statement.text, statement.types)
                self.receive()
                self.prepared.add(statement.name)
            self.pg.send_query_prepared(statement.name, values, (1,) * len(values), 1)
            while self.pg.flush():
                self.arrived(self.sending)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault

    def receive(self) -> pq.abc.PGresult:
        """The other half: the last answer to what was sent."""
        pg, answers = self.pg, []
        try:
            while True:
                while pg.is_busy():
                    self.arrived(self.poll)
                if (result := pg.get_result()) is None:
                    break
                answers.append(result)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        if not answers:
            raise Unavailable("PostgreSQL: the connection was lost")
        return [self.checked(answer) for answer in answers][-1]

    def arrived(self, poll: select.poll) -> None:
        """Takes in what has come. It waits in `poll`, where other threads may run, and not in libpq, which would hold them up."""
        if not poll.poll(self.silence * 1_000):
            raise Unavailable(f"PostgreSQL: no answer for {self.silence:g} seconds")
        self.pg.consume_input()

    def checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return result
        fault = psycopg.errors.error_from_result(result, encoding="utf-8")
        if self.pg.status == pq.ConnStatus.BAD or away(fault):
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        raise fault

    def alive(self) -> bool:
        """False when the server has hung up meanwhile. An idle connection has nothing to read, so anything there is its farewell."""
        return self.pg.status == pq.ConnStatus.OK and not self.poll.poll(0)

    def close(self) -> None:
        self.connection.close()
