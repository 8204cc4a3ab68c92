"""The database of the keys of persons, in PostgreSQL: see `shared.trust.personal.key_database`.

It is a database of its own, so it has a schema of its own. PostgreSQL keeps the row versions that were replaced until it vacuums them, and
its write-ahead log longer: docs/privacy.md says what to do about those, and about backups.
"""

from collections.abc import Collection, Mapping

from shared.address import Address
from shared.errors import Unavailable
from shared.message import Position
from shared.store.postgres.binary_format import INT4, INT8, TEXT, TEXT_ARRAY, pack_int8, pack_text_array, unpack_int8
from shared.store.postgres.connection import Statement
from shared.store.postgres.person_keys_schema import set_up
from shared.store.postgres.pool import ConnectionPool
from shared.trust.personal.key_database import KeyChanges

SELECT = Statement("person_keys", "select person, wrapped from public.person_keys where person = any ($1)", TEXT_ARRAY)
ADD = Statement(
    "add_person_keys",
    """insert into public.person_keys (person, wrapped)
    select key.person, key.wrapped from unnest($1, $2) as key (person, wrapped) order by key.person
    on conflict (person) do nothing""",
    TEXT_ARRAY,
    TEXT_ARRAY,
)
POSITION = Statement("person_keys_position", "select position from public.person_keys_position")
APPLY = Statement(
    "apply_to_person_keys",
    "select public.apply_to_person_keys($1, $2, $3, $4, $5, $6, $7, $8)",
    *(TEXT_ARRAY,) * 6,
    *(INT8,) * 2,
)
FIND = Statement(
    "persons_with",
    """select person from public.person_tokens where token = any ($1)
    group by person having count(*) = cardinality($1) order by person collate "C" limit $2""",
    TEXT_ARRAY,
    INT4,
)
AFTER = Statement(
    "person_keys_after",
    """select person, wrapped from public.person_keys
    where person collate "C" > $1 and wrapped is not null order by person collate "C" limit $2""",
    TEXT,
    INT4,
)
REWRAP = Statement(
    "rewrap_person_keys",
    """update public.person_keys as key set wrapped = changed.new from unnest($1, $2, $3) as changed (person, old, new)
    where key.person = changed.person and key.wrapped = changed.old""",
    TEXT_ARRAY,
    TEXT_ARRAY,
    TEXT_ARRAY,
)
MAX_CONNECTIONS = 2
ANSWER_TIMEOUT_S = 4.0  # a part of the time in which the gateway answers


class PostgresPersonKeys:
    """The keys in the database at `dsn`, which is set up if necessary (see `set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        set_up(Address(dsn))
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS, answer_timeout=ANSWER_TIMEOUT_S)

    def keys_of(self, persons: Collection[str]) -> dict[str, str | None]:
        rows = self.pool.call_idempotent(SELECT, pack_text_array([*persons]))
        found = [(rows.get_value(row, 0), rows.get_value(row, 1)) for row in range(rows.ntuples)]
        return {(person or b"").decode(): wrapped if wrapped is None else wrapped.decode() for person, wrapped in found}

    def add(self, keys: Mapping[str, str]) -> None:
        self.pool.call_idempotent(ADD, pack_text_array([*keys]), pack_text_array([*keys.values()]))

    def position(self) -> Position:
        return unpack_int8(self.pool.call_idempotent(POSITION).get_value(0, 0))

    def apply(self, changes: KeyChanges, after: Position, position: Position) -> None:
        pairs = [(token, person) for person, tokens in changes.tokens.items() for token in tokens]
        arrays = (
            *(changes.destroyed, [token for token, _ in pairs], [person for _, person in pairs], [*changes.tokens]),
            *([*changes.merged], [kept or "" for kept in changes.merged.values()]),
        )
        with self.pool.connection() as connection:  # not asked again when its answer is lost: the position tells then
            moved = connection.call(APPLY, *map(pack_text_array, arrays), pack_int8(after), pack_int8(position))
        if not unpack_int8(moved.get_value(0, 0)):
            raise Unavailable("another process has followed the log for the keys of persons")

    def persons_with(self, tokens: Collection[str], limit: int) -> list[str]:
        rows = self.pool.call_idempotent(FIND, pack_text_array([*set(tokens)]), limit.to_bytes(4, "big"))
        return [(rows.get_value(row, 0) or b"").decode() for row in range(rows.ntuples)]

    def wrapped_after(self, person: str, limit: int) -> dict[str, str]:
        rows = self.pool.call_idempotent(AFTER, person.encode(), limit.to_bytes(4, "big"))
        return {(rows.get_value(row, 0) or b"").decode(): (rows.get_value(row, 1) or b"").decode() for row in range(rows.ntuples)}

    def rewrap(self, keys: Mapping[str, tuple[str, str]]) -> None:
        before, after = [old for old, _ in keys.values()], [new for _, new in keys.values()]
        self.pool.call_idempotent(REWRAP, pack_text_array([*keys]), pack_text_array(before), pack_text_array(after))

    def close(self) -> None:
        self.pool.close()
