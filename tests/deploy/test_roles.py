"""Who may do what in the database: every allowed thing works, and the server itself refuses every other, for the role of each process.

What is allowed is read in the declaration that is granted (`services.bootstrap.database_roles`); what is refused is everything else.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from services.bootstrap.database_roles import ROLES
from services.bootstrap.names import GATEWAY, NAMES, PROCESSES, RELAY
from services.bootstrap.policy_tasks import EVENTS, STREAMS
from services.bootstrap.registry import SERVICES
from shared.errors import Misconfigured
from shared.store.port import Append
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.granting import grant
from shared.store.postgres.rights import TABLES, Rights, script
from shared.store.postgres.store import PostgresStore
from shared.store.postgres.tree_heads import PostgresTreeHeads
from tests.contract.store.test_tree_heads import head
from tests.contract.store.writing import event
from tests.forks import ROOT
from tests.harness.database_roles import LOG, MODELS, PERSON_KEYS, Roles, installed, set_up

PRIVILEGES = {
    "select": "select from public.{table} limit 1",
    "insert": "insert into public.{table} select (null::public.{table}).* where false",
    "update": "update public.{table} set {column} = null where false",
    "delete": "delete from public.{table} where false",
    "truncate": "truncate public.{table}",
}
COLUMNS = {"events": "type", "webhooks": "actor", "webhook_deliveries": "type", "ended_sessions": "id", "command_keys": "key"}
COLUMNS |= {"login_links": "link", "tree_heads": "note", "checkpoints": "name", "coverage": "name", "leases": "name", "writers": "role"}
HELD_BY = {
    **{f"{name}.inbox": name for name in NAMES if SERVICES[name].inbox},
    "coaching.inbox.attempt1": "coaching",
    "reporting.turn": "reporting",
    "reporting.answers.0123456789abcdef": "reporting",
    "figures": "reporting",
    "person_keys": "intake",
    "webhooks": "webhooks",
    **dict.fromkeys(("relay", "feed", "sealer"), RELAY),
    "study": "owner",
}


class Told(NamedTuple):
    """An event of a kind, for a stream."""

    stream: str
    kind: str

    def append(self, number: int) -> Append:
        name = f"{self.stream}{number}"
        return Append(name, 0, [event(name, kind=self.kind)])


EVENTS_OF = [Told(stream, f"{name}.Happened") for name in NAMES for stream in SERVICES[name].streams]
TOLD = [*EVENTS_OF, *(Told(STREAMS, kind) for kind in EVENTS), Told("journey-", "intake.Happened"), Told("person-", "coaching.Happened")]


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    with installed() as made:
        set_up(made, tmp_path_factory.mktemp("owner"))
        yield made


def refused(roles: Roles, process: str, statement: str, database: str = LOG, *values: object) -> str:
    """What the server answers to a statement of this role; nothing if it executes it."""
    with psycopg.connect(roles.dsn(process, database)) as session:
        try:
            session.execute(statement.encode(), values)
        except psycopg.errors.InsufficientPrivilege as fault:
            return str(fault)
        finally:
            session.rollback()
    return ""


def has(process: str, table: str, privilege: str) -> bool:
    rights = ROLES[process]
    return privilege in rights.tables.get(table, ()) or bool((table, privilege) == ("writers", "select") and rights.appends)


@pytest.mark.parametrize("process", PROCESSES)
def test_each_role_does_with_each_table_what_is_declared_and_nothing_else(roles: Roles, process: str) -> None:
    for table, (privilege, statement) in product(TABLES, PRIVILEGES.items()):
        answer = refused(roles, process, statement.format(table=table, column=f'"{COLUMNS[table]}"'))
        assert ("permission denied" in answer) != has(process, table, privilege), (table, privilege, answer)


def test_nobody_may_change_or_delete_an_event_or_a_head() -> None:
    for rights in ROLES.values():
        assert set(rights.tables.get("events", ())) == {"select"}
        assert set(rights.tables.get("tree_heads", ())) <= {"select", "insert"}
    assert [process for process, rights in ROLES.items() if "tree_heads" in rights.tables] == [RELAY]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_role_appends_events_of_its_own_in_its_own_streams(roles: Roles, process: str) -> None:
    store = PostgresStore(roles.dsn(process))
    try:
        for number, told in enumerate(TOLD):
            append = told.append(1_000 * PROCESSES.index(process) + number)
            if may_append(process, told):
                store.append(append)
                assert store.read_stream(append.stream)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
                    store.append(append)
                assert not store.read_stream(append.stream)
    finally:
        store.close()


def may_append(process: str, told: Told) -> bool:
    own = process in NAMES and told.stream in SERVICES[process].streams and told.kind.startswith(f"{process}.")
    return own or (process in NAMES and bool(SERVICES[process].policies) and told.stream == STREAMS and told.kind in EVENTS)


FORGERIES = [
    b'"type":"fr.parcours.coaching.JourneyExited"',
    b'"subject":"journey-1"',
    b'"position":1',
    b'"previous":0',
    b'"streamversion":9',
    b'"recordedtime":"2001-01-01T00:00:00+00:00"',
    b'"ty\\u0070e":"fr.parcours.coaching.JourneyExited"',
]
APPEND = "select public.append_events(array[%s], array[0::bigint], array[1], null, array[%s], array[%s])"


def bodies(forgery: bytes) -> Sequence[bytes]:
    """A body with another value under a name that it has, or that only the log may give: at its end, where a reader takes it."""
    told = event("person-forged", kind="intake.Happened", data=b'{"text":"\\u0000","type":"x","position":7}')
    return told.body, told.body[:-1] + b"," + forgery + b"}"


@pytest.mark.parametrize("forgery", FORGERIES, ids=bytes.decode)
def test_an_event_says_what_was_judged(roles: Roles, forgery: bytes) -> None:
    """Whatever a client is made to send: names that are written twice, or otherwise, and fields of the log."""
    genuine, forged = (body.decode() for body in bodies(forgery))
    values = "person-forged", "fr.parcours.intake.Happened"
    assert refused(roles, "intake", APPEND, LOG, *values, genuine) == ""
    assert "permission denied" in refused(roles, "intake", APPEND, LOG, *values, forged)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_role_moves_its_own_checkpoints_and_holds_its_own_leases(roles: Roles, process: str) -> None:
    checkpoints = PostgresCheckpoints(roles.dsn(process))
    try:
        for name, holder in HELD_BY.items():
            assert checkpoints.load(name) >= 0
            if holder == process:
                with checkpoints.lease(name, 1) as held:
                    checkpoints.save(name, checkpoints.load(name) + 1, held)
                continue
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                checkpoints.save(name, 10**9)
            with pytest.raises(psycopg.errors.InsufficientPrivilege), checkpoints.lease(name, 1):
                pass
    finally:
        checkpoints.close()


def test_the_relay_alone_adds_a_tree_head(roles: Roles) -> None:
    for process in (*NAMES, GATEWAY):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            PostgresTreeHeads(roles.dsn(process)).add([head(5)], 0, True)
    with PostgresCheckpoints(roles.dsn(RELAY)).lease("sealer", 1) as held:
        PostgresTreeHeads(roles.dsn(RELAY)).add([head(5)], 0, held)


FORBIDDEN = [
    "insert into events values (99, 'person-1', 1, 'fr.parcours.intake.Happened', now(), '{}')",
    "drop table events",
    "alter table events disable trigger all",
    "alter table checkpoints disable row level security",
    "drop policy everybody_reads on checkpoints",
    "create table public.mine (n int)",
    "create temporary table mine (n int)",
    "create function public.mine() returns int language sql as 'select 1'",
    "create or replace function public.may_append(text[], integer[], text[], text[]) returns boolean language sql as 'select true'",
    "create schema mine",
    "select public.may_append('{}', '{}', '{}', '{}')",
    "set role parcours_owner",
    "create role mine",
    "copy events to program 'true'",
    "comment on table events is 'parcours log, version 999'",
]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_role_can_do_nothing_else(roles: Roles, process: str) -> None:
    for statement in FORBIDDEN:
        assert refused(roles, process, statement), statement


@pytest.mark.parametrize("process", [*PROCESSES, "owner"])
def test_no_role_of_a_process_enters_the_database_of_the_keys_of_persons(roles: Roles, process: str) -> None:
    """A role of its own does, for all who read what is personal."""
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(roles.dsn(process, PERSON_KEYS))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(roles.dsn("persons"))


@pytest.mark.parametrize("process", [*(name for name in PROCESSES if name != "reporting"), "owner"])
def test_reporting_alone_enters_the_database_of_the_read_models(roles: Roles, process: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(roles.dsn(process, MODELS))
    assert refused(roles, "reporting", "create schema public_facts_0", MODELS) == ""


def test_rights_are_taken_away_that_are_not_declared_any_more(roles: Roles) -> None:
    wider = Rights("parcours_gateway", {"events": ("select",), "leases": ("select",)}, ("relay",), (("person-", "fr."),))
    owner = roles.address("owner")
    grant(owner, [wider])
    assert refused(roles, GATEWAY, "select from leases") == ""
    grant(owner, [ROLES[GATEWAY]])
    assert refused(roles, GATEWAY, "select from leases")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        PostgresStore(roles.dsn(GATEWAY)).append(Told("person-", "intake.Happened").append(10**6))
    with psycopg.connect(roles.dsn("intake")) as session:
        writers = {name for (name,) in session.execute('select "role" from writers')}
    assert writers == {ROLES[name].role for name in NAMES}


def test_a_user_that_is_a_member_of_a_role_has_its_rights(roles: Roles) -> None:
    """As of another environment on the same server."""
    with psycopg.connect(roles.place.geturl(), autocommit=True) as session:
        session.execute("create role rehearsal_intake login password 'rehearsal' in role parcours_intake")
        session.execute("grant connect on database parcours_log to rehearsal_intake")
    store = PostgresStore(f"postgresql://rehearsal_intake:rehearsal@127.0.0.1:{roles.place.port}/{LOG}")
    store.append(Told("person-", "intake.Happened").append(10**7))
    store.append(Told(STREAMS, EVENTS[0]).append(10**7))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        store.append(Told("journey-", "coaching.Happened").append(10**7))
    store.close()


def test_a_role_that_the_owner_may_not_make_is_named(roles: Roles) -> None:
    assert grant(roles.address("owner"), [ROLES["intake"], Rights("parcours_nobody", {"events": ("select",)})]) == ["parcours_nobody"]


def test_whoever_does_not_own_the_log_grants_nothing(roles: Roles) -> None:
    with pytest.raises(Misconfigured):
        grant(roles.address("intake"), [ROLES["intake"]])


@pytest.mark.parametrize("process", PROCESSES)
def test_what_people_read_of_a_role_is_what_is_granted(process: str) -> None:
    """`make compose` writes these files."""
    file: Path = ROOT / "deploy" / "postgres" / f"{ROLES[process].role}.sql"
    assert file.read_text() == script(ROLES[process])
