"""The tables of facts. Each row states one fact and holds the positions of its source events.

Days are ISO text: they compare in the same way in every database. The primary key of a table comes first. Names of tables and
columns are stored in databases, so they stay; `step` is called `timeline_entry` in the code, where a step is a person's démarche.
"""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text

from services.vocabulary.calendar import quarter_end, quarter_of

METADATA = MetaData()
POSITION_SEPARATOR = ","  # between the positions of a row


def key(*names: str) -> list[Column[Any]]:
    """Text columns of the primary key."""
    return [Column(name, String, primary_key=True) for name in names]


def journey_key(*names: str) -> list[Column[Any]]:
    """The primary key of what belongs to a journey: person, rank, and more columns of text."""
    return [Column("person", String, primary_key=True), Column("rank", Integer, primary_key=True), *key(*names)]


def texts(*names: str) -> list[Column[Any]]:
    return [Column(name, String) for name in names]


def integers(*names: str) -> list[Column[Any]]:
    return [Column(name, Integer) for name in names]


def booleans(*names: str) -> list[Column[Any]]:
    return [Column(name, Boolean) for name in names]


def fact_table(name: str, *columns: list[Column[Any]]) -> Table:
    """A table of these columns and `positions`: those of the source events of a row, in order, as text."""
    flat = [column for group in columns for column in group]
    return Table(name, METADATA, *flat, Column("positions", Text, nullable=False))


def event_position(name: str) -> list[Column[Any]]:
    """The position of one event of the row, which orders facts of one day as the log does."""
    return [Column(name, BigInteger)]


def position_key() -> list[Column[Any]]:
    """The event's position as primary key. SQLite uses it as the row's own id only if the type is INTEGER; else it adds an index."""
    return [Column("position", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)]


# `root` is the record that represents the person: the end of the chain of merges (projection.merged_persons).
person = fact_table(
    "person",
    key("person"),
    texts("root", "territory", "identified_on", "channel", "radar", "merged_into"),
    booleans("erased"),
    event_position("identified_at"),
)
Index("person_root", person.c.root)
# A row is a merge, also one that a separation ended: who was the same person as whom at some time is found from it.
person_merge = fact_table("person_merge", key("person"), position_key(), texts("kept"))
Index("person_merge_kept", person_merge.c.kept)
orientation = fact_table(
    "orientation",
    key("orientation"),
    texts("person", "territory", "prescriber", "kind", "received_on", "answered_on", "accepted_on", "declined_on", "reason"),
    integers("received_day", "answered_day"),
)
journey = fact_table("journey", journey_key(), texts("territory", "opened_on", "orientation"), event_position("opened_at"))
transfer = fact_table("transfer", journey_key(), position_key(), texts("on", "territory"))
# An outcome may be stated again under its id: a row is one statement of it.
outcome = fact_table(
    "outcome", key("person", "outcome"), position_key(), integers("rank", "months", "day"), texts("quality", "on", "territory")
)
# `statement` is the number of the latest statement of the exit: 1, and one more for each correction.
exit_ = fact_table("exit", journey_key(), integers("statement", "exit_day"), texts("exit_on", "reason", "territory", "neutralised"))
exit_outcome = fact_table("exit_outcome", journey_key(), [Column("statement", Integer, primary_key=True)], key("outcome"))
# The id of a referral, the rank of a journey and the id of an outcome are unique among those of one person.
referral = fact_table(
    "referral",
    key("person", "referral"),
    texts("partner", "thematique", "territory", "sent_on", "due_on", "seen_on", "accepted_on", "declined_on"),
    texts("completed_on", "withdrawn_on", "answered_on", "result"),
    integers("sent_day", "answered_day"),
)
partner = fact_table("partner", key("partner", "territory"), texts("label", "listed_on"))
workshop = fact_table("workshop", key("workshop"), texts("kind", "thematique", "territory", "held_on", "closed_on"), integers("capacity"))
seat = fact_table("seat", key("workshop", "person"), texts("territory", "status", "on", "taken_on"))
follow_up = fact_table(
    "follow_up",
    journey_key("milestone"),
    texts("due_on", "window_end", "cancelled_on", "completed_on", "situation"),
    booleans("still_in_outcome"),
    integers("attempts"),
)
# What follows is read of persons, one at a time or in lists: `stay` has every move of a record, `standing` the latest one.
stay = fact_table("stay", key("person"), position_key(), texts("territory", "on"))
standing = fact_table("standing", key("person"), texts("territory", "since"))
referent = fact_table("referent", journey_key(), texts("referent", "since"))
diagnostic = fact_table("diagnostic", journey_key("thematique"), texts("level", "on"))
loan = fact_table("loan", key("serial", "person"), texts("lent_on", "until", "returned_on", "bought_on"), booleans("working"))
# A row is an event on a barrier, identified or lifted: what is identified again after it was lifted is a second one.
barrier = fact_table("barrier", journey_key("thematique"), position_key(), texts("territory", "on"), booleans("lifted"))
interview = fact_table("interview", position_key(), texts("person", "territory", "on", "mode"), integers("rank", "minutes"))
answer = fact_table(
    "answer",
    position_key(),
    texts("territory", "on"),
    integers("rating", "domains"),
    booleans("satisfied", "wellbeing", "wants_continuation"),
)
survey_ticket = fact_table("survey_ticket", journey_key("moment"), texts("territory", "on"))
survey_redemption = fact_table("survey_redemption", position_key(), texts("territory", "on", "moment"))
# Each decision has a row of its own, so that it is known what was decided as of any position: up to `set_aside_at`, if it was set aside.
target = fact_table(
    "target", key("indicator", "territory", "from_quarter"), position_key(), integers("value"), event_position("set_aside_at")
)
release = fact_table(
    "release", key("indicator", "quarter", "territory"), position_key(), texts("authority", "on"), event_position("set_aside_at")
)
definitions = fact_table(
    "definitions",
    [Column("version", Integer, primary_key=True, autoincrement=False)],
    texts("on"),
    [Column("body", Text)],
    event_position("published_at"),
)
# A rule applies to the outcomes of its quality that last `least_months` or more, and less than `below_months`, from which another applies.
outcome_class = fact_table(
    "outcome_class",
    [Column("version", Integer, primary_key=True)],
    key("quality"),
    [Column("least_months", Integer, primary_key=True)],
    texts("class"),
    integers("score", "below_months"),
)
set_aside = fact_table("set_aside", position_key(), texts("reason", "on"))
# `details` is JSON: what fills the text of the refusal's code.
task = fact_table(
    "task",
    key("task"),
    texts("territory", "policy", "kind", "code", "details", "person"),
    texts("opened_on", "retried_on", "refused_on", "completed_on"),
)
late = fact_table("late", position_key(), texts("territory", "on", "kind"), integers("lateness"))
# `about` is what the event at `position` is about: `person/<record>` or `orientation/<id>`, as one id may name one of each.
timeline_entry = Table(
    "step",
    METADATA,
    Column("about", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Index("step_about", "about", "position"),
)
# The ledger (`services.reporting.ledger`): by how much each event changed each count, and the sums of that.
CELL = ("side", "version", "quarter", "territory", "amount")


def cell_columns(**options: Any) -> list[Column[Any]]:
    return [Column(name, Integer if name in {"version", "amount"} else String, **options) for name in CELL]


entry = Table(
    "entry",
    METADATA,
    Column("position", BigInteger, nullable=False),
    *cell_columns(nullable=False),
    Column("change", Integer, nullable=False),
    Index("entry_position", "position"),
    Index("entry_cell", "side", "version", "quarter", "territory", "position"),
)
balance = Table(
    "balance",
    METADATA,
    *cell_columns(primary_key=True, autoincrement=False),
    Column("total", BigInteger, nullable=False),
)
# The balances as they were at some positions: what a sum as of any position begins with.
subtotal = Table(
    "subtotal",
    METADATA,
    Column("position", BigInteger, nullable=False),
    *cell_columns(nullable=False),
    Column("total", BigInteger, nullable=False),
    Index("subtotal_position", "position"),
)
# Versions of the definitions under which not all persons are entered yet (`services.reporting.ledger.filling`).
filling = Table(
    "filling",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("after", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
)
filled = Table("filled", METADATA, Column("version", Integer, primary_key=True, autoincrement=False), *key("person"))
# The first and last quarter with a fact, from each event on that widened this span.
span = Table("span", METADATA, *position_key(), *texts("first_quarter", "last_quarter"))
# One row. `name` is the build that made the tables, the rest is projection.checkpoint.Checkpoint.
checkpoint = Table(
    "checkpoint",
    METADATA,
    *key("name"),
    Column("position", BigInteger, nullable=False),
    *texts("recorded", "first_quarter", "last_quarter"),
    Column("subtotal_in", Integer, nullable=False, default=0),
    Column("coverage", Text, nullable=False, default=""),
)
quarter = Table("quarter", METADATA, *key("id"), *texts("start_on", "end_on"))

Key = tuple[Any, ...]
Row = dict[str, Any]
Values = tuple[Any, ...]  # the values of a row, in the order of its table's columns
TABLES: dict[str, Table] = {table.name: table for table in METADATA.sorted_tables}
KEY_COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.primary_key.columns) for name, table in TABLES.items()
}
# Rows are made from these, so that they hold their columns in the order of the table: their values go to the driver as they are.
BLANK_ROWS: dict[str, Row] = {name: dict.fromkeys(column.name for column in table.columns) for name, table in TABLES.items()}


def quarter_rows(first: int = 2000, last: int = 2099) -> list[Row]:
    """The rows of the table `quarter`: every quarter of the years given. A query joins it to compute a figure for many quarters at once."""
    starts = [date(year, month, 1) for year in range(first, last + 1) for month in (1, 4, 7, 10)]
    return [{"id": quarter_of(day), "start_on": day.isoformat(), "end_on": quarter_end(day).isoformat()} for day in starts]
