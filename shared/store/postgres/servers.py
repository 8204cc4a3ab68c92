"""Connecting to one of several PostgreSQL servers, in the order of what this process knows of them.

The servers of an address are tried as they are written, but those that were silent (silence.py) come last, until one opens a connection
again. What a server refuses that is asked for writes, as a standby does, is an answer.
"""

import time
from collections.abc import Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.store.postgres.silence import DEFAULT_PORT, Place, server_at

C = TypeVar("C", bound=psycopg.Connection[Any])


def connect(conninfo: str, kind: type[C], **options: Any) -> C:
    """A connection to the first server that opens one.

    Raises:
        OperationalError: none does. If there are several, what each of them said.
    """
    faults: list[tuple[Place, psycopg.OperationalError]] = []
    for place, one in in_turn(conninfo):
        began = time.monotonic()
        try:
            connection = kind.connect(one, **options)
        except psycopg.OperationalError as fault:
            if isinstance(fault, psycopg.errors.ConnectionTimeout):
                server_at(place).gave_nothing(began)
            faults.append((place, fault))
        else:
            server_at(place).has_opened()
            return connection
    if len(faults) == 1:
        raise faults[0][1]
    raise psycopg.OperationalError("; ".join(f"{host}:{port}: {fault}".strip() for (host, port), fault in faults))


def in_turn(conninfo: str) -> list[tuple[Place, str]]:
    """The servers of an address, each with an address of its own, in the order in which they are tried."""
    return sorted(alternatives(conninfo), key=lambda each: server_at(each[0]).last_resort)


def alternatives(conninfo: str) -> Iterator[tuple[Place, str]]:
    given = conninfo_to_dict(conninfo)
    several = {name: str(given[name]).split(",") for name in ("host", "hostaddr", "port") if given.get(name)}
    count = max(len(several.get("host", [])), len(several.get("hostaddr", [])), 1)
    for at in range(count):
        one = {name: parts[at] if len(parts) > 1 else parts[0] for name, parts in several.items()}
        place = Place(one.get("host") or one.get("hostaddr", ""), one.get("port") or DEFAULT_PORT)
        yield place, make_conninfo("", **{**given, **one}) if count > 1 else conninfo
