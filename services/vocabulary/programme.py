"""The configuration of a programme: its name, when it began, its territories and their neighbourhoods. Versioned reference data."""

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


class Programme(Struct, frozen=True):
    """`since` is the first day of the programme. Facts up to `margin_days` before it are accepted: contacts that led to it."""

    programme: str
    label: str
    since: date = field(name="from")
    territories: list[Territory]
    margin_days: int = 365

    def earliest(self) -> date:
        """The first day on which a fact of the programme may have happened."""
        return self.since - timedelta(days=self.margin_days)

    def territory(self, id: str) -> Territory | None:
        return next((territory for territory in self.territories if territory.id == id), None)
