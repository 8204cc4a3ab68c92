"""PostgreSQL 17 on two hosts: a primary whose commits wait for its standby, which is promoted when it is away."""

import os
import secrets
import signal
from pathlib import Path

import psycopg

from tests.clusters.network import Host
from tests.clusters.system import servers, user_of
from tests.containers.debian import done
from tests.servers.process import Child

USER, PORT, DATABASE = "postgres", 5432, "parcours"
PROGRAMS = "/usr/lib/postgresql/17/bin"
STANDBY = "standby"
ACCESS = "host all,replication all all scram-sha-256\n"


class Instance:
    """One server; `data` is at /mnt on its host."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.data = folder / host.name
        self.data.mkdir()
        os.chown(self.data, *user_of(USER))
        self.child: Child | None = None

    def run(self, *words: str, **env: str) -> None:
        variables = [f"{name}={value}" for name, value in env.items()]
        done(self.host.command(self.data, USER, ["env", *variables, f"{PROGRAMS}/{words[0]}", *words[1:]]))

    def start(self, *options: str) -> None:
        words = ["-D", "/mnt/data", "-c", f"listen_addresses={self.host.address}", "-c", "unix_socket_directories=/mnt"]
        settings = [word for option in ("max_connections=200", *options) for word in ("-c", option)]
        self.child = self.host.start(self.data, USER, [f"{PROGRAMS}/postgres", *words, *settings], {}, "log")

    def running(self) -> Child:
        assert self.child is not None
        return self.child

    def freeze(self) -> None:
        for process in self.running().family():
            process.send_signal(signal.SIGSTOP)


class Replicated:
    def __init__(self, hosts: list[Host], folder: Path) -> None:
        servers()
        self.password = secrets.token_hex(16)
        self.primary, self.standby = (Instance(host, folder) for host in hosts)
        secret = self.primary.data / "password"
        secret.write_text(self.password)
        os.chown(secret, *user_of(USER))
        self.primary.run("initdb", "-D", "/mnt/data", "-U", DATABASE, "--pwfile=/mnt/password", "-A", "scram-sha-256", "--encoding=UTF8")
        with (self.primary.data / "data" / "pg_hba.conf").open("a") as access:
            access.write(ACCESS)
        self.primary.start()
        self.primary.running().wait_for(lambda: self.answers(self.primary))
        with psycopg.connect(self.dsn_of(self.primary, "postgres"), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}".encode())
        source = f"host={self.primary.host.address} port={PORT} user={DATABASE} application_name={STANDBY}"
        self.standby.run("pg_basebackup", "-D", "/mnt/data", "-R", "-d", source, "-X", "stream", "-c", "fast", PGPASSWORD=self.password)
        self.standby.start()
        self.standby.running().wait_for(lambda: self.answers(self.standby))
        with psycopg.connect(self.dsn_of(self.primary), autocommit=True) as connection:
            connection.execute(f"alter system set synchronous_standby_names = '{STANDBY}'".encode())
            connection.execute("select pg_reload_conf()")
        self.standby.running().wait_for(self.is_synchronous)

    def dsn_of(self, instance: Instance, database: str = DATABASE) -> str:
        return f"postgresql://{DATABASE}:{self.password}@{instance.host.address}:{PORT}/{database}"

    @property
    def dsn(self) -> str:
        """Both servers, for a client: the one that accepts writes is the primary."""
        hosts = ",".join(f"{each.host.address}:{PORT}" for each in (self.primary, self.standby))
        return f"postgresql://{DATABASE}:{self.password}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    def answers(self, instance: Instance) -> bool:
        try:
            psycopg.connect(self.dsn_of(instance, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def is_synchronous(self) -> bool:
        with psycopg.connect(self.dsn_of(self.primary)) as connection:
            return connection.execute("select from pg_stat_replication where sync_state = 'sync'").fetchone() is not None

    def promote(self) -> None:
        """Make the standby a primary that waits for nobody. The old one must never be heard of again."""
        with psycopg.connect(self.dsn_of(self.standby), autocommit=True) as connection:
            connection.execute("select pg_promote()")
            connection.execute("alter system set synchronous_standby_names = ''")
            connection.execute("select pg_reload_conf()")

    def close(self) -> None:
        for instance in (self.primary, self.standby):
            if instance.child is not None:
                instance.child.kill()
