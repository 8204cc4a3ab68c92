"""Generations: the tables of each version of the facts, side by side in one database, so that two releases can run at the same time.

How it works
------------
A generation is the tables of one version (`code_version`): in PostgreSQL a schema `<schema>_facts_<digest>`, in SQLite a file
`<name>-<digest>` beside the one that is named. Releases before generations kept their tables in that schema or file itself: this is the
generation `unnamed`, which they find again when they are started again.

A process opens the generation of its own version alone, and writes no other. So the tables of an older release are kept up to date by
processes of that release, while those of a newer one fill theirs: each has the lease `reporting.inbox.<digest>` (`lease`). Of another
generation nothing is read but what every version has: its name and its position.

After an upgrade the latest of the other generations is kept, for a release that is started again; the rest are dropped
(`drop_superseded`), and so is what an operator names (`drop`). A generation that a running projector keeps up to date is never dropped:
its lease is taken for the time of the drop, so that none can begin meanwhile.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import DropSchema

from services.reporting.facts.tables import TABLES
from services.reporting.projection.code_version import PREFIX, digest_in, version
from services.reporting.projection.damage import SUFFIXES, DamagedReadModels
from services.reporting.projection.database import WRITE_OPTIONS, Place, open_engine, unavailable_if_unreachable
from services.reporting.projection.schema import build_name
from shared.address import Address
from shared.errors import Refused
from shared.message import START, Position
from shared.store.port import Checkpoints

UNNAMED = "unnamed"
INBOX_LEASE = "reporting.inbox"  # of the releases before generations; all later ones add the digest
DIGEST = "[0-9a-f]{16}"
# The tables of the releases before generations. In PostgreSQL they may share a schema with other tables: only these are dropped.
UNNAMED_TABLES = (
    *("person", "orientation", "journey", "transfer", "outcome", "exit", "exit_outcome", "referral", "partner", "workshop", "seat"),
    *("follow_up", "stay", "standing", "referent", "diagnostic", "loan", "barrier", "interview", "answer", "survey_ticket"),
    *(
        "survey_redemption",
        "target",
        "release",
        "definitions",
        "outcome_class",
        "set_aside",
        "task",
        "late",
        "step",
        "checkpoint",
        "quarter",
    ),
)
OTHER_TABLES = ("projection_status", *(f"rebuilt_{name}" for name in UNNAMED_TABLES))


class Generation(Struct, frozen=True):
    """`name` is the digest of its version, or `unnamed`. `position` is None if its tables cannot be read."""

    name: str
    position: Position | None

    @property
    def lease(self) -> str:
        return lease(self.name)


def lease(name: str) -> str:
    """The lease of the projector that keeps a generation up to date."""
    return INBOX_LEASE if name == UNNAMED else f"{INBOX_LEASE}.{name}"


def own() -> str:
    """The name of the generation of this code."""
    return digest_in(version())


def schema_suffix(name: str) -> str:
    return f"_facts_{name}"


class Generations:
    """The generations at an address. `checkpoints` has their leases. Every method blocks and may raise Unavailable."""

    def __init__(self, address: Address, checkpoints: Checkpoints, name: str | None = None) -> None:
        self.address, self.checkpoints = address, checkpoints
        self.own = name or own()
        self.engine = open_engine(address) if address.scheme != "sqlite" else None

    def place(self, name: str | None = None) -> Place:
        """Where the tables of a generation are; by default of our own."""
        name = name or self.own
        if self.engine is None:
            return Place(sqlite_address(self.address, name), None, PREFIX + name)
        schema = None if name == UNNAMED else f"{self.default_schema(self.engine)}{schema_suffix(name)}"
        return Place(self.address, schema, PREFIX + name)

    def all(self) -> list[Generation]:
        """Those that have tables: our own first, then the latest."""
        found = [Generation(name, self.position(name)) for name in self.names()]
        return sorted(found, key=lambda each: (each.name != self.own, -(each.position or START), each.name))

    def others(self) -> list[Generation]:
        return [each for each in self.all() if each.name != self.own]

    def names(self) -> list[str]:
        if self.engine is None:
            return names_of_files(self.address)
        with unavailable_if_unreachable(self.engine), self.engine.connect() as connection:
            prefix = re.escape(self.default_schema(self.engine) + schema_suffix(""))
            found = [
                match[1] for schema in inspect(connection).get_schema_names() if (match := re.fullmatch(f"{prefix}({DIGEST})", schema))
            ]
            return [*found, *([UNNAMED] if build_name(connection, TABLES) else [])]

    def position(self, name: str) -> Position | None:
        try:
            with self.opened(name) as connection:
                position: Position | None = (
                    connection.scalar(text("SELECT position FROM checkpoint")) if build_name(connection, TABLES) else None
                )
                return position
        except DamagedReadModels:
            return None

    def drop_superseded(self) -> list[str]:
        """Drop all but our own and the latest of the others, unless they are in use. Returns the names of those dropped."""
        return [each.name for each in self.others()[1:] if self.drop_unused(each)]

    def drop(self, name: str) -> None:
        """Drop a generation.

        Raises:
            Refused: it is our own, there is none of that name, or a process keeps it up to date.
        """
        if name == self.own:
            raise Refused("generation_own", generation=name)
        if (found := next((each for each in self.others() if each.name == name), None)) is None:
            raise Refused("generation_unknown", generation=name)
        if not self.drop_unused(found):
            raise Refused("generation_in_use", generation=name)

    def drop_unused(self, generation: Generation) -> bool:
        """Whether no process kept it up to date, and it was dropped."""
        with self.checkpoints.lease(generation.lease, 0) as unused:
            if unused:
                self.delete(generation.name)
            return bool(unused)

    def in_use(self, generation: Generation) -> bool:
        """Whether a process keeps it up to date."""
        with self.checkpoints.lease(generation.lease, 0) as unused:
            return not unused

    def delete(self, name: str) -> None:
        place = self.place(name)
        if self.engine is None:
            file = file_of_address(place.address)
            for suffix in SUFFIXES:
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            return
        with (
            unavailable_if_unreachable(self.engine),
            self.engine.connect().execution_options(**WRITE_OPTIONS) as connection,
            connection.begin(),
        ):
            if place.schema is not None:
                connection.execute(DropSchema(place.schema, cascade=True, if_exists=True))
                return
            for table in (*UNNAMED_TABLES, *OTHER_TABLES):
                connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{table}"')

    @contextmanager
    def opened(self, name: str) -> Iterator[Connection]:
        """A read transaction on a generation, whichever version made it."""
        place = self.place(name)
        engine = open_engine(place.address, place.schema)
        try:
            with unavailable_if_unreachable(engine), engine.connect() as connection, connection.begin():
                yield connection
        finally:
            engine.dispose()

    @staticmethod
    def default_schema(engine: Engine) -> str:
        """The schema to which the address leads, known from the first connection on."""
        if engine.dialect.default_schema_name is None:
            with unavailable_if_unreachable(engine), engine.connect():
                pass
        return str(engine.dialect.default_schema_name)


def file_of_address(address: Address) -> Path:
    return Path(address.location.removeprefix("/"))


def sqlite_address(address: Address, name: str) -> Address:
    if name == UNNAMED:
        return address
    file = file_of_address(address)
    return Address(f"sqlite:///{file.with_name(f'{file.stem}-{name}{file.suffix}')}")


def names_of_files(address: Address) -> list[str]:
    file = file_of_address(address)
    pattern = re.compile(f"{re.escape(file.stem)}-({DIGEST}){re.escape(file.suffix)}")
    found = [match[1] for path in sorted(file.parent.glob("*")) if (match := pattern.fullmatch(path.name))]
    return [*found, *([UNNAMED] if file.exists() else [])]
