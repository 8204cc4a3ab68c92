"""Records of persons that were merged: for each, the record that represents the person in figures (`person.root`)."""

from sqlalchemy import Connection, Table, select, update


def update_roots(connection: Connection, person: Table) -> None:
    """Set `root` of every merged record to the end of its chain of merges, and of every other record to itself."""
    separated = (person.c.merged_into.is_(None), person.c.root != person.c.person)
    connection.execute(update(person).where(*separated).values(root=person.c.person))
    merged_records = select(person.c.person, person.c.merged_into, person.c.root).where(person.c.merged_into.is_not(None))
    merged = {row.person: row for row in connection.execute(merged_records)}
    for record, root in roots({record: row.merged_into for record, row in merged.items()}).items():
        if merged[record].root != root:
            connection.execute(update(person).where(person.c.person == record).values(root=root))


def roots(merged_into: dict[str, str]) -> dict[str, str]:
    """Each merged record -> the record at the end of its chain. Of a circle, which an old log may hold, the first by name."""
    ends: dict[str, str] = {}
    for record in merged_into:
        chain = [record]
        while (end := merged_into.get(chain[-1])) is not None and end not in chain:
            chain.append(end)
        ends[record] = chain[-1] if end is None else min(chain[chain.index(end) :])
    return ends
