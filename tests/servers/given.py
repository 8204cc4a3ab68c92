"""Servers that are already there: a fresh database or vhost is made in them, and they are never stopped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

UNKEPT = httpx.Limits(max_keepalive_connections=0)  # a broker that stops waits for connections that are kept open


def within(address: str, path: str) -> str:
    """The same server and credentials, another database or vhost."""
    return urlunsplit(urlsplit(address)._replace(path=f"/{path}"))


class GivenPostgres:
    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def answers(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def create_database(self) -> str:
        """With PARCOURS_TEST_ICU_LOCALE (`fr-FR`), a database that orders text as that language does."""
        name, locale = f"parcours_{uuid4().hex}", os.environ.get("PARCOURS_TEST_ICU_LOCALE")
        order = f" LOCALE_PROVIDER icu ICU_LOCALE '{locale}' LOCALE 'C.UTF-8' ENCODING 'UTF8'" if locale else ""
        self.run(f"CREATE DATABASE {{}} TEMPLATE template0{order}", name)
        return within(self.dsn, name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, dropped afterwards, even with open connections."""
        dsn = self.create_database()
        try:
            yield dsn
        finally:
            if self.answers():
                self.run("DROP DATABASE {} WITH (FORCE)", urlsplit(dsn).path.lstrip("/"))

    def close(self) -> None:
        """Not ours to stop."""


class GivenRabbitmq:
    """`api` is the address of the management plugin, through which vhosts are made and queues are looked at."""

    def __init__(self, uri: str, api: str) -> None:
        self.uri = uri
        place = urlsplit(uri)
        self.user = place.username or "guest"
        self.api = httpx.Client(base_url=f"{api}/api", auth=(self.user, place.password or "guest"), timeout=30, limits=UNKEPT)

    def answers(self) -> bool:
        try:
            return self.api.get("/health/checks/local-alarms").status_code == 200
        except httpx.HTTPError:
            return False

    def create_vhost(self) -> str:
        name = f"parcours-{uuid4().hex}"
        self.api.put(f"/vhosts/{quote(name)}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.api.put(f"/permissions/{quote(name)}/{quote(self.user)}", json=everything).raise_for_status()
        return within(self.uri, name)

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The address of an empty vhost, deleted afterwards with all its queues."""
        uri = self.create_vhost()
        try:
            yield uri
        finally:
            if self.answers():
                self.api.delete(f"/vhosts/{urlsplit(uri).path.lstrip('/')}").raise_for_status()

    def close(self) -> None:
        """Not ours to stop."""
