"""What a command says of a person is encrypted while the broker carries it, and is validated as it was written."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bootstrap.registry import SERVICES
from shared.trust.personal.transit import Transit

COMMANDS = {name: command for service in SERVICES.values() for name, command in service.commands.items() if service.name != "webhooks"}
TRANSIT = Transit(lambda: b"t" * 32, COMMANDS)
ID = "0b9b1a66-6f9a-5f0e-8f57-6d7a6c4c1a11"


def carried(command: Any) -> tuple[str, Any]:
    """The text that the broker carries, and what the service reads of it."""
    text = TRANSIT.sealed(msgspec.json.encode(command).decode())
    read = msgspec.json.decode(text)
    TRANSIT.open(read)
    return text, read


def identity(**members: Any) -> dict[str, Any]:
    data = {"person": "p", "given_name": "Awa", "family_name": "Diallo", "phone": "0601020304"}
    return {"id": ID, "type": "RecordIdentity", "territory": "alencon", "data": data, **members}


def test_names_are_not_on_the_broker_and_arrive() -> None:
    text, read = carried(identity())
    assert not any(word in text for word in ("Awa", "Diallo", "0601020304"))
    assert '"person":"p"' in text
    assert read == identity()


@pytest.mark.parametrize(
    "command",
    [
        identity(id=None),
        {name: value for name, value in identity().items() if name != "id"},
        identity(id=5),
        identity(data={"person": "p", "nom": "Diallo", "given_name": ["Awa"]}),
        identity(data={"given_name": {"sealed": "Diallo"}}),
    ],
)
def test_a_command_with_faults_is_encrypted_too(command: dict[str, Any]) -> None:
    text, read = carried(command)
    assert "Diallo" not in text
    assert read == command


def test_a_command_without_anything_personal_is_carried_as_it_is() -> None:
    text = '{ "id" : "x", "type":"OpenJourney", "data": {"person": "p"} }'
    assert TRANSIT.sealed(text) == text


@pytest.mark.parametrize(
    "command", [identity(data=["Diallo"]), identity(data="Diallo"), identity(nom="Diallo", given_name={"a": "Diallo"})]
)
def test_what_stands_elsewhere_in_a_command_is_not_carried(command: dict[str, Any]) -> None:
    """The service refuses it whatever it is: it is told that it is there, and not what it is."""
    text, read = carried(command)
    assert "Diallo" not in text
    assert read.keys() == command.keys()


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_whatever_is_sent_arrives_as_it_was_sent(value: object) -> None:
    for command in (value, identity(type=value), identity(data={"person": value, "given_name": value})):
        assert carried(command)[1] == command


@given(st.text())
def test_what_is_no_json_is_passed_on(text: str) -> None:
    assert isinstance(TRANSIT.sealed(text), str)


def test_what_was_not_sealed_for_this_command_and_field_stays_shut() -> None:
    sealed = msgspec.json.decode(TRANSIT.sealed(msgspec.json.encode(identity()).decode()))
    sealed["data"]["given_name"], sealed["data"]["family_name"] = sealed["data"]["family_name"], sealed["data"]["given_name"]
    TRANSIT.open(sealed)
    assert isinstance(sealed["data"]["given_name"], dict)
    other = msgspec.json.decode(TRANSIT.sealed(msgspec.json.encode(identity()).decode())) | {"id": ID.replace("0b", "0c")}
    TRANSIT.open(other)
    assert isinstance(other["data"]["given_name"], dict)
