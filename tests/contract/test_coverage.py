"""Each kind of consumer proves that it has applied every event once, and what was left out or applied twice is named, on both stores."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import update

from services.bootstrap.consumers import beside_log, policy_evidence
from services.reporting.facts.tables import TABLES
from shared.coverage import begun
from shared.message import EventMessage, Position
from shared.store.deliveries import Cursor
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from tests.contract.consuming import COORDINATOR, Installation, Without


@pytest.fixture(params=["sqlite", "postgres"])
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "sqlite":
        return {}
    dsn = str(request.getfixturevalue("postgres_dsn"))
    return {"PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}


@pytest.fixture
def parcours(tmp_path: Path, environ: dict[str, str]) -> Installation:
    return Installation(tmp_path, environ)


def set_checkpoint(parcours: Installation, name: str, position: Position) -> None:
    """As somebody can who owns the database."""
    checkpoints = parcours.components.checkpoints
    if isinstance(checkpoints, PostgresCheckpoints):
        with psycopg.connect(checkpoints.dsn.reveal()) as connection:
            connection.execute("update public.checkpoints set position = %s where name = %s", (position, name))
    else:
        assert isinstance(checkpoints, SqliteCheckpoints)
        checkpoints.execute("update checkpoints set position = ? where name = ?", (position, name))


def test_consumers_that_applied_every_event_once_are_in_order(parcours: Installation) -> None:
    parcours.create_webhook()
    accepted = [parcours.orient(f"p-{number}") for number in range(3)]
    parcours.react_all()
    parcours.relay()
    parcours.fold()
    parcours.send()
    found = parcours.found()
    assert sorted(found) == ["coaching.inbox", "intake.inbox", "referrals.inbox", "relay", "reporting.inbox", "webhook w-1"]
    assert parcours.faults() == parcours.untraced() == []
    assert parcours.sent == ["p-0", "p-1", "p-2"]
    assert len({event.position for event in parcours.store.read_at(accepted)}) == 3


def test_an_event_that_an_inbox_is_not_given_is_named_although_it_does_not_lag(parcours: Installation) -> None:
    first, left_out, last = (parcours.orient(f"p-{number}") for number in range(3))
    inbox = parcours.inbox()
    inbox.store = Without(inbox.store, left_out)
    parcours.react(inbox)
    assert parcours.components.checkpoints.load("coaching.inbox") == last > left_out > first  # it does not lag
    assert parcours.faults() == [("coaching.inbox", "hole", left_out)]
    assert parcours.untraced() == [("coaching", "hole", left_out)]


def test_an_event_to_which_an_inbox_does_not_react_is_named(parcours: Installation) -> None:
    first, left_out, last = (parcours.orient(f"p-{number}") for number in range(3))
    inbox = parcours.inbox()
    inbox.concerns = lambda event: event.position in (first, last)  # type: ignore[method-assign]
    parcours.react(inbox)
    assert parcours.faults() == [("coaching.inbox", "hole", left_out)]
    assert parcours.untraced() == [("coaching", "hole", left_out)]


def test_a_policy_that_did_not_run_is_found_although_its_inbox_has_noted_the_event(parcours: Installation) -> None:
    """The log alone tells it, from the first trace of the policy on. A dead letter is no such event: it waits for an operator."""
    first, left_out, _ = (parcours.orient(f"p-{number}") for number in range(3))
    inbox, react = parcours.inbox(), parcours.components.policy_runner("coaching").react

    def broken(event: EventMessage) -> None:
        if event.position != left_out:
            react(event)

    inbox.react = broken
    parcours.react(inbox)
    assert parcours.faults() == []
    assert parcours.untraced() == [("coaching", "hole", left_out)]
    assert parcours.untraced(parcours.store.read_at([left_out])) == []
    react(*parcours.store.read_at([left_out]))
    assert parcours.untraced() == []
    assert first < left_out


def test_a_command_whose_effect_was_there_already_is_no_hole(parcours: Installation) -> None:
    """It leaves no trace: the journey is open already, and the orientation joined it when it opened."""
    parcours.orient("p-0")
    parcours.react_all()
    parcours.accept("p-0", "another")
    parcours.orient("p-1")
    parcours.react_all()
    evidence = policy_evidence(parcours.components, [*beside_log(parcours.components)], set())
    assert [*evidence.faults()] == []
    assert (evidence.traced > 3, evidence.tolerated > 0) == (True, True)


def test_an_event_that_is_given_late_closes_its_hole(parcours: Installation) -> None:
    left_out = parcours.orient("p-0")
    parcours.orient("p-1")
    inbox = parcours.inbox()
    read, inbox.store = inbox.store, Without(inbox.store, left_out)
    parcours.react(inbox)
    assert parcours.faults()
    inbox.store = read
    inbox.redeliver(*parcours.store.read_at([left_out]))
    assert parcours.faults() == parcours.untraced() == []
    inbox.redeliver(*parcours.store.read_at([left_out]))  # what an operator gives back twice is counted once
    assert parcours.faults() == []


def test_a_checkpoint_of_an_inbox_that_was_put_back_is_named_and_so_is_what_is_applied_again(parcours: Installation) -> None:
    first, second = parcours.orient("p-0"), parcours.orient("p-1")
    parcours.react()
    set_checkpoint(parcours, "coaching.inbox", second - 1)
    assert parcours.faults() == [("coaching.inbox", "behind", second)]
    parcours.react()
    assert parcours.faults() == [("coaching.inbox", "double", second)]
    assert parcours.untraced() == []  # its commands are in the log once
    assert first < second


def test_a_checkpoint_of_an_inbox_that_was_moved_ahead_is_named(parcours: Installation) -> None:
    parcours.orient("p-0")
    parcours.react()
    left_out = parcours.orient("p-1")
    set_checkpoint(parcours, "coaching.inbox", parcours.store.head())
    assert parcours.faults() == [("coaching.inbox", "ahead", left_out)]
    parcours.orient("p-2")
    parcours.react()
    assert parcours.faults() == [("coaching.inbox", "hole", left_out)]


def test_the_relay_publishes_what_it_has_not_published_wherever_its_checkpoint_is(parcours: Installation) -> None:
    parcours.meet("p-0")
    parcours.relay()
    missed = parcours.meet("p-1")
    set_checkpoint(parcours, "relay", parcours.store.head())
    parcours.relay()
    assert parcours.faults() == []
    third = parcours.meet("p-2")
    parcours.meet("p-3")
    parcours.relay(Without(parcours.store, third).read_all)
    assert parcours.faults() == [("relay", "hole", third)]
    set_checkpoint(parcours, "relay", missed)
    assert ("relay", "behind", third) in parcours.faults()


def test_a_webhook_goes_on_after_what_it_has_passed_and_names_what_it_has_not(parcours: Installation) -> None:
    parcours.create_webhook()
    first = parcours.meet("p-0")
    parcours.send()
    left_out = parcours.meet("p-1")
    parcours.meet("p-2")
    parts, parcours.parts = (
        parcours.parts,
        parcours.parts.__class__(**{**vars(parcours.parts), "store": Without(parcours.parts.store, left_out)}),
    )
    parcours.send()
    assert parcours.sent == ["p-0", "p-2"]
    assert parcours.faults() == [("webhook w-1", "hole", left_out)]
    parcours.parts = parts
    parcours.give("webhooks", "ReplayWebhook", {"webhook": "w-1", "after": first}, COORDINATOR, "all")
    parcours.send()
    assert parcours.sent == ["p-0", "p-2", "p-1", "p-2"]
    assert parcours.faults() == []


def test_a_webhook_whose_cursor_is_ahead_of_what_it_has_passed_leaves_nothing_out(parcours: Installation) -> None:
    """An older release has moved it, or somebody. What it has delivered it does not send again."""
    parcours.create_webhook()
    parcours.meet("p-0")
    parcours.send()
    parcours.meet("p-1")
    parcours.components.webhook_deliveries.advance("w-1", Cursor(0, parcours.store.head()))
    parcours.send()
    assert parcours.sent == ["p-0", "p-1"]
    parcours.meet("p-2")
    parcours.send()
    assert parcours.sent == ["p-0", "p-1", "p-2"]
    assert parcours.faults() == []


def test_read_models_whose_checkpoint_was_moved_name_what_they_left_out_and_a_rebuild_mends_them(parcours: Installation) -> None:
    parcours.orient("p-0")
    parcours.fold()
    left_out = parcours.meet("p-1")
    parcours.meet("p-2")
    move_read_models(parcours, left_out)
    assert parcours.faults() == [("reporting.inbox", "ahead", left_out)]
    parcours.fold()
    assert parcours.faults() == [("reporting.inbox", "hole", left_out)]
    parcours.projector.rebuild()
    assert parcours.faults() == []


def test_read_models_that_apply_an_event_twice_name_it_and_a_rebuild_mends_them(parcours: Installation) -> None:
    parcours.meet("p-0")
    parcours.fold()
    parcours.create_webhook()  # its event is no fact, so that no table refuses it twice
    twice = parcours.store.head()
    parcours.fold()
    before = parcours.store.read_at([twice])[0].previous
    assert isinstance(before, int)
    move_read_models(parcours, before)
    assert parcours.faults() == [("reporting.inbox", "behind", twice)]
    parcours.fold()
    assert parcours.faults() == [("reporting.inbox", "double", twice)]
    parcours.projector.rebuild()
    assert parcours.faults() == []


def move_read_models(parcours: Installation, position: Position) -> None:
    (event,) = parcours.store.read_at([position])
    with parcours.components.reports.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(position=position, recorded=event.recordedtime.isoformat()))


def test_a_consumer_of_a_release_that_kept_no_coverage_begins_where_it_is(parcours: Installation) -> None:
    parcours.create_webhook()
    accepted = parcours.orient("p-0")
    head = parcours.store.head()
    parcours.components.policy_runner("coaching").react(*parcours.store.read_at([accepted]))  # by the release before
    for name in ("coaching.inbox", "relay"):
        parcours.components.checkpoints.save(name, head)
    assert parcours.faults() == []
    parcours.orient("p-1")
    parcours.react()
    parcours.relay()
    parcours.fold()
    parcours.send()
    assert parcours.faults() == parcours.untraced() == []
    position, stored = parcours.components.checkpoints.load_covered("coaching.inbox")
    assert stored is not None
    assert f'"after":{head},' in stored
    assert position == parcours.store.head() or position > head


def test_policies_that_an_import_ran_are_not_run_again_and_leave_no_hole(parcours: Installation) -> None:
    accepted = parcours.orient("p-0")
    parcours.components.policy_runner("coaching").react(*parcours.store.read_at([accepted]))
    parcours.components.skip_policies_to_head()
    parcours.components.skip_relay_to_head()
    assert parcours.faults() == parcours.untraced() == []
    kinds = parcours.inbox().kinds
    assert parcours.components.checkpoints.load_covered("coaching.inbox")[1] == begun(parcours.store.head(), kinds).text()
