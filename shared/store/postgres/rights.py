"""The rights of a role in the database of a log: declared as data, granted as SQL by whoever owns the log (granting.py).

How it works
------------
A role is a set of rights; a process logs in as the role, or as a user that is a member of it. Roles belong to the whole server, rights to
one database. A role that is missing is created without a login, if the owner may; then an administrator gives it one, or creates it before
(deploy/postgres/roles.sh).

- *Tables*: what is granted, and nothing else: whatever the role had before is taken away first.
- *Rows* of checkpoints, coverage and leases: a role moves the checkpoints and holds the leases whose names begin as its `names` do
  (row-level security). Their owner is not bound by that, nor is a role that all services share (`sql/held_names.sql`).
- *Events*: a role with `appends` may call the function that appends, which judges streams and types (`sql/writers.sql`).
"""

from collections.abc import Mapping, Sequence
from string import Template

from msgspec import Struct
from psycopg import sql

from shared.store.postgres.schema import SQL_FOLDER

SCRIPT = Template((SQL_FOLDER / "role.sql.template").read_text())
TABLES = (
    *("events", "checkpoints", "leases", "writers", "tree_heads", "webhooks", "webhook_deliveries", "coverage"),
    *("ended_sessions", "command_keys", "login_links"),
)


NAMED = ("checkpoints", "coverage", "leases")  # whose rows belong to who holds their names


class Rights(Struct, frozen=True):
    """What a role may do. `appends` are pairs: how the name of a stream begins, and how the type of an event in it begins."""

    role: str
    tables: Mapping[str, Sequence[str]]
    names: Sequence[str] = ()
    appends: Sequence[tuple[str, str]] = ()


def script(rights: Rights) -> str:
    """The statements that give a role these rights, and no other."""
    grants = [f"grant {', '.join(granted)} on public.{table} to {rights.role};" for table, granted in rights.tables.items()]
    grants.append(f"grant execute on function public.position_at to {rights.role};")
    if rights.appends:
        grants.append(f"grant select on public.writers to {rights.role};")
        grants.append(f"grant execute on function public.append_events to {rights.role};")
    own = " or ".join(f"starts_with(name, {literal(name)})" for name in rights.names)
    policies = [f"create policy {rights.role} on public.{table} to {rights.role}\n    using ({own});" for table in NAMED]
    starts = [f"array[{', '.join(map(literal, each))}]" for each in zip(*rights.appends, strict=True)]
    row = ",\n    ".join([literal(rights.role), *starts])
    writers = [f"insert into public.writers values ({row});"] if starts else []  # noqa: S608 - quoted
    return SCRIPT.substitute(
        role=rights.role,
        tables=",\n        ".join(f"public.{table}" for table in TABLES),
        grants=lines(grants),
        policies=lines(policies if rights.names else ()),
        writers=lines(writers),
    )


def lines(statements: Sequence[str]) -> str:
    return "".join(f"    {statement}\n" for statement in statements)


def literal(text: str) -> str:
    return sql.Literal(text).as_string(None)
