"""A right is where the subject stands, not where the sender says: every command, in the name of its territory and of others.

Each command is sent by who may give it in Alençon and in Flers, about somebody who stands in Alençon, who was transferred away from it, or
who was transferred into Flers. `test_no_command_is_left_out` keeps the table whole.
"""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from services.bootstrap.composition import Components
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import read_settings
from services.vocabulary.calendar import start_of_day
from shared.message import Actor, CommandMessage
from shared.reply import Reply
from shared.trust.access import Identity, system
from tests.unit.test_placement_cases import CASES, LIST, OF_NO_PERSON, PROGRAMME_WIDE, WITHOUT_SUBJECT, Case, Step

OWNER = {command: service for service, description in SERVICES.items() for command in description.commands}


class Programme:
    """The command endpoints of all services over one log, and an actor of any role in any territory."""

    def __init__(self, folder: Path) -> None:
        self.components = Components(read_settings(folder, environ={}))

    def send(self, step: Step, *, territory: str, person: str, covers: tuple[str, ...] | None = None) -> Reply:
        """Send one command. `covers` are the territories of the actor: by default the one in whose name it speaks."""
        service, data = OWNER[step.command], step.data(person)
        actor = Actor("c-1", step.role, step.organisation)
        if step.role == "system":
            message = CommandMessage(
                id=uuid4(), type=step.command, actor=actor, territory=territory, time=start_of_day(step.day), data=data, causation_id="e"
            )
            self.components.handlers[service].handle(message, system("test"))
            return {"accepted": {}}
        token = self.components.trust.identity_signer.token(Identity(actor, covers or (territory,)), service)
        command = {"id": uuid4(), "type": step.command, "territory": territory, "time": start_of_day(step.day), "data": data}
        return self.components.endpoint(service).handle(token, msgspec.json.encode(command).decode())

    def given(self, case: Case, person: str, *, transferred: bool) -> None:
        for step in (*case.history, *(case.transfer if transferred else ())):
            reply = self.send(step, territory="alencon", person=person)
            assert "accepted" in reply, (step.command, reply)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    programme = Programme(tmp_path_factory.mktemp("placement"))
    for territory in ("alencon", "flers"):
        reply = programme.send(LIST, territory=territory, person="")
        assert "accepted" in reply, reply
    yield programme
    programme.components.store.close()


@pytest.fixture
def person() -> str:
    return f"p-{uuid4()}"


EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.step.command)
OF_PERSONS = pytest.mark.parametrize("case", [case for case in CASES if case.transfer], ids=lambda case: case.step.command)


def refusal(reply: Reply) -> object:
    return (reply.get("refused") or reply.get("forbidden") or reply)["code"]


@EVERY_CASE
def test_it_is_accepted_where_its_subject_stands(programme: Programme, person: str, case: Case) -> None:
    programme.given(case, person, transferred=False)
    assert "accepted" in programme.send(case.step, territory="alencon", person=person)


@EVERY_CASE
def test_it_is_refused_in_the_name_of_another_territory(programme: Programme, person: str, case: Case) -> None:
    programme.given(case, person, transferred=False)
    before = programme.components.store.head()
    assert refusal(programme.send(case.step, territory="flers", person=person)) == "followed_elsewhere"
    assert refusal(programme.send(case.step, territory="flers", person=person, covers=("flers", "alencon"))) == "followed_elsewhere"
    assert programme.components.store.head() == before


@EVERY_CASE
def test_nobody_acts_in_the_name_of_a_territory_that_is_not_theirs(programme: Programme, person: str, case: Case) -> None:
    if case.step.role != "coach":
        pytest.skip("a coordinator acts in every territory; a partner where it is addressed")
    programme.given(case, person, transferred=False)
    assert refusal(programme.send(case.step, territory="alencon", person=person, covers=("flers",))) == "not_in_territory"


@OF_PERSONS
def test_it_is_refused_where_the_person_no_longer_stands(programme: Programme, person: str, case: Case) -> None:
    programme.given(case, person, transferred=True)
    assert refusal(programme.send(case.step, territory="alencon", person=person)) in case.refused_after_transfer


@OF_PERSONS
def test_it_is_accepted_where_the_person_was_transferred_to(programme: Programme, person: str, case: Case) -> None:
    programme.given(case, person, transferred=True)
    reply = programme.send(case.step_after_transfer, territory="flers", person=person)
    assert "accepted" in reply, reply


def test_no_command_is_left_out() -> None:
    commands = set(OWNER)
    by_system = {
        command.__name__ for service in SERVICES.values() for command, roles in service.permissions.items() if set(roles) == {"system"}
    }
    assert {case.step.command for case in CASES} | WITHOUT_SUBJECT | PROGRAMME_WIDE | OF_NO_PERSON | by_system == commands
