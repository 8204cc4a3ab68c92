"""The tables of facts. Each row says one thing about the world and keeps the positions of the events that said it.

Days are ISO text: they compare the same in every database. The primary key of a table comes first.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()
SEPARATOR = ","  # between the positions of a row


def key(*names: str) -> list[Column[Any]]:
    return [Column(name, String, primary_key=True) for name in names]


def ranked(*names: str) -> list[Column[Any]]:
    return [Column("person", String, primary_key=True), Column("rank", Integer, primary_key=True), *key(*names)]


def texts(*names: str) -> list[Column[Any]]:
    return [Column(name, String) for name in names]


def numbers(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer) for name in names]


def yes_or_no(*names: str) -> list[Column[Any]]:
    return [Column(name, Boolean) for name in names]


def fact(name: str, *columns: list[Column[Any]]) -> Table:
    flat = [column for group in columns for column in group]
    return Table(name, METADATA, *flat, Column("positions", Text, nullable=False))


def at_position() -> list[Column[Any]]:
    """In SQLite only this very type makes the position the place of the row, instead of an index beside it."""
    return [Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)]


person = fact("person", key("person"), texts("root", "territory", "identified_on", "channel", "radar", "merged_into"), yes_or_no("erased"))
orientation = fact(
    "orientation",
    key("orientation"),
    texts("person", "territory", "prescriber", "kind", "received_on", "answered_on", "accepted_on", "declined_on", "reason"),
    numbers("received_day", "answered_day"),
)
journey = fact("journey", ranked(), texts("territory", "opened_on", "orientation"))
transfer = fact("transfer", ranked(), at_position(), texts("on", "territory"))
outcome = fact("outcome", key("person", "outcome"), numbers("rank", "months"), texts("quality", "on", "territory"))
exit_ = fact("exit", ranked(), numbers("statement"), texts("exit_on", "reason", "territory", "neutralised"))
exit_outcome = fact("exit_outcome", ranked(), [Column("statement", Integer, primary_key=True)], key("outcome"))
referral = fact(
    "referral",
    key("referral"),
    texts("person", "partner", "thematique", "territory", "sent_on", "due_on", "seen_on", "accepted_on", "declined_on"),
    texts("completed_on", "withdrawn_on", "answered_on", "result"),
    numbers("sent_day", "answered_day"),
)
workshop = fact("workshop", key("workshop"), texts("kind", "thematique", "territory", "held_on", "closed_on"), numbers("capacity"))
seat = fact("seat", key("workshop", "person"), texts("territory", "status", "on", "taken_on"))
follow_up = fact(
    "follow_up",
    ranked("milestone"),
    texts("territory", "due_on", "window_end", "cancelled_on", "completed_on", "situation"),
    yes_or_no("still_in_outcome"),
    numbers("attempts"),
)
barrier = fact("barrier", ranked("thematique"), texts("territory", "identified_on", "lifted_on"))
interview = fact("interview", at_position(), texts("person", "territory", "on", "mode"), numbers("rank", "minutes"))
answer = fact(
    "answer",
    at_position(),
    texts("territory", "on"),
    numbers("rating", "domains"),
    yes_or_no("satisfied", "wellbeing", "wants_continuation"),
)
target = fact("target", key("indicator", "territory", "from_quarter"), numbers("value"))
release = fact("release", key("indicator", "quarter", "territory"), texts("authority", "on"))
definitions = fact("definitions", [Column("version", Integer, primary_key=True, autoincrement=False)], texts("on"), [Column("body", Text)])
outcome_class = fact(
    "outcome_class",
    [Column("version", Integer, primary_key=True)],
    key("quality"),
    [Column("least_months", Integer, primary_key=True)],
    texts("class"),
    numbers("score"),
)
late = fact("late", at_position(), texts("territory", "on", "kind"), numbers("lateness"))
step = Table(
    "step",
    METADATA,
    Column("about", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Index("step_about", "about", "position"),
)
checkpoint = Table(
    "checkpoint",
    METADATA,
    *key("name"),
    Column("position", BigInteger, nullable=False),
    *texts("recorded", "first_quarter", "last_quarter"),
)
quarter = Table("quarter", METADATA, *key("id"), *texts("start_on", "end_on"))

Key = tuple[Any, ...]
Row = dict[str, Any]
Values = tuple[Any, ...]  # of a row, in the order of its table
TABLES: dict[str, Table] = {table.name: table for table in METADATA.sorted_tables}
KEYS: dict[str, tuple[str, ...]] = {name: tuple(column.name for column in table.primary_key.columns) for name, table in TABLES.items()}
# A row holds its columns in the order of its table, so that its values are what the database is given.
BLANK: dict[str, Row] = {name: dict.fromkeys(column.name for column in table.columns) for name, table in TABLES.items()}


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarter_start(day: date) -> date:
    """The first day of the quarter in which a day falls."""
    return date(day.year, (day.month + 2) // 3 * 3 - 2, 1)


def quarter_end(day: date) -> date:
    """The last day of the quarter in which a day falls."""
    month = (day.month + 2) // 3 * 3
    return date(day.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def calendar(first: int = 2000, last: int = 2099) -> list[Row]:
    """Every quarter of a century: reference rows, so that a figure is asked for many quarters at once."""
    starts = [date(year, month, 1) for year in range(first, last + 1) for month in (1, 4, 7, 10)]
    return [{"id": quarter_of(day), "start_on": day.isoformat(), "end_on": quarter_end(day).isoformat()} for day in starts]
