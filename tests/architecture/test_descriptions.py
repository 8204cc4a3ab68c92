"""The descriptions of the services are complete, and they are the only place where services are listed."""

import ast
import string
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.compose import compose
from deploy.healthy import CHECKS
from services.bootstrap.names import NAMES, PROCESSES
from services.bootstrap.registry import SERVICES, catalogue
from services.reporting.facts.fold import READERS
from services.vocabulary import french
from shared.command_fields import filled_in_by_handler
from shared.description import ServiceDescription
from shared.validation import CommandParser
from tests.architecture.persisted_names import streams
from tests.architecture.source import ROOT, calls_of, files

EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.name)


def names(*groups: Any) -> list[str]:
    return sorted(each.__name__ for group in groups for each in group)


@EVERY_SERVICE
def test_every_command_has_a_permission(service: ServiceDescription) -> None:
    assert names(service.permissions) == names(service.commands.values())


@EVERY_SERVICE
def test_every_command_has_a_title_of_its_own(service: ServiceDescription) -> None:
    assert names(service.titles) == names(service.commands.values())
    assert len(set(service.titles.values())) == len(service.titles)


@EVERY_SERVICE
def test_every_command_has_a_form_or_a_stated_reason_for_none(service: ServiceDescription) -> None:
    assert names((form.command for form in service.forms), service.without_form) == names(service.commands.values())
    assert all(reason for reason in service.without_form.values())


@EVERY_SERVICE
def test_no_sender_says_who_it_is_or_when_it_speaks(service: ServiceDescription) -> None:
    """Fields of these names are declared with the marks of `shared.command_fields`, so validation refuses them in the data of a sender."""
    fields = {command.__name__: CommandParser(command, french.VALIDATION).schema.fields.keys() for command in service.commands.values()}
    assert {
        name: found for name, given in fields.items() if (found := given & {"on", "recorded_on", "by", "organisation", "territory"})
    } == {}
    assert [command.__name__ for command in service.commands.values() if "on" not in filled_in_by_handler(command)] == []


@EVERY_SERVICE
def test_every_command_is_decided_in_a_stream_of_its_service(service: ServiceDescription) -> None:
    """The database lets a service append in these alone, and no name of another begins as one of them."""
    found = [stream for aggregate in service.aggregates for stream in streams(aggregate).values()]
    assert [stream for stream in found if not stream.startswith(service.streams)] == []
    assert [start for start in service.streams if not any(stream.startswith(start) for stream in found)] == []
    others = [start for other in SERVICES.values() if other is not service for start in other.streams]
    assert [start for start in others if start.startswith(service.streams)] == []


@EVERY_SERVICE
def test_every_event_has_a_sentence(service: ServiceDescription) -> None:
    assert names(service.sentences) == names(service.events.values())


@EVERY_SERVICE
def test_every_event_has_a_reader_or_a_stated_reason_for_none(service: ServiceDescription) -> None:
    read = {kind for kind in READERS if kind.startswith(f"{service.name}.")}
    unread = {f"{service.name}.{event.__name__}" for event in service.unread_events}
    assert read | unread == set(service.events)
    assert read & unread == set()
    assert all(reason for reason in service.unread_events.values())


def test_every_code_has_one_label() -> None:
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for service in SERVICES.values():
        for codes in service.coded_values:
            for code in codes:
                labels[code.value].add(code.label)
    assert {code: found for code, found in labels.items() if len(found) > 1 or "" in found} == {}


def test_no_list_of_codes_has_the_name_of_another() -> None:
    """The interface publishes them by name."""
    lists = [codes for service in SERVICES.values() for codes in service.coded_values]
    assert sorted({codes.__name__ for codes in lists}) == sorted(codes.__name__ for codes in set(lists))


def test_every_question_of_a_form_is_a_field_of_its_command() -> None:
    forms = [form for service in SERVICES.values() for form in service.forms]
    unknown = [
        (form.command.__name__, question.field)
        for form in forms
        for question in form.questions
        if question.field not in fields(form.command)
    ]
    assert unknown == []


def fields(struct: type[Any]) -> tuple[str, ...]:
    known: tuple[str, ...] = struct.__struct_fields__
    return known


def raised(*exceptions: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each code that the source raises, with the names of its details."""
    for path in files("services", "shared"):
        for call in calls_of(path):
            if getattr(call.func, "id", "") in exceptions and call.args and isinstance(call.args[0], ast.Constant):
                yield str(call.args[0].value), frozenset(str(keyword.arg) for keyword in call.keywords)


OF_STATES = {"person_merged", "person_erased"}  # raised with the code that the state holds
OF_CHECKS = {"referral_already_answered", "referral_already_seen", "referral_not_accepted"}  # arguments of `check_status`
OF_REPLIES = {"too_large", "session_needed"}  # replies that no exception carries


def test_every_code_that_is_raised_has_a_french_text_and_no_text_is_left_over() -> None:
    assert {code for code, _ in raised("Refused", "Forbidden")} | OF_STATES | OF_CHECKS | OF_REPLIES == set(catalogue().texts)


def test_every_placeholder_of_a_text_is_filled_in() -> None:
    details: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for code, given in raised("Refused", "Forbidden"):
        details[code].add(given)
    placeholders = {code: {name for _, name, _, _ in string.Formatter().parse(text) if name} for code, text in catalogue().texts.items()}
    missing = {code: placeholders[code] - given for code, all_given in details.items() for given in all_given if placeholders[code] - given}
    assert missing == {}


def test_texts_are_french_sentences() -> None:
    of_validation = [getattr(french.VALIDATION, name) for name in french.VALIDATION.__struct_fields__ if name != "patterns"]
    texts = [*catalogue().texts.values(), *of_validation, *french.VALIDATION.patterns.values()]
    assert [text for text in texts if not text[0].isupper() and not text.startswith(("«", "{"))] == []
    assert [text for text in texts if not text.endswith(".") and not text.endswith("+01:00.")] == []
    assert [text for text in texts if "'" in text] == []  # the apostrophe of French typography is ’


def test_policies_have_ids_of_their_own_and_give_commands_of_their_own_service() -> None:
    ids = [policy.id for service in SERVICES.values() for policy in service.policies]
    assert len(set(ids)) == len(ids)
    for service in SERVICES.values():
        for policy in service.policies:
            assert policy.command in service.commands.values()
            assert policy.description.endswith(".")


def test_a_policy_tolerates_only_refusals_that_exist() -> None:
    known = set(catalogue().texts)
    assert [
        (policy.id, policy.tolerates - known) for each in SERVICES.values() for policy in each.policies if policy.tolerates - known
    ] == []


def test_the_registry_has_every_package_with_a_description() -> None:
    assert {path.parent.name for path in (ROOT / "services").glob("*/description.py")} == set(NAMES)
    assert [name for name, service in SERVICES.items() if service.name != name] == []


def test_no_command_or_event_is_declared_twice() -> None:
    commands = [command for service in SERVICES.values() for command in service.commands]
    assert len(set(commands)) == len(commands)


def test_the_compose_file_is_the_one_that_the_registry_gives() -> None:
    assert (ROOT / "docker-compose.yml").read_text() == compose()


def test_every_process_has_a_health_check() -> None:
    assert set(CHECKS) == set(PROCESSES)


LISTS = {Path("services/bootstrap/names.py")}


def test_services_are_listed_in_one_place() -> None:
    """No other module names all services beside each other."""
    elsewhere = [
        path.relative_to(ROOT)
        for path in files("services", "shared", "demo", "deploy")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict) and set(NAMES) <= strings_in(node)
    ]
    assert set(elsewhere) == LISTS


def strings_in(node: ast.AST) -> set[str]:
    return {each.value for each in ast.iter_child_nodes(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def remote_calls() -> Iterator[tuple[str, str]]:
    """(service or *, method) for each RPC call that the gateway makes by name."""
    for path in files("services/gateway"):
        for call in calls_of(path):
            if getattr(call.func, "attr", "") == "call" and len(call.args) >= 2 and isinstance(call.args[1], ast.Constant):
                service = call.args[0].value if isinstance(call.args[0], ast.Constant) else "*"
                yield str(service), str(call.args[1].value)


def test_the_gateway_calls_methods_that_exist() -> None:
    from services.reporting.service import ReportingService
    from shared.bus.nameko.write_service import WriteService

    found = set(remote_calls())
    assert {method for service, method in found if service == "*"} >= {"handle_each", "handle_many", "health"}
    assert [method for service, method in found if service == "*" and not hasattr(WriteService, method)] == []
    assert [method for service, method in found if service == "reporting" and not hasattr(ReportingService, method)] == []
