"""Commands about persons, as models of the client."""

from datetime import datetime, timedelta
from uuid import uuid4

from parcours_client.generated.models import CloseContact, HoldInterview, IdentifyPerson

DAY = datetime(2024, 2, 1, 10, 0).astimezone()
TERRITORY = "alencon"


def at(days: int) -> datetime:
    return DAY + timedelta(days=days)


def new_person() -> str:
    return str(uuid4())


def identify(person: str) -> IdentifyPerson:
    return IdentifyPerson(person=person, channel="RUE", place="Marché", radar="INCONNU")


def interview(person: str) -> HoldInterview:
    return HoldInterview(person=person, mode="PRESENTIEL", minutes=45)


def close(person: str) -> CloseContact:
    return CloseContact(person=person, reason="REFUS")
