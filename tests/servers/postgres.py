"""PostgreSQL: a private cluster, and a fresh database for each test."""

import secrets
import signal
import subprocess

import psycopg

from tests.servers.debian import postgres_programs
from tests.servers.given import GivenPostgres
from tests.servers.process import Child, Folder, Unavailable, as_user, free_port

USER = "postgres"
# Only for tests that kill no machine: what is written survives a killed server all the same, for the kernel keeps it.
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")


class PostgresServer(GivenPostgres):
    """A cluster of our own. `durable` keeps fsync on, as production does."""

    def __init__(self, *, durable: bool = True) -> None:
        self.programs = postgres_programs()
        self.options = () if durable else FAST
        self.port = free_port()
        self.folder = Folder("postgres", USER)
        password = secrets.token_hex(16)
        super().__init__(f"postgresql://parcours:{password}@127.0.0.1:{self.port}/postgres")
        self.child: Child | None = None
        try:
            self.make_cluster(password)
            self.start()
        except BaseException:
            self.close()
            raise

    def make_cluster(self, password: str) -> None:
        secret = self.folder.write("password", password)
        words = [self.programs / "initdb", "-D", self.data, "-U", "parcours", f"--pwfile={secret}", "-A", "scram-sha-256"]
        command = [*as_user(USER, "KILL"), *map(str, words), "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"initdb failed: {done.stderr[-1000:]}")

    @property
    def data(self) -> str:
        return str(self.folder.path / "data")

    def start(self) -> None:
        if self.alive():
            return
        sockets = ("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder.path}")
        words = [
            str(self.programs / "postgres"),
            "-D",
            self.data,
            "-p",
            str(self.port),
            *sockets,
            "-c",
            "max_connections=200",
            *self.options,
        ]
        self.child = Child(words, {"HOME": str(self.folder.path)}, self.folder.path / "log", USER, end_with="INT")
        self.child.wait_for(self.answers)

    def answers(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def alive(self) -> bool:
        return self.child is not None and self.child.alive()

    def stop(self) -> None:
        """A fast shutdown: clients are cut off, nothing is lost."""
        if self.child is not None:
            self.child.end(signal.SIGINT)

    def kill(self) -> None:
        if self.child is not None:
            self.child.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """What it holds is thrown away: no order needed."""
        self.kill()
        self.folder.remove()
