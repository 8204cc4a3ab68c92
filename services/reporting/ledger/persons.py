"""The rows of a person in memory, and what they contribute: asked of questions, and remembered until rows change that decide it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from services.reporting.facts.change import Change
from services.reporting.facts.fold import blank_row
from services.reporting.facts.tables import Key, Row, outcome_class
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Contributions, contributions
from services.reporting.ledger.sides import CountedSide

EVERY_VERSION = 0  # of the entries of a side that no definition decides


class Version(Struct, frozen=True):
    """A version of the definitions: the parameters of questions, and its rows of `outcome_class`."""

    parameters: Mapping[str, Any]
    classes: Sequence[Row]


NO_VERSION = Version({}, ())


class Ask(Struct, frozen=True):
    """A side under a version of the definitions."""

    side: CountedSide
    number: int
    version: Version

    def of(self, tables: dict[str, Any]) -> Contributions:
        """What the rows of these tables contribute."""
        return contributions(self.side, self.number, tables, self.version.parameters)


class NoRows(dict[str, Any]):
    """Tables of which some have no rows."""

    def __missing__(self, name: str) -> Any:
        return ()


class Person:
    """The rows of a person, under all of their records, and what they are known to contribute: by side and version."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = {}
        self.tables: dict[str, Any] = NoRows()  # the same rows, as questions read them
        self.known: dict[tuple[str, int], Contributions] = {}

    def rows_of(self, table: str) -> dict[Key, Row]:
        if table not in self.rows:
            self.rows[table] = {}
            self.tables[table] = self.rows[table].values()
        return self.rows[table]

    def contributes(self, ask: Ask) -> Contributions:
        """What they contributed when they were asked last."""
        known = self.known.get((ask.side.name, ask.number))
        return self.asked(ask) if known is None else known

    def asked(self, ask: Ask) -> Contributions:
        """What they contribute now."""
        for table in ask.side.needed:
            if table not in self.rows:
                return NO_CONTRIBUTION
        self.tables[outcome_class.name] = ask.version.classes
        known = self.known[ask.side.name, ask.number] = ask.of(self.tables)
        return known

    def change(self, change: Change) -> None:
        change_row(self.rows_of(change.table), change)

    def records(self) -> set[str]:
        """Their records, and those that they were merged into."""
        of_rows = {key[0] for rows in self.rows.values() for key in rows}
        return of_rows | {row["root"] for row in self.rows.get("person", {}).values()}


def change_row(rows: dict[Key, Row], change: Change) -> Row:
    row = rows.get(change.key)
    if row is None:
        row = rows[change.key] = blank_row(change.table, change.key)
    row.update(change.columns)
    return row
