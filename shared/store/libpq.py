"""Prepared, binary calls through libpq, and the connections that carry them.

Why not psycopg's cursors: for a call of a hundred microseconds their adaptation of values is the larger half. Here each statement
is prepared once for a connection, its parameters are packed as PostgreSQL's own binary formats, and one C call sends, waits
without the interpreter's lock, and reads the answer.

Why the packing is dangerous. The server believes the bytes. A wrong length is refused, but two arrays of different sizes, or a time
counted from the wrong year, are stored without a word. All packing is in this file, the contract suite reads back every value that it
packs, and the SQL function gets arrays whose sizes one function (`postgres_writer.packed`) makes equal.
"""

import select
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from psycopg import pq

from shared.errors import Unavailable

INT8, INT4, TEXT, TIMESTAMPTZ, INT8_ARRAY = 20, 23, 25, 1184, 1016
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
NULL = b"\xff\xff\xff\xff"  # a length of -1
# What the log relies on, whatever the server's or the role's defaults are. See sql/append_events.sql for the isolation.
# A connection keeps a plan for as long as it lives, and one that was made when the log had ten events would go through a million of
# them: every question of ours has its index, so nothing else may be planned.
SETTINGS = b"""set synchronous_commit = on; set default_transaction_isolation = 'read committed';
set timezone = 'UTC'; set lock_timeout = '30s'; set client_encoding = 'UTF8'; set standard_conforming_strings = on;
set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off"""

# A standby reads and does not write: to a writer it is as good as away, until it is promoted.
AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


def int8(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def timestamptz(value: datetime) -> bytes:
    since = value - EPOCH
    return int8((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def array(oid: int, elements: Sequence[bytes | None]) -> bytes:
    """A one-dimensional array: dimensions, whether there may be nulls, type, size, first index; then length and bytes of each."""
    parts = [struct.pack(">iiiii", 1, 1, oid, len(elements), 1)]
    for element in elements:
        if element is None:
            parts.append(NULL)
        else:
            parts.append(len(element).to_bytes(4, "big"))
            parts.append(element)
    return b"".join(parts)


def int8_array(values: Sequence[int]) -> bytes:
    return array(INT8, [int8(value) for value in values])


def int4_array(values: Sequence[int]) -> bytes:
    return array(INT4, [value.to_bytes(4, "big") for value in values])


def text_array(values: Sequence[str]) -> bytes:
    return array(TEXT, [value.encode() for value in values])


def int8s(data: bytes) -> tuple[int, ...]:
    """The numbers of an array of bigint without nulls: 20 bytes of head, then a length of 4 and a value of 8 for each."""
    count = (len(data) - 20) // 12
    return struct.unpack(">" + "4xq" * count, data[20:])


class Statement:
    """A statement and the types of its parameters; its name tells connections apart who prepared it already."""

    def __init__(self, name: str, text: str, *types: int) -> None:
        self.name = name.encode()
        self.text = text.encode()
        self.types = types


class Link:
    """One connection, used by one thread at a time."""

    def __init__(self, dsn: str) -> None:
        try:
            self.connection = psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        self.pg = self.connection.pgconn
        self.prepared: set[bytes] = set()
        self.poll = select.poll()
        self.poll.register(self.pg.socket, READABLE)
        self.run(SETTINGS)

    def run(self, commands: bytes) -> None:
        self.checked(self.pg.exec_(commands))

    def call(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        self.prepare(statement)
        formats = (1,) * len(values)
        return self.checked(self.pg.exec_prepared(statement.name, values, formats, 1))  # type: ignore[arg-type]  # None is NULL

    def prepare(self, statement: Statement) -> None:
        if statement.name not in self.prepared:
            self.checked(self.pg.prepare(statement.name, statement.text, statement.types))
            self.prepared.add(statement.name)

    def send(self, statement: Statement, *values: bytes) -> None:
        """Half of a call: the server works while this thread does something else, until `receive`."""
        self.prepare(statement)
        try:
            self.pg.send_query_prepared(statement.name, values, (1,) * len(values), 1)
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault

    def receive(self) -> pq.abc.PGresult:
        """The other half. It waits in `poll`, where other threads may run, and not in libpq, which would hold them up."""
        try:
            while self.pg.is_busy():
                self.poll.poll()
                self.pg.consume_input()
        except psycopg.OperationalError as fault:
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        result = self.pg.get_result()
        if result is None:
            raise Unavailable("PostgreSQL: the connection was lost")
        checked = self.checked(result)
        while self.pg.get_result() is not None:
            pass
        return checked

    def checked(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return result
        fault = psycopg.errors.error_from_result(result, encoding="utf-8")
        if self.pg.status == pq.ConnStatus.BAD or isinstance(fault, AWAY):
            raise Unavailable(f"PostgreSQL: {fault}") from fault
        raise fault

    def alive(self) -> bool:
        """False when the server has hung up meanwhile. An idle connection has nothing to read, so anything there is its farewell."""
        return self.pg.status == pq.ConnStatus.OK and not self.poll.poll(0)

    def close(self) -> None:
        self.connection.close()


class Links:
    """The connections of a process: one for each call under way; idle ones wait to be used again."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.idle: list[Link] = []

    @contextmanager
    def link(self) -> Iterator[Link]:
        link = self.taken()
        try:
            yield link
        except BaseException:
            link.close()
            raise
        self.idle.append(link)

    def taken(self) -> Link:
        while self.idle:
            try:
                link = self.idle.pop()
            except IndexError:  # another thread was faster
                break
            if link.alive():
                return link
            link.close()
        return Link(self.dsn)

    def read(self, statement: Statement, *values: bytes | None) -> pq.abc.PGresult:
        """A call that changes nothing is simply made again when its connection breaks."""
        try:
            with self.link() as link:
                return link.call(statement, *values)
        except Unavailable:
            with self.link() as link:
                return link.call(statement, *values)

    def close(self) -> None:
        while self.idle:
            self.idle.pop().close()
