"""PostgreSQL 17 on two hosts under Patroni, whose etcd is on a third: it promotes the synchronous standby by itself."""

import json
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from tests.clusters.network import Host
from tests.clusters.system import servers, user_of
from tests.processes import eventually
from tests.servers.process import Child

USER, PORT, DATABASE = "postgres", 5432, "parcours"
API, ETCD = 8008, 2379
TTL_S = 20  # of the leader's key: the least that Patroni takes
RULES = ["local all all trust", "host all,replication all all scram-sha-256"]


class Member:
    """PostgreSQL and its Patroni; `data` is at /mnt on its host."""

    def __init__(self, host: Host, folder: Path, etcd: str, password: str) -> None:
        self.host = host
        self.data = folder / host.name
        self.data.mkdir()
        (self.data / "patroni.yml").write_text(json.dumps(self.settings(etcd, password)))  # JSON is YAML
        for path in (self.data, self.data / "patroni.yml"):
            os.chown(path, *user_of(USER))
        self.child: Child | None = None

    def settings(self, etcd: str, password: str) -> dict[str, Any]:
        place, api = f"{self.host.address}:{PORT}", f"{self.host.address}:{API}"
        access = {"username": DATABASE, "password": password}
        shared: dict[str, Any] = {"use_pg_rewind": True, "parameters": {"max_connections": 200}}
        times: dict[str, Any] = {"ttl": TTL_S, "loop_wait": 2, "retry_timeout": 3}
        return {
            "scope": DATABASE,
            "name": self.host.name,
            "restapi": {"listen": api, "connect_address": api},
            "etcd3": {"host": etcd},
            "bootstrap": {"dcs": {**times, "synchronous_mode": True, "postgresql": shared}, "initdb": [{"encoding": "UTF8"}]},
            "postgresql": {
                "listen": place,
                "connect_address": place,
                "data_dir": "/mnt/data",
                "bin_dir": "/usr/lib/postgresql/17/bin",
                "pg_hba": RULES,
                "authentication": {"superuser": access, "replication": access, "rewind": access},
                "parameters": {"unix_socket_directories": "/mnt"},
            },
        }

    def start(self) -> None:
        self.child = self.host.start(self.data, USER, ["patroni", "/mnt/patroni.yml"], {"HOME": "/mnt"}, "log", own=True)

    def running(self) -> Child:
        assert self.child is not None
        return self.child

    def kill(self) -> None:
        """Patroni and PostgreSQL."""
        self.running().kill()

    def freeze(self) -> Callable[[], None]:
        frozen = self.running().family()
        for process in frozen:
            process.suspend()

        def thaw() -> None:
            for process in frozen:
                with suppress(psutil.NoSuchProcess):  # a server ends those of its processes that serve nobody
                    process.resume()

        return thaw

    def plays(self, part: str) -> bool:
        """Whether it is the `primary`, or a `synchronous` standby, by its own word."""
        try:
            return httpx.get(f"http://{self.host.address}:{API}/{part}", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False


class Patroni:
    def __init__(self, hosts: list[Host], folder: Path) -> None:
        servers()
        *members, third = hosts
        self.password = secrets.token_hex(16)
        self.etcd = self.start_etcd(third, folder)
        self.members = [Member(host, folder, f"{third.address}:{ETCD}", self.password) for host in members]
        for member in self.members:
            member.start()
        self.members[0].running().wait_for(self.is_whole, 120)
        with psycopg.connect(self.dsn_of("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}".encode())

    def start_etcd(self, host: Host, folder: Path) -> Child:
        data = folder / host.name
        data.mkdir()
        url = f"http://{host.address}:{ETCD}"
        words = ["etcd", "--data-dir", "/mnt/etcd", "--listen-client-urls", url, "--advertise-client-urls", url]
        child = host.start(data, "root", words, {}, "log")
        child.wait_for(lambda: answers(f"{url}/health"))
        return child

    def dsn_of(self, database: str) -> str:
        hosts = ",".join(f"{member.host.address}:{PORT}" for member in self.members)
        return f"postgresql://{DATABASE}:{self.password}@{hosts}/{database}?target_session_attrs=read-write"

    @property
    def dsn(self) -> str:
        """Both servers, for a client: the one that accepts writes is the primary."""
        return self.dsn_of(DATABASE)

    @property
    def leader(self) -> Member:
        return next(member for member in self.members if member.plays("primary"))

    def other(self, member: Member) -> Member:
        return next(each for each in self.members if each is not member)

    def is_whole(self) -> bool:
        """One leads, and the other has what it has."""
        return any(member.plays("primary") and self.other(member).plays("synchronous") for member in self.members)

    def wait_for_promotion(self, member: Member) -> float:
        """How long it takes until this one leads."""
        began = time.monotonic()
        eventually(lambda: member.plays("primary"), "Patroni promotes the standby", 4 * TTL_S)
        return time.monotonic() - began

    def close(self) -> None:
        for member in self.members:
            if member.child is not None:
                for process in member.child.family():
                    process.resume()
                member.child.kill()
        self.etcd.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False
