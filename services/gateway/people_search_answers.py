"""What a search for persons answers."""

from msgspec import Struct

from services.reporting.list_answers import PersonLine


class PersonIdentity(Struct, frozen=True):
    """Who a person is, as it was stated last."""

    given_name: str
    family_name: str
    birth_date: str | None
    phone: str | None
    email: str | None
    address: str | None


class FoundPerson(Struct, frozen=True):
    line: PersonLine
    identity: PersonIdentity


class FoundPersons(Struct, frozen=True):
    """In the order of their names. `more` says that others were found, too: with more letters they are fewer."""

    items: list[FoundPerson]
    more: bool
