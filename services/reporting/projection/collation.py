"""Text in the read models is ordered by its bytes in PostgreSQL, as in Python and SQLite: the order of a language would decide figures.

SQLAlchemy's own `String(collation=…)` also writes the collation into the casts of parameters, where PostgreSQL takes none.
"""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn


def order_text_by_bytes() -> None:
    """From now on, each column of text that this process creates in PostgreSQL has the collation "C"."""
    compiles(CreateColumn, "postgresql")(column_in_the_order_of_bytes)


def column_in_the_order_of_bytes(create: CreateColumn, compiler: Any, **options: Any) -> str:
    name, kind, *rest = str(compiler.visit_create_column(create, **options)).split(" ", 2)
    return " ".join([name, f'{kind} COLLATE "C"' if isinstance(create.element.type, String) else kind, *rest])
