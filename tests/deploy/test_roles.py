"""Who may do what in the database: a service appends through one function and can change nothing that is recorded."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from tests.servers import PostgresServer

ROLES = Path(__file__).parent.parent.parent / "deploy" / "postgres" / "roles.sh"
ROLE_NAMES = ("owner", "services", "reports")


class Installation:
    """A server furnished by deploy/postgres/roles.sh, as the container of docker-compose.yml is."""

    def __init__(self, server: PostgresServer) -> None:
        self.place = urlsplit(server.dsn)
        self.passwords = {role: f"it's {uuid4().hex}" for role in ROLE_NAMES}
        given = {f"PARCOURS_{role.upper()}_PASSWORD": password for role, password in self.passwords.items()}
        connection = {
            "POSTGRES_USER": str(self.place.username),
            "PGPASSWORD": str(self.place.password),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.place.port),
            "PATH": f"{server.programs}:{os.environ['PATH']}",
        }
        subprocess.run([ROLES], env={**connection, **given}, check=True, capture_output=True, text=True)

    def dsn(self, role: str, database: str = "parcours_log") -> str:
        return f"postgresql://parcours_{role}:{self.passwords[role].replace(' ', '%20')}@127.0.0.1:{self.place.port}/{database}"

    def parts(self, role: str, folder: Path) -> Components:
        environment = {"PARCOURS_EVENT_STORE": self.dsn(role), "PARCOURS_READ_MODELS": self.dsn("reports", "parcours_reports")}
        return Components(read_settings(folder, environ=environment))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    server = PostgresServer(durable=False)
    try:
        installed = Installation(server)
        installed.parts("owner", tmp_path_factory.mktemp("owner")).store.head()
        yield installed
    finally:
        server.close()


def test_a_service_appends_and_reads_and_keeps_its_place(installation: Installation, tmp_path: Path) -> None:
    parts = installation.parts("services", tmp_path)
    parts.publish_definitions()
    assert [event.kind for event in parts.store.read_all(0)] == ["reporting.DefinitionsPublished"]
    parts.checkpoints.save("relay", parts.store.head())
    assert parts.checkpoints.load("relay") == parts.store.head()


def test_the_read_models_are_kept_by_a_role_of_their_own(installation: Installation, tmp_path: Path) -> None:
    parts = installation.parts("services", tmp_path)
    parts.publish_definitions()
    parts.reports.apply(parts.store.read_all(0))
    assert parts.reports.position() == parts.store.head()


FORBIDDEN = [
    "insert into events select * from events",
    "update events set message = message",
    "delete from events",
    "truncate events",
    "drop table events",
    "alter table events disable trigger all",
    "create table mine (n int)",
    "delete from checkpoints",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_a_service_can_change_nothing_that_is_recorded(installation: Installation, statement: str) -> None:
    with (
        psycopg.connect(installation.dsn("services")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"permission denied|must be owner"),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(("role", "database"), [("reports", "parcours_log"), ("services", "parcours_reports")])
def test_a_role_does_not_enter_the_other_database(installation: Installation, role: str, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(installation.dsn(role, database))
