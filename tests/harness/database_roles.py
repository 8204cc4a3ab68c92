"""A PostgreSQL server furnished by deploy/postgres/roles.sh, as the container of docker-compose.yml is."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

from services.bootstrap.names import PROCESSES
from services.bootstrap.parts import OF_PERSONS, OF_PROCESSES
from services.cli.main import main
from shared.address import Address
from tests.forks import ROOT
from tests.servers import PostgresServer

OWNER, PERSONS = "owner", "persons"
LOG, MODELS, PERSON_KEYS = "parcours_log", "parcours_reports", "parcours_person_keys"


class Roles:
    """The roles of an installation, each with a password of its own."""

    def __init__(self, server: PostgresServer) -> None:
        self.place = urlsplit(server.dsn)
        self.passwords = {role: f"it's {uuid4().hex}" for role in (OWNER, PERSONS, *PROCESSES)}
        given = {f"PARCOURS_{role.upper()}_PASSWORD": password for role, password in self.passwords.items()}
        connection = {
            "POSTGRES_USER": str(self.place.username),
            "PGPASSWORD": str(self.place.password),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.place.port),
            "PATH": f"{server.programs}:{os.environ['PATH']}",
        }
        subprocess.run([ROOT / "deploy" / "postgres" / "roles.sh"], env={**connection, **given}, check=True, capture_output=True, text=True)

    def dsn(self, role: str, database: str = LOG) -> str:
        return f"postgresql://parcours_{role}:{quote(self.passwords[role])}@127.0.0.1:{self.place.port}/{database}"

    def address(self, role: str) -> Address:
        return Address(self.dsn(role))

    def addresses(self, process: str) -> dict[str, str]:
        """What a process is given, and no other."""
        models = {"PARCOURS_READ_MODELS": self.dsn(process, MODELS)} if process == "reporting" else {}
        persons = {"PARCOURS_PERSON_KEYS": self.dsn(PERSONS, PERSON_KEYS)} if OF_PROCESSES[process].parts >= OF_PERSONS else {}
        return {"PARCOURS_EVENT_STORE": self.dsn(process), **models, **persons}


@contextmanager
def installed() -> Iterator[Roles]:
    server = PostgresServer(durable=False)
    try:
        yield Roles(server)
    finally:
        server.close()


def set_up(roles: Roles, folder: Path) -> None:
    """`parcours setup`, as the container of that name runs it."""
    before = os.environ.get("PARCOURS_EVENT_STORE")
    os.environ["PARCOURS_EVENT_STORE"] = roles.dsn(OWNER)
    try:
        assert main(["setup", "--no-link", "--data", str(folder)]) == 0
    finally:
        if before is None:
            del os.environ["PARCOURS_EVENT_STORE"]
        else:
            os.environ["PARCOURS_EVENT_STORE"] = before
