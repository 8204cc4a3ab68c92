"""The configuration of a programme: its name, when it began, its territories and groupings of them. Versioned reference data."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from msgspec import Struct, field


class Neighbourhood(Struct, frozen=True):
    """A priority neighbourhood (QPV), in the list of 2015 or of 2024. Its code may be missing; a name is no key, since towns share some."""

    vintage: int
    name: str
    code: str | None = None


class Territory(Struct, frozen=True):
    """A territory with a committee of its own. It is in force from a day to a day, both included; without them, always."""

    id: str
    label: str
    qpv: tuple[Neighbourhood, ...] = ()
    since: date | None = field(name="from", default=None)
    until: date | None = field(name="to", default=None)

    def in_force(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Grouping(Struct, frozen=True):
    """Several territories that are read together, such as those of one employment area. Nothing is recorded in it."""

    id: str
    label: str
    territories: tuple[str, ...]


Groupings = Mapping[str, tuple[str, ...]]
"""The territories of each grouping, by id."""
PROGRAMME = "all"  # the id of the whole programme, wherever a territory may be named


class Programme(Struct, frozen=True):
    """`since` is the first day of the programme. Facts up to `margin_days` before it are accepted: contacts that led to it."""

    programme: str
    label: str
    since: date = field(name="from")
    territories: list[Territory]
    margin_days: int = 365
    groupings: tuple[Grouping, ...] = ()

    def earliest(self) -> date:
        """The first day on which a fact of the programme may have happened."""
        return self.since - timedelta(days=self.margin_days)

    def territory(self, id: str) -> Territory | None:
        return next((territory for territory in self.territories if territory.id == id), None)

    def members(self) -> Groupings:
        return {grouping.id: grouping.territories for grouping in self.groupings}

    def faults(self) -> Iterator[str]:
        """What is wrong with the groupings and the ids."""
        territories = [territory.id for territory in self.territories]
        ids = [*territories, *(grouping.id for grouping in self.groupings), PROGRAMME]
        yield from (f"the id {id!r} stands {ids.count(id)} times" for id in dict.fromkeys(ids) if ids.count(id) > 1)
        for grouping in self.groupings:
            yield from (f"{grouping.id}: {id!r} is no territory" for id in grouping.territories if id not in territories)
            if len(set(grouping.territories)) != len(grouping.territories):
                yield f"{grouping.id}: a territory stands twice"
            if not 2 <= len(grouping.territories) < len(territories):
                yield f"{grouping.id}: a grouping has two territories or more, and not all of them"
