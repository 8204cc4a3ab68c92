"""A side, asked of rows in memory: the declared SQL compiled to a Python function that finds the same rows (`compile_question`).

How it works
------------
A declaration is SQLAlchemy's tree of a SELECT. The function is one loop inside the other for its tables, each condition as soon as all
rows that it speaks of are chosen:

    for quarter in tables["quarter"]:                      FROM person JOIN quarter ON …
    …   for person in tables["person"]:
    …       if person["identified_on"] <= …:
    …           found.append((quarter["id"], …))           SELECT quarter.id, …

- A subquery is a function of its own, whose rows are found first; its window functions are worked out on all its rows (`windows`).
- An outer join without a match has one row, all None.
- EXISTS and a scalar subquery are expressions, in which the rows of the outer loops are known.

Tables are lists of rows, each a mapping by column, as `facts.fold` has them. Nothing is indexed: it is meant for the few rows of one
person, or of one fact. That the answers are those of the databases is tested on random histories, for every side of the catalogue.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from msgspec import Struct
from sqlalchemy import CompoundSelect, Select, Subquery, null
from sqlalchemy.sql import elements

from services.reporting.facts.tables import quarter
from services.reporting.ledger.expressions import PARAMETERS, Expressions, Unsupported
from services.reporting.ledger.selects import (
    Source,
    clauses,
    columns_read,
    days_of,
    flatten,
    froms,
    is_descending,
    is_stored,
    is_unread,
    parameters_of,
    stored_name,
    tables_needed,
    tables_read,
)
from services.reporting.ledger.windows import NO_ROW, Function, Window, limit_one, windowed

TablesInMemory = Mapping[str, Sequence[Mapping[str, Any]]]
Found = list[tuple[Any, ...]]

TABLES = "tables"
INDENT = " "


class Question(Struct, frozen=True):
    """A compiled select. `find` gives its rows, `source` is the text of that function."""

    find: Callable[[TablesInMemory, Mapping[str, Any]], Found]
    source: str
    columns: Mapping[str, frozenset[str]]
    """By table that it reads, the columns that it reads there."""
    needed: frozenset[str]
    """The tables without whose rows nothing is found."""
    one_loop: bool
    """Whether it reads each table once, and the rows that it finds do not depend on each other."""
    days: Mapping[str, Collection[str]]
    """By table, the columns of the days that decide in which quarters its rows are found."""


def compile_question(select: Any, columns: Collection[str] | None = None, unbounded: Collection[str] = ()) -> Question:
    """The function that answers a select from rows in memory.

    With `columns`, the others are None, and nothing is done for them. Conditions on nothing but the parameters `unbounded` are left out:
    they limit what the databases are asked for.

    Raises:
        Unsupported: the select uses what `expressions` or this module does not know.
    """
    module = Module(frozenset(unbounded))
    name = module.function(select, columns)
    namespace: dict[str, Any] = {"windowed": windowed, "limit_one": limit_one, "NO_ROW": NO_ROW, "Window": Window, "Function": Function}
    source = "\n".join(module.lines)
    exec(source, namespace)  # noqa: S102 - made from the declarations of this code alone, never from data
    one_loop = module.sources == len({quarter.name, *module.columns}) and not module.windows
    days = days_of(select)
    read = {table: frozenset({*columns, *days.get(table, ())}) for table, columns in module.columns.items()}
    return Question(namespace[name], source, read, frozenset(tables_needed(select)), one_loop, days)


class Module:
    """The functions of one question."""

    def __init__(self, unbounded: frozenset[str]) -> None:
        self.unbounded = unbounded
        self.columns: dict[str, set[str]] = {}  # that are read, by table
        self.sources = 0  # loops over tables
        self.windows = 0
        self.lines: list[str] = []
        self.numbers = count(1)

    def constant(self, value: object) -> str:
        name = f"c{next(self.numbers)}"
        self.lines.append(f"{name} = {value!r}")
        return name

    def function(self, select: Any, columns: Collection[str] | None = None) -> str:
        name = f"select_{next(self.numbers)}"
        if isinstance(select, CompoundSelect):
            parts = ", ".join(f"*{self.function(part)}({TABLES}, {PARAMETERS})" for part in select.selects)
            body = [f"return list(dict.fromkeys([{parts}]))"]
        else:
            body = [*Loops(self, {}).function(select, columns)]
        self.lines += [f"def {name}({TABLES}, {PARAMETERS}):", *(INDENT + line for line in body)]
        return name


class Loops:
    """The loops of one select. `places` is the variable of each row that is chosen: of the selects around it, then of its own.

    `certain` are the tables of which there always is a row.
    """

    def __init__(self, module: Module, places: Mapping[Any, str], certain: Collection[Any] = ()) -> None:
        self.module = module
        self.places = dict(places)
        self.certain: set[Any] = set(certain)
        self.subqueries: list[str] = []  # the lines that find their rows
        self.expressions = Expressions(self.column, self.is_certain, self.any_of, self.one_of, module.numbers)

    def function(self, select: Select[Any], wanted: Collection[str] | None) -> Iterator[str]:
        """The body of a function that returns the rows of a select."""
        columns = [column if wanted is None or column.name in wanted else null() for column in select.selected_columns]
        columns = [column.element if isinstance(column, elements.Label) else column for column in columns]
        loops = [*self.loops(select, columns)]
        values, windows = self.values(columns)
        self.module.windows += len(windows)
        yield from self.subqueries
        yield "found = []"
        indent = ""
        for loop, conditions in loops:
            yield indent + loop
            indent += INDENT
            yield from (f"{indent}if not {condition}: continue" for condition in conditions)
        yield f"{indent}found.append(({', '.join(values)},))"
        yield f"return windowed(found, {self.module.constant(windows)}, {len(columns)})" if windows else "return found"

    def values(self, columns: Sequence[Any]) -> tuple[list[str], list[Window]]:
        """The sources of the columns. Behind them are those that window functions need, which are worked out later.

        Functions over the same window share it.
        """
        values = ["None" if isinstance(column, elements.Over) else self.expressions.value(column) for column in columns]
        windows: dict[tuple[str, ...], Window] = {}
        for at, column in enumerate(columns):
            if isinstance(column, elements.Over):
                arguments, partition, order = (clauses(each) for each in (column.element.clauses, column.partition_by, column.order_by))
                values += [self.expressions.value(each) for each in arguments]
                function = Function(at, column.element.name, len(values) - 1)
                keys = [(key.element, True) if is_descending(key) else (key, False) for key in order]
                named = (*map(str, partition), "", *map(str, order))
                if named not in windows:
                    windows[named] = Window([], len(values), len(partition), [last for _, last in keys])
                    values += [self.expressions.value(each) for each in (*partition, *(key for key, _ in keys))]
                windows[named].functions.append(function)
        return values, [*windows.values()]

    def loops(self, select: Select[Any], columns: Sequence[Any]) -> Iterator[tuple[str, list[str]]]:
        """For each source its loop, and the conditions that can be tested in it. `columns` are those that are selected."""
        pending = clauses(select.whereclause)
        sources: list[Source] = []
        for element in froms(select):
            if element not in self.places:
                flatten(element, sources, pending)
        pending = [condition for condition in pending if not parameters_of(condition) or parameters_of(condition) - self.module.unbounded]
        read = columns_read(*columns, *pending, *(source.on for source in sources if source.on is not None))
        sources = [source for source in sources if not is_unread(source, columns_read(*columns, *pending))]
        to_come = {source.element for source in sources}
        for source in sources:
            loop = self.loop(source, read)
            to_come.discard(source.element)
            ready = [condition for condition in pending if to_come.isdisjoint(tables_read(condition))]
            pending = [condition for condition in pending if condition not in ready]
            yield loop, [self.expressions.holds(condition) for condition in ready]

    def loop(self, source: Source, read: Collection[Any]) -> str:
        variable, rows = f"r{next(self.module.numbers)}", self.rows_of(source.element, read)
        self.places[source.element] = variable
        if source.on is None and is_stored(source.element):
            self.certain.add(source.element)
        if source.on is None:
            return f"for {variable} in {rows}:"
        none = "NO_ROW" if is_stored(source.element) else f"(None,) * {len(source.element.columns)}"
        return f"for {variable} in [{variable} for {variable} in {rows} if {self.expressions.holds(source.on)}] or ({none},):"

    def rows_of(self, element: Any, read: Collection[Any]) -> str:
        if is_stored(element):
            self.module.columns.setdefault(stored_name(element), set())
            self.module.sources += 1
            return f"{TABLES}[{stored_name(element)!r}]"
        if isinstance(element, Subquery):
            rows, columns = f"s{next(self.module.numbers)}", {column.name for column in read if column.table is element}
            self.subqueries.append(f"{rows} = {self.module.function(element.element, columns)}({TABLES}, {PARAMETERS})")
            return rows
        raise Unsupported(f"source {type(element).__name__}: {element}")

    def column(self, column: Any) -> str:
        row = self.places[column.table]
        if not is_stored(column.table):
            return f"{row}[{[*column.table.columns].index(column)}]"
        self.module.columns[stored_name(column.table)].add(column.name)
        return f"{row}[{column.name!r}]"

    def is_certain(self, expression: Any) -> bool:
        """Whether it is never NULL: a part of the key of a row, or the bounds of a quarter."""
        of_row = isinstance(expression, elements.ColumnClause) and expression.table in self.certain
        return of_row and (expression.primary_key or expression.table is quarter)

    def any_of(self, select: Select[Any]) -> str:
        return f"any(True {self.nested(select)[0]})"

    def one_of(self, select: Select[Any]) -> str:
        """A scalar subquery: the first value in an order."""
        (column,), (key,) = select.selected_columns, select._order_by_clauses
        found, inside = self.nested(select)
        order = inside.expressions.value(key.element if is_descending(key) else key)
        return f"limit_one([({order}, {inside.expressions.value(column)}) {found}], {is_descending(key)})"

    def nested(self, select: Select[Any]) -> tuple[str, "Loops"]:
        """The loops of a select inside an expression, in which the rows of this one are known."""
        inside = Loops(self.module, self.places, self.certain)
        loops = inside.loops(select, [*select.selected_columns, *select._order_by_clauses])
        parts = [" ".join([loop.removesuffix(":"), *(f"if {condition}" for condition in conditions)]) for loop, conditions in loops]
        return " ".join(parts), inside
