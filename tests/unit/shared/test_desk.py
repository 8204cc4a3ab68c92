"""The desk: text in, a plain answer out, whatever is wrong with the text."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared.desk import Desk
from shared.errors import Conflict, Forbidden, TooLarge, Unavailable
from shared.message import Actor
from shared.store.port import Append, Appended
from shared.store.sqlite import SqliteStore
from shared.trust.identity import HAND_OVER, Identity, Signer, system
from tests.unit.shared.test_shell import COACH, NOW, shell

SIGNER = Signer(b"k" * 32, "services", lambda: NOW)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    signer = Signer(b"k" * 32, "services", lambda: msgspec.convert("2100-01-01T00:00:00Z", type=type(NOW)))
    return Desk(shell(SqliteStore(tmp_path / "log.sqlite")), signer, {"alencon", "flers"})


def text(**changes: object) -> str:
    asked = {"id": str(uuid4()), "type": "Count", "territory": "alencon", "data": {"name": "a", "step": 1}, **changes}
    return msgspec.json.encode({key: value for key, value in asked.items() if value is not None}).decode()


def token(desk: Desk, identity: Identity = COACH) -> str:
    return desk.signer.sign(identity)


def test_an_accepted_command_is_answered_with_its_position(desk: Desk) -> None:
    reply = desk.handle(token(desk), text())
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
def test_every_fault_of_a_command_is_listed(desk: Desk, command: str, fields: set[str]) -> None:
    reply = desk.handle(token(desk), command)
    assert set(reply["invalid"]) == fields


@pytest.mark.parametrize("bad", ["", "a.b.c", Signer(b"f" * 32, "services", lambda: NOW).sign(COACH)])
def test_a_forged_identity_is_forbidden_and_nothing_more(desk: Desk, bad: str) -> None:
    assert list(desk.handle(bad, text())) == ["forbidden"]
    assert list(desk.handle(token(desk), text())) == ["accepted"]


def test_an_identity_is_too_old_after_its_time(desk: Desk) -> None:
    assert list(desk.handle(desk.signer.sign(COACH, timedelta(seconds=-1)), text())) == ["forbidden"]


def test_a_token_for_another_audience_is_forbidden(desk: Desk) -> None:
    other = Signer(b"k" * 32, "gateway", desk.signer.clock)
    assert list(desk.handle(other.sign(COACH), text())) == ["forbidden"]


def test_nobody_speaks_for_another_actor(desk: Desk) -> None:
    assert list(desk.handle(token(desk), text(actor={"id": "c-2", "role": "coach"}))) == ["forbidden"]
    assert list(desk.handle(token(desk), text(recorded_time="2024-01-01T00:00:00Z", time="2024-01-01T00:00:00Z"))) == ["forbidden"]


def test_a_tool_that_loads_history_lends_its_territories_not_its_rights(desk: Desk) -> None:
    tool = token(desk, system("load"))
    assert list(desk.handle(tool, text(actor={"id": "c-2", "role": "coach"}))) == ["accepted"]
    assert list(desk.handle(tool, text(actor={"id": "c-2", "role": "auditor"}))) == ["forbidden"]


def test_a_batch_answers_each_line_in_its_place(desk: Desk) -> None:
    replies = desk.handle_many(token(desk), [text(), "{", text(data={"name": "b", "step": 5})])
    assert [list(reply) for reply in replies] == [["accepted"], ["invalid"], ["accepted"]]


class Away:
    def read_stream(self, stream: str) -> list[object]:
        raise Unavailable("The log cannot be reached now.")


def test_a_log_that_is_away_is_said_and_nothing_breaks() -> None:
    away = Desk(shell(Away()), SIGNER, {"alencon"})
    signer = Signer(b"k" * 32, "services", lambda: msgspec.convert("2100-01-01T00:00:00Z", type=type(NOW)))
    away.signer = signer
    assert away.handle(signer.sign(COACH), text()) == {"unavailable": "The log cannot be reached now."}
    assert away.handle_many(signer.sign(COACH), [text(), text()]) == [{"unavailable": "The log cannot be reached now."}] * 2


def test_the_actor_is_the_bearer(desk: Desk) -> None:
    desk.handle(token(desk, Identity(Actor("c-7", "coach", "etape"), ("alencon",))), text())
    assert desk.shell.store.read_all(0)[0].actor == Actor("c-7", "coach", "etape")


def test_commands_of_several_callers_are_answered_each_on_its_own(desk: Desk) -> None:
    stranger = token(desk, Identity(Actor("c-8", "coach"), ("flers",)))
    asked = [(token(desk), text()), ("forged", text()), (stranger, text()), (token(desk), "{"), (token(desk), text())]
    assert [next(iter(reply)) for reply in desk.handle_each(asked)] == ["accepted", "forbidden", "forbidden", "invalid", "accepted"]
    assert len(desk.shell.store.read_all(0)) == 2


def test_a_command_that_no_log_takes_is_refused_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log refuses what came together because of one: the others are handled alone, and recorded once."""
    append_many = desk.shell.store.append_many

    def refusing(appends: Sequence[Append]) -> list[Appended | Conflict]:
        if any(append.stream == "counter-huge" for append in appends):
            raise TooLarge("too much")
        return append_many(appends)

    monkeypatch.setattr(desk.shell.store, "append_many", refusing)
    monkeypatch.setattr(desk.shell.store, "append", lambda append: refusing([append])[0])
    names = ["a", "huge", "b"]
    replies = desk.handle_each([(token(desk), text(data={"name": name, "step": 1})) for name in names])
    assert [next(iter(reply)) for reply in replies] == ["accepted", "refused", "accepted"]
    assert [event.subject for event in desk.shell.store.read_all(0)] == ["counter-a", "counter-b"]


def test_commands_that_come_together_while_the_log_is_away_are_all_told_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def away(appends: Sequence[Append]) -> list[Appended | Conflict]:
        asked.append(len(appends))
        raise Unavailable("away")

    monkeypatch.setattr(desk.shell.store, "append_many", away)
    both = [(token(desk), text(data={"name": name, "step": 1})) for name in "ab"]
    assert desk.handle_each(both) == [{"unavailable": "away"}] * 2
    assert asked == [2]


def test_a_token_that_was_read_before_is_still_too_old_in_time() -> None:
    moment = [NOW]
    signer = Signer(b"k" * 32, "services", lambda: moment[0])
    given = signer.hand_over(COACH)
    assert signer.read(given) == COACH
    moment[0] = NOW + HAND_OVER / 3
    assert signer.hand_over(COACH) == given
    moment[0] = NOW + HAND_OVER / 2
    assert signer.hand_over(COACH) != given
    moment[0] = NOW + HAND_OVER
    with pytest.raises(Forbidden):
        signer.read(given)
