"""The version of the facts: a digest of all code that decides them. Tables of another version may hold other facts for the same events.

How it works
------------
The digest is made of definitions (functions, classes, constants), not of files. They are found in the text of the product
(`definitions`) from these roots:

- the fold, the tables, the timeline index;
- how rows are completed and written, and which events are passed over;
- the upcasts that aggregates declare with `upcasts=`: the shape in which an old event is read.

A definition counts as Python reads it, without comments, docstrings, spacing and the annotations of functions: these change nothing.
The ledger has entries for each side of an indicator, so what these ask is part of the version too: the source of the compiled questions
(`ledger.sides`), not the text of their declarations.

So a release that rewrites an explanation, a page, the label of an indicator or another function of the same module keeps the tables.
What is published in the log, such as the definitions of indicators, is no code: it is folded like any other event.
"""

import hashlib
from functools import cache
from pathlib import Path
from uuid import uuid4

from services.reporting.indicators.catalogue import INDICATORS
from services.reporting.ledger import sides
from services.reporting.projection.definitions import Symbol, find_definitions, keyword_values

SOURCE = Path(__file__).parents[3]  # the directory that contains the packages
PREFIX = "facts "  # of a version, before its digest
UPCASTS = "upcasts"  # the argument by which an aggregate declares how its old events are read
ROOTS: tuple[Symbol, ...] = (
    *(("services.reporting.facts.fold", name) for name in ("changes_of", "fold", "complete_row", "empty_rows")),
    ("services.reporting.facts.tables", "*"),
    ("services.reporting.facts.timeline_index", "timeline_entries"),
    *(("services.reporting.projection.fact_batch", f"FactBatch.{name}") for name in ("add", "changes", "flush", "write_rows")),
    ("services.reporting.ledger.windows", "*"),
    ("services.reporting.projection.collation", "*"),
    ("services.reporting.projection.set_aside", "set_aside"),
    ("shared.message", "Recorded"),
    ("shared.store.upcasting", "upcast"),
    ("shared.store.upcasting", "UpcastingStore.__init__"),
    ("shared.store.upcasting", "UpcastingStore.upcast_all"),
)
NOT_FOLLOWED = (  # they connect, name or report, and decide no fact; what the catalogue asks has a digest of its own
    "services.reporting.indicators.catalogue",
    "services.reporting.ledger.questions",
    "services.reporting.ledger.selects",
    "services.reporting.projection.database",
    "services.reporting.projection.schema",
    "shared.errors",
    "shared.store.port",
)


@cache
def version() -> str:
    """`facts <digest>`, the same as long as no definition that decides a fact or a count changes."""
    return f"{PREFIX}{short_digest(fact_digest(SOURCE), sides.digest(INDICATORS.values()))}"


def digest_in(version: str) -> str:
    return version.removeprefix(PREFIX)


def new_build_name(version: str) -> str:
    """A unique name for tables about to be made: `facts <digest> <uuid>`. It begins with the version of the code that makes them."""
    return f"{version} {uuid4()}"


def fact_digest(source: Path) -> str:
    return short_digest(*(f"{module}\0{name}\0{text}" for (module, name), text in fact_definitions(source).items()))


def short_digest(*texts: str) -> str:
    return hashlib.sha256("".join(f"{text}\0" for text in texts).encode()).hexdigest()[:16]


def fact_definitions(source: Path) -> dict[Symbol, str]:
    """The definitions of the product that decide a fact, each as Python reads it, in the order of their names."""
    return find_definitions(source, [*ROOTS, *keyword_values(source, UPCASTS)], NOT_FOLLOWED)
