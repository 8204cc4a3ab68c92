"""Past history is imported like any command, with its policies, and the same file always gives the same log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

import deploy
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import MAX_REPORTED, importer
from services.cli.import_history import Outcome
from services.cli.main import main
from services.vocabulary.calendar import end_of_day
from shared.errors import Forbidden, Invalid, Refused, Unavailable
from shared.message import Actor, CommandMessage
from shared.store.port import Append, Appended
from shared.store.sqlite.store import SqliteStore
from shared.trust.access import Identity

SPACE = UUID("00000000-0000-0000-0000-000000000001")


@pytest.fixture
def components(tmp_path: Path) -> Iterator[Components]:
    components = Components(read_settings(tmp_path, environ={}))
    yield components
    components.store.close()


def line(number: int, type: str, data: dict[str, Any], *, time: str = "2023-03-06T10:00:00+01:00", **more: Any) -> str:
    actor = {"id": "coach-1", "role": more.pop("role", "coach"), "organisation": more.pop("organisation", "etape")}
    request = {
        "id": str(uuid5(SPACE, str(number))),
        "type": type,
        "territory": more.pop("territory", "alencon"),
        "time": time,
        "actor": actor,
        "data": data,
        **more,
    }
    return json.dumps(request)


MET = {"person": "p-1", "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
SENT = {"orientation": "o-1", "person": "p-1", "kind": "MISSION_LOCALE", "needs": [], "urgency": False, "consent": True}
HISTORY = [
    line(1, "IdentifyPerson", MET),
    line(2, "ReceiveOrientation", SENT, role="prescriber", organisation="ml-alencon"),
    line(3, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-1"}, recorded_time="2023-03-08T09:00:00+01:00"),
    line(4, "HoldInterview", {"person": "p-1", "mode": "PRESENTIEL", "minutes": 40}, time="2023-03-09T09:00:00+01:00"),
]
DEFINITIONS = json.loads((Path(deploy.__file__).parent / "definitions" / "v1.json").read_text())
DEFINED = line(0, "PublishDefinitions", DEFINITIONS, role="coordinator", territory="all")


def kinds(components: Components) -> list[str]:
    return [event.kind for event in components.store.read_all(0)]


def test_the_policies_run_right_after_what_causes_them(components: Components) -> None:
    outcomes = list(importer(components).load(HISTORY))
    assert [outcome.fault for outcome in outcomes] == [None] * 4
    opened = kinds(components).index("coaching.JourneyOpened")
    assert opened < kinds(components).index("coaching.InterviewHeld")
    assert {"coaching.ReferentAssigned", "intake.CoachingStarted", "referrals.PrescriberInformed"} <= set(kinds(components))


def test_history_keeps_the_time_at_which_it_was_recorded(components: Components) -> None:
    list(importer(components).load(HISTORY))
    accepted = next(event for event in components.store.read_all(0) if event.kind == "intake.OrientationAccepted")
    assert accepted.recordedtime == datetime(2023, 3, 8, 8, 0, tzinfo=UTC)
    before = components.store.position_at(end_of_day(datetime(2023, 3, 7, tzinfo=UTC).date()))
    assert [event.kind for event in components.store.read_all(0) if event.position <= before] == [
        "intake.PersonIdentified",
        "intake.OrientationReceived",
    ]


def test_loading_again_changes_nothing(components: Components) -> None:
    first = list(importer(components).load(HISTORY))
    log = components.store.read_all(0)
    assert list(importer(components).load(HISTORY)) == first
    assert components.store.read_all(0) == log


def test_what_follows_was_caused_by_the_event_and_not_by_a_person(components: Components) -> None:
    list(importer(components).load(HISTORY))
    events = {event.kind: event for event in components.store.read_all(0)}
    opened, accepted = events["coaching.JourneyOpened"], events["intake.OrientationAccepted"]
    assert (opened.actor.role, opened.causationid, opened.correlationid) == ("system", str(accepted.id), str(accepted.commandid))


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ("{", Invalid),
        (b"\xff\xfe", Invalid),
        (line(9, "Dance", {}), Refused),
        (line(9, "HoldInterview", {"person": "p-9", "mode": "PRESENTIEL", "minutes": 40}), Refused),
        (line(9, "IdentifyPerson", MET, role="auditor"), Forbidden),
        (json.dumps({"id": str(SPACE), "type": "IdentifyPerson", "territory": "alencon", "data": MET}), Invalid),
    ],
)
def test_a_line_that_is_refused_is_told_and_the_rest_goes_on(components: Components, bad: str | bytes, fault: type[Exception]) -> None:
    outcomes = list(importer(components).load([bad, "", *HISTORY]))
    assert isinstance(outcomes[0].fault, fault)
    assert outcomes[0].line == 1
    assert [outcome.fault for outcome in outcomes[1:]] == [None] * 4


def test_live_and_replayed_figures_are_equal_at_every_position(components: Components) -> None:
    list(importer(components).load([DEFINED, *HISTORY]))
    for event in components.store.read_all(0):
        components.reports.apply([event])
        live = components.reports.figures("all", "2023-Q1")
        assert components.replayed(event.position).figures("all", "2023-Q1") == live


LEFT = {"person": "p-1", "exit_on": "2023-03-06", "reason": "DEMANDE", "outcomes": []}
LATER = "2023-03-15T10:00:00+01:00"
MOVED = datetime(2023, 3, 6, 9, 30, tzinfo=UTC)
AGAIN = [
    line(1, "IdentifyPerson", MET),
    line(2, "OpenJourney", {"person": "p-1", "referent": "coach-1"}),
    line(3, "ExitJourney", LEFT),
    line(4, "GrantRenewal", {"person": "p-1"}, role="coordinator"),
    line(5, "CorrectExit", LEFT | {"exit_on": "2023-03-20", "why": "SAISIE"}, time="2023-03-20T10:00:00+01:00"),
    line(
        6, "ReceiveOrientation", SENT, role="prescriber", organisation="ml-alencon", time=LATER, recorded_time="2023-03-21T10:00:00+01:00"
    ),
    line(7, "AcceptOrientation", {"orientation": "o-1", "referent": "coach-1"}, time=LATER, recorded_time="2023-03-21T11:00:00+01:00"),
    line(8, "IdentifyPerson", MET | {"person": "p-2"}, time=LATER),
    line(9, "OpenJourney", {"person": "p-2", "referent": "coach-1"}, time=LATER),
]


def test_what_a_policy_cannot_do_refuses_no_line_and_keeps_no_other_from_its_policies(components: Components) -> None:
    """The corrected exit is after the acceptance, so that no journey opens. The import reports it once, for the acceptance."""
    outcomes = list(importer(components).load(AGAIN))
    faulty = [(outcome.line, outcome.command) for outcome in outcomes if outcome.fault]
    assert faulty == [(7, "intake.OrientationAccepted")]
    assert [outcome.line for outcome in outcomes if not outcome.by_policy] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert all(outcome.position for outcome in outcomes)
    events = components.store.read_all(0)
    assert [event.subject for event in events if event.kind == "intake.CoachingStarted"][-1] == "person-p-2"


def test_whoever_loads_is_told_what_no_policy_could_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "history.ndjson"
    file.write_text("\n".join(AGAIN))
    assert main(["load", str(file), "--data", str(tmp_path)]) == 1
    output = capsys.readouterr().err
    assert "line 7, what follows from intake.OrientationAccepted" in output
    assert "9 commands accepted, 0 refused" in output
    assert "What follows from 1 events could not be done" in output


def written(components: Components) -> list[tuple[str, str, str]]:
    return [(event.kind, event.subject, str(event.time)) for event in components.store.read_all(0)]


def interrupted(monkeypatch: pytest.MonkeyPatch, components: Components, appends: int) -> list[Outcome]:
    """Load AGAIN into a log that accepts so many appends and is then unavailable; afterwards it is there again."""
    append, left = components.raw_store.append, iter(range(appends))

    def full(request: Append) -> Appended:
        if next(left, None) is None:
            raise Unavailable("database or disk is full")
        return append(request)

    with monkeypatch.context() as patch:
        patch.setattr(components.raw_store, "append", full)
        return list(importer(components).load(AGAIN))


@pytest.mark.parametrize("appends", range(14))
def test_an_import_stops_where_the_log_is_away_and_the_same_file_goes_on_from_there(
    tmp_path: Path, components: Components, monkeypatch: pytest.MonkeyPatch, appends: int
) -> None:
    outcomes = interrupted(monkeypatch, components, appends)
    assert [isinstance(outcome.fault, Unavailable) for outcome in outcomes][-1] is True
    assert sum(isinstance(outcome.fault, Unavailable) for outcome in outcomes) == 1
    assert len(written(components)) >= appends
    list(importer(components).load(AGAIN))
    whole = Components(read_settings(tmp_path / "whole", environ={}))
    list(importer(whole).load(AGAIN))
    assert written(components) == written(whole)
    list(importer(components).load(AGAIN))
    assert written(components) == written(whole)


def test_lines_whose_transaction_fails_are_not_told_as_accepted(components: Components, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def full() -> Iterator[None]:
        with together():
            yield
            raise Unavailable("database or disk is full")

    together = components.raw_store.together
    with monkeypatch.context() as patch:
        patch.setattr(components.raw_store, "together", full)
        outcomes = list(importer(components).load(AGAIN))
    assert [(outcome.line, type(outcome.fault)) for outcome in outcomes] == [(1, Unavailable)]
    assert written(components) == []
    assert not any(outcome.fault for outcome in importer(components).load(AGAIN[:6]))


def test_whoever_loads_is_told_at_which_line_the_log_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(store: object, request: Append) -> Appended:
        raise Unavailable("database or disk is full")

    monkeypatch.setattr(SqliteStore, "append", away)
    file = tmp_path / "history.ndjson"
    file.write_text("\n".join(AGAIN))
    assert main(["load", str(file), "--data", str(tmp_path)]) == 1
    output = capsys.readouterr().err
    assert "Stopped at line 1" in output
    assert "line 2" not in output


@pytest.mark.parametrize("lines", [200, 5_000])
def test_the_faults_of_a_file_that_is_no_history_are_told_up_to_a_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: int
) -> None:
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"\x00\xff garbage\n" * lines)
    assert main(["load", str(file), "--data", str(tmp_path)]) == 1
    output = capsys.readouterr().err
    assert f"{lines - MAX_REPORTED} more" in output
    assert output.count("line ") <= MAX_REPORTED
    assert len(output.splitlines()) < 2 * MAX_REPORTED + 10


EXITED = [
    line(1, "IdentifyPerson", MET),
    line(20, "OpenJourney", {"person": "p-1", "referent": "coach-1"}, time="2023-03-07T10:00:00+01:00"),
    line(
        21,
        "ExitJourney",
        {"person": "p-1", "exit_on": "2023-06-01", "reason": "DEMANDE", "outcomes": []},
        time="2023-06-01T10:00:00+02:00",
    ),
]
REPLY = {"satisfied": True, "rating": 5, "domains": [], "wellbeing": True, "wants_continuation": True}


def ticket(number: int, moment: str, time: str) -> str:
    return line(number, "IssueSurveyTicket", {"person": "p-1", "rank": 1, "moment": moment}, time=time)


def survey_answer(number: int, time: str, **more: Any) -> str:
    return line(number, "AnswerSurvey", {**REPLY, **more.pop("data", {})}, time=time, role="participant", **more)


def test_an_answer_to_the_survey_redeems_a_ticket_that_the_file_issued(components: Components) -> None:
    issued = [ticket(22, "EXIT", "2023-06-01T11:00:00+02:00"), ticket(23, "M3", "2023-09-01T11:00:00+02:00")]
    answers = [survey_answer(number, "2023-09-05T10:00:00+02:00") for number in (24, 25, 26)]
    elsewhere = survey_answer(27, "2023-09-05T11:00:00+02:00", territory="flers")
    lines = [*EXITED, *issued, *answers, elsewhere]
    for _ in range(2):  # the same file again records nothing, and is answered in the same way
        faults = [outcome.fault for outcome in importer(components).load(lines)]
        assert [type(fault) for fault in faults] == [type(None)] * 7 + [Invalid] * 2
        assert all(isinstance(fault, Invalid) and fault.faults.keys() == {"token"} for fault in faults[7:])
        assert kinds(components).count("coaching.SurveyAnswered") == 2
    moments = [json.loads(bytes(event.data))["moment"] for event in components.store.read_all(0) if event.kind == "coaching.SurveyAnswered"]
    assert moments == ["EXIT", "M3"]


def test_an_invented_ticket_in_a_file_is_refused(components: Components) -> None:
    invented = survey_answer(24, "2023-09-05T10:00:00+02:00", data={"token": f"EXIT.2023-06.alencon.{'0' * 32}.{'0' * 32}"})
    outcomes = list(importer(components).load([*EXITED, ticket(22, "EXIT", "2023-06-01T11:00:00+02:00"), invented]))
    assert isinstance(outcomes[-1].fault, Invalid)
    assert "coaching.SurveyAnswered" not in kinds(components)


def test_what_others_record_between_two_transactions_is_seen(
    components: Components, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.cli.import_history.LINES_TOGETHER", 2)
    called = line(2, "RecordContactAttempt", {"person": "p-1", "outcome": "JOINT"})
    opened = line(3, "OpenJourney", {"person": "p-1", "referent": "coach-1"})
    outcomes = importer(components).load([HISTORY[0], called, opened])
    assert [next(outcomes).fault, next(outcomes).fault] == [None, None]
    mover = Actor("coordinator-1", "coordinator", "etape")
    moved = {"person": "p-1", "to_territory": "flers"}
    message = CommandMessage(id=uuid4(), type="TransferPerson", actor=mover, territory="alencon", time=MOVED, data=moved)
    other = Components(read_settings(tmp_path, environ={}))
    other.handlers["intake"].handle(message, Identity(mover, ("*",)))
    other.store.close()
    assert [str(outcome.fault) for outcome in outcomes] == ["followed_elsewhere"]
