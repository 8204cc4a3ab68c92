"""PostgreSQL: a private cluster, and a fresh database for each test."""

import os
import secrets
import signal
import subprocess
from urllib.parse import urlencode, urlsplit

import psycopg

from tests.servers.certificates import HOST, authority
from tests.servers.debian import postgres_programs, program
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
        self.env = {"HOME": str(self.folder.path)}
        password = secrets.token_hex(16)
        super().__init__(f"postgresql://parcours:{password}@127.0.0.1:{self.port}/postgres")
        self.child: Child | None = None
        try:
            self.make_cluster(password)
            certificate, key = authority().sign()
            tls = (self.folder.write("certificate.pem", certificate), self.folder.write("key.pem", key), authority().file)
            self.tls = [word for name, file in zip(("cert", "key", "ca"), tls, strict=True) for word in ("-c", f"ssl_{name}_file={file}")]
            self.start()
        except BaseException:
            self.close()
            raise

    def over_tls(self, dsn: str, host: str = HOST, mode: str = "verify-full", **options: str) -> str:
        """The address of a database over TLS. The certificate of the server is for HOST."""
        place = urlsplit(dsn)
        user, _, _ = place.netloc.rpartition("@")
        query = urlencode({"sslmode": mode, "sslrootcert": str(authority().file), **options})
        return place._replace(netloc=f"{user}@{host}:{self.port}", query=query).geturl()

    def make_cluster(self, password: str) -> None:
        secret, locale = self.folder.write("password", password), self.locale()
        words = [self.programs / "initdb", "-D", self.data, "-U", "parcours", f"--pwfile={secret}", "-A", "scram-sha-256"]
        command = [*as_user(USER, "KILL"), *map(str, words), "--encoding=UTF8", f"--locale={locale}", "--no-sync"]
        done = subprocess.run(command, cwd="/", env=os.environ | self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unavailable(f"initdb failed: {done.stderr[-1000:]}")

    def locale(self) -> str:
        """With PARCOURS_TEST_LOCALE (`tr_TR`), everything is written and ordered as in another country: numbers, dates, messages, texts."""
        if not (country := os.environ.get("PARCOURS_TEST_LOCALE")):
            return "C.UTF-8"
        locales = self.folder.path / "locales"
        locales.mkdir(exist_ok=True)
        locales.chmod(0o755)
        source = program(f"/usr/share/i18n/locales/{country}", "locales").name
        subprocess.run(["localedef", "-i", source, "-f", "UTF-8", f"{locales}/{country}.UTF-8"], check=True, capture_output=True)
        self.env["LOCPATH"] = str(locales)
        return f"{country}.UTF-8"

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
            "-c",
            "ssl=on",
            *self.tls,
            *self.options,
        ]
        self.child = Child(words, self.env, self.folder.path / "log", USER, end_with="INT")
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
