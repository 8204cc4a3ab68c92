"""What identifies a person leaves its service encrypted, opens for who may read it, and stays shut once the key is gone."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.bootstrap.registry import SERVICES
from services.intake.entry import IdentityRecorded, RecordIdentity
from services.intake.person import PersonIdentified
from services.reporting.aggregates.tasks import TaskCompleted
from shared.errors import Refused
from shared.message import Actor, CommandMessage
from shared.time import now
from shared.trust.personal.cipher import new_key
from shared.trust.personal.key_database import KeyChanges
from shared.trust.personal.key_wrapping import FileWrapper
from shared.trust.personal.keyring import Keyring
from shared.trust.personal.marks import Personal, Sealed
from shared.trust.personal.opening import Opening
from shared.trust.personal.protection import Protection
from tests.unit.personal.keys_in_memory import KeysInMemory

EVENT = "0b9b1a66-6f9a-5f0e-8f57-6d7a6c4c1a11"
ALL = frozenset(Personal)
KIND = "intake.IdentityRecorded"
WHO = IdentityRecorded("p", "Awa", "Diallo", date(1990, 2, 3), "0601020304", None, "3 rue du Puits", date(2024, 1, 2))


class Keys:
    def __init__(self) -> None:
        self.database = KeysInMemory()
        self.time = 0.0
        self.keyring = Keyring(self.database, FileWrapper(new_key()), lambda: self.time)
        self.protection = Protection(lambda: self.keyring)
        events = {kind: event for service in SERVICES.values() for kind, event in service.events.items()}
        self.opening = Opening(lambda: self.keyring, events)

    def recorded(self, event: Any, id: str = EVENT) -> dict[str, Any]:
        """The data of an event as it is in the log."""
        data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self.protection.protected(event, id)))
        return data

    def destroy(self, person: str) -> None:
        self.database.apply(KeyChanges([person], {}), self.database.at, self.database.at + 1)
        self.time += 1_000


def test_the_log_holds_nothing_of_it_in_clear_and_what_may_be_read_comes_back() -> None:
    keys = Keys()
    stored = keys.recorded(WHO)
    text = msgspec.json.encode(stored).decode()
    assert not any(word in text for word in ("Awa", "Diallo", "1990", "0601020304", "Puits"))
    assert stored["email"] is None
    assert stored["person"] == "p"
    opened = keys.opening.opened(KIND, EVENT, stored, ALL)
    assert opened == msgspec.to_builtins(WHO) | {"type": stored["type"]}


def test_a_reader_gets_the_kinds_that_it_may_read_and_the_rest_stays_shut() -> None:
    keys = Keys()
    stored = keys.recorded(WHO)
    assert keys.opening.opened(KIND, EVENT, stored, ALL - {Personal.IDENTITY}) == stored
    assert keys.opening.opened(KIND, EVENT, stored, ()) == stored


def test_what_is_moved_to_another_event_field_or_person_stays_shut() -> None:
    keys = Keys()
    stored = keys.recorded(WHO)
    keys.recorded(PersonIdentified("q", "RUE", "Marché", "alencon", None, "SUIVI", date(2024, 1, 2)))  # type: ignore[arg-type]
    swapped = {**stored, "given_name": stored["family_name"]}
    assert isinstance(keys.opening.opened(KIND, EVENT, swapped, ALL)["given_name"], dict)
    assert keys.opening.opened(KIND, EVENT, swapped, ALL)["family_name"] == "Diallo"
    assert isinstance(keys.opening.opened(KIND, EVENT.replace("0b", "0c"), stored, ALL)["given_name"], dict)
    assert isinstance(keys.opening.opened(KIND, EVENT, {**stored, "person": "q"}, ALL)["given_name"], dict)


def test_once_the_key_is_gone_nothing_opens_and_nothing_more_is_recorded() -> None:
    keys = Keys()
    stored = keys.recorded(WHO)
    keys.destroy("p")
    assert keys.opening.opened(KIND, EVENT, stored, ALL) == stored
    with pytest.raises(Refused, match="person_erased"):
        keys.recorded(WHO)


def test_a_note_about_nobody_is_protected_too() -> None:
    keys = Keys()
    stored = keys.recorded(TaskCompleted(task="t", note="Mme Diallo rappelée", on=date(2024, 1, 2)))
    assert "Diallo" not in str(stored)
    assert keys.opening.opened("reporting.TaskCompleted", EVENT, stored, ALL)["note"] == "Mme Diallo rappelée"


def test_what_was_recorded_in_clear_by_an_earlier_release_is_read_as_it_is() -> None:
    keys = Keys()
    old = {"type": "PersonIdentified", "person": "p", "place": "Marché"}
    assert keys.opening.opened("intake.PersonIdentified", EVENT, old, ALL) == old


def command(**fields: Any) -> tuple[CommandMessage, RecordIdentity]:
    given = {"person": "p", "given_name": "Awa", "family_name": "Diallo", **fields}
    message = CommandMessage(
        id=UUID(EVENT), type="RecordIdentity", actor=Actor("c", "coach"), territory="alencon", time=now(), data=given, digest="d" * 32
    )
    return message, RecordIdentity(**given, on=date(2024, 1, 2))


def test_the_digest_of_a_command_cannot_be_guessed_from_its_content() -> None:
    keys, others = Keys(), Keys()
    digest = keys.protection.keyed(*command()).digest
    assert digest == keys.protection.keyed(*command()).digest
    assert digest not in {"d" * 32, others.protection.keyed(*command()).digest, keys.protection.keyed(*command(person="q")).digest}
    keys.destroy("p")
    assert keys.protection.keyed(*command()).digest is None


def test_who_records_nothing_personal_opens_no_keys() -> None:
    def unreachable() -> Keyring:
        raise AssertionError("opened")

    event = TaskCompleted(task="t", note=None, on=date(2024, 1, 2))
    assert Protection(unreachable).protected(event, EVENT) is event
    assert Opening(unreachable, {}).opened(KIND, EVENT, {"a": 1}, ALL) == {"a": 1}
    assert isinstance(Keys().protection.protected(WHO, EVENT).given_name, Sealed)
