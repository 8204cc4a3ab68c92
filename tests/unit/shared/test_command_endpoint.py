"""The command endpoint: text in, a plain reply out, whatever is wrong with the text."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars

from services.vocabulary.french import VALIDATION
from shared.command_endpoint import CommandEndpoint
from shared.command_type import CommandType
from shared.errors import Conflict, TooLarge, Unavailable
from shared.message import Actor, CommandMessage
from shared.reply import Reply
from shared.store.port import BODY_LIMIT, Append, Appended, NewEvent
from shared.store.sqlite.store import SqliteStore
from shared.trust.access import Identity, system
from shared.trust.identity_keys import new_signing_key
from tests.harness.identities import signed, verifier
from tests.unit.shared.test_command_handler import COACH, handler

ID = "6d4ff2a6-4d6c-4b0e-9c0c-5f7e0b6f0a11"
REUSED = {"refused": {"code": "idempotency_key_reused", "details": {}}}
SERVICE = "counting"


def later() -> datetime:
    return datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def endpoint(tmp_path: Path) -> CommandEndpoint:
    return CommandEndpoint(handler(SqliteStore(tmp_path / "log.sqlite")), verifier(SERVICE, later), {"alencon", "flers"}, VALIDATION)


def text(**changes: object) -> str:
    asked = {"id": str(uuid4()), "type": "Count", "territory": "alencon", "data": {"name": "a", "step": 1}, **changes}
    return msgspec.json.encode({key: value for key, value in asked.items() if value is not None}).decode()


def token(endpoint: CommandEndpoint, identity: Identity = COACH) -> str:
    return signed(identity, SERVICE, later)


def test_an_accepted_command_is_answered_with_its_position(endpoint: CommandEndpoint) -> None:
    reply = endpoint.handle(token(endpoint), text())
    assert reply["accepted"]["version"] == 1
    assert reply["accepted"]["events"] == ["Counted"]


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("{", {"_"}),
        ("[]", {"_"}),
        (text(id="x", data=[]), {"id", "data"}),
        (text(territory="paris"), {"territory"}),
        (text(id=None, type=None), {"id", "type"}),
        (text(time="hier"), {"time"}),
        (text(surprise=1), {"surprise"}),
        (
            text(territory="paris", time="hier", surprise=1, data={"step": 9, "other": 1}),
            {"territory", "time", "surprise", "step", "other", "name"},
        ),
        (text(data={"name": 1, "step": 9}), {"name", "step"}),
    ],
)
def test_every_fault_of_a_command_is_listed(endpoint: CommandEndpoint, command: str, fields: set[str]) -> None:
    reply = endpoint.handle(token(endpoint), command)
    assert set(reply["invalid"]) == fields


@pytest.mark.parametrize("command", [text(), text(data={"name": 1, "step": 9}), text(territory="paris"), "{"])
@pytest.mark.parametrize("together", [1, 2])
def test_what_logs_say_of_a_command_ends_with_it(endpoint: CommandEndpoint, command: str, together: int) -> None:
    """And what they say of its caller goes on: no line names the work of another."""
    clear_contextvars()
    with bound_contextvars(command_id="of the caller", traceparent="of the caller"):
        endpoint.handle_each([(token(endpoint), command)] * together)
        endpoint.handle("", command)
        assert get_contextvars() == {"command_id": "of the caller", "traceparent": "of the caller"}


def test_another_command_under_the_same_id_is_refused(endpoint: CommandEndpoint) -> None:
    """Alone and in a batch; a retry writes the same, whatever the order of its members."""
    first = text(id=ID, time="2024-05-01T10:00:00+02:00")
    again = text(data={"step": 1, "name": "a"}, id=ID, time="2024-05-01T10:00:00+02:00")
    others = [text(id=ID, data={"name": "a", "step": 2}, time="2024-05-01T10:00:00+02:00"), text(id=ID, territory="flers"), text(id=ID)]
    identity = token(endpoint, Identity(COACH.actor, ("*",)))
    accepted = endpoint.handle(identity, first)
    assert endpoint.handle(identity, again) == accepted
    assert [endpoint.handle(identity, other) for other in others] == [REUSED] * 3
    assert endpoint.handle_many(identity, [again, *others]) == [accepted, *[REUSED] * 3]


def test_two_commands_of_one_batch_do_not_share_an_id(endpoint: CommandEndpoint) -> None:
    replies = endpoint.handle_many(token(endpoint), [text(id=ID), text(id=ID), text(id=ID, data={"name": "a", "step": 2})])
    assert [list(reply) for reply in replies] == [["accepted"], ["accepted"], ["refused"]]
    assert replies[2] == REUSED


@pytest.mark.parametrize("bad", ["", "a.b.c", signed(COACH, SERVICE, later, key=new_signing_key())])
def test_a_forged_identity_is_forbidden_and_nothing_more(endpoint: CommandEndpoint, bad: str) -> None:
    assert list(endpoint.handle(bad, text())) == ["forbidden"]
    assert list(endpoint.handle(token(endpoint), text())) == ["accepted"]


def test_an_identity_is_too_old_after_its_time(endpoint: CommandEndpoint) -> None:
    assert list(endpoint.handle(signed(COACH, SERVICE, later, lifetime=timedelta(seconds=-1)), text())) == ["forbidden"]


def test_an_identity_for_another_service_is_forbidden(endpoint: CommandEndpoint) -> None:
    """What one service was handed opens no other."""
    assert list(endpoint.handle(signed(COACH, "another", later), text())) == ["forbidden"]


def test_nobody_speaks_for_another_actor(endpoint: CommandEndpoint) -> None:
    assert list(endpoint.handle(token(endpoint), text(actor={"id": "c-2", "role": "coach"}))) == ["forbidden"]
    assert list(endpoint.handle(token(endpoint), text(recorded_time="2024-01-01T00:00:00Z", time="2024-01-01T00:00:00Z"))) == ["forbidden"]


def test_a_tool_that_loads_history_lends_its_territories_not_its_rights(endpoint: CommandEndpoint) -> None:
    tool = token(endpoint, system("load"))
    assert list(endpoint.handle(tool, text(actor={"id": "c-2", "role": "coach"}))) == ["accepted"]
    assert list(endpoint.handle(tool, text(actor={"id": "c-2", "role": "auditor"}))) == ["forbidden"]


def test_a_batch_answers_each_line_in_its_place(endpoint: CommandEndpoint) -> None:
    replies = endpoint.handle_many(token(endpoint), [text(), "{", text(data={"name": "b", "step": 5})])
    assert [list(reply) for reply in replies] == [["accepted"], ["invalid"], ["accepted"]]


class Away:
    def read_stream(self, stream: str) -> list[object]:
        raise Unavailable("The log cannot be reached now.")


def test_a_log_that_is_away_is_said_and_nothing_breaks() -> None:
    away = CommandEndpoint(handler(Away()), verifier(SERVICE, later), {"alencon"}, VALIDATION)
    assert away.handle(token(away), text()) == {"unavailable": "The log cannot be reached now."}
    assert away.handle_many(token(away), [text(), text()]) == [{"unavailable": "The log cannot be reached now."}] * 2


def test_the_actor_is_the_bearer(endpoint: CommandEndpoint) -> None:
    endpoint.handle(token(endpoint, Identity(Actor("c-7", "coach", "etape"), ("alencon",))), text())
    assert endpoint.handler.store.read_all(0)[0].actor == Actor("c-7", "coach", "etape")


def test_commands_of_several_callers_are_answered_each_on_its_own(endpoint: CommandEndpoint) -> None:
    stranger = token(endpoint, Identity(Actor("c-8", "coach"), ("flers",)))
    asked = [(token(endpoint), text()), ("forged", text()), (stranger, text()), (token(endpoint), "{"), (token(endpoint), text())]
    assert [next(iter(reply)) for reply in endpoint.handle_each(asked)] == ["accepted", "forbidden", "forbidden", "invalid", "accepted"]
    assert len(endpoint.handler.store.read_all(0)) == 2


def test_a_command_that_no_log_takes_is_refused_alone(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log refuses what came together because of one: the others are handled alone, and recorded once."""
    append_many = endpoint.handler.store.append_many

    def refusing(appends: Sequence[Append]) -> list[Appended | Conflict]:
        if any(append.stream == "counter-huge" for append in appends):
            raise TooLarge("too much")
        return append_many(appends)

    monkeypatch.setattr(endpoint.handler.store, "append_many", refusing)
    monkeypatch.setattr(endpoint.handler.store, "append", lambda append: refusing([append])[0])
    names = ["a", "huge", "b"]
    replies = endpoint.handle_each([(token(endpoint), text(data={"name": name, "step": 1})) for name in names])
    assert [next(iter(reply)) for reply in replies] == ["accepted", "refused", "accepted"]
    assert [event.subject for event in endpoint.handler.store.read_all(0)] == ["counter-a", "counter-b"]


def test_commands_that_come_together_while_the_log_is_away_are_all_told_at_once(
    endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def away(appends: Sequence[Append]) -> list[Appended | Conflict]:
        asked.append(len(appends))
        raise Unavailable("away")

    monkeypatch.setattr(endpoint.handler.store, "append_many", away)
    both = [(token(endpoint), text(data={"name": name, "step": 1})) for name in "ab"]
    assert endpoint.handle_each(both) == [{"unavailable": "away"}] * 2
    assert asked == [2]


def too_long(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count of five is from now on an event that no log accepts."""
    new_event = endpoint.handler.new_event

    def padded(command_type: CommandType, message: CommandMessage, stream: str, event: Any, index: int) -> NewEvent:
        event_as_written = new_event(command_type, message, stream, event, index)
        pad = b',"pad":"%b"}' % (b"x" * BODY_LIMIT)
        if getattr(event, "step", 0) != 5:
            return event_as_written
        return NewEvent(event_as_written.id, event_as_written.type, event_as_written.body[:-1] + pad)

    monkeypatch.setattr(endpoint.handler, "new_event", padded)


def of(name: str, step: int) -> str:
    return text(data={"name": name, "step": step})


def outcomes(replies: Sequence[Reply]) -> list[str]:
    return [next(iter(reply)) for reply in replies]


def test_an_event_that_no_log_takes_is_the_fault_of_its_command_alone(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    too_long(endpoint, monkeypatch)
    asked = [of("a", 1), of("a", 1), of("b", 5), of("c", 1), of("c", 5), of("c", 1)]
    assert outcomes(endpoint.handle_many(token(endpoint), asked)) == ["accepted", "accepted", "refused", "accepted", "refused", "accepted"]
    assert [event.subject for event in endpoint.handler.store.read_all(0)] == ["counter-a", "counter-a", "counter-c", "counter-c"]


def test_a_caller_never_gets_the_refusal_of_another_on_the_same_stream(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    too_long(endpoint, monkeypatch)
    asked = [(token(endpoint), of("a", 5)), (token(endpoint), of("a", 1)), (token(endpoint), of("b", 1))]
    assert outcomes(endpoint.handle_each(asked)) == ["refused", "accepted", "accepted"]


def test_no_command_is_decided_on_what_was_not_recorded(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five that were not recorded, then four and four: within the limit of ten, as the log confirms."""
    too_long(endpoint, monkeypatch)
    assert outcomes(endpoint.handle_many(token(endpoint), [of("c", 5), of("c", 4), of("c", 4)])) == ["refused", "accepted", "accepted"]
    assert all(b'"step":4' in bytes(event.data) for event in endpoint.handler.store.read_all(0))


def test_a_batch_that_the_log_refuses_as_a_whole_is_recorded_one_by_one(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the log fails on one of them, even with an unforeseen exception, the answers already given stay."""
    append_many = endpoint.handler.store.append_many

    def refusing(appends: Sequence[Append]) -> list[Appended | Conflict]:
        if len(appends) > 1:
            raise ValueError("one of these")
        return append_many(appends)

    monkeypatch.setattr(endpoint.handler.store, "append_many", refusing)
    replies = endpoint.handle_many(token(endpoint), [of("a", 4), of("b", 5), of("a", 4), of("a", 4), of("b", 5)])
    assert outcomes(replies) == ["accepted", "accepted", "accepted", "refused", "accepted"]
    assert [reply["accepted"]["version"] for reply in replies if "accepted" in reply] == [1, 1, 2, 3]


@pytest.mark.parametrize("from_the", [1, 2])
def test_once_the_log_is_away_the_rest_of_a_batch_is_told_so_and_not_tried(
    endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch, from_the: int
) -> None:
    """In the middle of a batch or at its end: known answers stay, and the others are marked as safe to send again."""
    append_many = endpoint.handler.store.append_many
    asked: list[int] = []

    def away(appends: Sequence[Append]) -> list[Appended | Conflict]:
        asked.append(len(appends))
        if len(asked) >= from_the:
            raise Unavailable("away")
        return append_many(appends)

    monkeypatch.setattr(endpoint.handler.store, "append_many", away)
    replies = endpoint.handle_many(token(endpoint), [of("a", 1), of("b", 1), of("a", 1), of("c", 1), "{"])
    assert outcomes(replies) == [["unavailable"] * 4, ["accepted", "accepted", "unavailable", "unavailable"]][from_the - 1] + ["invalid"]
    assert len(asked) == from_the
    assert len(endpoint.handler.store.read_all(0)) == [0, 2][from_the - 1]


def test_an_unforeseen_failure_is_told_to_its_caller_alone(endpoint: CommandEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    command_type = endpoint.handler.command_types["Count"]
    decide = command_type.decider.decide

    def broken(total: int, command: Any) -> list[Any]:
        return decide(total, command) if command.step < 5 else [1 // (command.step - 5)]

    monkeypatch.setattr(command_type, "decider", replace(command_type.decider, decide=broken))
    asked = [(token(endpoint), of(name, step)) for name, step in (("a", 1), ("b", 5), ("c", 1))]
    replies = endpoint.handle_each(asked)
    assert outcomes(replies) == ["accepted", "unforeseen", "accepted"]
